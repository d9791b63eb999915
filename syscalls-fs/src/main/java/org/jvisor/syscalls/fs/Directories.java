// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import java.nio.charset.StandardCharsets;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.api.vfs.VfsPath;

/** getdents(2), getcwd(2), chdir(2), chroot(2) and umask(2). */
final class Directories {

    private Directories() {
    }

    static long getdents(Task task, Arguments a) {
        return getdents(task, a.int0(), a.a1, a.a2, true);
    }

    static long getdents64(Task task, Arguments a) {
        return getdents(task, a.int0(), a.a1, a.a2, false);
    }

    private static long getdents(Task task, int fd, long address, long size, boolean old) {
        FileDescription file = Fds.acquire(task, fd);
        try {
            if (!Mode.isDir(file.inode().mode())) {
                return -Errno.ENOTDIR;
            }
            if (file.path().dentry().isDeleted()) {
                return -Errno.ENOENT;
            }
            DirentWriter writer = new DirentWriter(task.memory(), address, size & 0xffff_ffffL, old);
            return writer.finish(file.readdir(task, writer));
        } finally {
            file.release(task);
        }
    }

    /** The result is the length with the NUL, as the system call has it (getcwd(2)). */
    static long getcwd(Task task, Arguments a) {
        VfsPath current = task.fs().workingDirectory();
        if (current.dentry().isDeleted()) {
            return -Errno.ENOENT;
        }
        byte[] name = (task.kernel().vfs().name(task, current) + '\0').getBytes(StandardCharsets.ISO_8859_1);
        if (Long.compareUnsigned(a.a1, name.length) < 0) {
            return -Errno.ERANGE;
        }
        task.memory().copyOut(name, 0, name.length, a.a0);
        return name.length;
    }

    static long chdir(Task task, Arguments a) {
        PathWalk walk = task.walk().load(task, a.a0);
        walk.resolve(task, Open.AT_FDCWD, PathWalk.FOLLOW | PathWalk.DIRECTORY);
        task.kernel().vfs().chdir(task, walk.path());
        return 0;
    }

    static long fchdir(Task task, Arguments a) {
        FileDescription file = Fds.acquireAny(task, a.int0());
        try {
            if (!Mode.isDir(file.inode().mode())) {
                return -Errno.ENOTDIR;
            }
            task.kernel().vfs().chdir(task, file.path());
            return 0;
        } finally {
            file.release(task);
        }
    }

    static long chroot(Task task, Arguments a) {
        PathWalk walk = task.walk().load(task, a.a0);
        walk.resolve(task, Open.AT_FDCWD, PathWalk.FOLLOW | PathWalk.DIRECTORY);
        task.kernel().vfs().chroot(task, walk.path());
        return 0;
    }

    static long umask(Task task, Arguments a) {
        return task.fs().setUmask(a.int0());
    }
}
