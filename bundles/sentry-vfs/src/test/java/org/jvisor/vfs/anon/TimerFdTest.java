// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs.anon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.List;
import org.jvisor.api.kernel.KernelClock;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Clock;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.state.Forgetful;
import org.jvisor.api.wait.WaitQueue;
import org.jvisor.host.ffm.FfmHostKernel;
import org.jvisor.mm.MemoryComponent;

class TimerFdTest {

    private static final HostKernel HOST = new FfmHostKernel();
    private static final Memory MEMORY = new MemoryComponent(HOST);
    private static final int IN = Poll.POLLIN | Poll.POLLRDNORM;

    private final Timers clock = new Timers();
    private final TimerFdFile timer = new TimerFdFile(HOST, clock, Clock.CLOCK_MONOTONIC);
    private final AtomicInteger wakes = new AtomicInteger();

    TimerFdTest() {
        timer.waitQueue().add(new WaitQueue.Entry(events -> wakes.incrementAndGet()), Poll.POLLIN);
    }

    private long read() {
        byte[] count = new byte[8];
        long result = timer.read(null, null, MEMORY.kernelBuffer(count, 0, 8), 0);
        return result == 8 ? Bytes.getLong(count, 0) : result;
    }

    @Test
    void shouldExpireOnce() {
        timer.settime(null, 0, 100, 0, null);
        clock.advance(99);
        assertEquals(0, timer.poll(null));
        assertEquals(-Errno.EAGAIN, read());
        clock.advance(1);
        assertEquals(1, wakes.get());
        assertEquals(IN, timer.poll(null));
        assertEquals(1, read());
        assertEquals(-Errno.EAGAIN, read());
        clock.advance(1000);
        assertEquals(1, wakes.get());
    }

    @Test
    void shouldCountExpirationsWithoutATimerForEach() {
        timer.settime(null, 0, 100, 10, null);
        clock.advance(100_000);
        assertEquals(1, wakes.get());
        assertEquals(1, clock.scheduled, "nothing runs while nobody reads");
        assertEquals(9991, read());
        assertEquals(-Errno.EAGAIN, read());
        clock.advance(10);
        assertEquals(1, read());
        assertEquals(2, wakes.get());
    }

    @Test
    void shouldTellWhatIsLeft() {
        long[] left = new long[2];
        timer.settime(null, 0, 100, 7, left);
        assertEquals(0, left[0]);
        clock.advance(40);
        timer.gettime(left);
        assertEquals(60, left[0]);
        assertEquals(7, left[1]);
        timer.settime(null, 0, 0, 0, left);
        assertEquals(60, left[0]);
        timer.gettime(left);
        assertEquals(0, left[0]);
        assertEquals(0, clock.pending().size());
        clock.advance(1000);
        assertEquals(0, wakes.get());
    }

    @Test
    void shouldTakeAbsoluteTimes() {
        timer.settime(null, Clock.TFD_TIMER_ABSTIME, clock.monotonicNs() + 50, 0, null);
        clock.advance(50);
        assertEquals(1, read());
        timer.settime(null, Clock.TFD_TIMER_ABSTIME, 1, 0, null);
        assertEquals(1, read(), "a time that is past");
        TimerFdFile wall = new TimerFdFile(HOST, clock, Clock.CLOCK_REALTIME);
        wall.settime(null, Clock.TFD_TIMER_ABSTIME, clock.realtimeNs() + 50, 0, null);
        assertEquals(0, wall.poll(null));
        clock.advance(50);
        assertEquals(IN, wall.poll(null));
    }

    @Test
    void shouldNotOverflow() {
        timer.settime(null, 0, Long.MAX_VALUE, Long.MAX_VALUE, null);
        clock.advance(1_000_000_000_000L);
        assertEquals(0, timer.poll(null));
        timer.settime(null, 0, 1, 1, null);
        clock.advance(1_000_000_000_000L);
        assertEquals(1_000_000_000_000L, read());
    }

    @Test
    void shouldEndWithItsDescription() {
        timer.settime(null, 0, 100, 100, null);
        timer.release(null);
        assertEquals(0, clock.pending().size());
    }

    @Test
    void shouldBeFoundAgainByWhatItSaysOfItself() {
        timer.setDescription(17);
        timer.settime(null, 0, 5_000, 3_000, null);
        assertEquals(List.of(new KernelClock.Pending(KernelClock.Target.DESCRIPTOR, "", 17, 0,
                clock.monotonicNs() + clock.nanoTimeOffsetNs() + 5_000, 3_000)), clock.pending());
        timer.settime(null, 0, 0, 0, null);
        assertEquals(List.of(), clock.pending());
    }

    private void roundTrip() {
        Forgetful.roundTrip(timer);
    }

    @Test
    void shouldPassThroughAStream() {
        timer.setDescription(17);
        timer.settime(null, 0, 100, 10, null);
        List<KernelClock.Pending> pending = clock.pending();
        roundTrip();
        assertEquals(pending, clock.pending());
        clock.advance(105);
        assertEquals(1, wakes.get());
        roundTrip();
        assertEquals(1, read());
        roundTrip();
        long[] left = new long[2];
        timer.gettime(left);
        assertEquals(5, left[0]);
        assertEquals(10, left[1]);
        clock.advance(5);
        assertEquals(2, wakes.get());
        timer.settime(null, 0, 0, 0, null);
        roundTrip();
        assertEquals(List.of(), clock.pending());
    }
}
