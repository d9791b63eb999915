// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.PollfdLayout;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FileDescription;

/** poll(2) and ppoll(2). */
final class Polls {

    private Polls() {
    }

    static long poll(Task task, Arguments a) {
        return poll(task, a.a0, a.int1(), deadline(task, Timeouts.fromMillis(a.int2())));
    }

    static long ppoll(Task task, Arguments a) {
        long deadlineNs = deadline(task, Timeouts.fromTimespec(task, a.a2));
        Timeouts.setMask(task, a.a3, a.a4);
        long result = poll(task, a.a0, a.int1(), deadlineNs);
        if (deadlineNs >= 0 && !task.call().beginsAgain(result)) {
            Timeouts.putRemainingTimespec(task, a.a2, deadlineNs);
        }
        return result;
    }

    /** -1 for a call that does not wait. */
    static long deadline(Task task, long timeoutNs) {
        return timeoutNs == 0 ? -1 : task.call().deadline(timeoutNs);
    }

    private static long poll(Task task, long address, int count, long deadlineNs) {
        if (count < 0 || count > Fds.limit(task)) {
            return -Errno.EINVAL;
        }
        int bytes = count * PollfdLayout.SIZE;
        byte[] fds = bytes <= task.scratch().length ? task.scratch() : new byte[bytes];
        task.memory().copyIn(address, fds, 0, bytes);
        FileDescription[] files = PerThread.files(count);
        int[] events = PerThread.ints(count);
        int[] found = PerThread.moreInts(count);
        try {
            int invalid = acquire(task, fds, files, events, count);
            long result = PollSet.await(task, files, events, PollSet.ALWAYS, found, count, invalid, deadlineNs);
            if (result < 0) {
                return result;
            }
            copyOut(task, address, fds, files, found, count);
            return result;
        } finally {
            release(task, files, count);
        }
    }

    /** How many are not open; their POLLNVAL is put down already. */
    private static int acquire(Task task, byte[] fds, FileDescription[] files, int[] events, int count) {
        int invalid = 0;
        for (int i = 0; i < count; i++) {
            int at = i * PollfdLayout.SIZE;
            int fd = PollfdLayout.fd(fds, at);
            events[i] = PollfdLayout.events(fds, at) & 0xffff;
            PollfdLayout.revents(fds, at, 0);
            if (fd >= 0) {
                files[i] = acquire(task, fd);
                if (files[i] == null) {
                    PollfdLayout.revents(fds, at, Poll.POLLNVAL);
                    invalid++;
                }
            }
        }
        return invalid;
    }

    private static FileDescription acquire(Task task, int fd) {
        FileDescription file = task.files().acquire(fd);
        if (file != null && Fds.isPath(file)) {
            file.release(task);
            return null;
        }
        return file;
    }

    private static void copyOut(Task task, long address, byte[] fds, FileDescription[] files, int[] found, int count) {
        for (int i = 0; i < count; i++) {
            int at = i * PollfdLayout.SIZE;
            int revents = files[i] == null ? PollfdLayout.revents(fds, at) : found[i];
            task.memory().putShort(address + at + PollfdLayout.REVENTS, (short) revents);
        }
    }

    static void release(Task task, FileDescription[] files, int count) {
        for (int i = 0; i < count; i++) {
            if (files[i] != null) {
                files[i].release(task);
                files[i] = null;
            }
        }
    }
}
