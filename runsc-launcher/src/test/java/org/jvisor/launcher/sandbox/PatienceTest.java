// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.sandbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.jvisor.launcher.sandbox.ProcessorUse.State;

/** 10 s at least, then until 5 s of the processors, or 30 s asleep; 600 s at most. */
class PatienceTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private State state = State.ACTIVE;
    private double share;
    private long now = 77;
    private double used = 3;

    private final Patience patience = new Patience(new ProcessorUse(null, 1) {
        @Override
        State state() {
            return state;
        }

        @Override
        long timeNs() {
            return state == State.UNKNOWN ? -1 : (long) (used * SECOND);
        }
    }, 10 * SECOND, 5 * SECOND, 30 * SECOND, 600 * SECOND);

    /** Looks each second. @return after how many it is over */
    private int secondsUntilOver(int most) {
        for (int second = 1; second <= most; second++) {
            now += SECOND;
            used += share;
            if (patience.isOver(now)) {
                return second;
            }
        }
        return -1;
    }

    @Test
    void shouldBeOverForWhoHasTheProcessorsAndDoesNotAnswer() {
        patience.begin(now);
        share = 1;
        assertEquals(10, secondsUntilOver(100));
        assertEquals("for 10 s, in which it has had 10 s of the processors", patience.text(now));
    }

    @Test
    void shouldLastForWhoHasLittleOfABusyMachine() {
        patience.begin(now);
        share = 0.01;
        assertEquals(500, secondsUntilOver(599), 2);
    }

    @Test
    void shouldBeOverForWhoSleepsAllTheTime() {
        patience.begin(now);
        state = State.ASLEEP;
        assertEquals(30, secondsUntilOver(100));
        patience.begin(now);
        for (int i = 0; i < 10; i++) {
            state = State.ASLEEP;
            assertEquals(-1, secondsUntilOver(29));
            state = State.ACTIVE;
            assertEquals(-1, secondsUntilOver(1));
        }
    }

    @Test
    void shouldNotCountWhatADebuggerOrASignalTakes() {
        patience.begin(now);
        state = State.HELD;
        assertEquals(-1, secondsUntilOver(590));
        state = State.ASLEEP;
        assertEquals(10, secondsUntilOver(20), "there is an end to everything");
        patience.begin(now);
        state = State.HELD;
        assertEquals(-1, secondsUntilOver(100));
        state = State.ACTIVE;
        share = 1;
        assertEquals(10, secondsUntilOver(100));
    }

    /** runsc itself was stopped, or the whole machine. */
    @Test
    void shouldNotCountWhatItHasNotSeen() {
        patience.begin(now);
        state = State.ASLEEP;
        now += 100 * SECOND;
        assertFalse(patience.isOver(now));
        assertEquals(30, secondsUntilOver(100));
    }

    @Test
    void shouldEndAtLastWhereNothingIsKnown() {
        patience.begin(now);
        state = State.UNKNOWN;
        assertEquals(600, secondsUntilOver(1000));
        assertTrue(patience.text(now).startsWith("for 600 s"), patience.text(now));
    }
}
