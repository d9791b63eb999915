// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import java.nio.charset.StandardCharsets;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.abi.StatLayout;
import org.jvisor.api.abi.Statfs;
import org.jvisor.api.abi.StatfsLayout;
import org.jvisor.api.abi.Statx;
import org.jvisor.api.abi.StatxLayout;
import org.jvisor.api.kernel.PerThread;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.PathWalk;

/** What is known about files: stat(2), statx(2), access(2), readlink(2), statfs(2). */
final class Stats {

    private static final int STAT_FLAGS = Open.AT_SYMLINK_NOFOLLOW | Open.AT_NO_AUTOMOUNT | Open.AT_EMPTY_PATH;

    private Stats() {
    }

    static long stat(Task task, Arguments a) {
        return statPath(task, Open.AT_FDCWD, a.a0, PathWalk.FOLLOW, a.a1);
    }

    static long lstat(Task task, Arguments a) {
        return statPath(task, Open.AT_FDCWD, a.a0, 0, a.a1);
    }

    static long fstat(Task task, Arguments a) {
        FileDescription file = task.files().acquire(a.int0());
        if (file == null) {
            return -Errno.EBADF;
        }
        Stat stat = PerThread.stat();
        try {
            task.kernel().vfs().stat(file, stat);
        } finally {
            file.release(task);
        }
        return copyOut(task, stat, a.a1);
    }

    static long newfstatat(Task task, Arguments a) {
        int flags = a.int3();
        if ((flags & ~STAT_FLAGS) != 0) {
            return -Errno.EINVAL;
        }
        return statPath(task, a.int0(), a.a1, walkFlags(flags), a.a2);
    }

    private static long statPath(Task task, int dirfd, long path, int walkFlags, long address) {
        Stat stat = PerThread.stat();
        task.kernel().vfs().stat(task, dirfd, task.walk().load(task, path), walkFlags, stat);
        return copyOut(task, stat, address);
    }

    private static long copyOut(Task task, Stat stat, long address) {
        byte[] b = task.scratch();
        StatLayout.write(b, 0, stat);
        task.memory().copyOut(b, 0, StatLayout.SIZE, address);
        return 0;
    }

    /** The flags of a walk from the AT_* flags of calls that follow a last symbolic link unless told not to. */
    static int walkFlags(int atFlags) {
        return ((atFlags & Open.AT_SYMLINK_NOFOLLOW) == 0 ? PathWalk.FOLLOW : 0)
                | ((atFlags & Open.AT_EMPTY_PATH) != 0 ? PathWalk.EMPTY_PATH : 0);
    }

    static long statx(Task task, Arguments a) {
        int flags = a.int2();
        int mask = a.int3();
        if ((mask & Statx.STATX__RESERVED) != 0 || (flags & ~(STAT_FLAGS | Open.AT_STATX_SYNC_TYPE)) != 0
                || (flags & Open.AT_STATX_SYNC_TYPE) == Open.AT_STATX_SYNC_TYPE) {
            return -Errno.EINVAL;
        }
        Stat stat = PerThread.stat();
        task.kernel().vfs().stat(task, a.int0(), task.walk().load(task, a.a1), walkFlags(flags), stat);
        byte[] b = task.scratch();
        StatxLayout.write(b, 0, stat);
        task.memory().copyOut(b, 0, StatxLayout.SIZE, a.a4);
        return 0;
    }

    static long access(Task task, Arguments a) {
        return access(task, Open.AT_FDCWD, a.a0, a.int1(), 0);
    }

    static long faccessat(Task task, Arguments a) {
        return access(task, a.int0(), a.a1, a.int2(), 0);
    }

    static long faccessat2(Task task, Arguments a) {
        return access(task, a.int0(), a.a1, a.int2(), a.int3());
    }

    private static long access(Task task, int dirfd, long path, int mask, int flags) {
        if ((mask & ~(Open.R_OK | Open.W_OK | Open.X_OK)) != 0
                || (flags & ~(Open.AT_EACCESS | Open.AT_SYMLINK_NOFOLLOW | Open.AT_EMPTY_PATH)) != 0) {
            return -Errno.EINVAL;
        }
        boolean effective = (flags & Open.AT_EACCESS) != 0;
        task.kernel().vfs().access(task, dirfd, task.walk().load(task, path), mask, walkFlags(flags), effective);
        return 0;
    }

    static long readlink(Task task, Arguments a) {
        return readlink(task, Open.AT_FDCWD, a.a0, 0, a.a1, a.int2());
    }

    static long readlinkat(Task task, Arguments a) {
        return readlink(task, a.int0(), a.a1, PathWalk.EMPTY_PATH, a.a2, a.int3());
    }

    private static long readlink(Task task, int dirfd, long path, int walkFlags, long address, int size) {
        if (size <= 0) {
            return -Errno.EINVAL;
        }
        String target = task.kernel().vfs().readlink(task, dirfd, task.walk().load(task, path), walkFlags);
        byte[] bytes = target.getBytes(StandardCharsets.ISO_8859_1);
        int length = Math.min(bytes.length, size);
        task.memory().copyOut(bytes, 0, length, address);
        return length;
    }

    static long statfs(Task task, Arguments a) {
        PathWalk walk = task.walk().load(task, a.a0);
        walk.resolve(task, Open.AT_FDCWD, PathWalk.FOLLOW);
        Statfs statfs = new Statfs();
        task.kernel().vfs().statfs(walk.path(), statfs);
        return copyOut(task, statfs, a.a1);
    }

    static long fstatfs(Task task, Arguments a) {
        FileDescription file = Fds.acquireAny(task, a.int0());
        Statfs statfs = new Statfs();
        try {
            task.kernel().vfs().statfs(file.path(), statfs);
        } finally {
            file.release(task);
        }
        return copyOut(task, statfs, a.a1);
    }

    private static long copyOut(Task task, Statfs statfs, long address) {
        byte[] b = task.scratch();
        StatfsLayout.write(b, 0, statfs);
        task.memory().copyOut(b, 0, StatfsLayout.SIZE, address);
        return 0;
    }
}
