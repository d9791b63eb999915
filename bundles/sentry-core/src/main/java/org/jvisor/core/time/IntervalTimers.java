// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.time;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jvisor.api.abi.Clock;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.core.process.ThreadGroupImpl;

/** The three timers of setitimer(2), and RLIMIT_CPU, of one process. Any thread. */
public final class IntervalTimers implements ProcessTimer.Owner, Restorable {

    /** Follows the ITIMER_* in their order. */
    private static final int CPU_LIMIT = 3;
    private static final int[] SIGNALS = {Signals.SIGALRM, Signals.SIGVTALRM, Signals.SIGPROF};

    private final ThreadGroupImpl group;
    private final KernelClock scheduler;

    private final Mutex lock = new Mutex(LockRank.PROCESS_TIMERS);
    /** By ITIMER_* and {@link #CPU_LIMIT}; made when first set. Guarded by the lock. */
    private final ProcessTimer[] timers = new ProcessTimer[CPU_LIMIT + 1];

    public IntervalTimers(ThreadGroupImpl group, KernelClock scheduler) {
        this.group = group;
        this.scheduler = scheduler;
    }

    public void set(int which, long valueNs, long intervalNs, long[] old) {
        ProcessTimer timer = timer(which);
        if (old != null) {
            timer.current(old);
        }
        timer.arm(valueNs == 0 ? 0 : later(now(which), valueNs), intervalNs);
    }

    public void get(int which, long[] current) {
        timer(which).current(current);
    }

    static long later(long now, long ns) {
        return ns > Long.MAX_VALUE - Math.max(now, 0) ? Long.MAX_VALUE : now + ns;
    }

    private ProcessTimer timer(int which) {
        try (Mutex _ = lock.take()) {
            if (timers[which] == null) {
                timers[which] = which == CPU_LIMIT
                        ? new ProcessTimer(scheduler, this, KernelClock.Target.CPU_LIMIT, group, which)
                        : new ProcessTimer(scheduler, this, KernelClock.Target.INTERVAL, group, which);
            }
            return timers[which];
        }
    }

    @Override
    public long now(int which) {
        return switch (which) {
            case Clock.ITIMER_REAL -> scheduler.monotonicNs();
            case Clock.ITIMER_VIRTUAL -> group.userTimeNs();
            default -> group.userTimeNs() + group.systemTimeNs();
        };
    }

    @Override
    public int rate(int which) {
        return which == Clock.ITIMER_REAL ? 0 : Math.clamp(group.taskCount(), 1, group.kernel().cpus());
    }

    @Override
    public void expired(int which, long overruns) {
        if (which == CPU_LIMIT) {
            cpuLimitReached();
        } else {
            group.send(SignalInfo.kernel(SIGNALS[which]));
        }
    }

    /** setrlimit(2): SIGXCPU each second from the soft limit on, SIGKILL at the hard one. */
    public void cpuLimitChanged() {
        try (Mutex _ = lock.take()) {
            long seconds = group.softLimit(Rlimit.RLIMIT_CPU);
            boolean none = seconds < 0 || seconds > TimeUnit.NANOSECONDS.toSeconds(Long.MAX_VALUE);
            timer(CPU_LIMIT).arm(none ? 0 : Math.max(1, TimeUnit.SECONDS.toNanos(seconds)), TimeUnit.SECONDS.toNanos(1));
        }
    }

    private void cpuLimitReached() {
        long usedSeconds = TimeUnit.NANOSECONDS.toSeconds(now(CPU_LIMIT));
        if (Long.compareUnsigned(usedSeconds, group.hardLimit(Rlimit.RLIMIT_CPU)) >= 0) {
            group.exitGroup(Wait.signaled(Signals.SIGKILL, false));
        } else {
            group.send(SignalInfo.kernel(Signals.SIGXCPU));
        }
    }

    public void cancelAll() {
        try (Mutex _ = lock.take()) {
            for (ProcessTimer timer : timers) {
                if (timer != null) {
                    timer.arm(0, 0);
                }
            }
        }
    }

    // ---- Restorable

    @Override
    public StateRecord save() {
        try (Mutex _ = lock.take()) {
            return new StateRecord("interval timers", 1).putCore("group", group).putCores("timers", Arrays.asList(timers.clone()));
        }
    }

    @Override
    public void forget() {
        try (Mutex _ = lock.take()) {
            Arrays.fill(timers, null);
        }
    }

    @Override
    public void restore(StateRecord record) {
        try (Mutex _ = lock.take()) {
            record.expectCore("group", group);
            List<Object> saved = record.cores("timers");
            for (int which = 0; which < timers.length; which++) {
                timers[which] = (ProcessTimer) saved.get(which);
            }
        }
    }

    @Override
    public void forEachPart(Consumer<? super Restorable> visitor) {
        try (Mutex _ = lock.take()) {
            for (ProcessTimer timer : timers) {
                if (timer != null) {
                    visitor.accept(timer);
                }
            }
        }
    }
}
