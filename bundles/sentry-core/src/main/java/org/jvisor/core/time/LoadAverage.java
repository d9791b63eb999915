// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.time;

import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;

/**
 * How many tasks were running or could, on average over 1, 5 and 15 minutes (getloadavg(3)); fixed-point numbers with 11 bits.
 * What happened since the last look is made up for when somebody looks: nothing ticks in an idle sandbox.
 */
public final class LoadAverage {

    private static final int FIXED_1 = 1 << 11;
    private static final long SAMPLE_NS = TimeUnit.SECONDS.toNanos(5);
    private static final long[] MINUTES = {1, 5, 15};
    /** So many samples change nothing any more. */
    private static final long SAMPLES_MAX = 2000;

    private final KernelClock clock;
    private final IntSupplier runnable;
    private final Mutex lock = new Mutex(LockRank.ACCOUNTING);
    private final double[] averages = new double[MINUTES.length];
    private long sampledNs;

    public LoadAverage(KernelClock clock, IntSupplier runnable) {
        this.clock = clock;
        this.runnable = runnable;
        this.sampledNs = clock.monotonicNs();
    }

    public long[] fixedPoint() {
        try (Mutex _ = lock.take()) {
            long now = clock.monotonicNs();
            long samples = (now - sampledNs) / SAMPLE_NS;
            if (samples > 0) {
                sampledNs += samples * SAMPLE_NS;
                decay(Math.min(samples, SAMPLES_MAX), runnable.getAsInt());
            }
            long[] result = new long[averages.length];
            for (int i = 0; i < result.length; i++) {
                result[i] = Math.round(averages[i] * FIXED_1);
            }
            return result;
        }
    }

    private void decay(long samples, int active) {
        for (int i = 0; i < averages.length; i++) {
            double kept = Math.exp(-samples * (double) SAMPLE_NS / TimeUnit.MINUTES.toNanos(MINUTES[i]));
            averages[i] = averages[i] * kept + active * (1 - kept);
        }
    }
}
