// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.PerThread;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FileDescription;

/** select(2) and pselect(2): poll with the sets of descriptors as bits. */
final class Selects {

    /** Error and hang-up are part of "can be read", error of "can be written" (select(2), correspondence with poll). */
    private static final int[] MEANING = {Poll.POLLIN_SET, Poll.POLLOUT_SET, Poll.POLLEX_SET};
    private static final int SETS = MEANING.length;
    private static final long SIGSET_POINTER_OFFSET = 0;
    private static final long SIGSET_SIZE_OFFSET = 8;

    private Selects() {
    }

    static long select(Task task, Arguments a) {
        long deadlineNs = Polls.deadline(task, Timeouts.fromTimeval(task, a.a4));
        long result = select(task, a, deadlineNs);
        if (deadlineNs >= 0 && !task.call().beginsAgain(result)) {
            Timeouts.putRemainingTimeval(task, a.a4, deadlineNs);
        }
        return result;
    }

    /** The sixth argument points to the mask's address and size, for lack of a seventh (pselect(2), notes). */
    static long pselect6(Task task, Arguments a) {
        long deadlineNs = Polls.deadline(task, Timeouts.fromTimespec(task, a.a4));
        if (a.a5 != 0) {
            long mask = task.memory().getLong(a.a5 + SIGSET_POINTER_OFFSET);
            Timeouts.setMask(task, mask, task.memory().getLong(a.a5 + SIGSET_SIZE_OFFSET));
        }
        long result = select(task, a, deadlineNs);
        if (deadlineNs >= 0 && !task.call().beginsAgain(result)) {
            Timeouts.putRemainingTimespec(task, a.a4, deadlineNs);
        }
        return result;
    }

    private static long select(Task task, Arguments a, long deadlineNs) {
        if (a.int0() < 0) {
            return -Errno.EINVAL;
        }
        // As on Linux those beyond the descriptor table, which is as long as a whole number of words, are not looked at.
        int limit = Math.min(a.int0(), (Math.max(task.files().highest(), 0) | Long.SIZE - 1) + 1);
        long[] sets = PerThread.longs(SETS);
        sets[0] = a.a1;
        sets[1] = a.a2;
        sets[2] = a.a3;
        try (PollSet set = new PollSet(task)) {
            if (!read(task, sets, limit, set)) {
                return -Errno.EBADF;
            }
            // A hang-up alone does not end the wait for a descriptor that is only in the second set.
            long result = set.await(0, 0, deadlineNs);
            return result < 0 ? result : write(task, sets, limit, set);
        }
    }

    /** Of a set's bits so many are looked at in one go, beside as many of the others. */
    private static int pieceBytes(byte[] scratch) {
        return scratch.length / (SETS + 1) & -Long.BYTES;
    }

    private static int bytes(int descriptors) {
        return (descriptors + Long.SIZE - 1) / Long.SIZE * Long.BYTES;
    }

    /**
     * Puts the descriptors that are in any of the sets into {@code into}, with the sets that they are in as bits 16 and up beside the
     * events; whether all of them are open.
     */
    private static boolean read(Task task, long[] sets, int limit, PollSet into) {
        byte[] piece = task.scratch();
        int most = pieceBytes(piece);
        for (int first = 0; first < bytes(limit); first += most) {
            int some = Math.min(most, bytes(limit) - first);
            for (int set = 0; set < SETS; set++) {
                if (sets[set] != 0) {
                    task.memory().copyIn(sets[set] + first, piece, set * most, some);
                } else {
                    Bytes.zero(piece, set * most, some);
                }
            }
            int end = Math.min(limit, (first + some) * Byte.SIZE);
            for (int fd = first * Byte.SIZE; fd < end; fd++) {
                int events = events(piece, most, fd - first * Byte.SIZE);
                if (events == 0) {
                    continue;
                }
                FileDescription file = task.files().acquire(fd);
                if (file == null) {
                    return false;
                }
                into.add(fd, file, events);
                if (Fds.isPath(file)) {
                    return false;
                }
            }
        }
        return true;
    }

    private static int events(byte[] piece, int most, int bit) {
        int events = 0;
        for (int set = 0; set < SETS; set++) {
            if ((piece[set * most + (bit >> 3)] & 1 << (bit & 7)) != 0) {
                events |= MEANING[set] | 1 << Short.SIZE + set;
            }
        }
        return events;
    }

    /** The number of bits that are set in what the application gets. */
    private static int write(Task task, long[] sets, int limit, PollSet from) {
        byte[] piece = task.scratch();
        int most = pieceBytes(piece);
        int bits = 0;
        int next = 0;
        for (int first = 0; first < bytes(limit); first += most) {
            int some = Math.min(most, bytes(limit) - first);
            Bytes.zero(piece, 0, SETS * most);
            for (; next < from.size() && from.place(next) < (first + some) * Byte.SIZE; next++) {
                int bit = from.place(next) - first * Byte.SIZE;
                for (int set = 0; set < SETS; set++) {
                    boolean asked = (from.wanted(next) & 1 << Short.SIZE + set) != 0;
                    if (asked && (from.found(next) & MEANING[set]) != 0) {
                        piece[set * most + (bit >> 3)] |= (byte) (1 << (bit & 7));
                        bits++;
                    }
                }
            }
            for (int set = 0; set < SETS; set++) {
                if (sets[set] != 0) {
                    task.memory().copyOut(piece, set * most, some, sets[set] + first);
                }
            }
        }
        return bits;
    }
}
