// SPDX-License-Identifier: Apache-2.0
package org.jvisor.time;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

class SandboxClockTest {
    private static final long SECOND = 1_000_000_000;

    private final FakeTime host = new FakeTime(true);
    private final SandboxClock clock = new SandboxClock(host);

    @Test
    void shouldBeginAtZero() {
        assertEquals(0, clock.monotonicNs());
        assertEquals(host.realtimeNs(), clock.realtimeNs());
        assertEquals(host.monotonic, clock.bootNs());
    }

    @Test
    void shouldBeTheHostsClockUntilTheCounterIsMeasured() {
        host.advance(123);
        assertFalse(clock.line().usable());
        assertEquals(123, clock.monotonicNs());
    }

    @Test
    void shouldReadTheCounterOnceItIsMeasured() {
        run(SandboxClock.FIRST_REFRESH_NS);
        assertTrue(clock.line().usable());
        host.counter += 2500;
        assertEquals(SandboxClock.FIRST_REFRESH_NS + 1000, clock.monotonicNs(), 1);
    }

    @Test
    void shouldStayWithTheHostOverHours() {
        long intervalNs = SandboxClock.FIRST_REFRESH_NS;
        for (int i = 0; i < 5000; i++) {
            host.advance(intervalNs);
            assertEquals(host.monotonic - clock.bootNs(), clock.monotonicNs(), 100);
            assertEquals(host.realtimeNs(), clock.realtimeNs(), 100);
            intervalNs = clock.refresh();
        }
        assertTrue(intervalNs > SECOND, "refreshes become rare");
    }

    @Test
    void shouldNeverStepBackWhenTheHostsRateVaries() {
        Random random = new Random(1);
        long last = 0;
        long intervalNs = SandboxClock.FIRST_REFRESH_NS;
        for (int i = 0; i < 2000; i++) {
            host.ticksPerNs = 2.5 * (1 + (random.nextDouble() - 0.5) * 1e-4);
            for (long done = 0; done < intervalNs; done += intervalNs / 4) {
                host.advance(intervalNs / 4);
                last = assertNotBefore(last);
            }
            intervalNs = clock.refresh();
            last = assertNotBefore(last);
        }
        assertEquals(host.monotonic - clock.bootNs(), clock.monotonicNs(), 1_000_000);
    }

    @Test
    void shouldCatchUpSlowlyWhenItIsAhead() {
        run(SandboxClock.FIRST_REFRESH_NS);
        run(SECOND);
        host.counter += 2.5e6; // the counter says 1 ms more than the host
        long ahead = clock.monotonicNs();
        assertEquals(host.monotonic - clock.bootNs() + 1_000_000, ahead, 100);
        long last = ahead;
        for (int i = 0; i < 20; i++) {
            clock.refresh();
            last = assertNotBefore(last);
            host.advance(SECOND);
            last = assertNotBefore(last);
        }
        assertEquals(host.monotonic - clock.bootNs(), clock.monotonicNs(), 1_000);
    }

    @Test
    void shouldStepForwardAfterTheHostSlept() {
        run(SandboxClock.FIRST_REFRESH_NS);
        run(100_000_000);
        host.monotonic += 20_000_000;
        host.counter += 2.5 * 5_000_000;
        clock.refresh();
        assertTrue(Math.abs(host.monotonic - clock.bootNs() - clock.monotonicNs()) < 20_000_000);
        for (int i = 0; i < 20; i++) {
            run(SECOND);
        }
        assertEquals(host.monotonic - clock.bootNs(), clock.monotonicNs(), 1_000);
    }

    @Test
    void shouldMeasureAnewWhenTheCounterChangesItsPace() {
        run(SandboxClock.FIRST_REFRESH_NS);
        run(SECOND);
        run(SECOND);
        host.ticksPerNs = 3.0;
        long last = clock.monotonicNs();
        run(4 * SECOND);
        assertFalse(clock.line().usable());
        last = assertNotBefore(last);
        run(SandboxClock.FIRST_REFRESH_NS);
        assertTrue(clock.line().usable());
        last = assertNotBefore(last);
        for (int i = 0; i < 200; i++) {
            run(SECOND);
            last = assertNotBefore(last);
        }
        assertEquals(host.monotonic - clock.bootNs(), clock.monotonicNs(), 10_000);
    }

    @Test
    void shouldFollowWhenTheHostsRealtimeIsSet() {
        run(SandboxClock.FIRST_REFRESH_NS);
        host.realtimeOffset += 3600 * SECOND;
        run(SECOND);
        assertEquals(host.realtimeNs(), clock.realtimeNs(), 100);
    }

    @Test
    void shouldUseTheHostsClockForEverWithoutASteadyCounter() {
        FakeTime unsteady = new FakeTime(false);
        SandboxClock slow = new SandboxClock(unsteady);
        unsteady.advance(SECOND);
        slow.refresh();
        assertFalse(slow.line().usable());
        assertEquals(SECOND, slow.monotonicNs());
        assertEquals(unsteady.realtimeNs(), slow.realtimeNs());
    }

    @Test
    void shouldMultiplyWithoutOverflow() {
        TimeLine line = new TimeLine(true, 1000, 1L << TimeLine.SHIFT, 7, 0);
        assertEquals(7, line.monotonicNs(1000));
        assertEquals(7, line.monotonicNs(10), "a counter that is behind");
        assertEquals(7 + (1L << 60), line.monotonicNs(1000 + (1L << 60)));
    }

    private void run(long ns) {
        host.advance(ns);
        clock.refresh();
    }

    private long assertNotBefore(long last) {
        long now = clock.monotonicNs();
        assertTrue(now >= last, () -> now + " after " + last);
        return now;
    }
}
