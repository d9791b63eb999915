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
        try (PollSet set = new PollSet(task)) {
            int invalid = read(task, address, count, set);
            long result = set.await(PollSet.ALWAYS, invalid, deadlineNs);
            if (result >= 0) {
                write(task, address, count, set);
            }
            return result;
        }
    }

    /** Puts what is asked for into the set, but for negative descriptors; how many are not open, of which POLLNVAL is true. */
    private static int read(Task task, long address, int count, PollSet set) {
        byte[] piece = task.scratch();
        int most = piece.length / PollfdLayout.SIZE;
        int invalid = 0;
        for (int first = 0; first < count; first += most) {
            int some = Math.min(most, count - first);
            task.memory().copyIn(address + (long) first * PollfdLayout.SIZE, piece, 0, some * PollfdLayout.SIZE);
            for (int i = 0; i < some; i++) {
                int fd = PollfdLayout.fd(piece, i * PollfdLayout.SIZE);
                if (fd < 0) {
                    continue;
                }
                FileDescription file = acquire(task, fd);
                set.add(first + i, file, PollfdLayout.events(piece, i * PollfdLayout.SIZE) & 0xffff);
                if (file == null) {
                    set.setFound(set.size() - 1, Poll.POLLNVAL);
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

    /** Negative descriptors have no events. */
    private static void write(Task task, long address, int count, PollSet set) {
        int next = 0;
        for (int i = 0; i < count; i++) {
            boolean known = next < set.size() && set.place(next) == i;
            int revents = known ? set.found(next++) : 0;
            task.memory().putShort(address + (long) i * PollfdLayout.SIZE + PollfdLayout.REVENTS, (short) revents);
        }
    }
}
