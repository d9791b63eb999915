// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.host;

import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.abi.Splice;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.lock.LockOrder;

/**
 * Which of the host's calls may keep their caller for longer than a {@link org.jvisor.api.lock.Mutex} is held: those that wait for
 * another process, for a device, or for as long as they are told to. For the tests, see {@link LockOrder}.
 */
public final class LastingCalls {

    private LastingCalls() {}

    /** Called by each {@link HostKernel} before it makes a call. */
    public static void check(long number, long a1, long a2, long a3, long a5) {
        if (LockOrder.CHECKED && lasts((int) number, a1, a2, a3, a5)) {
            LockOrder.mayWait("a call of the host's that may last");
        }
    }

    private static boolean lasts(int number, long a1, long a2, long a3, long a5) {
        return switch (number) {
            case SyscallNr.WAIT4 -> (a2 & Wait.WNOHANG) == 0;
            case SyscallNr.WAITID -> (a3 & Wait.WNOHANG) == 0;
            case SyscallNr.POLL -> (int) a2 != 0;
            case SyscallNr.EPOLL_WAIT -> (int) a3 != 0;
            case SyscallNr.FLOCK -> (a1 & Open.LOCK_NB) == 0;
            case SyscallNr.SENDTO, SyscallNr.RECVFROM -> (a3 & Socket.MSG_DONTWAIT) == 0;
            case SyscallNr.SENDMSG, SyscallNr.RECVMSG -> (a2 & Socket.MSG_DONTWAIT) == 0;
            case SyscallNr.PREADV2, SyscallNr.PWRITEV2 -> (a5 & Splice.RWF_NOWAIT) == 0;
            case SyscallNr.FSYNC, SyscallNr.FDATASYNC, SyscallNr.SYNC_FILE_RANGE, SyscallNr.FALLOCATE, SyscallNr.PREAD64,
                SyscallNr.PWRITE64, SyscallNr.GETDENTS64, SyscallNr.CONNECT, SyscallNr.ACCEPT4, SyscallNr.PAUSE,
                SyscallNr.NANOSLEEP, SyscallNr.CLOCK_NANOSLEEP -> true;
            default -> false;
        };
    }
}
