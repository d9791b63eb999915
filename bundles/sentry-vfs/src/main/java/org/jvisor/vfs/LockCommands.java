// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.Vfs.LockRequest;

/** fcntl(2)'s lock commands: checks what is asked and passes it on to the file's {@link FileLocks}. */
final class LockCommands {

    static long run(Task task, LockWaits waits, FileDescriptionImpl file, int command, LockRequest request) {
        if ((file.flags() & Open.O_PATH) != 0) {
            return -Errno.EBADF;
        }
        boolean byDescription =
                command == Open.F_OFD_GETLK || command == Open.F_OFD_SETLK || command == Open.F_OFD_SETLKW;
        if (byDescription && request.pid != 0) {
            return -Errno.EINVAL;
        }
        long start = request.start;
        long end = Long.MAX_VALUE;
        if (request.length > 0) {
            if (start > Long.MAX_VALUE - (request.length - 1)) {
                return -Errno.EOVERFLOW;
            }
            end = start + request.length - 1;
        } else if (request.length < 0) {
            end = start - 1;
            start += request.length;
        }
        if (start < 0) {
            return -Errno.EINVAL;
        }
        Object owner = byDescription ? file : task.files();
        int pid = byDescription ? -1 : task.group().pid();
        return switch (command) {
            case Open.F_GETLK, Open.F_OFD_GETLK -> test(file, owner, request, start, end);
            case Open.F_SETLK, Open.F_OFD_SETLK -> set(task, waits, file, new Wanted(owner, pid, request.type, start, end), false);
            case Open.F_SETLKW, Open.F_OFD_SETLKW -> set(task, waits, file, new Wanted(owner, pid, request.type, start, end), true);
            default -> -Errno.EINVAL;
        };
    }

    private record Wanted(Object owner, int pid, int type, long start, long end) {}

    private static long test(FileDescriptionImpl file, Object owner, LockRequest request, long start, long end) {
        if (request.type != Open.F_RDLCK && request.type != Open.F_WRLCK) {
            return -Errno.EINVAL;
        }
        file.vnode().locks().test(owner, request, start, end);
        return 0;
    }

    private static long set(Task task, LockWaits waits, FileDescriptionImpl file, Wanted wanted, boolean wait) {
        switch (wanted.type) {
            case Open.F_UNLCK -> {
                FileLocks locks = file.vnode().locksIfAny();
                return locks == null ? 0 : locks.unlock(wanted.owner, wanted.start, wanted.end);
            }
            case Open.F_RDLCK -> {
                if (!file.readable()) {
                    return -Errno.EBADF;
                }
            }
            case Open.F_WRLCK -> {
                if (!file.writable()) {
                    return -Errno.EBADF;
                }
            }
            default -> {
                return -Errno.EINVAL;
            }
        }
        boolean exclusive = wanted.type == Open.F_WRLCK;
        return file.vnode().locks().set(task, waits, wanted.owner,
                new LockRanges.Range(wanted.pid, exclusive, wanted.start, wanted.end), wait);
    }

    private LockCommands() {
    }
}
