// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.PathWalk;

/** Names that come and go: mkdir(2), mknod(2), link(2), symlink(2), rename(2), unlink(2), rmdir(2). */
final class Names {

    private Names() {
    }

    static long mkdir(Task task, int dirfd, long path, int mode) {
        task.kernel().vfs().mkdir(task, dirfd, task.walk().load(task, path), mode & Mode.PERMISSIONS);
        return 0;
    }

    static long mknod(Task task, int dirfd, long path, int mode, int device) {
        int type = mode & Mode.S_IFMT;
        switch (type) {
            case 0, Mode.S_IFREG, Mode.S_IFCHR, Mode.S_IFBLK, Mode.S_IFIFO, Mode.S_IFSOCK -> { }
            case Mode.S_IFDIR -> {
                return -Errno.EPERM;
            }
            default -> {
                return -Errno.EINVAL;
            }
        }
        int full = (type == 0 ? Mode.S_IFREG : type) | mode & Mode.PERMISSIONS;
        long number = type == Mode.S_IFCHR || type == Mode.S_IFBLK ? Integer.toUnsignedLong(device) : 0;
        task.kernel().vfs().mknod(task, dirfd, task.walk().load(task, path), full, number);
        return 0;
    }

    static long link(Task task, int oldDirfd, long oldPath, int newDirfd, long newPath, int flags) {
        if ((flags & ~(Open.AT_SYMLINK_FOLLOW | Open.AT_EMPTY_PATH)) != 0) {
            return -Errno.EINVAL;
        }
        if ((flags & Open.AT_EMPTY_PATH) != 0 && !task.hasCapability(Capability.CAP_DAC_READ_SEARCH)) {
            return -Errno.ENOENT;
        }
        int walkFlags = ((flags & Open.AT_SYMLINK_FOLLOW) != 0 ? PathWalk.FOLLOW : 0)
                | ((flags & Open.AT_EMPTY_PATH) != 0 ? PathWalk.EMPTY_PATH : 0);
        PathWalk from = task.walk().load(task, oldPath);
        PathWalk to = task.walk2().load(task, newPath);
        task.kernel().vfs().link(task, oldDirfd, from, walkFlags, newDirfd, to);
        return 0;
    }

    static long symlink(Task task, long targetAddress, int dirfd, long path) {
        String target = task.memory().getString(targetAddress, Open.PATH_MAX - 1);
        if (target.isEmpty()) {
            return -Errno.ENOENT;
        }
        task.kernel().vfs().symlink(task, target, dirfd, task.walk().load(task, path));
        return 0;
    }

    static long rename(Task task, int oldDirfd, long oldPath, int newDirfd, long newPath, int flags) {
        boolean exchange = (flags & Open.RENAME_EXCHANGE) != 0;
        if ((flags & ~(Open.RENAME_NOREPLACE | Open.RENAME_EXCHANGE | Open.RENAME_WHITEOUT)) != 0
                || exchange && flags != Open.RENAME_EXCHANGE) {
            return -Errno.EINVAL;
        }
        if ((flags & Open.RENAME_WHITEOUT) != 0 && !task.hasCapability(Capability.CAP_MKNOD)) {
            return -Errno.EPERM;
        }
        PathWalk from = task.walk().load(task, oldPath);
        PathWalk to = task.walk2().load(task, newPath);
        task.kernel().vfs().rename(task, oldDirfd, from, newDirfd, to, flags);
        return 0;
    }

    static long unlink(Task task, int dirfd, long path) {
        task.kernel().vfs().unlink(task, dirfd, task.walk().load(task, path));
        return 0;
    }

    static long rmdir(Task task, int dirfd, long path) {
        task.kernel().vfs().rmdir(task, dirfd, task.walk().load(task, path));
        return 0;
    }

    static long unlinkat(Task task, Arguments a) {
        int flags = a.int2();
        if ((flags & ~Open.AT_REMOVEDIR) != 0) {
            return -Errno.EINVAL;
        }
        return flags != 0 ? rmdir(task, a.int0(), a.a1) : unlink(task, a.int0(), a.a1);
    }
}
