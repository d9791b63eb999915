// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.IoctlFs;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.abi.Termios;
import org.jvisor.api.kernel.PerThread;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FileDescription;

/** ioctl(2): what holds for descriptors of every kind; the rest is the file's own. */
final class Ioctl {

    private Ioctl() {
    }

    static long ioctl(Task task, Arguments a) {
        FileDescription file = Fds.acquire(task, a.int0());
        try {
            long result = call(task, file, a.int0(), a.int1(), a.a2);
            return result == -Errno.ENOIOCTLCMD ? -Errno.ENOTTY : result;
        } finally {
            file.release(task);
        }
    }

    private static long call(Task task, FileDescription file, int fd, int command, long argument) {
        switch (command) {
            case Termios.FIOCLEX -> {
                return task.files().setFlags(fd, true);
            }
            case Termios.FIONCLEX -> {
                return task.files().setFlags(fd, false);
            }
            case Termios.FIONBIO -> {
                Fcntl.setStatusFlag(file, Open.O_NONBLOCK, task.memory().getInt(argument) != 0);
                return 0;
            }
            case Termios.FIOASYNC -> {
                Fcntl.setStatusFlag(file, Open.O_ASYNC, task.memory().getInt(argument) != 0);
                return 0;
            }
            default -> {
                return Mode.isRegular(file.inode().mode()) ? regular(task, file, command, argument)
                        : file.operations().ioctl(task, file, command, argument);
            }
        }
    }

    private static long regular(Task task, FileDescription file, int command, long argument) {
        long result = file.operations().ioctl(task, file, command, argument);
        if (result != -Errno.ENOTTY) {
            return result;
        }
        switch (command) {
            case Termios.FIONREAD -> {
                long left = file.inode().size() - Fds.position(task, file);
                task.memory().putInt(argument, Math.clamp(left, Integer.MIN_VALUE, Integer.MAX_VALUE));
                return 0;
            }
            case Termios.FIOQSIZE -> {
                task.memory().putLong(argument, file.inode().size());
                return 0;
            }
            case IoctlFs.FIGETBSZ -> {
                Stat stat = PerThread.stat();
                file.inode().stat(stat);
                task.memory().putInt(argument, stat.blksize);
                return 0;
            }
            case IoctlFs.FICLONE, IoctlFs.FICLONERANGE, IoctlFs.FIDEDUPERANGE, IoctlFs.FS_IOC_FIEMAP -> {
                return -Errno.EOPNOTSUPP;
            }
            default -> {
                return -Errno.ENOTTY;
            }
        }
    }
}
