// SPDX-License-Identifier: Apache-2.0
package org.jvisor.time;

/**
 * How a moment is told from the time stamp counter: {@code baseNs + (counter - baseCounter) * rate / 2^SHIFT}. Immutable; the
 * vDSO's code computes the very same with a copy of the fields (see {@link ClockPage}).
 *
 * @param usable whether the counter can be relied on; otherwise the clock is the host's, and only realtimeOffsetNs counts
 * @param baseCounter counter where the line starts; earlier readings, of a CPU whose counter is behind, count as this
 * @param rate ns a tick, times 2^SHIFT
 * @param baseNs CLOCK_MONOTONIC at baseCounter
 * @param realtimeOffsetNs CLOCK_REALTIME - CLOCK_MONOTONIC
 */
record TimeLine(boolean usable, long baseCounter, long rate, long baseNs, long realtimeOffsetNs) {

    /** Fits counters from 8 MHz on in 63 bits of rate, and keeps a drift by rounding below 1 ns in a year. */
    static final int SHIFT = 56;

    long monotonicNs(long counter) {
        long ticks = counter - baseCounter;
        if (Long.compareUnsigned(counter, baseCounter) < 0) {
            ticks = 0;
        }
        return baseNs + scale(ticks, rate);
    }

    /** Ticks to ns: the 128-bit product, shifted. Both are positive. */
    static long scale(long ticks, long rate) {
        return Math.multiplyHigh(ticks, rate) << 64 - SHIFT | ticks * rate >>> SHIFT;
    }

    TimeLine withRealtimeOffset(long offsetNs) {
        return new TimeLine(usable, baseCounter, rate, baseNs, offsetNs);
    }
}
