// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Future;
import java.util.concurrent.Executors;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.Vfs;
import org.jvisor.api.wait.WaitQueue;
import org.jvisor.api.wait.Waiter;

/**
 * Several threads wait for the same thing, as tasks do, and each token that is sent is taken by one of them. The sender goes on
 * when its tokens have been taken: a wake-up that is lost leaves it waiting for ever.
 */
class WakeUpStressTest {

    private static final int TAKERS = 3;
    private static final int BURSTS = 1500;
    private static final int LONGEST = 6;
    private static final int IN = Poll.POLLIN;

    private final World w = new World();
    private final Random random = new Random(47);
    private final Semaphore taken = new Semaphore(0);
    private final AtomicBoolean quitting = new AtomicBoolean();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final FileDescription[] pipe = w.vfs.newPipe(w.root.task, Open.O_NONBLOCK);

    @AfterEach
    void endThreads() {
        threads.shutdownNow();
    }

    /** How a task sleeps and is woken. */
    private static final class Sleeper implements Waiter {
        private final Thread thread = Thread.currentThread();
        private final WaitQueue.Entry entry = new WaitQueue.Entry(this);
        private volatile boolean woken;

        @Override
        public void wake(int events) {
            wakeIfAsleep(events);
        }

        @Override
        public boolean wakeIfAsleep(int events) {
            boolean asleep = !woken;
            woken = true;
            LockSupport.unpark(thread);
            return asleep;
        }

        void sleep() throws InterruptedException {
            while (!woken) {
                LockSupport.park();
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
            }
            woken = false;
        }

        /** As poll(2) and a blocking read do. */
        void await(FileDescription file) throws InterruptedException {
            WaitQueue queue = file.operations().waitQueue();
            queue.add(entry, IN);
            try {
                while (file.poll() == 0) {
                    sleep();
                }
            } finally {
                queue.remove(entry);
            }
        }

        /** As epoll_wait(2) does, for one event. */
        void awaitEvent(FileDescription epoll) throws InterruptedException {
            Vfs.Epoll operations = (Vfs.Epoll) epoll.operations();
            while (operations.collect(new int[1], new long[1], 1) == 0) {
                operations.waitQueue().addExclusive(entry, IN | Vfs.Epoll.MORE);
                try {
                    if (operations.poll(epoll) == 0) {
                        sleep();
                    }
                } finally {
                    operations.waitQueue().remove(entry);
                }
            }
        }
    }

    private FileDescription epoll(FileDescription watched, int events) {
        FileDescription epoll = w.vfs.newEpoll(0);
        assertEquals(0, control(epoll, Poll.EPOLL_CTL_ADD, watched, events));
        return epoll;
    }

    private long control(FileDescription epoll, int operation, FileDescription watched, int events) {
        return ((Vfs.Epoll) epoll.operations()).control(w.root.task, epoll, operation, 3, watched, events, 3);
    }

    private boolean take(TestTask task) {
        byte[] token = new byte[1];
        long n = pipe[0].read(task.task, World.MEMORY.kernelBuffer(token, 0, 1));
        assertEquals(n == 1 ? 1 : -Errno.EAGAIN, n);
        return n == 1;
    }

    private interface Wait {
        void once(Sleeper sleeper) throws InterruptedException;
    }

    /** Until it has taken a token that says so. */
    private Void takeTokens(Wait wait, boolean all, Runnable afterwards) throws InterruptedException {
        Sleeper sleeper = new Sleeper();
        TestTask task = w.newTask();
        while (true) {
            wait.once(sleeper);
            while (take(task)) {
                boolean last = quitting.get();
                taken.release();
                if (last) {
                    afterwards.run();
                    return null;
                }
                if (!all) {
                    break;
                }
            }
            afterwards.run();
        }
    }

    private void send(int count) throws InterruptedException {
        for (int i = 0; i < count; i++) {
            assertEquals(1, World.write(w.root, pipe[1], "x"));
        }
        taken.acquire(count);
    }

    /** @param all whether a taker takes whatever is there, since it is not told again */
    private void tokensArrive(Supplier<Wait> newWait, boolean all, Runnable afterwards) {
        assertTimeoutPreemptively(Duration.ofSeconds(300), () -> {
            List<Future<Void>> takers = new ArrayList<>();
            for (int i = 0; i < TAKERS; i++) {
                Wait wait = newWait.get();
                takers.add(threads.submit(() -> takeTokens(wait, all, afterwards)));
            }
            for (int i = 0; i < BURSTS; i++) {
                send(1 + random.nextInt(LONGEST));
            }
            quitting.set(true);
            for (int i = 0; i < TAKERS; i++) {
                send(1);
            }
            for (Future<Void> taker : takers) {
                taker.get();
            }
        });
    }

