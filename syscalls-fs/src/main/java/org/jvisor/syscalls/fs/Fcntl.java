// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.FOwnerExLayout;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.PipeSysctl;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.Vfs;

/** fcntl(2). */
final class Fcntl {

    private static final int CHANGEABLE = Open.O_APPEND | Open.O_NONBLOCK | Open.O_ASYNC | Open.O_DIRECT | Open.O_NOATIME;
    private static final int MAX_WRITE_HINT = 5;

    private Fcntl() {
    }

    static long fcntl(Task task, Arguments a) {
        FileDescription file = Fds.acquireAny(task, a.int0());
        try {
            int command = a.int1();
            if (Fds.isPath(file) && !allowedForPath(command)) {
                return -Errno.EBADF;
            }
            return call(task, file, a.int0(), command, a.a2);
        } finally {
            file.release(task);
        }
    }

    /** What a descriptor opened with O_PATH can still do (open(2)). */
    private static boolean allowedForPath(int command) {
        return switch (command) {
            case Open.F_DUPFD, Open.F_DUPFD_CLOEXEC, Open.F_GETFD, Open.F_SETFD, Open.F_GETFL -> true;
            default -> false;
        };
    }

    private static long call(Task task, FileDescription file, int fd, int command, long argument) {
        return switch (command) {
            case Open.F_DUPFD -> duplicate(task, file, argument, false);
            case Open.F_DUPFD_CLOEXEC -> duplicate(task, file, argument, true);
            case Open.F_GETFD -> task.files().getFlags(fd);
            case Open.F_SETFD -> task.files().setFlags(fd, (argument & Open.FD_CLOEXEC) != 0);
            case Open.F_GETFL -> file.flags();
            case Open.F_SETFL -> setStatusFlags(task, file, (int) argument);
            case Open.F_GETLK, Open.F_SETLK, Open.F_SETLKW, Open.F_OFD_GETLK, Open.F_OFD_SETLK, Open.F_OFD_SETLKW ->
                Locks.lock(task, file, command, argument);
            case Open.F_SETOWN -> setOwner(task, file, (int) argument);
            case Open.F_GETOWN -> getOwner(file);
            case Open.F_SETOWN_EX -> setOwnerEx(task, file, argument);
            case Open.F_GETOWN_EX -> getOwnerEx(task, file, argument);
            case Open.F_GETOWNER_UIDS -> getOwnerUids(task, file, argument);
            case Open.F_SETSIG -> setSignal(file, argument);
            case Open.F_GETSIG -> getSignal(file);
            case Open.F_GETLEASE -> Open.F_UNLCK;
            case Open.F_SETLEASE -> argument == Open.F_UNLCK ? -Errno.EAGAIN : -Errno.EINVAL;
            case Open.F_GETPIPE_SZ -> pipe(file) == null ? -Errno.EBADF : pipe(file).capacity();
            case Open.F_SETPIPE_SZ -> pipe(file) == null ? -Errno.EBADF : setPipeSize(task, pipe(file), argument);
            case Open.F_ADD_SEALS -> addSeals(file, argument);
            case Open.F_GET_SEALS -> file.operations() instanceof Vfs.Sealable s ? s.seals() : -Errno.EINVAL;
            case Open.F_GET_RW_HINT, Open.F_GET_FILE_RW_HINT -> getHint(task, argument);
            case Open.F_SET_RW_HINT, Open.F_SET_FILE_RW_HINT -> setHint(task, argument);
            default -> -Errno.EINVAL;
        };
    }

    private static long duplicate(Task task, FileDescription file, long from, boolean closeOnExec) {
        long limit = Fds.limit(task);
        long lowest = from & 0xffff_ffffL;
        if (Long.compareUnsigned(lowest, limit) >= 0 || lowest > Integer.MAX_VALUE) {
            return -Errno.EINVAL;
        }
        file.retain();
        int fd = task.files().add(file, (int) lowest, limit, closeOnExec);
        if (fd < 0) {
            file.release(task);
        }
        return fd;
    }

    private static long setStatusFlags(Task task, FileDescription file, int flags) {
        int changed = (flags ^ file.flags()) & CHANGEABLE;
        if ((changed & flags & Open.O_NOATIME) != 0 && task.credentials().fsuid() != file.inode().uid()
                && !task.hasCapability(Capability.CAP_FOWNER)) {
            return -Errno.EPERM;
        }
        file.setFlags(flags & CHANGEABLE);
        return 0;
    }

