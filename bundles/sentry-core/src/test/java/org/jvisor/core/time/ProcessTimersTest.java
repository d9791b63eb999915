// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.time;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Clock;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.KernelClock.Pending;
import org.jvisor.api.kernel.KernelClock.Target;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.state.CoreRoundTrip;
import org.jvisor.api.state.Forgetful;
import org.jvisor.api.state.Restorable;
import org.jvisor.core.TestKernel;
import org.jvisor.core.process.ThreadGroupImpl;

/** The timers of processes, on a clock that the test moves. */
class ProcessTimersTest {

    private static final long SECOND = 1_000_000_000L;

    /** Keeps what is scheduled; the time is what the test says. */
    private static final class StillClock implements KernelClock {
        record Entry(long deadlineNs, Target target) implements Timer {
            @Override
            public void cancel() {
                // Stays in the list, like one that is being told already.
            }
        }

        final List<Entry> entries = new ArrayList<>();
        long now = SECOND;

        @Override
        public long monotonicNs() {
            return now;
        }

        @Override
        public long realtimeNs() {
            return now;
        }

        @Override
        public long nanoTimeOffsetNs() {
            return 0;
        }

        @Override
        public Timer schedule(long deadlineNs, Target target) {
            Entry entry = new Entry(deadlineNs, target);
            entries.add(entry);
            return entry;
        }

        Entry last() {
            return entries.getLast();
        }

        /** Tells the last that was scheduled of {@code at}. */
        void expire(long at) {
            now = at;
            last().target.expired(last());
        }
    }

    private final TestKernel test = new TestKernel();
    private final ThreadGroupImpl group = test.init();
    private final StillClock clock = new StillClock();
    private final IntervalTimers intervals = new IntervalTimers(group, clock);
    private final PosixTimersImpl timers = new PosixTimersImpl(group, clock);
    private final long[] value = new long[2];

    private void named(String kind, int index, long intervalNs) {
        Target target = clock.last().target;
        assertEquals(new Pending(kind, "test", group.pid(), index, 0, intervalNs),
                new Pending(target.kind(), target.container(), target.object(), target.index(), 0, target.intervalNs()));
    }

    @Test
    void shouldNameEachByItsProcessAndNumber() {
        intervals.set(Clock.ITIMER_REAL, SECOND, 2 * SECOND, null);
        named(Target.INTERVAL, Clock.ITIMER_REAL, 2 * SECOND);
        intervals.set(Clock.ITIMER_PROF, SECOND, 0, null);
        named(Target.INTERVAL, Clock.ITIMER_PROF, 0);
        group.limits().set(Rlimit.RLIMIT_CPU, 5, 6);
        intervals.cpuLimitChanged();
        named(Target.CPU_LIMIT, 3, SECOND);
        assertEquals(0, timers.create(Clock.CLOCK_MONOTONIC, null, Signals.SIGEV_SIGNAL, Signals.SIGUSR1, 7, 0));
        assertEquals(1, timers.create(Clock.CLOCK_MONOTONIC, null, Signals.SIGEV_SIGNAL, Signals.SIGUSR1, 7, 0));
        assertEquals(0, timers.settime(1, 0, SECOND, 3 * SECOND, null));
        named(Target.POSIX, 1, 3 * SECOND);
    }

    @Test
    void shouldCountWhatWasMissedAndGoOn() {
        block(Signals.SIGRTMIN);
        assertEquals(0, timers.create(Clock.CLOCK_MONOTONIC, null, Signals.SIGEV_SIGNAL, Signals.SIGRTMIN, 7, 0));
        timers.settime(0, 0, SECOND, SECOND, null);
        int before = clock.entries.size();
        clock.expire(5 * SECOND + 1);
        assertEquals(before + 1, clock.entries.size());
        timers.gettime(0, value);
        assertArrayEquals(new long[] {SECOND - 1, SECOND}, value);
        assertEquals(Signals.SIGRTMIN, group.leader().takeSignal(Signals.bit(Signals.SIGRTMIN)).signal());
        assertEquals(3, timers.overrun(0));
    }

