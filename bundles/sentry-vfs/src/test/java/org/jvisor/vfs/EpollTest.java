// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.Vfs;
import org.jvisor.api.wait.WaitQueue;

class EpollTest {

    private static final int EPOLLIN = Poll.EPOLLIN;

    private final World w = new World();
    private final FileDescription self = w.vfs.newEpoll(0);
    private final Vfs.Epoll epoll = (Vfs.Epoll) self.operations();
    private final FileDescription[] pipe = w.vfs.newPipe(w.root.task, Open.O_NONBLOCK);
    private final int[] events = new int[8];
    private final long[] data = new long[8];

    private long add(int fd, FileDescription file, int what) {
        return epoll.control(w.root.task, self, Poll.EPOLL_CTL_ADD, fd, file, what, fd);
    }

    private long modify(int fd, FileDescription file, int what) {
        return epoll.control(w.root.task, self, Poll.EPOLL_CTL_MOD, fd, file, what, fd);
    }

    private int ready() {
        return epoll.collect(events, data, events.length);
    }

    private void write() {
        World.write(w.root, pipe[1], "x");
    }

    /** What is watched takes memory that is the container's, until it is forgotten. */
    @Test
    void shouldBeBoundedByTheCgroup() {
        Cgroup cgroup = w.root.task.container().cgroup();
        cgroup.setLimit(Charge.EPOLL_ITEM, 2);
        assertEquals(0, add(3, pipe[0], EPOLLIN));
        assertEquals(0, add(4, pipe[0], EPOLLIN));
        assertEquals(-Errno.ENOSPC, add(5, pipe[0], EPOLLIN));
        assertEquals(0, epoll.control(w.root.task, self, Poll.EPOLL_CTL_DEL, 3, pipe[0], 0, 0));
        assertEquals(0, add(5, pipe[0], EPOLLIN));
        self.release(w.root.task);
        assertEquals(0, cgroup.used(Charge.EPOLL_ITEM));
    }

    @Test
    void shouldReportLevelsAgainAndAgain() {
        assertEquals(0, add(3, pipe[0], EPOLLIN));
        assertEquals(0, ready());
        write();
        assertEquals(1, ready());
        assertEquals(EPOLLIN, events[0]);
        assertEquals(3, data[0]);
        assertEquals(1, ready());
        assertEquals("x", World.read(w.root, pipe[0], 5));
        assertEquals(0, ready());
        assertEquals(0, epoll.poll(self));
    }

    @Test
    void shouldReportEdgesOnce() {
        add(3, pipe[0], EPOLLIN | Poll.EPOLLET);
        write();
        assertEquals(1, ready());
        assertEquals(0, ready());
        write();
        assertEquals(1, ready());
    }

    @Test
    void shouldReportOnceUntilArmedAnew() {
        add(3, pipe[0], EPOLLIN | Poll.EPOLLONESHOT);
        write();
        assertEquals(1, ready());
        write();
        assertEquals(0, ready());
        assertEquals(0, modify(3, pipe[0], EPOLLIN | Poll.EPOLLONESHOT));
        assertEquals(1, ready());
    }

    @Test
    void shouldReportWhatIsTrueWhenAdded() {
        write();
        add(3, pipe[0], EPOLLIN);
        assertEquals(1, ready());
        assertEquals(0, modify(3, pipe[0], 0));
        assertEquals(0, ready());
        pipe[1].release(null);
        assertEquals(1, ready());
        assertEquals(Poll.EPOLLHUP, events[0], "a hang-up is reported unasked");
    }

    @Test
    void shouldTakeTurns() {
        FileDescription[] files = new FileDescription[20];
        for (int i = 0; i < files.length; i++) {
            files[i] = w.vfs.newEventFd(1, 0);
            add(i, files[i], EPOLLIN);
        }
        boolean[] seen = new boolean[files.length];
        for (int round = 0; round < 5; round++) {
            assertEquals(4, epoll.collect(events, data, 4));
            for (int i = 0; i < 4; i++) {
                seen[(int) data[i]] = true;
            }
        }
        for (boolean one : seen) {
            assertEquals(true, one);
        }
    }

    @Test
    void shouldForgetADescriptionThatIsGone() {
        add(3, pipe[0], EPOLLIN);
        pipe[0].retain();
        pipe[0].release(null);
        write();
        assertEquals(1, ready());
        pipe[0].release(null);
        assertEquals(0, ready());
        assertEquals(-Errno.ENOENT, epoll.control(w.root.task, self, Poll.EPOLL_CTL_DEL, 3, pipe[0], 0, 0));
    }

