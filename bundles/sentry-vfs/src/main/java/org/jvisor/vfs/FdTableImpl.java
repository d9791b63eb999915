// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.lang.System.Logger.Level;
import java.lang.System.Logger;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FdTable;
import org.jvisor.api.vfs.FileDescription;

/**
 * Descriptors, in chunks of 64, so that one high number does not cost a long array. Changes are made under the mutex;
 * {@link #acquire} takes none: it reads the slot, takes a reference that only a living description gives, and looks whether the
 * slot still holds it.
 */
final class FdTableImpl implements FdTable, Restorable {

    private static final Logger LOG = System.getLogger("org.jvisor.vfs");
    private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(FileDescriptionImpl[].class);
    /** /proc/sys/fs/nr_open. */
    private static final int MAX_DESCRIPTORS = 1 << 20;
    private static final int CHUNK = Long.SIZE;
    private static final int SHIFT = 6;

    /** Descriptors that follow each other; a bit of each mask for each of them. */
    private static final class Chunk {
        final FileDescriptionImpl[] slots = new FileDescriptionImpl[CHUNK];
        long open;
        long closeOnExec;
    }

    /** Who pays for the chunks, and for the descriptions that come here first. */
    private final Cgroup cgroup;
    private final Mutex mutex = new Mutex(LockRank.DESCRIPTORS);
    /** Chunks are null where nothing was opened yet, and never go. */
    private volatile Chunk[] chunks = {new Chunk()};
    /** No descriptor below is free. */
    private int firstFree;
    private int users = 1;

    FdTableImpl(Cgroup cgroup) {
        this.cgroup = cgroup;
    }

    Cgroup payer() {
        return cgroup;
    }

    // ---- look-up

    @Override
    public FileDescription acquire(int fd) {
        Chunk chunk = chunkOf(fd);
        if (chunk == null) {
            return null;
        }
        FileDescriptionImpl[] slots = chunk.slots;
        int i = fd & CHUNK - 1;
        for (;;) {
            FileDescriptionImpl file = (FileDescriptionImpl) SLOT.getAcquire(slots, i);
            if (file == null) {
                return null;
            }
            if (file.tryRetain()) {
                if (SLOT.getVolatile(slots, i) == file) {
                    return file;
                }
                file.release(null);
            }
        }
    }

    private Chunk chunkOf(int fd) {
        Chunk[] all = chunks;
        int i = fd >>> SHIFT;
        return i < all.length ? all[i] : null; // a negative descriptor is a very high one here
    }

    @Override
    public int highest() {
        try (Mutex _ = mutex.take()) {
            for (int c = chunks.length - 1; c >= 0; c--) {
                Chunk chunk = chunks[c];
                if (chunk != null && chunk.open != 0) {
                    return c * CHUNK + CHUNK - 1 - Long.numberOfLeadingZeros(chunk.open);
                }
            }
            return -1;
        }
    }

    @Override
    public int[] descriptors() {
        try (Mutex _ = mutex.take()) {
            int[] all = new int[Math.multiplyExact(chunks.length, CHUNK)];
            int n = 0;
            for (int c = 0; c < chunks.length; c++) {
                for (long left = chunks[c] == null ? 0 : chunks[c].open; left != 0; left &= left - 1) {
                    all[n++] = c * CHUNK + Long.numberOfTrailingZeros(left);
                }
            }
            return Arrays.copyOf(all, n);
        }
    }

    // ---- enter

    @Override
    public int add(FileDescription file, int from, long limit, boolean onExec) {
        try (Mutex _ = mutex.take()) {
            int fd = lowestFree(Math.max(from, firstFree));
            if (fd >= MAX_DESCRIPTORS || Long.compareUnsigned(fd, limit) >= 0) {
                return -Errno.EMFILE;
            }
            int error = takeRoom(fd, (FileDescriptionImpl) file);
            if (error != 0) {
                return error;
            }
            set(fd, (FileDescriptionImpl) file, onExec);
            if (from <= firstFree) {
                firstFree = fd + 1;
            }
            return fd;
        }
    }

    @Override
    public boolean hasFree(long limit) {
        try (Mutex _ = mutex.take()) {
            int fd = lowestFree(firstFree);
            return fd < MAX_DESCRIPTORS && Long.compareUnsigned(fd, limit) < 0;
        }
    }

    private int lowestFree(int from) {
        Chunk[] all = chunks;
        long wanted = -1L << from; // of the first chunk, those from it on
        for (int c = from >>> SHIFT; c < all.length; c++) {
            long free = all[c] == null ? wanted : ~all[c].open & wanted;
            if (free != 0) {
                return c * CHUNK + Long.numberOfTrailingZeros(free);
            }
            wanted = -1;
        }
        return Math.max(from, all.length * CHUNK);
    }

