// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.FileDescription;

/** Descriptors as arguments and as results. */
final class Fds {

    private Fds() {
    }

    /** The description with a reference for the caller; throws EBADF. One opened with O_PATH will do. */
    static FileDescription acquireAny(Task task, int fd) {
        FileDescription file = task.files().acquire(fd);
        if (file == null) {
            throw ErrnoException.of(Errno.EBADF);
        }
        return file;
    }

    /** The same, but EBADF too for one opened with O_PATH, which allows next to nothing (open(2)). */
    static FileDescription acquire(Task task, int fd) {
        FileDescription file = acquireAny(task, fd);
        if (isPath(file)) {
            file.release(task);
            throw ErrnoException.of(Errno.EBADF);
        }
        return file;
    }

    static boolean isPath(FileDescription file) {
        return (file.flags() & Open.O_PATH) != 0;
    }

    static long limit(Task task) {
        return task.group().softLimit(Rlimit.RLIMIT_NOFILE);
    }

    /** Where its next read or write without an offset takes place. */
    static long position(Task task, FileDescription file) {
        return file.operations().seekable() ? file.position() : file.seek(task, 0, Open.SEEK_CUR);
    }

    /** After bytes were moved by an offset on behalf of the position. */
    static void setPosition(Task task, FileDescription file, long position) {
        if (file.operations().seekable()) {
            file.setPosition(position);
        } else {
            file.seek(task, position, Open.SEEK_SET);
        }
    }

    /** Enters a new description, whose reference goes to the table or is dropped; the descriptor or -EMFILE. */
    static long install(Task task, FileDescription file, boolean closeOnExec) {
        int fd = task.files().add(file, 0, limit(task), closeOnExec);
        if (fd < 0) {
            file.release(task);
        }
        return fd;
    }
}
