// SPDX-License-Identifier: Apache-2.0
package org.jvisor.time;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;

/**
 * The sandbox's clock: the host's CLOCK_MONOTONIC and CLOCK_REALTIME, moved so that the former begins at 0, read from the time
 * stamp counter. From time to time {@link #refresh} compares it with the host's and bends its line towards it; it never steps
 * back. While the counter's rate is not known, or can never be relied on, it is the host's clock itself.
 */
final class SandboxClock {
    private static final Logger LOG = System.getLogger(SandboxClock.class.getName());

    /** When {@link #refresh} should first be called: ns after this was made. */
    static final long FIRST_REFRESH_NS = 20_000_000;
    /** Times between the first refreshes; each makes the rate about as much more exact as it is longer. */
    private static final long[] NEXT_INTERVALS_NS = {100_000_000, 500_000_000};
    private static final long SHORT_INTERVAL_NS = 1_000_000_000;
    private static final long LONG_INTERVAL_NS = 4_000_000_000L;
    /** Below this error the next refresh may come later. */
    private static final long SMALL_ERROR_NS = 500;
    /** Above this the clock steps forward to the host's: the host has slept. */
    private static final long STEP_NS = 10_000_000;
    /** Fastest correction, as a fraction of time. */
    private static final double MAX_SLEW = 0.01;
    /** A rate that differs by more from the one before is a counter that was changed (a migrated virtual machine). */
    private static final double RATE_TOLERANCE = 0.001;
    /** Lines that become flatter cross the old one this much later; see {@link #bend}. */
    private static final long CROSSING_NS = 20_000_000;
    /** The realtime offset is kept as long as the host's differs by less: what differs then is the measurement. */
    private static final long OFFSET_TOLERANCE_NS = 10_000;
    private static final int SAMPLE_TRIES = 5;
    private static final int SAMPLES_KEPT = 4;

    private final TimeSource source;
    private final long bootNs;

    private volatile TimeLine line;
    /** While the line is not usable: no earlier time than this. */
    private volatile long floorNs;

    private final Mutex lock = new Mutex(LockRank.CLOCK);
    // ---- guarded by the lock
    private ClockPage page;
    /** The latest samples, the oldest first. */
    private final Sample[] samples = new Sample[SAMPLES_KEPT];
    private int sampleCount;
    /** Refreshes since the counter was last found good. */
    private int refreshes;
    private double rate;

    private record Sample(long counter, long hostNs) {}

    SandboxClock(TimeSource source) {
        this.source = source;
        bootNs = source.monotonicNs();
        line = new TimeLine(false, 0, 0, 0, measureOffset());
        if (source.counterIsSteady()) {
            addSample(sample());
        }
    }

    long bootNs() {
        return bootNs;
    }

    long monotonicNs() {
        for (;;) {
            TimeLine current = line;
            if (!current.usable()) {
                return Math.max(floorNs, source.monotonicNs() - bootNs);
            }
            long counter = source.counter();
            if (current == line) {
                return current.monotonicNs(counter);
            }
        }
    }

    long realtimeNs() {
        return monotonicNs() + line.realtimeOffsetNs();
    }

    TimeLine line() {
        return line;
    }

    /** Keeps {@code target} up to date from now on. */
    void publishTo(ClockPage target) {
        try (Mutex _ = lock.take()) {
            page = target;
            page.publish(line);
        }
    }

    /**
     * Compares with the host.
     *
     * @return ns until this should be called again
     */
    long refresh() {
        try (Mutex _ = lock.take()) {
            long offsetNs = line.realtimeOffsetNs();
            long measuredNs = measureOffset();
            if (Math.abs(measuredNs - offsetNs) > OFFSET_TOLERANCE_NS) {
                offsetNs = measuredNs;
            }
            if (!source.counterIsSteady()) {
                if (offsetNs != line.realtimeOffsetNs()) {
                    publish(line.withRealtimeOffset(offsetNs));
                }
                return LONG_INTERVAL_NS;
            }
            Sample now = sample();
            Sample reference = samples[0];
            double measuredRate = (double) (now.hostNs - reference.hostNs) / (now.counter - reference.counter);
            addSample(now);
            if (now.counter <= reference.counter || refreshes > 1 && Math.abs(measuredRate / rate - 1) > RATE_TOLERANCE) {
                distrust(now, offsetNs);
                return FIRST_REFRESH_NS;
            }
            rate = measuredRate;
            long errorNs = now.hostNs - bootNs - line.monotonicNs(now.counter);
            long intervalNs = nextInterval(errorNs);
            if (!line.usable() || errorNs > STEP_NS) {
                publish(startLine(offsetNs));
            } else {
                double slew = Math.clamp((double) errorNs / intervalNs, -MAX_SLEW, MAX_SLEW);
                publish(bend(rate * (1 + slew), offsetNs));
            }
            refreshes++;
            return intervalNs;
        }
    }

