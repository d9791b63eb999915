// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.OpenHowLayout;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FdTable;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.PathWalk;

/** open(2), openat2(2), creat(2), close(2), close_range(2) and dup(2) with its kin. */
final class OpenClose {

    /** The bit of O_TMPFILE that is not O_DIRECTORY. */
    private static final int TMPFILE_BIT = Open.O_TMPFILE & ~Open.O_DIRECTORY;
    private static final int PATH_FLAGS = Open.O_DIRECTORY | Open.O_NOFOLLOW | Open.O_PATH | Open.O_CLOEXEC;
    private static final int KNOWN_FLAGS = Open.O_ACCMODE | Open.O_CREAT | Open.O_EXCL | Open.O_NOCTTY | Open.O_TRUNC
            | Open.O_APPEND | Open.O_NONBLOCK | Open.O_SYNC | Open.O_ASYNC | Open.O_DIRECT | Open.O_LARGEFILE
            | Open.O_DIRECTORY | Open.O_NOFOLLOW | Open.O_NOATIME | Open.O_CLOEXEC | Open.O_PATH | TMPFILE_BIT;
    private static final int KNOWN_RESOLVE = Open.RESOLVE_NO_XDEV | Open.RESOLVE_NO_MAGICLINKS | Open.RESOLVE_NO_SYMLINKS
            | Open.RESOLVE_BENEATH | Open.RESOLVE_IN_ROOT | Open.RESOLVE_CACHED;
    private static final int MAX_HOW_BYTES = 4096;

    private OpenClose() {
    }

    static long open(Task task, Arguments a) {
        return openIgnoringUnknown(task, Open.AT_FDCWD, a.a0, a.int1(), a.int2());
    }

    static long openat(Task task, Arguments a) {
        return openIgnoringUnknown(task, a.int0(), a.a1, a.int2(), a.int3());
    }

    static long creat(Task task, Arguments a) {
        return openIgnoringUnknown(task, Open.AT_FDCWD, a.a0, Open.O_CREAT | Open.O_WRONLY | Open.O_TRUNC, a.int1());
    }

    /** open(2) ignores flags that it does not know, and modes that it does not need; openat2(2) does not. */
    private static long openIgnoringUnknown(Task task, int dirfd, long path, int givenFlags, int givenMode) {
        int flags = givenFlags & KNOWN_FLAGS | Open.O_LARGEFILE;
        if ((flags & Open.O_PATH) != 0) {
            flags &= PATH_FLAGS;
        }
        int mode = (flags & (Open.O_CREAT | TMPFILE_BIT)) != 0 ? givenMode & Mode.PERMISSIONS : 0;
        return open(task, dirfd, path, flags, mode, 0);
    }

    static long openat2(Task task, Arguments a) {
        long size = a.a3;
        if (size < OpenHowLayout.SIZE) {
            return -Errno.EINVAL;
        }
        if (size > MAX_HOW_BYTES) {
            return -Errno.E2BIG;
        }
        byte[] how = task.scratch();
        task.memory().copyIn(a.a2, how, 0, (int) size);
        for (int i = OpenHowLayout.SIZE; i < size; i++) {
            if (how[i] != 0) {
                return -Errno.E2BIG;
            }
        }
        long flags = OpenHowLayout.flags(how, 0);
        long mode = OpenHowLayout.mode(how, 0);
        long resolve = OpenHowLayout.resolve(how, 0);
        boolean creates = (flags & (Open.O_CREAT | TMPFILE_BIT)) != 0;
        if ((flags & ~(KNOWN_FLAGS & 0xffff_ffffL)) != 0 || (resolve & ~KNOWN_RESOLVE) != 0
                || (mode & ~Mode.PERMISSIONS) != 0 || !creates && mode != 0) {
            return -Errno.EINVAL;
        }
        if ((flags & Open.O_PATH) != 0 && (flags & ~PATH_FLAGS) != 0) {
            return -Errno.EINVAL;
        }
        int scoped = Open.RESOLVE_BENEATH | Open.RESOLVE_IN_ROOT;
        if ((resolve & scoped) == scoped) {
            return -Errno.EINVAL;
        }
        return open(task, a.int0(), a.a1, (int) flags | Open.O_LARGEFILE, (int) mode, (int) resolve);
    }

    /** @param resolve RESOLVE_* of openat2(2) */
    private static long open(Task task, int dirfd, long path, int flags, int mode, int resolve) {
        if ((flags & TMPFILE_BIT) != 0
                && ((flags & Open.O_TMPFILE) != Open.O_TMPFILE || (flags & Open.O_ACCMODE) == Open.O_RDONLY)) {
            return -Errno.EINVAL;
        }
        if ((flags & (Open.O_CREAT | Open.O_DIRECTORY)) == (Open.O_CREAT | Open.O_DIRECTORY)) {
            return -Errno.EINVAL;
        }
        PathWalk walk = task.walk().load(task, path);
        FileDescription file = task.kernel().vfs().open(task, dirfd, walk, flags & ~Open.O_CLOEXEC, mode, resolve);
        return Fds.install(task, file, (flags & Open.O_CLOEXEC) != 0);
    }

    static long close(Task task, Arguments a) {
        return task.files().close(task, a.int0());
    }

    static long closeRange(Task task, Arguments a) {
        long first = Integer.toUnsignedLong(a.int0());
        long last = Integer.toUnsignedLong(a.int1());
        int flags = a.int2();
        if ((flags & ~(Open.CLOSE_RANGE_UNSHARE | Open.CLOSE_RANGE_CLOEXEC)) != 0 || first > last) {
            return -Errno.EINVAL;
        }
        if ((flags & Open.CLOSE_RANGE_UNSHARE) != 0) {
            FdTable shared = task.files();
            task.setFiles(shared.copy(task.cgroup()));
            shared.release(task);
        }
        FdTable files = task.files();
        long highest = Math.min(last, files.highest());
        if (first <= highest) {
            files.closeRange(task, (int) first, (int) highest, (flags & Open.CLOSE_RANGE_CLOEXEC) != 0);
        }
        return 0;
    }

    static long dup(Task task, Arguments a) {
        return Fds.install(task, Fds.acquireAny(task, a.int0()), false);
    }

    static long dup2(Task task, Arguments a) {
        int from = a.int0();
        int to = a.int1();
        if (from == to) {
            Fds.acquireAny(task, from).release(task);
            return to;
        }
        return duplicateTo(task, from, to, false);
    }

    static long dup3(Task task, Arguments a) {
        int flags = a.int2();
        if ((flags & ~Open.O_CLOEXEC) != 0 || a.int0() == a.int1()) {
            return -Errno.EINVAL;
        }
        return duplicateTo(task, a.int0(), a.int1(), flags != 0);
    }

    private static long duplicateTo(Task task, int from, int to, boolean closeOnExec) {
        if (to < 0) {
            return -Errno.EBADF;
        }
        FileDescription file = Fds.acquireAny(task, from);
        int result = task.files().put(task, to, file, Fds.limit(task), closeOnExec);
        if (result < 0) {
            file.release(task);
            return result;
        }
        return to;
    }
}
