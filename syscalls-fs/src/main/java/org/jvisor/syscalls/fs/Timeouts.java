// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import org.jvisor.api.abi.Clock;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.TimespecLayout;
import org.jvisor.api.abi.TimevalLayout;
import org.jvisor.api.kernel.Task;

/** Timeouts and signal masks of calls that wait. */
final class Timeouts {

    static final int SIGSET_BYTES = 8;

    /** For ever. */
    static final long NEVER = -1;

    private Timeouts() {
    }

    /** Of poll(2) and epoll_wait(2): negative is for ever. */
    static long fromMillis(int millis) {
        return millis < 0 ? NEVER : millis * Clock.NSEC_PER_MSEC;
    }

    /** In ns; no timespec is for ever. Throws EINVAL. */
    static long fromTimespec(Task task, long address) {
        if (address == 0) {
            return NEVER;
        }
        byte[] b = task.scratch();
        task.memory().copyIn(address, b, 0, TimespecLayout.SIZE);
        if (!TimespecLayout.isValid(b, 0)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return TimespecLayout.toNs(b, 0);
    }

    /** select(2) takes any number of microseconds. */
    static long fromTimeval(Task task, long address) {
        if (address == 0) {
            return NEVER;
        }
        byte[] b = task.scratch();
        task.memory().copyIn(address, b, 0, TimevalLayout.SIZE);
        long sec = TimevalLayout.sec(b, 0);
        long usec = TimevalLayout.usec(b, 0);
        if (sec < 0 || usec < 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        long wholeSec = sec + usec / Clock.USEC_PER_SEC;
        return wholeSec < 0 || wholeSec >= Long.MAX_VALUE / Clock.NSEC_PER_SEC ? Long.MAX_VALUE
                : wholeSec * Clock.NSEC_PER_SEC + usec % Clock.USEC_PER_SEC * Clock.NSEC_PER_USEC;
    }

    /** What is left until {@code deadlineNs}, not below 0. */
    static long remaining(long deadlineNs) {
        return Math.max(0, deadlineNs - System.nanoTime());
    }

    /** Tells the caller what is left, as Linux does (select(2), notes); silently not where it cannot be written. */
    static void putRemainingTimespec(Task task, long address, long deadlineNs) {
        if (address != 0 && deadlineNs != Long.MAX_VALUE) {
            byte[] b = task.scratch();
            TimespecLayout.putNs(b, 0, remaining(deadlineNs));
            task.memory().tryCopyOut(b, 0, TimespecLayout.SIZE, address);
        }
    }

    static void putRemainingTimeval(Task task, long address, long deadlineNs) {
        if (address != 0 && deadlineNs != Long.MAX_VALUE) {
            byte[] b = task.scratch();
            TimevalLayout.putNs(b, 0, remaining(deadlineNs));
            task.memory().tryCopyOut(b, 0, TimevalLayout.SIZE, address);
        }
    }

    /** The mask of ppoll(2), pselect(2) and epoll_pwait(2), in place until the call has ended; none leaves it alone. */
    static void setMask(Task task, long address, long size) {
        if (address != 0) {
            if (size != SIGSET_BYTES) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            task.setTemporaryMask(task.memory().getLong(address));
        }
    }

    /**
     * How a wait of these calls that was interrupted ends: EINTR when a handler runs, whatever SA_RESTART says; otherwise it goes
     * on, with the deadline that it had (signal(7)).
     */
    static long interrupted(long result) {
        return result == -Errno.ERESTARTSYS ? -Errno.ERESTARTNOHAND : result;
    }
}
