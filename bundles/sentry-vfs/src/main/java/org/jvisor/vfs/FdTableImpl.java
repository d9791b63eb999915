// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.FdTable;
import org.jvisor.api.vfs.FileDescription;

/**
 * Descriptors. Changes are made under the monitor; {@link #acquire} takes none: it reads the slot, takes a reference that only a
 * living description gives, and looks whether the slot still holds it.
 */
final class FdTableImpl implements FdTable {

    private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(FileDescriptionImpl[].class);
    /** /proc/sys/fs/nr_open. */
    private static final int MAX_DESCRIPTORS = 1 << 20;
    private static final int INITIAL = 64;

    private volatile FileDescriptionImpl[] slots;
    /** A bit for each descriptor that is open, and that is close-on-exec. */
    private long[] open;
    private long[] closeOnExec;
    /** No descriptor below is free. */
    private int firstFree;
    private int users = 1;

    FdTableImpl() {
        this(INITIAL);
    }

    private FdTableImpl(int size) {
        slots = new FileDescriptionImpl[size];
        open = new long[size / Long.SIZE];
        closeOnExec = new long[size / Long.SIZE];
    }

    // ---- look-up

    @Override
    public FileDescription acquire(int fd) {
        for (;;) {
            FileDescriptionImpl[] s = slots;
            if (fd < 0 || fd >= s.length) {
                return null;
            }
            FileDescriptionImpl file = (FileDescriptionImpl) SLOT.getAcquire(s, fd);
            if (file == null && s == slots) {
                return null;
            }
            if (file != null && file.tryRetain()) {
                if (slots == s && SLOT.getVolatile(s, fd) == file) {
                    return file;
                }
                file.release(null);
            }
        }
    }

    @Override
    public synchronized int highest() {
        for (int w = open.length - 1; w >= 0; w--) {
            if (open[w] != 0) {
                return w * Long.SIZE + Long.SIZE - 1 - Long.numberOfLeadingZeros(open[w]);
            }
        }
        return -1;
    }

    @Override
    public synchronized int[] descriptors() {
        int[] all = new int[slots.length];
        int n = 0;
        for (int fd = 0; fd < slots.length; fd++) {
            if (isSet(open, fd)) {
                all[n++] = fd;
            }
        }
        return Arrays.copyOf(all, n);
    }

    // ---- enter

    @Override
    public int add(FileDescription file, int from, long limit, boolean onExec) {
        synchronized (this) {
            int fd = lowestFree(Math.max(from, firstFree));
            if (fd >= MAX_DESCRIPTORS || Long.compareUnsigned(fd, limit) >= 0) {
                return -Errno.EMFILE;
            }
            set(fd, (FileDescriptionImpl) file, onExec);
            if (from <= firstFree) {
                firstFree = fd + 1;
            }
            return fd;
        }
    }

    private int lowestFree(int from) {
        int w = from / Long.SIZE;
        if (w >= open.length) {
            return from;
        }
        long free = ~open[w] & -1L << from;
        while (free == 0 && ++w < open.length) {
            free = ~open[w];
        }
        return w * Long.SIZE + (free == 0 ? 0 : Long.numberOfTrailingZeros(free));
    }

    private void set(int fd, FileDescriptionImpl file, boolean onExec) {
        if (fd >= slots.length) {
            grow(fd + 1);
        }
        setBit(open, fd, true);
        setBit(closeOnExec, fd, onExec);
        SLOT.setVolatile(slots, fd, file);
    }

    private void grow(int needed) {
        int size = Math.max(needed + Long.SIZE - 1 & -Long.SIZE, slots.length * 2);
        open = Arrays.copyOf(open, size / Long.SIZE);
        closeOnExec = Arrays.copyOf(closeOnExec, size / Long.SIZE);
        slots = Arrays.copyOf(slots, size);
    }

    @Override
    public int put(Task task, int fd, FileDescription file, long limit, boolean onExec) {
        if (fd < 0 || fd >= MAX_DESCRIPTORS || Long.compareUnsigned(fd, limit) >= 0) {
            return -Errno.EBADF;
        }
        FileDescriptionImpl before;
        synchronized (this) {
            before = fd < slots.length ? slots[fd] : null;
            set(fd, (FileDescriptionImpl) file, onExec);
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
        synchronized (this) {
            file = take(fd);
        }
        return file == null ? -Errno.EBADF : drop(task, file);
    }

    private FileDescriptionImpl take(int fd) {
        if (fd < 0 || fd >= slots.length || slots[fd] == null) {
            return null;
        }
        FileDescriptionImpl file = slots[fd];
        SLOT.setVolatile(slots, fd, null);
        setBit(open, fd, false);
        setBit(closeOnExec, fd, false);
        firstFree = Math.min(firstFree, fd);
        return file;
    }

    /** A descriptor of {@code file} is closed: process-wide locks go even if others remain (fcntl(2)). */
    private long drop(Task task, FileDescriptionImpl file) {
        FileLocks locks = file.vnode().locksIfAny();
        if (locks != null) {
            locks.releasePosix(this);
        }
        long result = (file.flags() & Open.O_PATH) != 0 ? 0 : file.operations().flush(task, file);
        file.release(task);
        return result;
    }

    @Override
    public void closeOnExec(Task task) {
        for (int w = 0;; w++) {
            long marked;
            synchronized (this) {
                if (w >= closeOnExec.length) {
                    return;
                }
                marked = closeOnExec[w];
            }
            for (; marked != 0; marked &= marked - 1) {
                close(task, w * Long.SIZE + Long.numberOfTrailingZeros(marked));
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
    public synchronized int getFlags(int fd) {
        if (!isOpen(fd)) {
            return -Errno.EBADF;
        }
        return isSet(closeOnExec, fd) ? Open.FD_CLOEXEC : 0;
    }

    @Override
    public synchronized int setFlags(int fd, boolean onExec) {
        if (!isOpen(fd)) {
            return -Errno.EBADF;
        }
        setBit(closeOnExec, fd, onExec);
        return 0;
    }

    private boolean isOpen(int fd) {
        return fd >= 0 && fd < slots.length && isSet(open, fd);
    }

    private static boolean isSet(long[] bits, int fd) {
        return (bits[fd / Long.SIZE] >>> fd & 1) != 0;
    }

    private static void setBit(long[] bits, int fd, boolean on) {
        if (on) {
            bits[fd / Long.SIZE] |= 1L << fd;
        } else {
            bits[fd / Long.SIZE] &= ~(1L << fd);
        }
    }

    // ---- sharing

    @Override
    public synchronized FdTable copy() {
        int size = Math.max(highest() + Long.SIZE & -Long.SIZE, INITIAL);
        FdTableImpl copy = new FdTableImpl(size);
        int words = size / Long.SIZE;
        System.arraycopy(open, 0, copy.open, 0, Math.min(words, open.length));
        System.arraycopy(closeOnExec, 0, copy.closeOnExec, 0, Math.min(words, closeOnExec.length));
        FileDescriptionImpl[] from = slots;
        FileDescriptionImpl[] to = copy.slots;
        for (int fd = 0; fd < Math.min(size, from.length); fd++) {
            FileDescriptionImpl file = from[fd];
            if (file != null) {
                file.retain();
                to[fd] = file;
            }
        }
        copy.firstFree = firstFree;
        return copy;
    }

    @Override
    public synchronized void retain() {
        users++;
    }

    @Override
    public void release(Task task) {
        synchronized (this) {
            if (--users > 0) {
                return;
            }
        }
        closeRange(task, 0, MAX_DESCRIPTORS, false);
    }
}
