// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.task;

import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Clock;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.TimespecLayout;
import org.jvisor.api.kernel.CpuClock;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;

/** nanosleep(2) and clock_nanosleep(2). */
final class SleepCalls {

    /** Used time is looked at no more often. */
    private static final long CPU_CHECK_MIN_NS = 1_000_000;

    private SleepCalls() {
    }

    static long nanosleep(Task t, Arguments a) {
        return sleep(t, t.call().deadline(TimeCalls.duration(t, a.a0)), a.a1);
    }

    static long clockNanosleep(Task t, Arguments a) {
        int clock = a.int0();
        boolean absolute = (a.int1() & Clock.TIMER_ABSTIME) != 0;
        switch (clock) {
            case Clock.CLOCK_REALTIME, Clock.CLOCK_MONOTONIC, Clock.CLOCK_BOOTTIME, Clock.CLOCK_TAI -> { }
            case Clock.CLOCK_REALTIME_ALARM, Clock.CLOCK_BOOTTIME_ALARM -> {
                if (!t.hasCapability(Capability.CAP_WAKE_ALARM)) {
                    return -Errno.EPERM;
                }
            }
            case Clock.CLOCK_THREAD_CPUTIME_ID, Clock.CLOCK_MONOTONIC_RAW, Clock.CLOCK_MONOTONIC_COARSE,
                    Clock.CLOCK_REALTIME_COARSE -> {
                return -Errno.EOPNOTSUPP;
            }
            default -> {
                CpuClock used = CpuClock.of(t, clock);
                return used.task() == t ? -Errno.EINVAL : sleep(t, used, TimeCalls.duration(t, a.a2), absolute, a.a3);
            }
        }
        long ns = TimeCalls.duration(t, a.a2);
        if (absolute) {
            long slept = sleep(t, TimeCalls.nanoTimeOf(t, clock, ns));
            return slept == -Errno.ETIMEDOUT ? 0 : -Errno.ERESTARTNOHAND;
        }
        return sleep(t, t.call().deadline(ns), a.a3);
    }

    /** Sleeps to {@code deadline}; interrupted by a signal it says what is left at {@code remainder}. */
    private static long sleep(Task t, long deadline, long remainder) {
        long slept = sleep(t, deadline);
        return slept == -Errno.ETIMEDOUT ? 0 : interrupted(t, slept, deadline - System.nanoTime(), remainder);
    }

    /** -ETIMEDOUT, or -ERESTARTSYS. */
    private static long sleep(Task t, long deadline) {
        long slept;
        do {
            slept = t.sleep(deadline);
        } while (slept == 0); // woken for nothing
        return slept;
    }

    /** Sleeps until {@code clock} has come so far; looks again when that can be, as others use the time meanwhile. */
    private static long sleep(Task t, CpuClock clock, long ns, boolean absolute, long remainder) {
        long now = clock.ns();
        long end = t.call().until(absolute ? ns : ns > Long.MAX_VALUE - now ? Long.MAX_VALUE : now + ns);
        long left;
        while ((left = end - clock.ns()) > 0) {
            long step = Math.clamp(left / clock.rate(t.kernel().cpus()), CPU_CHECK_MIN_NS, Clock.NSEC_PER_SEC);
            if (t.sleep(System.nanoTime() + step) == -Errno.ERESTARTSYS) {
                return absolute ? -Errno.ERESTARTNOHAND : interrupted(t, -Errno.ERESTARTSYS, left, remainder);
            }
        }
        return 0;
    }

    private static long interrupted(Task t, long slept, long left, long remainder) {
        if (remainder != 0 && !t.call().beginsAgain(slept)) {
            byte[] b = t.scratch();
            TimespecLayout.putNs(b, 0, Math.max(0, left));
            t.memory().copyOut(b, 0, TimespecLayout.SIZE, remainder);
        }
        return -Errno.ERESTART_RESTARTBLOCK;
    }
}