    @Test
    void shouldRefuseWhatMakesNoSense() {
        assertEquals(0, add(3, pipe[0], EPOLLIN));
        assertEquals(-Errno.EEXIST, add(3, pipe[0], EPOLLIN));
        assertEquals(0, add(4, pipe[0], EPOLLIN), "another descriptor of the same description");
        assertEquals(-Errno.ENOENT, modify(5, pipe[0], EPOLLIN));
        assertEquals(-Errno.EINVAL, add(5, self, EPOLLIN));
        assertEquals(-Errno.EPERM, add(6, w.open("/", Open.O_RDONLY), EPOLLIN));
        assertEquals(-Errno.EINVAL, add(7, pipe[0], EPOLLIN | Poll.EPOLLEXCLUSIVE | Poll.EPOLLONESHOT));
        assertEquals(0, add(8, pipe[0], EPOLLIN | Poll.EPOLLEXCLUSIVE));
        assertEquals(-Errno.EINVAL, modify(8, pipe[0], EPOLLIN));
        assertEquals(-Errno.EINVAL, epoll.control(w.root.task, self, 99, 9, pipe[0], EPOLLIN, 0));
    }

    @Test
    void shouldNestButNotInACircle() {
        FileDescription outer = w.vfs.newEpoll(0);
        Vfs.Epoll outside = (Vfs.Epoll) outer.operations();
        assertEquals(0, outside.control(w.root.task, outer, Poll.EPOLL_CTL_ADD, 9, self, EPOLLIN, 77));
        assertEquals(-Errno.ELOOP, add(10, outer, EPOLLIN));
        assertEquals(0, outside.collect(events, data, 8));
        add(3, pipe[0], EPOLLIN);
        AtomicInteger wakes = new AtomicInteger();
        outside.waitQueue().add(new WaitQueue.Entry(happened -> wakes.incrementAndGet()), EPOLLIN);
        write();
        assertEquals(1, wakes.get());
        assertEquals(1, outside.collect(events, data, 8));
        assertEquals(77, data[0]);
        self.release(null);
        assertEquals(0, outside.collect(events, data, 8));
        outer.release(null);
    }

    @Test
    void shouldLimitWaysThroughNestedInstances() {
        FileDescription inner = w.vfs.newEpoll(0);
        int added = 0;
        long result = 0;
        while (result == 0 && added < 100) {
            FileDescription outer = w.vfs.newEpoll(0);
            result = ((Vfs.Epoll) outer.operations()).control(w.root.task, outer, Poll.EPOLL_CTL_ADD, 1, inner, EPOLLIN, 0);
            added++;
        }
        assertEquals(-Errno.EINVAL, result);
    }

    @Test
    void shouldWakeTheNextWaiterForWhatIsLeft() {
        for (int i = 0; i < 2; i++) {
            add(i, w.vfs.newEventFd(1, 0), EPOLLIN);
        }
        AtomicInteger wakes = new AtomicInteger();
        epoll.waitQueue().addExclusive(new WaitQueue.Entry(happened -> wakes.incrementAndGet()), Vfs.Epoll.MORE);
        assertEquals(1, epoll.collect(events, data, 1));
        assertEquals(1, wakes.get());
    }

    @Test
    void shouldLeaveAnEventToAnInstanceWithAWaiter() {
        FileDescription event = w.vfs.newEventFd(0, 0);
        FileDescription second = w.vfs.newEpoll(0);
        AtomicInteger wakes = new AtomicInteger();
        assertEquals(0, add(3, event, EPOLLIN | Poll.EPOLLEXCLUSIVE));
        assertEquals(0, ((Vfs.Epoll) second.operations()).control(w.root.task, second, Poll.EPOLL_CTL_ADD, 3, event,
                EPOLLIN | Poll.EPOLLEXCLUSIVE, 3));
        second.operations().waitQueue().addExclusive(new WaitQueue.Entry(happened -> wakes.incrementAndGet()), EPOLLIN);
        World.write(w.root, event, "\1\0\0\0\0\0\0\0");
        assertEquals(1, wakes.get(), "nobody waits at the first instance");
        assertEquals(1, ready(), "which has taken note all the same");
    }

    @Test
    void shouldLoseNoEventBetweenThreads() {
        assertTimeoutPreemptively(Duration.ofSeconds(300), () -> {
            FileDescription event = w.vfs.newEventFd(0, Open.O_NONBLOCK);
            add(3, event, EPOLLIN | Poll.EPOLLET);
            int rounds = 20_000;
            CompletableFuture<Long> sum = new CompletableFuture<>();
            Thread.ofPlatform().start(() -> {
                long total = 0;
                int[] happened = new int[1];
                long[] which = new long[1];
                byte[] count = new byte[8];
                while (total < rounds) {
                    if (epoll.collect(happened, which, 1) == 1) {
                        event.read(w.root.task, World.MEMORY.kernelBuffer(count, 0, 8));
                        total += Bytes.getLong(count, 0);
                    } else {
                        Thread.onSpinWait();
                    }
                }
                sum.complete(total);
            });
            for (int i = 0; i < rounds; i++) {
                assertEquals(8, World.write(w.root, event, "\1\0\0\0\0\0\0\0"));
            }
            assertEquals(rounds, sum.get());
        });
    }
}
