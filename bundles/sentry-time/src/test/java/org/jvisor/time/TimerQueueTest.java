// SPDX-License-Identifier: Apache-2.0
package org.jvisor.time;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.jvisor.api.kernel.KernelClock;

class TimerQueueTest {
    private static final long FAR = Long.MAX_VALUE;

    private final TimerQueue queue = new TimerQueue(() -> {});

    private KernelClock.Timer schedule(long deadlineNs, Runnable action) {
        return queue.schedule(deadlineNs, new Told(0, 0, action));
    }

    /** The target of a timer, told by a test's action. */
    private record Told(long object, long intervalNs, Runnable action) implements KernelClock.Target {
        @Override
        public String kind() {
            return KernelClock.Target.POSIX;
        }

        @Override
        public int index() {
            return 1;
        }

        @Override
        public void expired(KernelClock.Timer timer) {
            action.run();
        }
    }

    @AfterEach
    void stop() {
        queue.stop();
    }

    @Test
    void shouldRunActionsByTheirDeadlines() throws InterruptedException {
        List<Long> order = Collections.synchronizedList(new ArrayList<>());
        Random random = new Random(7);
        int count = 1000;
        CountDownLatch done = new CountDownLatch(count);
        for (int i = 0; i < count; i++) {
            long deadline = random.nextInt(500);
            schedule(deadline, () -> {
                order.add(deadline);
                done.countDown();
            });
        }
        queue.start();
        await(done);
        List<Long> sorted = new ArrayList<>(order);
        Collections.sort(sorted);
        assertEquals(sorted, order);
    }

    @Test
    void shouldNotRunBeforeItsTime() throws InterruptedException {
        queue.start();
        long deadline = System.nanoTime() + 5_000_000;
        long[] ran = new long[1];
        CountDownLatch done = new CountDownLatch(1);
        schedule(FAR, () -> {});
        schedule(deadline, () -> {
            ran[0] = System.nanoTime();
            done.countDown();
        });
        await(done);
        assertTrue(ran[0] >= deadline);
    }

    @Test
    void shouldForgetCancelledTimers() throws InterruptedException {
        List<KernelClock.Timer> timers = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            timers.add(schedule(FAR - i, () -> {
                throw new AssertionError();
            }));
        }
        Collections.shuffle(timers, new Random(3));
        timers.forEach(KernelClock.Timer::cancel);
        timers.forEach(KernelClock.Timer::cancel);
        assertEquals(0, queue.size());
        queue.start();
        CountDownLatch done = new CountDownLatch(1);
        schedule(0, done::countDown);
        await(done);
    }

    @Test
    void shouldKeepOrderAmongCancellations() throws InterruptedException {
        Random random = new Random(11);
        List<KernelClock.Timer> timers = new ArrayList<>();
        List<Integer> order = Collections.synchronizedList(new ArrayList<>());
        for (int i = 0; i < 2000; i++) {
            int deadline = random.nextInt(100_000);
            timers.add(schedule(deadline, () -> order.add(deadline)));
        }
        for (int i = 0; i < 2000; i += 3) {
            timers.get(i).cancel();
        }
        CountDownLatch done = new CountDownLatch(1);
        schedule(100_001, done::countDown);
        queue.start();
        await(done);
        List<Integer> sorted = new ArrayList<>(order);
        Collections.sort(sorted);
        assertEquals(sorted, order);
        assertEquals(2000 - 667, order.size());
    }

    @Test
    void shouldGoOnAfterAnActionThatFails() throws InterruptedException {
        queue.start();
        CountDownLatch done = new CountDownLatch(1);
        schedule(0, () -> {
            throw new IllegalStateException("expected by this test");
        });
        schedule(1, () -> {
            throw new NoClassDefFoundError("expected by this test, too");
        });
        schedule(2, done::countDown);
        await(done);
    }

    private static void await(CountDownLatch latch) throws InterruptedException {
        assertTrue(latch.await(300, TimeUnit.SECONDS));
    }

    @Test
    void shouldHoldBackWhatFallsDueWhilePaused() throws InterruptedException {
        queue.start();
        CountDownLatch begun = new CountDownLatch(1);
        AtomicBoolean mayEnd = new AtomicBoolean();
        schedule(0, () -> {
            begun.countDown();
            while (!mayEnd.get()) {
                Thread.onSpinWait();
            }
        });
        await(begun);
        assertFalse(queue.pause(System.nanoTime() + 1_000_000), "an action is running");
        mayEnd.set(true);
        assertTrue(queue.pause(System.nanoTime() + 300_000_000_000L));
        CountDownLatch done = new CountDownLatch(1);
        schedule(0, done::countDown);
        assertFalse(done.await(20, TimeUnit.MILLISECONDS));
        queue.resume();
        await(done);
    }

    @Test
    void shouldTellWhatIsScheduledAsData() {
        Set<KernelClock.Pending> expected = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            KernelClock.Timer timer = queue.schedule(FAR - i, new Told(i, 2 * i, () -> {}));
            if (i % 3 == 0) {
                timer.cancel();
            } else {
                expected.add(new KernelClock.Pending(KernelClock.Target.POSIX, "", i, 1, FAR - i, 2 * i));
            }
        }
        assertEquals(expected, new HashSet<>(queue.pending()));
        assertEquals(expected.size(), queue.pending().size());
    }
}
