// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.Splice;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;

/** read(2), write(2), pread(2), pwrite(2), readv(2), writev(2), preadv2(2) and pwritev2(2). */
final class ReadWrite {

    private ReadWrite() {
    }

    static long read(Task task, Arguments a) {
        FileDescription file = task.files().acquire(a.int0());
        if (file == null) {
            return -Errno.EBADF;
        }
        try {
            long length = a.a2;
            return length < 0 ? -Errno.EINVAL : wasRead(task, file.read(task, task.memory().range(a.a1, cut(length), true)));
        } finally {
            file.release(task);
        }
    }

    static long write(Task task, Arguments a) {
        FileDescription file = task.files().acquire(a.int0());
        if (file == null) {
            return -Errno.EBADF;
        }
        try {
            long length = a.a2;
            return length < 0 ? -Errno.EINVAL
                    : wasWritten(task, file.write(task, task.memory().range(a.a1, cut(length), false)));
        } finally {
            file.release(task);
        }
    }

    static long pread(Task task, Arguments a) {
        FileDescription file = task.files().acquire(a.int0());
        if (file == null) {
            return -Errno.EBADF;
        }
        try {
            long length = a.a2;
            if (length < 0 || a.a3 < 0) {
                return -Errno.EINVAL;
            }
            return wasRead(task, file.readAt(task, task.memory().range(a.a1, cut(length), true), a.a3));
        } finally {
            file.release(task);
        }
    }

    static long pwrite(Task task, Arguments a) {
        FileDescription file = task.files().acquire(a.int0());
        if (file == null) {
            return -Errno.EBADF;
        }
        try {
            long length = a.a2;
            if (length < 0 || a.a3 < 0) {
                return -Errno.EINVAL;
            }
            return wasWritten(task, file.writeAt(task, task.memory().range(a.a1, cut(length), false), a.a3));
        } finally {
            file.release(task);
        }
    }

    static long readv(Task task, Arguments a) {
        FileDescription file = task.files().acquire(a.int0());
        if (file == null) {
            return -Errno.EBADF;
        }
        try {
            return wasRead(task, file.read(task, task.memory().vector(a.a1, a.int2(), true)));
        } finally {
            file.release(task);
        }
    }

    static long writev(Task task, Arguments a) {
        FileDescription file = task.files().acquire(a.int0());
        if (file == null) {
            return -Errno.EBADF;
        }
        try {
            return wasWritten(task, file.write(task, task.memory().vector(a.a1, a.int2(), false)));
        } finally {
            file.release(task);
        }
    }

    static long preadv(Task task, Arguments a) {
        return preadv(task, a, a.a3, 0);
    }

    static long pwritev(Task task, Arguments a) {
        return pwritev(task, a, a.a3, 0);
    }

    /** An offset of -1 means the file's own position (preadv2(2)). */
    static long preadv2(Task task, Arguments a) {
        return a.a3 == -1 ? readvWithFlags(task, a, a.int5()) : preadv(task, a, a.a3, a.int5());
    }

    static long pwritev2(Task task, Arguments a) {
        return a.a3 == -1 ? writevWithFlags(task, a, a.int5()) : pwritev(task, a, a.a3, a.int5());
    }

    private static long preadv(Task task, Arguments a, long offset, int flags) {
        if (offset < 0) {
            return -Errno.EINVAL;
        }
        FileDescription file = Fds.acquire(task, a.int0());
        try {
            long refused = checkRead(file, flags);
            return refused != 0 ? refused
                    : wasRead(task, file.readAt(task, task.memory().vector(a.a1, a.int2(), true), offset));
        } finally {
            file.release(task);
        }
    }

    private static long readvWithFlags(Task task, Arguments a, int flags) {
        FileDescription file = Fds.acquire(task, a.int0());
        try {
            long refused = checkRead(file, flags);
            return refused != 0 ? refused : wasRead(task, file.read(task, task.memory().vector(a.a1, a.int2(), true)));
        } finally {
            file.release(task);
        }
    }

    private static long pwritev(Task task, Arguments a, long offset, int flags) {
        if (offset < 0) {
            return -Errno.EINVAL;
        }
        FileDescription file = Fds.acquire(task, a.int0());
        try {
            long refused = checkWrite(file, flags);
            if (refused != 0) {
                return refused;
            }
            IoBuffer source = task.memory().vector(a.a1, a.int2(), false);
            return synced(task, file, flags, file.writeAt(task, source, appends(flags) ? FileOperations.APPEND : offset));
        } finally {
            file.release(task);
        }
    }

    private static long writevWithFlags(Task task, Arguments a, int flags) {
        FileDescription file = Fds.acquire(task, a.int0());
        try {
            long refused = checkWrite(file, flags);
            if (refused != 0) {
                return refused;
            }
            IoBuffer source = task.memory().vector(a.a1, a.int2(), false);
            return synced(task, file, flags,
                    appends(flags) && file.operations().seekable() ? file.writeAt(task, source, FileOperations.APPEND)
                            : file.write(task, source));
        } finally {
            file.release(task);
        }
    }

    private static long checkRead(FileDescription file, int flags) {
        if ((flags & ~Splice.RWF_SUPPORTED) != 0 || appends(flags)) {
            return -Errno.EOPNOTSUPP;
        }
        return wouldBlock(file, flags, Poll.POLLIN | Poll.POLLHUP | Poll.POLLERR) ? -Errno.EAGAIN : 0;
    }

    private static long checkWrite(FileDescription file, int flags) {
        if ((flags & ~Splice.RWF_SUPPORTED) != 0) {
            return -Errno.EOPNOTSUPP;
        }
        return wouldBlock(file, flags, Poll.POLLOUT | Poll.POLLERR) ? -Errno.EAGAIN : 0;
    }

    private static boolean wouldBlock(FileDescription file, int flags, int events) {
        return (flags & Splice.RWF_NOWAIT) != 0 && (file.operations().poll(file) & events) == 0;
    }

    private static boolean appends(int flags) {
        return (flags & Splice.RWF_APPEND) != 0;
    }

    private static long synced(Task task, FileDescription file, int flags, long written) {
        wasWritten(task, written);
        if (written <= 0 || (flags & (Splice.RWF_SYNC | Splice.RWF_DSYNC)) == 0) {
            return written;
        }
        long result = file.operations().fsync(task, (flags & Splice.RWF_SYNC) == 0);
        // -EINVAL: a pipe or the like, which has nothing to write through.
        return result < 0 && result != -Errno.EINVAL ? result : written;
    }

    private static long wasRead(Task task, long result) {
        task.usage().countRead(result);
        return result;
    }

    private static long wasWritten(Task task, long result) {
        task.usage().countWrite(result);
        return result;
    }

    /** One call moves at most MAX_RW_COUNT bytes (read(2), notes). */
    static long cut(long length) {
        return Math.min(length, Splice.MAX_RW_COUNT);
    }
}
