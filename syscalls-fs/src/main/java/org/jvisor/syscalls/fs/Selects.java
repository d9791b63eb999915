// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Poll;
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
        int limit = Math.min(a.int0(), task.files().highest() + 1);
        int bytes = (limit + Long.SIZE - 1) / Long.SIZE * Long.BYTES;
        byte[] sets = SETS * bytes <= task.scratch().length ? task.scratch() : new byte[SETS * bytes];
        long[] addresses = PerThread.longs(SETS);
        addresses[0] = a.a1;
        addresses[1] = a.a2;
        addresses[2] = a.a3;
        for (int set = 0; set < SETS; set++) {
            if (addresses[set] != 0) {
                task.memory().copyIn(addresses[set], sets, set * bytes, bytes);
            } else {
                Bytes.zero(sets, set * bytes, bytes);
            }
        }
        return select(task, sets, bytes, limit, addresses, deadlineNs);
    }

    private static long select(Task task, byte[] sets, int bytes, int limit, long[] addresses, long deadlineNs) {
        FileDescription[] files = PerThread.files(limit);
        int[] wanted = PerThread.ints(limit);
        int[] found = PerThread.moreInts(limit);
        try {
            if (!acquire(task, sets, bytes, limit, files, wanted)) {
                return -Errno.EBADF;
            }
            // A hang-up alone does not end the wait for a descriptor that is only in the second set.
            long result = PollSet.await(task, files, wanted, 0, found, limit, 0, deadlineNs);
            if (result < 0) {
                return result;
            }
            int bits = encode(sets, bytes, limit, files, wanted, found);
            for (int set = 0; set < SETS; set++) {
                if (addresses[set] != 0) {
                    task.memory().copyOut(sets, set * bytes, bytes, addresses[set]);
                }
            }
            return bits;
        } finally {
            Polls.release(task, files, limit);
        }
    }

    /** {@code wanted} gets the sets that name a descriptor as bits 16 and up, beside the events. */
    private static boolean acquire(Task task, byte[] sets, int bytes, int limit, FileDescription[] files, int[] wanted) {
        for (int fd = 0; fd < limit; fd++) {
            int events = 0;
            for (int set = 0; set < SETS; set++) {
                if ((sets[set * bytes + (fd >> 3)] & 1 << (fd & 7)) != 0) {
                    events |= MEANING[set] | 1 << Short.SIZE + set;
                }
            }
            wanted[fd] = events;
            if (events != 0) {
                files[fd] = task.files().acquire(fd);
                if (files[fd] == null || Fds.isPath(files[fd])) {
                    return false;
                }
            }
        }
        return true;
    }

    private static int encode(byte[] sets, int bytes, int limit, FileDescription[] files, int[] wanted, int[] found) {
        Bytes.zero(sets, 0, SETS * bytes);
        int bits = 0;
        for (int fd = 0; fd < limit; fd++) {
            if (files[fd] == null) {
                continue;
            }
            for (int set = 0; set < SETS; set++) {
                boolean asked = (wanted[fd] & 1 << Short.SIZE + set) != 0;
                if (asked && (found[fd] & MEANING[set]) != 0) {
                    sets[set * bytes + (fd >> 3)] |= (byte) (1 << (fd & 7));
                    bits++;
                }
            }
        }
        return bits;
    }
}
