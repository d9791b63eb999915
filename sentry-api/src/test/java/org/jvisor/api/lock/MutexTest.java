// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.lock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MutexTest {

    private final Mutex lock = new Mutex(LockRank.LEAF);

    private static Thread start(Runnable work) {
        Thread thread = new Thread(work);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /** Held over a park now and then, so that the others fall asleep: no wake-up may be lost. */
    @Test
    void shouldLetOneInAtATimeAndWakeAllWhoWait() throws InterruptedException {
        int[] count = new int[1];
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            threads.add(start(() -> {
                for (int n = 0; n < 5_000; n++) {
                    try (Mutex _ = lock.take()) {
                        int before = count[0];
                        if (n % 100 == 0) {
                            LockSupport.parkNanos(10_000);
                        }
                        count[0] = before + 1;
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(40_000, count[0]);
    }

    @Test
    void shouldAllocateNothingWhileItIsFree() {
        com.sun.management.ThreadMXBean threads =
                (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
        long bytes = 0;
        for (int round = 0; round < 20; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 100_000; i++) {
                try (Mutex _ = lock.take()) {
                    bytes++;
                }
            }
            bytes = threads.getCurrentThreadAllocatedBytes() - before;
        }
        assertTrue(bytes < 1_000, bytes + " bytes");
    }

    @Test
    void shouldBeItsOwnersOnly() throws InterruptedException {
        lock.take();
        Thread other = start(() -> {
            assertFalse(lock.tryLock());
            assertThrows(IllegalMonitorStateException.class, lock::unlock);
        });
        other.join();
        assertTrue(lock.isHeldByCurrentThread());
        lock.unlock();
        assertThrows(IllegalMonitorStateException.class, lock::unlock);
    }

    @Test
    void shouldHandOverByACondition() throws InterruptedException {
        Condition changed = new Condition(lock);
        int[] turn = new int[1];
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            int mine = i;
            threads.add(start(() -> {
                for (int n = 0; n < 1_000; n++) {
                    try (Mutex _ = lock.take()) {
                        while (turn[0] % 3 != mine) {
                            changed.await();
                        }
                        turn[0]++;
                        changed.signalAll();
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(3_000, turn[0]);
    }

    @Test
    void shouldEndAWaitForAConditionAtItsDeadline() {
        Condition never = new Condition(lock);
        try (Mutex _ = lock.take()) {
            long deadline = System.nanoTime() + 1_000_000;
            while (never.awaitUntil(deadline)) {
                assertTrue(lock.isHeldByCurrentThread());
            }
            assertTrue(System.nanoTime() - deadline >= 0);
        }
    }
}
