// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.FlockLayout;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.Vfs;

/** flock(2), and the record locks of fcntl(2). */
final class Locks {

    private Locks() {
    }

    static long flock(Task task, Arguments a) {
        FileDescription file = Fds.acquire(task, a.int0());
        try {
            int operation = a.int1();
            return switch (operation & ~Open.LOCK_NB) {
                case Open.LOCK_SH, Open.LOCK_EX, Open.LOCK_UN -> task.kernel().vfs().flock(task, file, operation);
                default -> -Errno.EINVAL;
            };
        } finally {
            file.release(task);
        }
    }

    static long lock(Task task, FileDescription file, int command, long address) {
        byte[] b = task.scratch();
        task.memory().copyIn(address, b, 0, FlockLayout.SIZE);
        Vfs.LockRequest lock = new Vfs.LockRequest();
        lock.type = (short) FlockLayout.type(b, 0);
        lock.whence = (short) FlockLayout.whence(b, 0);
        lock.length = FlockLayout.len(b, 0);
        lock.pid = FlockLayout.pid(b, 0);
        long refused = check(task, file, command, lock, FlockLayout.start(b, 0));
        if (refused != 0) {
            return refused;
        }
        long result = task.kernel().vfs().lock(task, file, command, lock);
        if (result == 0 && isQuery(command)) {
            copyOut(task, lock, address);
        }
        return result;
    }

    private static boolean isQuery(int command) {
        return command == Open.F_GETLK || command == Open.F_OFD_GETLK;
    }

    private static boolean isDescriptionLock(int command) {
        return command == Open.F_OFD_GETLK || command == Open.F_OFD_SETLK || command == Open.F_OFD_SETLKW;
    }

    /** Checks what was given and makes its start absolute and its length positive or 0 (to the end of the file). */
    private static long check(Task task, FileDescription file, int command, Vfs.LockRequest lock, long start) {
        if (lock.type != Open.F_RDLCK && lock.type != Open.F_WRLCK && lock.type != Open.F_UNLCK
                || isQuery(command) && lock.type == Open.F_UNLCK || isDescriptionLock(command) && lock.pid != 0) {
            return -Errno.EINVAL;
        }
        boolean refused = lock.type == Open.F_RDLCK && !file.readable() || lock.type == Open.F_WRLCK && !file.writable();
        if (refused && !isQuery(command)) {
            return -Errno.EBADF;
        }
        long base;
        switch (lock.whence) {
            case Open.SEEK_SET -> base = 0;
            case Open.SEEK_CUR -> base = Fds.position(task, file);
            case Open.SEEK_END -> base = file.inode().size();
            default -> {
                return -Errno.EINVAL;
            }
        }
        long from = base + start;
        if (start > 0 && from < base) {
            return -Errno.EOVERFLOW;
        }
        if (lock.length < 0) {
            if (lock.length == Long.MIN_VALUE) {
                return -Errno.EINVAL;
            }
            from += lock.length;
            lock.length = -lock.length;
        }
        if (from < 0) {
            return -Errno.EINVAL;
        }
        if (lock.length > 0 && from + lock.length - 1 < 0) {
            return -Errno.EOVERFLOW;
        }
        lock.whence = Open.SEEK_SET;
        lock.start = from;
        return 0;
    }

    private static void copyOut(Task task, Vfs.LockRequest lock, long address) {
        byte[] b = task.scratch();
        task.memory().copyIn(address, b, 0, FlockLayout.SIZE);
        FlockLayout.type(b, 0, lock.type);
        if (lock.type != Open.F_UNLCK) {
            FlockLayout.whence(b, 0, lock.whence);
            FlockLayout.start(b, 0, lock.start);
            FlockLayout.len(b, 0, lock.length);
            FlockLayout.pid(b, 0, lock.pid);
        }
        task.memory().copyOut(b, 0, FlockLayout.SIZE, address);
    }
}
