// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.signal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.state.Forgetful;
import org.jvisor.core.process.UserCounts;

class SignalQueueTest {

    private static final long ALL = -1;

    private final SignalQueue queue = new SignalQueue();

    private static SignalInfo info(int signal, long value) {
        return new SignalInfo(signal, Signals.SI_QUEUE, 1, 0, 0, value, 0, 0);
    }

    @Test
    void shouldKeepOneOfEachStandardSignal() {
        assertTrue(queue.add(info(Signals.SIGUSR1, 1), null));
        assertFalse(queue.add(info(Signals.SIGUSR1, 2), null));
        assertEquals(1, queue.take(ALL).value());
        assertNull(queue.take(ALL));
        assertEquals(0, queue.pending());
    }

    @Test
    void shouldQueueRealTimeSignalsInOrder() {
        for (int i = 0; i < 5; i++) {
            assertTrue(queue.add(info(Signals.SIGRTMIN + 3, i), null));
        }
        for (int i = 0; i < 5; i++) {
            assertTrue(queue.contains(Signals.SIGRTMIN + 3));
            assertEquals(i, queue.take(ALL).value());
        }
        assertFalse(queue.contains(Signals.SIGRTMIN + 3));
    }

    @Test
    void shouldTakeFaultsFirstAndThenTheLowest() {
        queue.add(info(Signals.SIGHUP, 0), null);
        queue.add(info(Signals.SIGRTMAX, 0), null);
        queue.add(info(Signals.SIGSEGV, 0), null);
        queue.add(info(Signals.SIGTERM, 0), null);
        List<Integer> order = new ArrayList<>();
        for (SignalInfo next = queue.take(ALL); next != null; next = queue.take(ALL)) {
            order.add(next.signal());
        }
        assertEquals(List.of(Signals.SIGSEGV, Signals.SIGHUP, Signals.SIGTERM, Signals.SIGRTMAX), order);
    }

    @Test
    void shouldTakeOnlyWhatIsAskedFor() {
        queue.add(info(Signals.SIGUSR1, 0), null);
        queue.add(info(Signals.SIGUSR2, 0), null);
        assertEquals(Signals.SIGUSR2, queue.take(Signals.bit(Signals.SIGUSR2)).signal());
        assertNull(queue.take(~Signals.bit(Signals.SIGUSR1)));
        assertEquals(Signals.bit(Signals.SIGUSR1), queue.pending());
    }

    @Test
    void shouldTellOfWhatIsTakenOrDropped() {
        List<Long> taken = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            queue.add(info(Signals.SIGRTMIN + i % 2, i), told -> {
                taken.add(told.value());
                return info(told.signal(), told.value() + 100);
            });
        }
        assertEquals(100, queue.take(ALL).value());
        queue.discard(Signals.bit(Signals.SIGRTMIN + 1));
        assertEquals(List.of(0L, 1L, 3L), taken);
        assertEquals(102, queue.take(ALL).value());
        assertEquals(0, queue.pending());
        assertTrue(queue.add(info(Signals.SIGRTMIN + 1, 9), null));
        assertEquals(9, queue.take(ALL).value());
    }

    @Test
    void shouldMakeUpWhatItHadNoRoomFor() {
        queue.addBare(Signals.SIGRTMIN);
        SignalInfo made = queue.take(ALL);
        assertEquals(Signals.SIGRTMIN, made.signal());
        assertEquals(Signals.SI_USER, made.code());
        assertNull(queue.take(ALL));
    }

    @Test
    void shouldPassThroughAStream() {
        UserCounts users = new UserCounts();
        assertTrue(users.addSignal(1000, 1));
        Cgroup cgroup = new Cgroup(null);
        cgroup.charge(Charge.QUEUED_SIGNAL, 1);
        SignalInfo child = new SignalInfo(Signals.SIGCHLD, Signals.CLD_EXITED, 5, 6, 7, 8, 9, 10);
        assertTrue(queue.add(child, null));
        queue.addCounted(info(Signals.SIGRTMIN, 1), told -> info(told.signal(), told.value() + 100), users, 1000, cgroup);
        assertTrue(queue.add(info(Signals.SIGRTMIN, 2), null));
        queue.addBare(Signals.SIGRTMAX);
        Forgetful.roundTrip(queue);
        assertEquals(Signals.bit(Signals.SIGCHLD) | Signals.bit(Signals.SIGRTMIN) | Signals.bit(Signals.SIGRTMAX), queue.pending());
        assertEquals(child, queue.take(ALL));
        assertFalse(users.addSignal(1000, 1));
        assertEquals(101, queue.take(ALL).value());
        assertTrue(users.addSignal(1000, 1), "it is not counted any more");
        assertEquals(0, cgroup.used(Charge.QUEUED_SIGNAL));
        assertEquals(2, queue.take(ALL).value());
        assertEquals(Signals.SIGRTMAX, queue.take(ALL).signal());
        assertTrue(queue.add(info(Signals.SIGHUP, 3), null));
        assertEquals(3, queue.take(ALL).value());
        assertEquals(0, queue.pending());
    }
}