    private void tokensArrive(Supplier<Wait> newWait) {
        tokensArrive(newWait, false, () -> { });
    }

    private Supplier<Wait> oneEach(int events) {
        return () -> {
            FileDescription epoll = epoll(pipe[0], events);
            return sleeper -> sleeper.awaitEvent(epoll);
        };
    }

    @Test
    void shouldWakeThosePolling() {
        tokensArrive(() -> sleeper -> sleeper.await(pipe[0]));
    }

    @Test
    void shouldWakeInstancesOfTheirOwn() {
        tokensArrive(oneEach(IN));
    }

    @Test
    void shouldWakeExclusiveInstances() {
        tokensArrive(oneEach(IN | Poll.EPOLLEXCLUSIVE));
    }

    @Test
    void shouldTellExclusiveInstancesOfEdges() {
        tokensArrive(oneEach(IN | Poll.EPOLLEXCLUSIVE | Poll.EPOLLET), true, () -> { });
    }

    @Test
    void shouldWakeThoseAtOneInstance() {
        FileDescription epoll = epoll(pipe[0], IN);
        tokensArrive(() -> sleeper -> sleeper.awaitEvent(epoll));
    }

    @Test
    void shouldTellThoseAtOneInstanceOfEdges() {
        FileDescription epoll = epoll(pipe[0], IN | Poll.EPOLLET);
        tokensArrive(() -> sleeper -> sleeper.awaitEvent(epoll), true, () -> { });
    }

    @Test
    void shouldTellOnceUntilArmedAnew() {
        int once = IN | Poll.EPOLLONESHOT;
        FileDescription epoll = epoll(pipe[0], once);
        tokensArrive(() -> sleeper -> sleeper.awaitEvent(epoll), false,
                () -> assertEquals(0, control(epoll, Poll.EPOLL_CTL_MOD, pipe[0], once)));
    }

    @Test
    void shouldWakeInstancesThatWatchInstances() {
        FileDescription inner = epoll(pipe[0], IN);
        tokensArrive(() -> {
            FileDescription outer = epoll(inner, IN);
            return sleeper -> sleeper.awaitEvent(outer);
        });
    }

    /** Whoever waits exclusively has to be told of an end, too, each of them. */
    @Test
    void shouldTellAllOfAnEnd() {
        assertTimeoutPreemptively(Duration.ofSeconds(300), () -> {
            for (int round = 0; round < 200; round++) {
                FileDescription[] other = w.vfs.newPipe(w.root.task, Open.O_NONBLOCK);
                List<Future<Void>> waiters = new ArrayList<>();
                for (int i = 0; i < TAKERS; i++) {
                    FileDescription epoll = epoll(other[0], IN | Poll.EPOLLEXCLUSIVE);
                    waiters.add(threads.submit(() -> {
                        new Sleeper().awaitEvent(epoll);
                        return null;
                    }));
                }
                other[1].release(w.root.task);
                for (Future<Void> waiter : waiters) {
                    waiter.get();
                }
                other[0].release(w.root.task);
            }
        });
    }

    /** Watched files come and go, and are closed on either side, while somebody waits. */
    @Test
    void shouldWakeWhileFilesComeAndGo() {
        FileDescription epoll = epoll(pipe[0], IN);
        AtomicBoolean over = new AtomicBoolean();
        Future<Void> coming = threads.submit(() -> {
            while (!over.get()) {
                FileDescription[] other = w.vfs.newPipe(w.root.task, Open.O_NONBLOCK);
                FileDescription silent = w.vfs.newEventFd(1, 0);
                assertEquals(0, control(epoll, Poll.EPOLL_CTL_ADD, other[0], IN | Poll.EPOLLET));
                assertEquals(0, control(epoll, Poll.EPOLL_CTL_ADD, silent, IN));
                other[1].release(w.root.task);
                silent.release(w.root.task);
                other[0].release(w.root.task);
            }
            return null;
        });
        tokensArrive(() -> sleeper -> sleeper.awaitEvent(epoll));
        over.set(true);
        assertTimeoutPreemptively(Duration.ofSeconds(300), () -> coming.get());
    }
}
