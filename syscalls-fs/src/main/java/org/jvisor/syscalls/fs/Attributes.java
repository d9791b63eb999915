// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import org.jvisor.api.abi.Clock;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.TimespecLayout;
import org.jvisor.api.abi.TimevalLayout;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.api.vfs.SetAttributes;

/** chmod(2), chown(2), utimensat(2) and their kin. */
final class Attributes {

    private static final int BOTH_NOW = SetAttributes.ATIME | SetAttributes.MTIME | SetAttributes.ATIME_NOW
            | SetAttributes.MTIME_NOW;

    private Attributes() {
    }

    // ---- modes

    static long chmod(Task task, int dirfd, long path, int mode) {
        apply(task, dirfd, path, PathWalk.FOLLOW, mode(mode));
        return 0;
    }

    static long fchmod(Task task, Arguments a) {
        apply(task, a.int0(), mode(a.int1()));
        return 0;
    }

    static long fchmodat2(Task task, Arguments a) {
        int flags = a.int3();
        if ((flags & ~(Open.AT_SYMLINK_NOFOLLOW | Open.AT_EMPTY_PATH)) != 0) {
            return -Errno.EINVAL;
        }
        PathWalk walk = task.walk().load(task, a.a1);
        walk.resolve(task, a.int0(), Stats.walkFlags(flags));
        if (Mode.isSymlink(walk.inode().mode())) {
            return -Errno.EOPNOTSUPP;
        }
        apply(task, a.int0(), a.a1, Stats.walkFlags(flags), mode(a.int2()));
        return 0;
    }

    private static SetAttributes mode(int mode) {
        SetAttributes changes = new SetAttributes();
        changes.valid = SetAttributes.MODE;
        changes.mode = mode & Mode.PERMISSIONS;
        return changes;
    }

    // ---- owners

    static long chown(Task task, int dirfd, long path, int uid, int gid, int flags) {
        if ((flags & ~(Open.AT_SYMLINK_NOFOLLOW | Open.AT_EMPTY_PATH)) != 0) {
            return -Errno.EINVAL;
        }
        apply(task, dirfd, path, Stats.walkFlags(flags), owner(uid, gid));
        return 0;
    }

    static long fchown(Task task, Arguments a) {
        apply(task, a.int0(), owner(a.int1(), a.int2()));
        return 0;
    }

    /** -1 leaves one as it is (chown(2)). */
    private static SetAttributes owner(int uid, int gid) {
        SetAttributes changes = new SetAttributes();
        changes.valid = (uid != -1 ? SetAttributes.UID : 0) | (gid != -1 ? SetAttributes.GID : 0);
        changes.uid = uid;
        changes.gid = gid;
        return changes;
    }

    // ---- times

    static long utime(Task task, Arguments a) {
        SetAttributes changes = new SetAttributes();
        changes.valid = a.a1 == 0 ? BOTH_NOW : SetAttributes.ATIME | SetAttributes.MTIME;
        if (a.a1 != 0) {
            changes.atimeSeconds = task.memory().getLong(a.a1);
            changes.mtimeSeconds = task.memory().getLong(a.a1 + Long.BYTES);
        }
        apply(task, Open.AT_FDCWD, a.a0, PathWalk.FOLLOW, changes);
        return 0;
    }

    static long utimes(Task task, int dirfd, long path, long times) {
        SetAttributes changes = new SetAttributes();
        changes.valid = BOTH_NOW;
        if (times != 0) {
            byte[] b = task.scratch();
            task.memory().copyIn(times, b, 0, 2 * TimevalLayout.SIZE);
            long atimeUsec = TimevalLayout.usec(b, 0);
            long mtimeUsec = TimevalLayout.usec(b, TimevalLayout.SIZE);
            if (atimeUsec < 0 || atimeUsec >= Clock.USEC_PER_SEC || mtimeUsec < 0 || mtimeUsec >= Clock.USEC_PER_SEC) {
                return -Errno.EINVAL;
            }
            changes.valid = SetAttributes.ATIME | SetAttributes.MTIME;
            changes.atimeSeconds = TimevalLayout.sec(b, 0);
            changes.atimeNanos = (int) (atimeUsec * Clock.NSEC_PER_USEC);
            changes.mtimeSeconds = TimevalLayout.sec(b, TimevalLayout.SIZE);
            changes.mtimeNanos = (int) (mtimeUsec * Clock.NSEC_PER_USEC);
        }
        return applyTimes(task, dirfd, path, 0, changes);
    }

    static long utimensat(Task task, Arguments a) {
        int flags = a.int3();
        if ((flags & ~(Open.AT_SYMLINK_NOFOLLOW | Open.AT_EMPTY_PATH)) != 0) {
            return -Errno.EINVAL;
        }
        SetAttributes changes = new SetAttributes();
        changes.valid = BOTH_NOW;
        if (a.a2 != 0) {
            byte[] b = task.scratch();
            task.memory().copyIn(a.a2, b, 0, 2 * TimespecLayout.SIZE);
            long atimeNsec = TimespecLayout.nsec(b, 0);
            long mtimeNsec = TimespecLayout.nsec(b, TimespecLayout.SIZE);
            if (!isTime(atimeNsec) || !isTime(mtimeNsec)) {
                return -Errno.EINVAL;
            }
            if (atimeNsec == Clock.UTIME_OMIT && mtimeNsec == Clock.UTIME_OMIT) {
                return 0;
            }
            changes.valid = valid(atimeNsec, SetAttributes.ATIME, SetAttributes.ATIME_NOW)
                    | valid(mtimeNsec, SetAttributes.MTIME, SetAttributes.MTIME_NOW);
            changes.atimeSeconds = TimespecLayout.sec(b, 0);
            changes.atimeNanos = (int) atimeNsec;
            changes.mtimeSeconds = TimespecLayout.sec(b, TimespecLayout.SIZE);
            changes.mtimeNanos = (int) mtimeNsec;
        }
        return applyTimes(task, a.int0(), a.a1, flags, changes);
    }

    private static boolean isTime(long nsec) {
        return nsec >= 0 && nsec < Clock.NSEC_PER_SEC || nsec == Clock.UTIME_NOW || nsec == Clock.UTIME_OMIT;
    }

    private static int valid(long nsec, int bit, int nowBit) {
        return nsec == Clock.UTIME_OMIT ? 0 : nsec == Clock.UTIME_NOW ? bit | nowBit : bit;
    }

    /** Without a path the descriptor itself is meant: that is how futimens(3) calls utimensat(2). */
    private static long applyTimes(Task task, int dirfd, long path, int flags, SetAttributes changes) {
        if (path == 0 && dirfd != Open.AT_FDCWD) {
            if (flags != 0) {
                return -Errno.EINVAL;
            }
            apply(task, dirfd, changes);
        } else {
            apply(task, dirfd, path, Stats.walkFlags(flags), changes);
        }
        return 0;
    }

    // ---- carried out

    private static void apply(Task task, int dirfd, long path, int walkFlags, SetAttributes changes) {
        task.kernel().vfs().setAttributes(task, dirfd, task.walk().load(task, path), walkFlags, changes);
    }

    private static void apply(Task task, int fd, SetAttributes changes) {
        FileDescription file = Fds.acquire(task, fd);
        try {
            task.kernel().vfs().setAttributes(task, file, changes);
        } finally {
            file.release(task);
        }
    }
}
