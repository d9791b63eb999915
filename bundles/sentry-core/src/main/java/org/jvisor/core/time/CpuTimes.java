// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.time;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.LongSupplier;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;

/**
 * How long a task has run application code and Sentry code. What it has run in all is exact: the clock is read when it falls
 * asleep and when it wakes up. How much of that was the Sentry's is measured on some calls, each of which stands for those
 * since the last: on all of them when they are far apart, on one of many when they come so fast that reading the clock would
 * tell. Neither part ever runs backwards.
 *
 * <p>Written by the task's thread, read by any: a reader may be a switch behind. What the host's scheduler takes away in between
 * counts as used, since nobody tells us.
 */
public final class CpuTimes implements Restorable {

    /** About how often a call is measured. */
    private static final long MEASURE_EVERY_NS = 100_000;
    private static final int STANDS_FOR_MAX = 64;

    private static final VarHandle RAN;
    private static final VarHandle SINCE;
    private static final VarHandle AWAKE;
    private static final VarHandle SYSTEM;
    private static final VarHandle ENTERED;
    private static final VarHandle MEASURED;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            RAN = lookup.findVarHandle(CpuTimes.class, "ranNs", long.class);
            SINCE = lookup.findVarHandle(CpuTimes.class, "since", long.class);
            AWAKE = lookup.findVarHandle(CpuTimes.class, "awake", boolean.class);
            SYSTEM = lookup.findVarHandle(CpuTimes.class, "systemNs", long.class);
            ENTERED = lookup.findVarHandle(CpuTimes.class, "enteredAt", long.class);
            MEASURED = lookup.findVarHandle(CpuTimes.class, "measured", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final LongSupplier clock;

    // ---- written by the task's thread
    /** Until it last fell asleep. */
    private long ranNs;
    /** When it woke up. */
    private long since;
    private boolean awake;
    private long systemNs;
    /** When the call that is being measured began, or went on after a sleep. */
    private long enteredAt;
    /** How many calls the one that is being measured stands for; 0: it is not measured, or the application runs. */
    private int measured;

    // ---- the task's thread alone
    /** Calls from the last measured one to the next. */
    private int distance = 1;
    /** Of those, how many are to come. */
    private int left = 1;
    private long lastMeasuredAt;

    private final Mutex lock = new Mutex(LockRank.ACCOUNTING);
    // ---- guarded by the lock: what readers have been told
    private long toldUserNs;
    private long toldSystemNs;

    public CpuTimes() {
        this(System::nanoTime);
    }

    public CpuTimes(LongSupplier clock) {
        this.clock = clock;
    }

    public void start() {
        long now = clock.getAsLong();
        lastMeasuredAt = now;
        SINCE.setOpaque(this, now);
        ENTERED.setOpaque(this, now);
        MEASURED.setOpaque(this, 1);
        AWAKE.setOpaque(this, true);
    }

    public void enterUser() {
        if (measured != 0) {
            charge(clock.getAsLong());
            MEASURED.setOpaque(this, 0);
        }
    }

    public void leaveUser() {
        if (--left == 0) {
            measure();
        }
    }

    private void measure() {
        long now = clock.getAsLong();
        ENTERED.setOpaque(this, now);
        MEASURED.setOpaque(this, distance);
        long apart = Math.max(1, (now - lastMeasuredAt) / distance);
        lastMeasuredAt = now;
        distance = Math.clamp(MEASURE_EVERY_NS / apart, 1, STANDS_FOR_MAX);
        left = distance;
    }

    private void charge(long now) {
        SYSTEM.setOpaque(this, systemNs + measured * (now - enteredAt));
    }

    /** Nothing when it is asleep already: who stands still may come to the gate before it is awake again. */
    public void fallAsleep() {
        if (!awake) {
            return;
        }
        long now = clock.getAsLong();
        if (measured != 0) {
            charge(now);
        }
        AWAKE.setOpaque(this, false);
        RAN.setOpaque(this, ranNs + now - since);
    }

    public void wakeUp() {
        if (awake) {
            return;
        }
        long now = clock.getAsLong();
        ENTERED.setOpaque(this, now);
        SINCE.setOpaque(this, now);
        AWAKE.setOpaque(this, true);
    }

    public long userNs() {
        try (Mutex _ = lock.take()) {
            divide();
            return toldUserNs;
        }
    }

    public long systemNs() {
        try (Mutex _ = lock.take()) {
            divide();
            return toldSystemNs;
        }
    }

    private void divide() {
        long total = (long) RAN.getOpaque(this);
        long system = (long) SYSTEM.getOpaque(this);
        if ((boolean) AWAKE.getOpaque(this)) {
            long now = clock.getAsLong();
            total += Math.max(0, now - (long) SINCE.getOpaque(this));
            system += (int) MEASURED.getOpaque(this) * Math.max(0, now - (long) ENTERED.getOpaque(this));
        }
        long most = total - toldSystemNs;
        if (most >= toldUserNs) {
            toldUserNs = Math.clamp(total - system, toldUserNs, most);
            toldSystemNs = total - toldUserNs;
        }
    }

    // ---- Restorable

    /** Points in time are in the clock's terms. */
    @Override
    public StateRecord save() {
        try (Mutex _ = lock.take()) {
            return new StateRecord("cpu times", 1).put("ran", ranNs).put("since", since).put("awake", awake).put("system", systemNs)
                    .put("enteredAt", enteredAt).put("measured", measured).put("distance", distance).put("left", left)
                    .put("lastMeasuredAt", lastMeasuredAt).put("toldUser", toldUserNs).put("toldSystem", toldSystemNs);
        }
    }

    @Override
    public void forget() {
        try (Mutex _ = lock.take()) {
            ranNs = 0;
            since = 0;
            awake = false;
            systemNs = 0;
            enteredAt = 0;
            measured = 0;
            distance = 0;
            left = 0;
            lastMeasuredAt = 0;
            toldUserNs = 0;
            toldSystemNs = 0;
        }
    }

    @Override
    public void restore(StateRecord record) {
        try (Mutex _ = lock.take()) {
            ranNs = record.requireLong("ran");
            since = record.requireLong("since");
            awake = record.getBoolean("awake", false);
            systemNs = record.requireLong("system");
            enteredAt = record.requireLong("enteredAt");
            measured = record.requireInt("measured");
            distance = record.requireInt("distance");
            left = record.requireInt("left");
            lastMeasuredAt = record.requireLong("lastMeasuredAt");
            toldUserNs = record.requireLong("toldUser");
            toldSystemNs = record.requireLong("toldSystem");
        }
    }
}
