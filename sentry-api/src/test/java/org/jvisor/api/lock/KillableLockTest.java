// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.lock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;

@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class KillableLockTest {

    private final KillableLock lock = new KillableLock(LockRank.PIPE);

    /** Serves a task, as the core's threads do. */
    private static final class TaskThread extends Thread implements Killable {
        volatile int errno;
        private volatile boolean killed;

        TaskThread(Runnable work) {
            super(work);
            setDaemon(true);
        }

        @Override
        public void run() {
            try {
                super.run();
            } catch (ErrnoException e) {
                errno = e.errno();
            }
        }

        @Override
        public boolean killed() {
            return killed;
        }

        void kill() {
            killed = true;
            LockSupport.unpark(this);
        }

        TaskThread begin() {
            start();
            return this;
        }

        void untilItWaits() {
            while (getState() != State.WAITING) {
                Thread.onSpinWait();
            }
        }
    }

    @Test
    void shouldLetOneInAtATime() throws InterruptedException {
        int[] count = new int[1];
        List<TaskThread> threads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            threads.add(new TaskThread(() -> {
                for (int n = 0; n < 50_000; n++) {
                    lock.lock();
                    count[0]++;
                    lock.unlock();
                }
            }).begin());
        }
        for (TaskThread thread : threads) {
            thread.join();
        }
        assertEquals(200_000, count[0]);
    }

    @Test
    void shouldBeTakenAgainByItsHolder() throws InterruptedException {
        lock.lock();
        lock.lock();
        assertTrue(lock.tryLock());
        lock.unlock();
        lock.unlock();
        boolean[] other = new boolean[1];
        Thread thread = new Thread(() -> other[0] = lock.tryLock());
        thread.start();
        thread.join();
        assertFalse(other[0]);
        assertTrue(lock.isHeldByCurrentThread());
        lock.unlock();
        assertFalse(lock.isHeldByCurrentThread());
        assertThrows(IllegalMonitorStateException.class, lock::unlock);
    }

    @Test
    void shouldLetAWaiterGoThatIsKilled() throws InterruptedException {
        lock.lock();
        TaskThread waiter = new TaskThread(lock::lock).begin();
        waiter.untilItWaits();
        waiter.kill();
        waiter.join();
        assertEquals(Errno.EINTR, waiter.errno);
        lock.unlock();
        assertTrue(lock.tryLock());
    }

    @Test
    void shouldNotMindTheKillWhereItIsTakenInAnyCase() throws InterruptedException {
        lock.lock();
        TaskThread waiter = new TaskThread(() -> {
            lock.lockAlways();
            lock.unlock();
        });
        waiter.killed = true;
        waiter.start();
        waiter.untilItWaits();
        lock.unlock();
        waiter.join();
        assertEquals(0, waiter.errno);
    }

    @Test
    void shouldBeTakenByTheKilledWhileItIsFree() throws InterruptedException {
        TaskThread thread = new TaskThread(() -> {
            lock.lock();
            lock.unlock();
        });
        thread.killed = true;
        thread.start();
        thread.join();
        assertEquals(0, thread.errno);
    }

    @Test
    void shouldKeepAnInterruptForLater() throws InterruptedException {
        lock.lock();
        AtomicInteger interrupted = new AtomicInteger();
        TaskThread waiter = new TaskThread(() -> {
            lock.lock();
            interrupted.set(Thread.interrupted() ? 1 : 2);
            lock.unlock();
        }).begin();
        waiter.untilItWaits();
        waiter.interrupt();
        while (waiter.isInterrupted()) {
            Thread.onSpinWait();
        }
        assertEquals(0, interrupted.get());
        lock.unlock();
        waiter.join();
        assertEquals(1, interrupted.get());
    }

    /** A wake-up that reaches one who is just being killed must not be lost: somebody would wait for ever. */
    @Test
    void shouldPassOnTheWakeUpOfTheKilled() throws InterruptedException {
        for (int round = 0; round < 2000; round++) {
            lock.lock();
            TaskThread first = new TaskThread(() -> {
                lock.lock();
                lock.unlock();
            }).begin();
            TaskThread second = new TaskThread(() -> {
                lock.lock();
                lock.unlock();
            }).begin();
            if (round % 4 == 0) {
                first.untilItWaits();
                second.untilItWaits();
            }
            Thread killer = new Thread(first::kill);
            killer.start();
            lock.unlock();
            first.join();
            second.join();
            killer.join();
            assertEquals(0, second.errno);
        }
    }
}
