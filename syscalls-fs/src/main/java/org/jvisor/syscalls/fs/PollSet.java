// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.wait.WaitQueue;

/**
 * Waits until something is true of any of several descriptions: what poll(2) and select(2) share. Arrays are the caller's; a
 * description may be null, which is skipped.
 */
final class PollSet {

    /** What poll(2) reports unasked. */
    static final int ALWAYS = Poll.POLLERR | Poll.POLLHUP;

    private PollSet() {
    }

    /**
     * Looks, and waits when nothing is true.
     *
     * @param always events to look for beside the wanted ones
     * @param found receives what is true
     * @param counted how many of those that are null count as true
     * @param deadlineNs in {@link System#nanoTime}'s terms; negative: do not wait
     * @return how many are true, or -ERESTARTNOHAND
     */
    static long await(Task task, FileDescription[] files, int[] wanted, int always, int[] found, int count, int counted,
            long deadlineNs) {
        int ready = scan(files, wanted, always, found, count);
        if (ready + counted > 0 || deadlineNs < 0) {
            return ready + counted;
        }
        listen(task, files, wanted, always, count);
        try {
            while (true) {
                ready = scan(files, wanted, always, found, count);
                if (ready > 0) {
                    return ready;
                }
                long result = task.sleep(deadlineNs);
                if (result == -Errno.ETIMEDOUT) {
                    return scan(files, wanted, always, found, count);
                }
                if (result < 0) {
                    ready = scan(files, wanted, always, found, count);
                    return ready > 0 ? ready : Timeouts.interrupted(result);
                }
            }
        } finally {
            stopListening(task, files, count);
        }
    }

    private static int scan(FileDescription[] files, int[] wanted, int always, int[] found, int count) {
        int ready = 0;
        for (int i = 0; i < count; i++) {
            FileDescription file = files[i];
            if (file != null) {
                int events = file.operations().poll(file) & (wanted[i] | always);
                found[i] = events;
                if (events != 0) {
                    ready++;
                }
            }
        }
        return ready;
    }

    private static void listen(Task task, FileDescription[] files, int[] wanted, int always, int count) {
        for (int i = 0; i < count; i++) {
            WaitQueue queue = files[i] == null ? null : files[i].operations().waitQueue();
            if (queue != null) {
                queue.add(task.waitEntry(i), wanted[i] | always);
            }
        }
    }

    private static void stopListening(Task task, FileDescription[] files, int count) {
        for (int i = 0; i < count; i++) {
            WaitQueue queue = files[i] == null ? null : files[i].operations().waitQueue();
            if (queue != null) {
                queue.remove(task.waitEntry(i));
            }
        }
    }

    /** Waits until one of {@code events}, an error or a hang-up is true of {@code file}: 0, or -ERESTARTSYS. */
    static long awaitOne(Task task, FileDescription file, int events) {
        WaitQueue queue = file.operations().waitQueue();
        if (queue == null) {
            return 0;
        }
        WaitQueue.Entry entry = task.waitEntry(0);
        queue.add(entry, events | ALWAYS);
        try {
            long slept = 0;
            while ((file.operations().poll(file) & (events | ALWAYS)) == 0) {
                if (slept < 0) {
                    return slept;
                }
                slept = task.sleep(Long.MAX_VALUE);
            }
            return 0;
        } finally {
            queue.remove(entry);
        }
    }
}