    /** Sets or clears one of the flags that F_SETFL changes: FIONBIO and FIOASYNC of ioctl(2). */
    static void setStatusFlag(FileDescription file, int flag, boolean on) {
        int flags = file.flags() & CHANGEABLE;
        file.setFlags(on ? flags | flag : flags & ~flag);
    }

    // ---- asynchronous notification

    private static long setOwner(Task task, FileDescription file, int who) {
        if (who == Integer.MIN_VALUE) {
            return -Errno.EINVAL;
        }
        return who < 0 ? setOwner(task, file, Open.F_OWNER_PGRP, -who) : setOwner(task, file, Open.F_OWNER_PID, who);
    }

    private static long setOwner(Task task, FileDescription file, int type, int id) {
        boolean exists = id == 0 || switch (type) {
            case Open.F_OWNER_TID -> task.pidNamespace().task(id) != null;
            case Open.F_OWNER_PID -> task.pidNamespace().threadGroup(id) != null;
            default -> task.pidNamespace().processGroup(id) != null;
        };
        if (!exists) {
            return -Errno.ESRCH;
        }
        Credentials who = task.credentials();
        file.changeAsync(async -> async.withOwner(type, id, who.uid(), who.euid()));
        return 0;
    }

    private static long getOwner(FileDescription file) {
        FileDescription.Async async = file.async();
        return async.ownerType() == Open.F_OWNER_PGRP ? -async.owner() : async.owner();
    }

    private static long setOwnerEx(Task task, FileDescription file, long address) {
        byte[] b = task.scratch();
        task.memory().copyIn(address, b, 0, FOwnerExLayout.SIZE);
        int type = FOwnerExLayout.type(b, 0);
        if (type < Open.F_OWNER_TID || type > Open.F_OWNER_PGRP) {
            return -Errno.EINVAL;
        }
        return setOwner(task, file, type, FOwnerExLayout.pid(b, 0));
    }

    private static long getOwnerEx(Task task, FileDescription file, long address) {
        byte[] b = task.scratch();
        FileDescription.Async async = file.async();
        FOwnerExLayout.type(b, 0, async.ownerType());
        FOwnerExLayout.pid(b, 0, async.owner());
        task.memory().copyOut(b, 0, FOwnerExLayout.SIZE, address);
        return 0;
    }

    private static long getOwnerUids(Task task, FileDescription file, long address) {
        FileDescription.Async async = file.async();
        task.memory().putInt(address, async.uid());
        task.memory().putInt(address + Integer.BYTES, async.euid());
        return 0;
    }

    private static long setSignal(FileDescription file, long signal) {
        if (signal < 0 || signal > Signals.NSIG) {
            return -Errno.EINVAL;
        }
        file.changeAsync(async -> async.withSignal((int) signal));
        return 0;
    }

    private static long getSignal(FileDescription file) {
        return file.async().signal();
    }

    // ---- pipes, memfds, hints

    private static Vfs.Pipe pipe(FileDescription file) {
        return file.operations() instanceof Vfs.Pipe pipe ? pipe : null;
    }

    /** Larger than /proc/sys/fs/pipe-max-size only with CAP_SYS_RESOURCE, see pipe(7). */
    private static long setPipeSize(Task task, Vfs.Pipe pipe, long bytes) {
        long size = bytes & 0xffff_ffffL;
        if (size > Integer.MAX_VALUE) {
            return -Errno.EINVAL;
        }
        boolean grows = size > pipe.capacity();
        if (grows && size > PipeSysctl.maxSize(task.kernel().sysctls()) && !task.hasCapability(Capability.CAP_SYS_RESOURCE)) {
            return -Errno.EPERM;
        }
        return pipe.setCapacity((int) size);
    }

    private static long addSeals(FileDescription file, long seals) {
        if (!(file.operations() instanceof Vfs.Sealable sealable)) {
            return -Errno.EINVAL;
        }
        return file.writable() ? sealable.addSeals((int) seals) : -Errno.EPERM;
    }

    /** RWH_WRITE_LIFE_NOT_SET: hints have no effect here, so none is kept. */
    private static long getHint(Task task, long address) {
        task.memory().putLong(address, 0);
        return 0;
    }

    private static long setHint(Task task, long address) {
        long hint = task.memory().getLong(address);
        return hint < 0 || hint > MAX_WRITE_HINT ? -Errno.EINVAL : 0;
    }
}
