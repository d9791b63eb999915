// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.time;

import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.core.process.ThreadGroupImpl;

/** A timer on some clock: wall time, or the time that a process has used. Guarded by a lock of its own; its owner is told without. */
final class ProcessTimer implements KernelClock.Target, Restorable {

    /** Whose timer it is. */
    interface Owner {
        /** The time of the clock that the timer goes by. */
        long now(int index);

        /** How many times faster than the time of day that clock runs at most; 0 when it tells the time of day. */
        int rate(int index);

        /** @param overruns expirations beyond the first */
        void expired(int index, long overruns);
    }

    /** A timer cannot expire more often than this, whatever its interval: the thread that serves it is everybody's. */
    private static final long INTERVAL_MIN_NS = 100_000;
    /** Used time is looked at no more often than a tick of Linux (CONFIG_HZ_250) would. */
    private static final long CPU_CHECK_MIN_NS = 4_000_000;

    private final KernelClock scheduler;
    private final Owner owner;
    private final String kind;
    private final ThreadGroupImpl group;
    private final int index;

    private final Mutex lock = new Mutex(LockRank.PROCESS_TIMERS);
    /** In the clock's terms; 0: not armed. */
    private long expires;
    private long interval;
    /** What is to come; another that comes all the same belongs to an arming that is over. */
    private KernelClock.Timer scheduled;
    /** When, in {@link System#nanoTime}'s terms; meaningless unless something is to come. */
    private long due;

    ProcessTimer(KernelClock scheduler, Owner owner, String kind, ThreadGroupImpl group, int index) {
        this.scheduler = scheduler;
        this.owner = owner;
        this.kind = kind;
        this.group = group;
        this.index = index;
    }

    @Override
    public String kind() {
        return kind;
    }

    @Override
    public String container() {
        return group.container().id();
    }

    @Override
    public long object() {
        return group.pid();
    }

    @Override
    public int index() {
        return index;
    }

    @Override
    public long intervalNs() {
        try (Mutex _ = lock.take()) {
            return interval;
        }
    }

    /** @param at in the clock's terms; 0 disarms */
    void arm(long at, long newInterval) {
        try (Mutex _ = lock.take()) {
            if (scheduled != null) {
                scheduled.cancel();
                scheduled = null;
            }
            expires = at;
            interval = newInterval;
            if (at != 0) {
                schedule(0);
            }
        }
    }

    /** What is left, at least 1, and the interval; 0 when not armed. */
    void current(long[] valueAndInterval) {
        try (Mutex _ = lock.take()) {
            valueAndInterval[0] = expires == 0 ? 0 : Math.max(1, expires - owner.now(index));
            valueAndInterval[1] = interval;
        }
    }

    private void schedule(long least) {
        long left = Math.max(least, expires - owner.now(index));
        int rate = owner.rate(index);
        if (rate > 0) {
            // Used time may stand still, and several tasks use it at once: it is looked at when they may have.
            left = Math.max(left / rate, CPU_CHECK_MIN_NS);
        }
        // Further away than the clock can tell is never.
        due = System.nanoTime() + Math.min(left, Long.MAX_VALUE / 4);
        scheduled = scheduler.schedule(due, this);
    }

    @Override
    public void expired(KernelClock.Timer timer) {
        long overruns;
        try (Mutex _ = lock.take()) {
            if (timer != scheduled) {
                return;
            }
            scheduled = null;
            long late = owner.now(index) - expires;
            if (late < 0) {
                schedule(0);
                return;
            }
            if (interval == 0) {
                expires = 0;
                overruns = 0;
            } else {
                overruns = late / interval;
                expires += (overruns + 1) * interval;
                schedule(INTERVAL_MIN_NS);
            }
        }
        owner.expired(index, overruns);
    }

    // ---- Restorable

    /** What is due is told in CLOCK_MONOTONIC's terms, which goes on in another process of the host. */
    @Override
    public StateRecord save() {
        try (Mutex _ = lock.take()) {
            StateRecord record = new StateRecord("timer", 1).putCore("owner", owner).put("kind", kind).putCore("group", group)
                    .put("index", index).put("expires", expires).put("interval", interval);
            return scheduled == null ? record : record.put("due", due - scheduler.nanoTimeOffsetNs());
        }
    }

    @Override
    public void forget() {
        try (Mutex _ = lock.take()) {
            if (scheduled != null) {
                scheduled.cancel();
            }
            scheduled = null;
            due = 0;
            expires = 0;
            interval = 0;
        }
    }

    @Override
    public void restore(StateRecord record) {
        try (Mutex _ = lock.take()) {
            record.expectCore("owner", owner);
            record.expectCore("group", group);
            record.expect("index", index);
            expires = record.requireLong("expires");
            interval = record.requireLong("interval");
            if (record.has("due")) {
                due = record.requireLong("due") + scheduler.nanoTimeOffsetNs();
                scheduled = scheduler.schedule(due, this);
            }
        }
    }
}