    private long nextInterval(long errorNs) {
        if (refreshes < NEXT_INTERVALS_NS.length) {
            return NEXT_INTERVALS_NS[refreshes];
        }
        return refreshes < NEXT_INTERVALS_NS.length + SAMPLES_KEPT || Math.abs(errorNs) > SMALL_ERROR_NS
                ? SHORT_INTERVAL_NS
                : LONG_INTERVAL_NS;
    }

    private void publish(TimeLine next) {
        if (page != null) {
            page.publish(next);
        }
        line = next;
    }

    /** From the host's time on: read after the counter, so that the line begins no earlier than what was told so far. */
    private TimeLine startLine(long offsetNs) {
        long counter = source.counter();
        long ns = Math.max(floorNs, source.monotonicNs() - bootNs);
        return new TimeLine(true, counter, fixedPoint(rate), ns, offsetNs);
    }

    /**
     * The line that goes on from the present one at another rate, never below it. They cross where that is certain whenever the
     * new one comes into force: before, when the new one is steeper; after, when it is flatter.
     */
    private TimeLine bend(double newRate, long offsetNs) {
        TimeLine old = line;
        long fixedRate = fixedPoint(newRate);
        long counter = source.counter();
        if (fixedRate >= old.rate()) {
            return new TimeLine(true, counter, fixedRate, old.monotonicNs(counter), offsetNs);
        }
        long ticks = (long) (CROSSING_NS / newRate);
        long ns = old.monotonicNs(counter + ticks) - TimeLine.scale(ticks, fixedRate);
        return new TimeLine(true, counter, fixedRate, ns, offsetNs);
    }

    /** Measures the counter's rate anew, with the host's clock until that is done. */
    private void distrust(Sample now, long offsetNs) {
        LOG.log(Level.WARNING, "the time stamp counter changed its pace; measuring it again");
        if (line.usable()) {
            floorNs = line.monotonicNs(now.counter);
        }
        sampleCount = 0;
        refreshes = 0;
        addSample(now);
        publish(new TimeLine(false, 0, 0, 0, offsetNs));
    }

    private static long fixedPoint(double rate) {
        return (long) (rate * (1L << TimeLine.SHIFT));
    }

    private void addSample(Sample sample) {
        if (sampleCount == SAMPLES_KEPT) {
            System.arraycopy(samples, 1, samples, 0, SAMPLES_KEPT - 1);
            sampleCount--;
        }
        samples[sampleCount++] = sample;
    }

    /** The counter and the host's clock at one moment: of several tries the one that took the shortest time. */
    private Sample sample() {
        long best = Long.MAX_VALUE;
        Sample result = null;
        for (int i = 0; i < SAMPLE_TRIES; i++) {
            long before = source.counter();
            long hostNs = source.monotonicNs();
            long window = source.counter() - before;
            if (window < best && window >= 0 || result == null) {
                best = window;
                result = new Sample(before + window / 2, hostNs);
            }
        }
        return result;
    }

    /** CLOCK_REALTIME minus the sandbox's CLOCK_MONOTONIC, on the host's clocks. */
    private long measureOffset() {
        long best = Long.MAX_VALUE;
        long offset = 0;
        for (int i = 0; i < SAMPLE_TRIES; i++) {
            long before = source.monotonicNs();
            long realtime = source.realtimeNs();
            long window = source.monotonicNs() - before;
            if (window < best) {
                best = window;
                offset = realtime - (before + window / 2) + bootNs;
            }
        }
        return offset;
    }
}
