// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.time;

import java.util.function.Consumer;
import org.jvisor.api.abi.Clock;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.CpuClock;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.core.process.TaskImpl;
import org.jvisor.core.process.ThreadGroupImpl;
import org.jvisor.core.signal.SignalQueue;
import org.jvisor.core.signal.SignalSender;

/**
 * One timer of timer_create(2). At most one signal of it is pending; what expires meanwhile is counted and told with that signal
 * (timer_getoverrun(2)).
 */
final class PosixTimer implements ProcessTimer.Owner, SignalQueue.Origin, Restorable {

    /** DELAYTIMER_MAX: more overruns than this are not counted. */
    private static final long OVERRUN_MAX = Integer.MAX_VALUE;

    private final ThreadGroupImpl group;
    private final TaskImpl target;
    private final int id;
    private final int signal;
    private final long value;
    private final KernelClock scheduler;
    private final int clockId;
    /** Null for a clock of the time of day. */
    private final CpuClock used;
    private final ProcessTimer timer;

    private final Mutex lock = new Mutex(LockRank.PROCESS_TIMERS);
    // Guarded by the lock.
    private boolean pending;
    private long missed;
    private long overrun;

    /** @param signal 0 for none */
    PosixTimer(ThreadGroupImpl group, TaskImpl target, KernelClock scheduler, int clockId, CpuClock used, int id, int signal, long value) {
        this.group = group;
        this.target = target;
        this.id = id;
        this.signal = signal;
        this.value = value;
        this.scheduler = scheduler;
        this.clockId = clockId;
        this.used = used;
        this.timer = new ProcessTimer(scheduler, this, KernelClock.Target.POSIX, group, id);
    }

    @Override
    public long now(int index) {
        if (used != null) {
            return used.ns();
        }
        return switch (clockId) {
            case Clock.CLOCK_REALTIME, Clock.CLOCK_REALTIME_ALARM, Clock.CLOCK_TAI -> scheduler.realtimeNs();
            default -> scheduler.monotonicNs();
        };
    }

    @Override
    public int rate(int index) {
        return used == null ? 0 : used.rate(group.kernel().cpus());
    }

    void set(boolean absolute, long valueNs, long intervalNs, long[] old) {
        if (old != null) {
            timer.current(old);
        }
        try (Mutex _ = lock.take()) {
            missed = 0;
            overrun = 0;
        }
        long at = valueNs == 0 ? 0 : absolute ? valueNs : IntervalTimers.later(now(id), valueNs);
        timer.arm(at, intervalNs);
    }

    void current(long[] valueAndInterval) {
        timer.current(valueAndInterval);
    }

    long overrun() {
        try (Mutex _ = lock.take()) {
            return overrun;
        }
    }

    @Override
    public void expired(int index, long overruns) {
        if (signal == 0) {
            return;
        }
        try (Mutex _ = lock.take()) {
            if (pending) {
                missed += overruns + 1;
                return;
            }
            pending = true;
            missed = overruns;
        }
        SignalInfo info = new SignalInfo(signal, Signals.SI_TIMER, id, 0, 0, value, 0, 0);
        if (SignalSender.send(group, target, info, this) != 0) {
            try (Mutex _ = lock.take()) {
                pending = false;
            }
        }
    }

    @Override
    public SignalInfo taken(SignalInfo info) {
        try (Mutex _ = lock.take()) {
            pending = false;
            overrun = Math.min(missed, OVERRUN_MAX);
            missed = 0;
            return new SignalInfo(info.signal(), info.code(), info.pid(), (int) overrun, 0, info.value(), 0, 0);
        }
    }

    private Object usedBy() {
        return used == null ? null : used.task() == null ? used.group() : used.task();
    }

    // ---- Restorable

    @Override
    public StateRecord save() {
        try (Mutex _ = lock.take()) {
            return new StateRecord("posix timer", 1).putCore("group", group).putCore("target", target).put("id", id).put("signal", signal)
                    .put("value", value).put("clock", clockId)
                    .putCore("usedBy", usedBy()).put("pending", pending).put("missed", missed).put("overrun", overrun);
        }
    }

    @Override
    public void forget() {
        try (Mutex _ = lock.take()) {
            pending = false;
            missed = 0;
            overrun = 0;
        }
    }

    @Override
    public void restore(StateRecord record) {
        try (Mutex _ = lock.take()) {
            record.expectCore("group", group);
            record.expectCore("target", target);
            record.expect("id", id);
            record.expect("signal", signal);
            record.expect("value", value);
            record.expect("clock", clockId);
            record.expectCore("usedBy", usedBy());
            pending = record.getBoolean("pending", false);
            missed = record.requireLong("missed");
            overrun = record.requireLong("overrun");
        }
    }

    @Override
    public void forEachPart(Consumer<? super Restorable> visitor) {
        visitor.accept(timer);
    }
}
