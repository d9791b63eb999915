// SPDX-License-Identifier: Apache-2.0
package org.jvisor.time;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.jvisor.api.kernel.KernelClock;

class TimerQueueTest {
    private static final long FAR = Long.MAX_VALUE;

    private final TimerQueue queue = new TimerQueue(() -> {});

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
            queue.schedule(deadline, () -> {
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
        queue.schedule(FAR, () -> {});
        queue.schedule(deadline, () -> {
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
            timers.add(queue.schedule(FAR - i, () -> {
                throw new AssertionError();
            }));
        }
        Collections.shuffle(timers, new Random(3));
        timers.forEach(KernelClock.Timer::cancel);
        timers.forEach(KernelClock.Timer::cancel);
        assertEquals(0, queue.size());
        queue.start();
        CountDownLatch done = new CountDownLatch(1);
        queue.schedule(0, done::countDown);
        await(done);
    }

    @Test
    void shouldKeepOrderAmongCancellations() throws InterruptedException {
        Random random = new Random(11);
        List<KernelClock.Timer> timers = new ArrayList<>();
        List<Integer> order = Collections.synchronizedList(new ArrayList<>());
        for (int i = 0; i < 2000; i++) {
            int deadline = random.nextInt(100_000);
            timers.add(queue.schedule(deadline, () -> order.add(deadline)));
        }
        for (int i = 0; i < 2000; i += 3) {
            timers.get(i).cancel();
        }
        CountDownLatch done = new CountDownLatch(1);
        queue.schedule(100_001, done::countDown);
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
        queue.schedule(0, () -> {
            throw new IllegalStateException("expected by this test");
        });
        queue.schedule(1, () -> {
            throw new NoClassDefFoundError("expected by this test, too");
        });
        queue.schedule(2, done::countDown);
        await(done);
    }

    private static void await(CountDownLatch latch) throws InterruptedException {
        assertTrue(latch.await(30, TimeUnit.SECONDS));
    }

    @Test
    void shouldHoldBackWhatFallsDueWhilePaused() throws InterruptedException {
        queue.start();
        CountDownLatch begun = new CountDownLatch(1);
        AtomicBoolean mayEnd = new AtomicBoolean();
        queue.schedule(0, () -> {
            begun.countDown();
            while (!mayEnd.get()) {
                Thread.onSpinWait();
            }
        });
        await(begun);
        assertFalse(queue.pause(System.nanoTime() + 1_000_000), "an action is running");
        mayEnd.set(true);
        assertTrue(queue.pause(System.nanoTime() + 20_000_000_000L));
        CountDownLatch done = new CountDownLatch(1);
        queue.schedule(0, done::countDown);
        assertFalse(done.await(20, TimeUnit.MILLISECONDS));
        queue.resume();
        await(done);
    }
}
