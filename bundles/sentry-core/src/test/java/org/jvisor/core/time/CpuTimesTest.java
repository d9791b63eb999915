// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.time;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** Accounts by a clock that moves when told, and that counts how often it is read. */
class CpuTimesTest {

    private long now = 1_000;
    private int reads;
    private final CpuTimes times = new CpuTimes(() -> {
        reads++;
        return now;
    });

    private void begin() {
        times.start();
        times.enterUser();
    }

    private void call(long userNs, long systemNs) {
        now += userNs;
        times.leaveUser();
        now += systemNs;
        times.enterUser();
    }

    private void sleepingCall(long userNs, long systemNs, long asleepNs) {
        now += userNs;
        times.leaveUser();
        now += systemNs / 2;
        times.fallAsleep();
        now += asleepNs;
        times.wakeUp();
        now += systemNs - systemNs / 2;
        times.enterUser();
    }

    private static void assertNear(long expected, long found) {
        assertTrue(Math.abs(found - expected) <= expected / 20, () -> found + " is not about " + expected);
    }

    @Test
    void shouldBeExactWhenCallsAreFarApart() {
        begin();
        for (int i = 0; i < 10; i++) {
            call(1_000_000, 300_000);
        }
        assertEquals(10_000_000, times.userNs());
        assertEquals(3_000_000, times.systemNs());
    }

    @Test
    void shouldCountATaskThatNeverCalls() {
        begin();
        now += 5_000_000;
        assertEquals(5_000_000, times.userNs());
        assertEquals(0, times.systemNs());
    }

    @Test
    void shouldCountACallThatIsUnderWay() {
        begin();
        now += 1_000_000;
        times.leaveUser();
        now += 7_000_000;
        assertEquals(1_000_000, times.userNs());
        assertEquals(7_000_000, times.systemNs());
    }

    @Test
    void shouldNotReadTheClockAtEachOfManyCalls() {
        begin();
        int before = reads;
        for (int i = 0; i < 100_000; i++) {
            call(200, 300);
        }
        assertTrue(reads - before < 100_000 / 20, () -> (reads - before) + " reads");
        assertNear(20_000_000, times.userNs());
        assertNear(30_000_000, times.systemNs());
        assertEquals(50_000_000, times.userNs() + times.systemNs());
    }

    @Test
    void shouldLeaveSleepOut() {
        begin();
        for (int i = 0; i < 1000; i++) {
            sleepingCall(3_000, 5_000, 2_000_000);
        }
        assertEquals(8_000_000, times.userNs() + times.systemNs());
        assertNear(5_000_000, times.systemNs());
        times.fallAsleep();
        now += 1_000_000_000;
        assertEquals(8_000_000, times.userNs() + times.systemNs());
    }

    @Test
    void shouldFollowAChangeOfPace() {
        begin();
        for (int i = 0; i < 100_000; i++) {
            call(100, 100);
        }
        for (int i = 0; i < 1_000; i++) {
            call(1_000_000, 1_000_000);
        }
        assertEquals(2_020_000_000L, times.userNs() + times.systemNs());
        assertNear(1_010_000_000, times.userNs());
    }

    @Test
    void shouldNeverRunBackwards() {
        Random random = new Random(11);
        begin();
        long user = 0;
        long system = 0;
        for (int i = 0; i < 20_000; i++) {
            long scale = random.nextInt(50) == 0 ? 1_000_000 : 1_000;
            if (random.nextBoolean()) {
                call(random.nextLong(scale), random.nextLong(scale));
            } else {
                sleepingCall(random.nextLong(scale), random.nextLong(scale), random.nextLong(scale));
            }
            long userNow = times.userNs();
            long systemNow = times.systemNs();
            assertTrue(userNow >= user && systemNow >= system);
            user = userNow;
            system = systemNow;
        }
    }
}
