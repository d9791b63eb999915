// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Splice;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.api.vfs.SetAttributes;

/** How long files are and what of them is on disk: lseek(2), truncate(2), fallocate(2), fsync(2), posix_fadvise(2) and kin. */
final class Extents {

    private static final int SYNC_RANGE_FLAGS = Splice.SYNC_FILE_RANGE_WAIT_BEFORE | Splice.SYNC_FILE_RANGE_WRITE
            | Splice.SYNC_FILE_RANGE_WAIT_AFTER;

    private Extents() {
    }

    static long lseek(Task task, Arguments a) {
        FileDescription file = Fds.acquire(task, a.int0());
        try {
            int whence = a.int2();
            return whence < Open.SEEK_SET || whence > Open.SEEK_HOLE ? -Errno.EINVAL : file.seek(task, a.a1, whence);
        } finally {
            file.release(task);
        }
    }

    // ---- lengths

    static long truncate(Task task, Arguments a) {
        long refused = checkLength(task, a.a1);
        if (refused != 0) {
            return refused;
        }
        PathWalk walk = task.walk().load(task, a.a0);
        task.kernel().vfs().setAttributes(task, Open.AT_FDCWD, walk, PathWalk.FOLLOW, size(a.a1));
        return 0;
    }

    static long ftruncate(Task task, Arguments a) {
        if (a.a1 < 0) {
            return -Errno.EINVAL;
        }
        FileDescription file = Fds.acquire(task, a.int0());
        try {
            if (!file.writable() || !Mode.isRegular(file.inode().mode())) {
                return -Errno.EINVAL;
            }
            long refused = checkLength(task, a.a1);
            if (refused != 0) {
                return refused;
            }
            task.kernel().vfs().setAttributes(task, file, size(a.a1));
            return 0;
        } finally {
            file.release(task);
        }
    }

    private static SetAttributes size(long bytes) {
        SetAttributes changes = new SetAttributes();
        changes.valid = SetAttributes.SIZE;
        changes.size = bytes;
        return changes;
    }

    /** RLIMIT_FSIZE of getrlimit(2). */
    private static long checkLength(Task task, long bytes) {
        if (bytes < 0) {
            return -Errno.EINVAL;
        }
        if (Long.compareUnsigned(bytes, task.group().softLimit(Rlimit.RLIMIT_FSIZE)) > 0) {
            task.send(SignalInfo.kernel(Signals.SIGXFSZ));
            return -Errno.EFBIG;
        }
        return 0;
    }

    static long fallocate(Task task, Arguments a) {
        int mode = a.int1();
        long offset = a.a2;
        long length = a.a3;
        if (offset < 0 || length <= 0) {
            return -Errno.EINVAL;
        }
        FileDescription file = Fds.acquire(task, a.int0());
        try {
            long refused = checkAllocation(file, mode);
            if (refused == 0 && offset + length < 0) {
                refused = -Errno.EFBIG;
            }
            if (refused == 0 && (mode & Open.FALLOC_FL_PUNCH_HOLE) == 0) {
                refused = checkLength(task, offset + length);
            }
            return refused != 0 ? refused : file.operations().fallocate(task, mode, offset, length);
        } finally {
            file.release(task);
        }
    }

    /** fallocate(2), ERRORS. */
    private static long checkAllocation(FileDescription file, int mode) {
        int known = Open.FALLOC_FL_KEEP_SIZE | Open.FALLOC_FL_PUNCH_HOLE | Open.FALLOC_FL_COLLAPSE_RANGE
                | Open.FALLOC_FL_ZERO_RANGE | Open.FALLOC_FL_INSERT_RANGE | Open.FALLOC_FL_UNSHARE_RANGE;
        int punch = Open.FALLOC_FL_PUNCH_HOLE | Open.FALLOC_FL_KEEP_SIZE;
        if ((mode & ~known) != 0 || (mode & Open.FALLOC_FL_PUNCH_HOLE) != 0 && (mode & punch) != punch) {
            return -Errno.EOPNOTSUPP;
        }
        int exclusive = mode & (Open.FALLOC_FL_COLLAPSE_RANGE | Open.FALLOC_FL_INSERT_RANGE);
        if (exclusive != 0 && mode != Open.FALLOC_FL_COLLAPSE_RANGE && mode != Open.FALLOC_FL_INSERT_RANGE) {
            return -Errno.EINVAL;
        }
        if (!file.writable()) {
            return -Errno.EBADF;
        }
        int type = file.inode().mode();
        if (Mode.isFifo(type)) {
            return -Errno.ESPIPE;
        }
        if (Mode.isDir(type)) {
            return -Errno.EISDIR;
        }
        return Mode.isRegular(type) ? 0 : -Errno.ENODEV;
    }

    // ---- storage

    static long fsync(Task task, Arguments a, boolean dataOnly) {
        FileDescription file = Fds.acquire(task, a.int0());
        try {
            return file.operations().fsync(task, dataOnly);
        } finally {
            file.release(task);
        }
    }

    static long sync(Task task) {
        task.kernel().vfs().sync();
        return 0;
    }

    static long syncfs(Task task, Arguments a) {
        FileDescription file = Fds.acquire(task, a.int0());
        try {
            file.inode().fileSystem().sync();
            return 0;
        } finally {
            file.release(task);
        }
    }

    static long syncFileRange(Task task, Arguments a) {
        long offset = a.a1;
        long length = a.a2;
        if (offset < 0 || length < 0 || offset + length < 0 || (a.int3() & ~SYNC_RANGE_FLAGS) != 0) {
            return -Errno.EINVAL;
        }
        FileDescription file = Fds.acquire(task, a.int0());
        try {
            int type = file.inode().mode();
            if (!Mode.isRegular(type) && !Mode.isDir(type) && !Mode.isBlockDevice(type)) {
                return -Errno.ESPIPE;
            }
            return a.int3() == 0 ? 0 : file.operations().fsync(task, true);
        } finally {
            file.release(task);
        }
    }

    /** Advice is taken note of and nothing more: what is read is kept as long as there is room anyway. */
    static long fadvise(Task task, Arguments a) {
        FileDescription file = Fds.acquire(task, a.int0());
        try {
            if (Mode.isFifo(file.inode().mode())) {
                return -Errno.ESPIPE;
            }
            int advice = a.int3();
            return a.a2 < 0 || advice < Open.POSIX_FADV_NORMAL || advice > Open.POSIX_FADV_NOREUSE ? -Errno.EINVAL : 0;
        } finally {
            file.release(task);
        }
    }

    static long readahead(Task task, Arguments a) {
        FileDescription file = Fds.acquire(task, a.int0());
        try {
            if (!file.readable()) {
                return -Errno.EBADF;
            }
            return Mode.isRegular(file.inode().mode()) ? 0 : -Errno.EINVAL;
        } finally {
            file.release(task);
        }
    }
}
