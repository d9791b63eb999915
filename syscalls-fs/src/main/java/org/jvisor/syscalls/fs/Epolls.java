// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import org.jvisor.api.abi.EpollEventLayout;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.PerThread;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.Vfs;
import org.jvisor.api.wait.WaitQueue;

/** epoll_create(2), epoll_ctl(2) and epoll_wait(2). */
final class Epolls {

    private static final int MAX_EVENTS = Integer.MAX_VALUE / EpollEventLayout.SIZE;

    /** One call reports at most so many; the caller asks again for the rest. */
    private static final int MAX_AT_ONCE = 1024;

    private Epolls() {
    }

    static long create(Task task, Arguments a) {
        return a.int0() <= 0 ? -Errno.EINVAL : create(task, 0);
    }

    static long create1(Task task, Arguments a) {
        return (a.int0() & ~Poll.EPOLL_CLOEXEC) != 0 ? -Errno.EINVAL : create(task, a.int0());
    }

    private static long create(Task task, int flags) {
        return Fds.install(task, task.kernel().vfs().newEpoll(0), (flags & Open.O_CLOEXEC) != 0);
    }

    static long control(Task task, Arguments a) {
        int operation = a.int1();
        int events = 0;
        long data = 0;
        if (operation != Poll.EPOLL_CTL_DEL) {
            byte[] b = task.scratch();
            task.memory().copyIn(a.a3, b, 0, EpollEventLayout.SIZE);
            events = EpollEventLayout.events(b, 0);
            data = EpollEventLayout.data(b, 0);
        }
        FileDescription self = Fds.acquire(task, a.int0());
        try {
            FileDescription target = Fds.acquire(task, a.int2());
            try {
                return self.operations() instanceof Vfs.Epoll epoll
                        ? epoll.control(task, self, operation, a.int2(), target, events, data) : -Errno.EINVAL;
            } finally {
                target.release(task);
            }
        } finally {
            self.release(task);
        }
    }

    static long await(Task task, Arguments a) {
        return await(task, a, Timeouts.fromMillis(a.int3()), 0);
    }

    static long pwait(Task task, Arguments a) {
        return await(task, a, Timeouts.fromMillis(a.int3()), a.a4);
    }

    static long pwait2(Task task, Arguments a) {
        return await(task, a, Timeouts.fromTimespec(task, a.a3), a.a4);
    }

    private static long await(Task task, Arguments a, long timeoutNs, long mask) {
        int max = a.int2();
        if (max <= 0 || max > MAX_EVENTS) {
            return -Errno.EINVAL;
        }
        Timeouts.setMask(task, mask, a.a5);
        FileDescription file = Fds.acquire(task, a.int0());
        try {
            if (!(file.operations() instanceof Vfs.Epoll epoll)) {
                return -Errno.EINVAL;
            }
            int most = Math.min(max, MAX_AT_ONCE);
            int[] events = PerThread.ints(most);
            long[] data = PerThread.longs(most);
            long count = collect(task, file, epoll, events, data, most, Polls.deadline(task, timeoutNs));
            if (count > 0) {
                copyOut(task, events, data, (int) count, a.a1);
            }
            return count;
        } finally {
            file.release(task);
        }
    }

    private static long collect(Task task, FileDescription file, Vfs.Epoll epoll, int[] events, long[] data, int max,
            long deadlineNs) {
        while (true) {
            int count = epoll.collect(events, data, max);
            if (count > 0 || deadlineNs < 0) {
                return count;
            }
            long result = sleep(task, file, epoll, deadlineNs);
            if (result < 0) {
                // signal(7): not restarted, not even after a stop. What became ready meanwhile counts; another waiter may have been left asleep in favour of this one.
                count = epoll.collect(events, data, max);
                return count > 0 ? count : result == -Errno.ETIMEDOUT ? 0 : -Errno.EINTR;
            }
        }
    }

    private static long sleep(Task task, FileDescription file, Vfs.Epoll epoll, long deadlineNs) {
        WaitQueue queue = epoll.waitQueue();
        WaitQueue.Entry entry = task.waitEntry(0);
        queue.addExclusive(entry, Poll.POLLIN | Vfs.Epoll.MORE);
        try {
            return epoll.poll(file) != 0 && !task.exiting() ? 0 : task.sleep(deadlineNs);
        } finally {
            queue.remove(entry);
        }
    }

    private static void copyOut(Task task, int[] events, long[] data, int count, long address) {
        byte[] b = task.scratch();
        int most = b.length / EpollEventLayout.SIZE;
        for (int from = 0; from < count; from += most) {
            int some = Math.min(most, count - from);
            for (int i = 0; i < some; i++) {
                EpollEventLayout.events(b, i * EpollEventLayout.SIZE, events[from + i]);
                EpollEventLayout.data(b, i * EpollEventLayout.SIZE, data[from + i]);
            }
            task.memory().copyOut(b, 0, some * EpollEventLayout.SIZE, address + (long) from * EpollEventLayout.SIZE);
        }
    }
}