    /** What was there before. */
    private FileDescriptionImpl set(int fd, FileDescriptionImpl file, boolean onExec) {
        Chunk chunk = makeChunk(fd >>> SHIFT);
        long bit = 1L << fd;
        chunk.open |= bit;
        chunk.closeOnExec = onExec ? chunk.closeOnExec | bit : chunk.closeOnExec & ~bit;
        return (FileDescriptionImpl) SLOT.getAndSet(chunk.slots, fd & CHUNK - 1, file);
    }

    /** 0, or what there may be no more of: open files, or parts of the table; what is taken is used at once. */
    private int takeRoom(int fd, FileDescriptionImpl file) {
        if (!file.charge(cgroup)) {
            return -Charge.OPEN_FILE.errno();
        }
        return chunkOf(fd) != null || cgroup.tryCharge(Charge.DESCRIPTOR_CHUNK, 1) ? 0 : -Charge.DESCRIPTOR_CHUNK.errno();
    }

    private Chunk makeChunk(int c) {
        Chunk[] all = chunks;
        if (c >= all.length) {
            all = Arrays.copyOf(all, Math.max(c + 1, all.length + all.length / 2));
        }
        if (all[c] == null) {
            all[c] = new Chunk();
            chunks = all;
        }
        return all[c];
    }

    @Override
    public int put(Task task, int fd, FileDescription file, long limit, boolean onExec) {
        if (fd < 0 || fd >= MAX_DESCRIPTORS || Long.compareUnsigned(fd, limit) >= 0) {
            return -Errno.EBADF;
        }
        FileDescriptionImpl before;
        try (Mutex _ = mutex.take()) {
            int error = takeRoom(fd, (FileDescriptionImpl) file);
            if (error != 0) {
                return error;
            }
            before = set(fd, (FileDescriptionImpl) file, onExec);
        }
        if (before != null) {
            drop(task, before);
        }
        return 0;
    }

    // ---- close

    @Override
    public long close(Task task, int fd) {
        FileDescriptionImpl file;
        try (Mutex _ = mutex.take()) {
            file = take(fd);
        }
        return file == null ? -Errno.EBADF : drop(task, file);
    }

    @Override
    public void closeIfStill(Task task, int fd, FileDescription file) {
        try (Mutex _ = mutex.take()) {
            Chunk chunk = chunkOf(fd);
            if (chunk == null || chunk.slots[fd & CHUNK - 1] != file) {
                return;
            }
            take(fd);
        }
        drop(task, (FileDescriptionImpl) file);
    }

    private FileDescriptionImpl take(int fd) {
        Chunk chunk = chunkOf(fd);
        long bit = 1L << fd;
        if (chunk == null || (chunk.open & bit) == 0) {
            return null;
        }
        chunk.open &= ~bit;
        chunk.closeOnExec &= ~bit;
        firstFree = Math.min(firstFree, fd);
        return (FileDescriptionImpl) SLOT.getAndSet(chunk.slots, fd & CHUNK - 1, null);
    }

    /** A descriptor of {@code file} is closed: process-wide locks go even if others remain (fcntl(2)). */
    private long drop(Task task, FileDescriptionImpl file) {
        try {
            if ((file.flags() & Open.O_PATH) != 0) {
                return 0;
            }
            FileLocks locks = file.vnode().locksIfAny();
            if (locks != null) {
                locks.releasePosix(this);
            }
            return file.operations().flush(task, file);
        } finally {
            file.release(task);
        }
    }

    @Override
    public void closeOnExec(Task task) {
        for (int c = 0; c < chunks.length; c++) {
            long marked;
            try (Mutex _ = mutex.take()) {
                marked = chunks[c] == null ? 0 : chunks[c].closeOnExec;
            }
            for (; marked != 0; marked &= marked - 1) {
                closeLast(task, c * CHUNK + Long.numberOfTrailingZeros(marked));
            }
        }
    }

    @Override
    public void closeRange(Task task, int first, int last, boolean onlyMark) {
        int end = Math.min(Integer.compareUnsigned(last, MAX_DESCRIPTORS) < 0 ? last : MAX_DESCRIPTORS, highest());
        for (int fd = first; fd >= 0 && fd <= end; fd++) {
            if (onlyMark) {
                setFlags(fd, true);
            } else {
                close(task, fd);
            }
        }
    }

    // ---- flags

    @Override
    public int getFlags(int fd) {
        try (Mutex _ = mutex.take()) {
            Chunk chunk = chunkOf(fd);
            if (chunk == null || (chunk.open >>> fd & 1) == 0) {
                return -Errno.EBADF;
            }
            return (chunk.closeOnExec >>> fd & 1) != 0 ? Open.FD_CLOEXEC : 0;
        }
    }

