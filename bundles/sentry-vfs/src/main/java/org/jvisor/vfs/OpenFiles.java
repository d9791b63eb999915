// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;

/**
 * All open file descriptions: how many there are, how many there may be, since they live in the Sentry's heap and no application may
 * fill that, and which they are, for those who ask for every handle. Any thread.
 */
final class OpenFiles {

    /** What a description takes with all that hangs on it, about. */
    private static final long HEAP_BYTES = 512;

    private static final int LIMIT = (int) Math.min(Integer.MAX_VALUE / 2, Runtime.getRuntime().maxMemory() / 4 / HEAP_BYTES);
    /** A power of two: so that tasks that open files at once seldom meet. */
    private static final int LISTS = 16;

    private final AtomicLong count = new AtomicLong();
    private final AtomicLong lastId = new AtomicLong();
    private final OpenList[] lists = new OpenList[LISTS];

    OpenFiles() {
        for (int i = 0; i < LISTS; i++) {
            lists[i] = new OpenList();
        }
    }

    /** A place for one more; throws ENFILE, see /proc/sys/fs/file-max in proc(5). */
    void take() {
        if (count.incrementAndGet() > LIMIT) {
            count.decrementAndGet();
            throw ErrnoException.of(Errno.ENFILE);
        }
    }

    /** The place of one that never came to be. */
    void give() {
        count.decrementAndGet();
    }

    /** Descriptions are numbered from 1 on, and no number comes twice. */
    long newId() {
        return lastId.incrementAndGet();
    }

    /** {@code file} has come to be, in a place that was taken for it. */
    void add(FileDescriptionImpl file) {
        list(file).add(file);
    }

    /** {@code file} is gone, and its place free. */
    void remove(FileDescriptionImpl file) {
        list(file).remove(file);
        give();
    }

    private OpenList list(FileDescriptionImpl file) {
        return lists[(int) file.id() & LISTS - 1];
    }

    void forEach(Consumer<? super FileDescriptionImpl> visitor) {
        for (OpenList list : lists) {
            list.all().forEach(visitor);
        }
    }

    /** A list that its members link themselves. */
    private static final class OpenList {
        private final Mutex mutex = new Mutex(LockRank.LEAF);
        private FileDescriptionImpl first;

        void add(FileDescriptionImpl file) {
            try (Mutex _ = mutex.take()) {
                file.nextOpen = first;
                if (first != null) {
                    first.previousOpen = file;
                }
                first = file;
            }
        }

        void remove(FileDescriptionImpl file) {
            try (Mutex _ = mutex.take()) {
                if (file.previousOpen == null) {
                    first = file.nextOpen;
                } else {
                    file.previousOpen.nextOpen = file.nextOpen;
                }
                if (file.nextOpen != null) {
                    file.nextOpen.previousOpen = file.previousOpen;
                }
                file.nextOpen = null;
                file.previousOpen = null;
            }
        }

        List<FileDescriptionImpl> all() {
            List<FileDescriptionImpl> all = new ArrayList<>();
            try (Mutex _ = mutex.take()) {
                for (FileDescriptionImpl file = first; file != null; file = file.nextOpen) {
                    all.add(file);
                }
            }
            return all;
        }
    }
}
