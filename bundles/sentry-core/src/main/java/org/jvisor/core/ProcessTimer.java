// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.jvisor.api.kernel.KernelClock;

/** A timer on some clock: wall time, or the time that a process has used. Guarded by itself; its action runs without. */
final class ProcessTimer {

    /** A timer cannot expire more often than this, whatever its interval: the thread that serves it is everybody's. */
    private static final long INTERVAL_MIN_NS = 100_000;
    /** Used time is looked at no more often than a tick of Linux (CONFIG_HZ_250) would. */
    private static final long CPU_CHECK_MIN_NS = 4_000_000;

    private final KernelClock scheduler;
    private final LongSupplier clock;
    private final boolean usedTime;
    /** Gets the number of expirations beyond the first. */
    private final LongConsumer onExpiry;

    /** In the clock's terms; 0: not armed. */
    private long expires;
    private long interval;
    private KernelClock.Timer scheduled;
    /** Which arming the scheduled action belongs to. */
    private int arming;

    /** @param usedTime whether {@code clock} tells time used, which may stand still */
    ProcessTimer(KernelClock scheduler, LongSupplier clock, boolean usedTime, LongConsumer onExpiry) {
        this.scheduler = scheduler;
        this.clock = clock;
        this.usedTime = usedTime;
        this.onExpiry = onExpiry;
    }

    /** @param at in the clock's terms; 0 disarms */
    synchronized void arm(long at, long newInterval) {
        cancel();
        expires = at;
        interval = newInterval;
        if (at != 0) {
            schedule(0);
        }
    }

    /** What is left, at least 1, and the interval; 0 when not armed. */
    synchronized void current(long[] valueAndInterval) {
        valueAndInterval[0] = expires == 0 ? 0 : Math.max(1, expires - clock.getAsLong());
        valueAndInterval[1] = interval;
    }

    private void cancel() {
        arming++;
        if (scheduled != null) {
            scheduled.cancel();
            scheduled = null;
        }
    }

    private void schedule(long least) {
        int mine = arming;
        long left = Math.max(least, expires - clock.getAsLong());
        if (usedTime) {
            left = Math.max(left, CPU_CHECK_MIN_NS);
        }
        // Further away than the clock can tell is never.
        long at = System.nanoTime() + Math.min(left, Long.MAX_VALUE / 4);
        scheduled = scheduler.schedule(at, () -> check(mine));
    }

    private void check(int mine) {
        long overruns;
        synchronized (this) {
            if (mine != arming) {
                return;
            }
            long late = clock.getAsLong() - expires;
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
        onExpiry.accept(overruns);
    }
}
