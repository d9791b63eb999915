// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.task;

import org.jvisor.api.abi.Clock;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Futex;
import org.jvisor.api.kernel.Futexes;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;

/** futex(2): which operation, which time-out. */
final class FutexCall {

    private FutexCall() {
    }

    static long futex(Task t, Arguments a) {
        int operation = a.int1() & Futex.FUTEX_CMD_MASK;
        boolean shared = (a.int1() & Futex.FUTEX_PRIVATE_FLAG) == 0;
        boolean realtime = (a.int1() & Futex.FUTEX_CLOCK_REALTIME) != 0;
        if (realtime && operation != Futex.FUTEX_WAIT && operation != Futex.FUTEX_WAIT_BITSET
                && operation != Futex.FUTEX_WAIT_REQUEUE_PI && operation != Futex.FUTEX_LOCK_PI2) {
            return -Errno.ENOSYS;
        }
        Futexes futexes = t.kernel().futexes();
        return switch (operation) {
            case Futex.FUTEX_WAIT -> relative(t, futexes.wait(t, a.a0, shared, a.int2(), Futex.FUTEX_BITSET_MATCH_ANY,
                    a.a3 == 0 ? Long.MAX_VALUE : t.call().deadline(TimeCalls.duration(t, a.a3))));
            case Futex.FUTEX_WAIT_BITSET -> a.int5() == 0 ? -Errno.EINVAL
                    : futexes.wait(t, a.a0, shared, a.int2(), a.int5(), absolute(t, a.a3, realtime));
            case Futex.FUTEX_WAKE -> futexes.wake(t, a.a0, shared, a.int2(), Futex.FUTEX_BITSET_MATCH_ANY);
            case Futex.FUTEX_WAKE_BITSET -> a.int5() == 0 ? -Errno.EINVAL
                    : futexes.wake(t, a.a0, shared, a.int2(), a.int5());
            case Futex.FUTEX_REQUEUE -> requeue(t, a, shared, false);
            case Futex.FUTEX_CMP_REQUEUE -> requeue(t, a, shared, true);
            case Futex.FUTEX_WAKE_OP -> (a.a4 & 3) != 0 ? -Errno.EINVAL
                    : futexes.wakeOp(t, a.a0, a.a4, shared, a.int2(), a.int3(), a.int5());
            // FUTEX_LOCK_PI's time-out is by CLOCK_REALTIME without saying so.
            case Futex.FUTEX_LOCK_PI -> futexes.lockPi(t, a.a0, shared, absolute(t, a.a3, true), false);
            case Futex.FUTEX_LOCK_PI2 -> futexes.lockPi(t, a.a0, shared, absolute(t, a.a3, realtime), false);
            case Futex.FUTEX_TRYLOCK_PI -> futexes.lockPi(t, a.a0, shared, Long.MAX_VALUE, true);
            case Futex.FUTEX_UNLOCK_PI -> futexes.unlockPi(t, a.a0, shared);
            default -> -Errno.ENOSYS;
        };
    }

    /** A wait with a relative time-out restarts with what is left of it, but not after a handler has run. */
    private static long relative(Task t, long result) {
        return result == -Errno.ERESTARTSYS && t.arguments().a3 != 0 ? -Errno.ERESTART_RESTARTBLOCK : result;
    }

    private static long absolute(Task t, long timespec, boolean realtime) {
        if (timespec == 0) {
            return Long.MAX_VALUE;
        }
        return TimeCalls.nanoTimeOf(t, realtime ? Clock.CLOCK_REALTIME : Clock.CLOCK_MONOTONIC, TimeCalls.duration(t, timespec));
    }

    private static long requeue(Task t, Arguments a, boolean shared, boolean compare) {
        if ((a.a4 & 3) != 0 || a.int2() < 0 || a.int3() < 0) {
            return -Errno.EINVAL;
        }
        return t.kernel().futexes().requeue(t, a.a0, a.a4, shared, a.int2(), a.int3(), compare, a.int5());
    }
}