    @Test
    void shouldNotHeedWhatBelongsToAnArmingThatIsOver() {
        block(Signals.SIGALRM);
        intervals.set(Clock.ITIMER_REAL, SECOND, 0, null);
        StillClock.Entry old = clock.last();
        intervals.set(Clock.ITIMER_REAL, 10 * SECOND, 0, null);
        clock.now = 3 * SECOND;
        old.target.expired(old);
        assertEquals(0, group.pendingSignals());
        intervals.get(Clock.ITIMER_REAL, value);
        assertEquals(8 * SECOND, value[0]);
        intervals.cancelAll();
        clock.expire(20 * SECOND);
        assertEquals(0, group.pendingSignals());
    }

    @Test
    void shouldEndAfterOneExpirationWithoutAnInterval() {
        block(Signals.SIGALRM);
        intervals.set(Clock.ITIMER_REAL, SECOND, 0, null);
        clock.expire(2 * SECOND);
        assertEquals(Signals.bit(Signals.SIGALRM), group.pendingSignals());
        intervals.get(Clock.ITIMER_REAL, value);
        assertArrayEquals(new long[2], value);
    }

    @Test
    void shouldRefuseTimersThatAreNot() {
        assertEquals(-Errno.EINVAL, timers.create(99, null, Signals.SIGEV_SIGNAL, Signals.SIGUSR1, 0, 0));
        assertEquals(-Errno.EINVAL, timers.create(Clock.CLOCK_MONOTONIC, null, Signals.SIGEV_SIGNAL, 65, 0, 0));
        assertEquals(-Errno.EINVAL, timers.settime(0, 0, 1, 1, null));
        assertEquals(-Errno.EINVAL, timers.gettime(0, value));
        assertEquals(-Errno.EINVAL, timers.overrun(0));
        assertEquals(-Errno.EINVAL, timers.delete(0));
    }

    private void block(int signal) {
        group.leader().setSignalMask(Signals.bit(signal));
    }

    private void roundTrip(Restorable all) {
        Forgetful.roundTrip(all);
        List<Restorable> parts = new ArrayList<>();
        all.forEachPart(parts::add);
        parts.forEach(part -> {
            Forgetful.roundTrip(part);
            part.forEachPart(Forgetful::roundTrip);
        });
        new CoreRoundTrip(List.of(all)).run();
    }

    @Test
    void shouldPassThroughAStream() {
        block(Signals.SIGRTMIN);
        intervals.set(Clock.ITIMER_REAL, 3 * SECOND, 2 * SECOND, null);
        roundTrip(intervals);
        named(Target.INTERVAL, Clock.ITIMER_REAL, 2 * SECOND);
        intervals.get(Clock.ITIMER_REAL, value);
        assertArrayEquals(new long[] {3 * SECOND, 2 * SECOND}, value);

        assertEquals(0, timers.create(Clock.CLOCK_MONOTONIC, null, Signals.SIGEV_SIGNAL, Signals.SIGRTMIN, 7, 0));
        timers.settime(0, 0, SECOND, SECOND, null);
        long due = clock.last().deadlineNs;
        roundTrip(timers);
        assertEquals(due, clock.last().deadlineNs);
        clock.expire(5 * SECOND + 1);
        roundTrip(timers);
        roundTrip(group.pending);
        clock.expire(7 * SECOND);
        assertEquals(7, group.leader().takeSignal(Signals.bit(Signals.SIGRTMIN)).value());
        assertEquals(5, timers.overrun(0), "missed before and after");
        roundTrip(timers);
        assertEquals(5, timers.overrun(0));
        assertEquals(0, timers.delete(0));
        int before = clock.entries.size();
        roundTrip(timers);
        assertEquals(before, clock.entries.size());
    }
}
