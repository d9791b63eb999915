// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.jvisor.api.abi.Errno;

class CallTest {

    private static final boolean REPLACED = true;
    private static final boolean SIGNALLED = false;

    private final Call call = new Call();

    @BeforeEach
    void begin() {
        call.begin();
    }

    @Test
    void shouldGoOnFromWhatWasDone() {
        call.interrupt(REPLACED);
        assertEquals(-Errno.ERESTARTSYS, call.cutShort(100));
        assertEquals(-Errno.ERESTARTSYS, call.outcome(-Errno.ERESTARTSYS));
        assertTrue(call.beginsAgain(-Errno.ERESTARTSYS));
        call.runAgain();
        assertEquals(100, call.done());
        assertFalse(call.beginsAgain(-Errno.ERESTARTSYS));
    }

    @Test
    void shouldEndWithWhatIsDoneWhenASignalComes() {
        call.interrupt(SIGNALLED);
        assertEquals(100, call.cutShort(100));
        assertEquals(-Errno.ERESTARTSYS, call.cutShort(0));
    }

    @Test
    void shouldLoseNothingByAnErrorOfALaterRun() {
        call.interrupt(REPLACED);
        call.cutShort(100);
        call.runAgain();
        assertEquals(100, call.outcome(-Errno.EFAULT));
        assertEquals(7, call.outcome(7));
    }

    @ParameterizedTest
    @ValueSource(ints = {Errno.EINTR, Errno.ERESTARTSYS, Errno.ERESTARTNOINTR, Errno.ERESTARTNOHAND, Errno.ERESTART_RESTARTBLOCK})
    void shouldBeginAgainWhateverTheHandlerMadeOfItsReplacement(int errno) {
        call.interrupt(REPLACED);
        assertTrue(call.beginsAgain(-errno));
        call.interrupt(SIGNALLED);
        assertFalse(call.beginsAgain(-errno));
    }

    @Test
    void shouldNotBeginAgainWithARealResult() {
        call.interrupt(REPLACED);
        assertFalse(call.beginsAgain(0));
        assertFalse(call.beginsAgain(-Errno.ETIMEDOUT));
        assertFalse(call.beginsAgain(-Errno.ENOIOCTLCMD));
    }

    @Test
    void shouldKeepTheEndOfItsWait() {
        long end = call.deadline(1_000_000_000L);
        call.runAgain();
        assertEquals(end, call.deadline(1_000_000_000L));
        call.begin();
        assertEquals(Long.MAX_VALUE, call.deadline(-1));
        call.begin();
        assertEquals(Long.MAX_VALUE, call.deadline(Long.MAX_VALUE));
        call.begin();
        assertEquals(5, call.until(5));
        assertEquals(5, call.until(6));
    }

    @Test
    void shouldKeepOperationsApart() {
        call.did(3);
        long end = call.deadline(1_000_000_000L);
        call.enter();
        assertEquals(0, call.done());
        assertEquals(9, call.until(9));
        call.interrupt(REPLACED);
        assertEquals(-Errno.ERESTARTSYS, call.leave(call.cutShort(70)));
        assertEquals(3, call.done());
        assertEquals(-Errno.ERESTARTSYS, call.endedBy(-Errno.ERESTARTSYS, 3));

        call.runAgain();
        assertEquals(3, call.done());
        assertEquals(end, call.deadline(1));
        call.enter();
        assertEquals(70, call.done());
        assertEquals(9, call.until(10));
        assertEquals(80, call.leave(80));
        call.enter();
        assertEquals(0, call.done(), "another message");
        assertEquals(10, call.until(10));
        call.did(5);
        call.interrupt(SIGNALLED);
        assertEquals(5, call.leave(-Errno.ERESTARTSYS));
        call.enter();
        assertEquals(0, call.done());
        assertEquals(-Errno.EPIPE, call.leave(-Errno.EPIPE));
        assertEquals(3, call.done());
    }

    @Test
    void shouldCountPartsOfWhatTheHandlerLoses() {
        call.enterOnce();
        call.interrupt(REPLACED);
        assertEquals(70, call.leave(call.cutShort(70)));
        call.enterOnce();
        assertEquals(0, call.done());
        long end = call.until(9);
        assertEquals(-Errno.ERESTARTSYS, call.leave(call.cutShort(0)));
        call.runAgain();
        call.enterOnce();
        assertEquals(end, call.until(10), "nothing was moved, so that it is the same operation");
    }

    @Test
    void shouldForgetAnOperationThatThrew() {
        call.enter();
        call.did(4);
        call.runAgain();
        assertEquals(0, call.done());
        call.begin();
        call.enter();
        assertEquals(0, call.done());
    }

    @Test
    void shouldRefuseToGoDeeperThanAnyCallDoes() {
        call.enter();
        call.enter();
        call.enter();
        assertThrows(IllegalStateException.class, call::enter);
    }

    @Test
    void shouldPassThroughARecord() {
        call.did(3);
        call.enter();
        call.until(9);
        call.interrupt(REPLACED);
        call.leave(call.cutShort(70));
        Call other = new Call();
        other.restore(call.save());
        call.forget();
        assertEquals(0, call.done());
        other.runAgain();
        assertEquals(3, other.done());
        other.enter();
        assertEquals(70, other.done());
        assertEquals(9, other.until(10));
    }
}
