// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.kernel.SignalInfo;

/** The three timers of setitimer(2), and RLIMIT_CPU, of one process. Any thread. */
final class IntervalTimers {

    private static final int[] SIGNALS = {Signals.SIGALRM, Signals.SIGVTALRM, Signals.SIGPROF};

    private final ThreadGroupImpl group;
    private final KernelClock scheduler;

    /** By ITIMER_*; made when first set. Guarded by this. */
    private final ProcessTimer[] timers = new ProcessTimer[SIGNALS.length];
    private ProcessTimer cpuLimit;

    IntervalTimers(ThreadGroupImpl group, KernelClock scheduler) {
        this.group = group;
        this.scheduler = scheduler;
    }

    void set(int which, long valueNs, long intervalNs, long[] old) {
        ProcessTimer timer = timer(which);
        if (old != null) {
            timer.current(old);
        }
        timer.arm(valueNs == 0 ? 0 : later(clock(which).getAsLong(), valueNs), intervalNs);
    }

    void get(int which, long[] current) {
        timer(which).current(current);
    }

    static long later(long now, long ns) {
        return ns > Long.MAX_VALUE - Math.max(now, 0) ? Long.MAX_VALUE : now + ns;
    }

    private synchronized ProcessTimer timer(int which) {
        if (timers[which] == null) {
            int signal = SIGNALS[which];
            timers[which] = new ProcessTimer(scheduler, clock(which), which != 0,
                    overruns -> group.send(SignalInfo.kernel(signal)));
        }
        return timers[which];
    }

    private LongSupplier clock(int which) {
        return switch (which) {
            case 0 -> scheduler::monotonicNs;
            case 1 -> group::userTimeNs;
            default -> this::usedNs;
        };
    }

    private long usedNs() {
        return group.userTimeNs() + group.systemTimeNs();
    }

    /** setrlimit(2): SIGXCPU each second from the soft limit on, SIGKILL at the hard one. */
    synchronized void cpuLimitChanged() {
        if (cpuLimit == null) {
            cpuLimit = new ProcessTimer(scheduler, this::usedNs, true, overruns -> cpuLimitReached());
        }
        long seconds = group.softLimit(Rlimit.RLIMIT_CPU);
        boolean none = seconds < 0 || seconds > TimeUnit.NANOSECONDS.toSeconds(Long.MAX_VALUE);
        cpuLimit.arm(none ? 0 : Math.max(1, TimeUnit.SECONDS.toNanos(seconds)), TimeUnit.SECONDS.toNanos(1));
    }

    private void cpuLimitReached() {
        long usedSeconds = TimeUnit.NANOSECONDS.toSeconds(usedNs());
        if (Long.compareUnsigned(usedSeconds, group.hardLimit(Rlimit.RLIMIT_CPU)) >= 0) {
            group.exitGroup(Wait.signaled(Signals.SIGKILL, false));
        } else {
            group.send(SignalInfo.kernel(Signals.SIGXCPU));
        }
    }

    synchronized void cancelAll() {
        for (ProcessTimer timer : timers) {
            if (timer != null) {
                timer.arm(0, 0);
            }
        }
        if (cpuLimit != null) {
            cpuLimit.arm(0, 0);
        }
    }
}