    @Override
    public int setFlags(int fd, boolean onExec) {
        try (Mutex _ = mutex.take()) {
            Chunk chunk = chunkOf(fd);
            long bit = 1L << fd;
            if (chunk == null || (chunk.open & bit) == 0) {
                return -Errno.EBADF;
            }
            chunk.closeOnExec = onExec ? chunk.closeOnExec | bit : chunk.closeOnExec & ~bit;
            return 0;
        }
    }

    // ---- sharing

    @Override
    public FdTable copy(Cgroup payer) {
        try (Mutex _ = mutex.take()) {
            int count = Math.max(1, (highest() >> SHIFT) + 1);
            int paid = 0;
            for (int c = 1; c < count; c++) {
                paid += isEmpty(chunks[c]) ? 0 : 1;
            }
            if (!payer.tryCharge(Charge.DESCRIPTOR_CHUNK, paid)) {
                throw ErrnoException.of(Errno.ENOMEM);
            }
            FdTableImpl copy = new FdTableImpl(payer);
            Chunk[] to = new Chunk[count];
            for (int c = 0; c < count; c++) {
                to[c] = copyOf(chunks[c], c);
            }
            copy.chunks = to;
            copy.firstFree = firstFree;
            return copy;
        }
    }

    private static boolean isEmpty(Chunk chunk) {
        return chunk == null || chunk.open == 0;
    }

    private static Chunk copyOf(Chunk from, int index) {
        if (isEmpty(from)) {
            return index == 0 ? new Chunk() : null;
        }
        Chunk to = new Chunk();
        to.open = from.open;
        to.closeOnExec = from.closeOnExec;
        for (long left = from.open; left != 0; left &= left - 1) {
            int i = Long.numberOfTrailingZeros(left);
            from.slots[i].retain();
            to.slots[i] = from.slots[i];
        }
        return to;
    }

    /** A file that fails in its release must not keep the others open. */
    private void closeLast(Task task, int fd) {
        try {
            close(task, fd);
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "a file failed when its descriptor was closed", e);
        }
    }

    @Override
    public void retain() {
        try (Mutex _ = mutex.take()) {
            users++;
        }
    }

    @Override
    public void release(Task task) {
        try (Mutex _ = mutex.take()) {
            if (--users > 0) {
                return;
            }
        }
        for (int fd : descriptors()) {
            closeLast(task, fd);
        }
        try (Mutex _ = mutex.take()) {
            for (int c = 1; c < chunks.length; c++) {
                if (chunks[c] != null) {
                    cgroup.uncharge(Charge.DESCRIPTOR_CHUNK, 1);
                }
            }
            chunks = Arrays.copyOf(chunks, 1);
        }
    }

    // ---- Restorable

    /** A chunk that is there without a descriptor in it is told, too, since it is paid for. */
    @Override
    public StateRecord save() {
        try (Mutex _ = mutex.take()) {
            StateRecord record = new StateRecord("descriptor table", 1).putCore("cgroup", cgroup).put("firstFree", firstFree)
                    .put("users", users).putList("chunks");
            for (int c = 0; c < chunks.length; c++) {
                Chunk chunk = chunks[c];
                if (chunk != null) {
                    List<FileDescriptionImpl> files = new ArrayList<>();
                    for (long left = chunk.open; left != 0; left &= left - 1) {
                        files.add(chunk.slots[Long.numberOfTrailingZeros(left)]);
                    }
                    record.add("chunks").put("index", c).put("open", chunk.open).put("closeOnExec", chunk.closeOnExec)
                            .putCores("files", files);
                }
            }
            return record;
        }
    }

    @Override
    public void forget() {
        try (Mutex _ = mutex.take()) {
            chunks = new Chunk[0];
            firstFree = 0;
            users = 0;
        }
    }

    @Override
    public void restore(StateRecord record) {
        try (Mutex _ = mutex.take()) {
            record.expectCore("cgroup", cgroup);
            firstFree = record.requireInt("firstFree");
            users = record.requireInt("users");
            for (StateRecord told : record.items("chunks")) {
                Chunk chunk = makeChunk(told.requireInt("index"));
                chunk.open = told.requireLong("open");
                chunk.closeOnExec = told.requireLong("closeOnExec");
                long left = chunk.open;
                for (Object file : told.cores("files")) {
                    SLOT.setVolatile(chunk.slots, Long.numberOfTrailingZeros(left), (FileDescriptionImpl) file);
                    left &= left - 1;
                }
            }
        }
    }

    @Override
    public void forEachPart(Consumer<? super Restorable> visitor) {
        List<FileDescriptionImpl> all = new ArrayList<>();
        try (Mutex _ = mutex.take()) {
            for (int fd : descriptors()) {
                all.add(chunkOf(fd).slots[fd & CHUNK - 1]);
            }
        }
        all.forEach(visitor);
    }
}
