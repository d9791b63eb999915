// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import java.util.Arrays;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.PerThread;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.wait.WaitQueue;

/**
 * Several descriptions of which something is to be true: what poll(2) and select(2) share. It lasts for one call. Few of them need
 * nothing but what the thread has for the purpose; what more need is charged to the caller, and gone with the call.
 */
final class PollSet implements AutoCloseable {

    /** What poll(2) reports unasked. */
    static final int ALWAYS = Poll.POLLERR | Poll.POLLHUP;

    /** For so many a thread keeps arrays and places in wait queues. */
    private static final int FEW = 64;

    private final Task task;
    private int size;
    private int capacity = FEW;
    private FileDescription[] files = PerThread.files(FEW);
    private int[] places = PerThread.ints(FEW);
    private int[] wanted = PerThread.ints2(FEW);
    private int[] found = PerThread.ints3(FEW);
    private int charged;
    /** Those from {@link #FEW} on; null until the call has to wait. */
    private WaitQueue.Entry[] entries;

    PollSet(Task task) {
        this.task = task;
    }

    /**
     * Adds a description, whose reference it takes.
     *
     * @param place what the caller knows it by
     * @param file null for one that is skipped
     * @param events to look for
     * @throws ErrnoException ENOMEM when the caller may not wait for so many
     */
    void add(int place, FileDescription file, int events) {
        if (size == capacity) {
            try {
                grow();
            } catch (ErrnoException e) {
                if (file != null) {
                    file.release(task);
                }
                throw e;
            }
        }
        files[size] = file;
        places[size] = place;
        wanted[size] = events;
        found[size] = 0;
        size++;
    }

    private void grow() {
        int length = 2 * capacity;
        task.cgroup().requireCharge(Charge.WAIT_ENTRY, length - charged);
        charged = length;
        capacity = length;
        FileDescription[] moreFiles = Arrays.copyOf(files, length);
        Arrays.fill(files, null);
        files = moreFiles;
        places = Arrays.copyOf(places, length);
        wanted = Arrays.copyOf(wanted, length);
        found = Arrays.copyOf(found, length);
    }

    int size() {
        return size;
    }

    int place(int index) {
        return places[index];
    }

    int wanted(int index) {
        return wanted[index];
    }

    /** The events that {@link #await} has found to be true. */
    int found(int index) {
        return found[index];
    }

    /** What is true of one that is skipped. */
    void setFound(int index, int events) {
        found[index] = events;
    }

    /**
     * Looks, and waits when nothing is true.
     *
     * @param always events to look for beside the wanted ones
     * @param counted how many of those that are skipped count as true
     * @param deadlineNs in {@link System#nanoTime}'s terms; negative: do not wait
     * @return how many are true, or -ERESTARTNOHAND
     */
    long await(int always, int counted, long deadlineNs) {
        int ready = scan(always);
        if (ready + counted > 0 || deadlineNs < 0) {
            return ready + counted;
        }
        listen(always);
        try {
            while (true) {
                ready = scan(always);
                if (ready > 0) {
                    return ready;
                }
                long result = task.sleep(deadlineNs);
                if (result == -Errno.ETIMEDOUT) {
                    return scan(always);
                }
                if (result < 0) {
                    ready = scan(always);
                    return ready > 0 ? ready : Timeouts.interrupted(result);
                }
            }
        } finally {
            stopListening();
        }
    }

    private int scan(int always) {
        int ready = 0;
        for (int i = 0; i < size; i++) {
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

    private void listen(int always) {
        if (size > FEW) {
            entries = new WaitQueue.Entry[size - FEW];
        }
        for (int i = 0; i < size; i++) {
            WaitQueue queue = queue(i);
            if (queue != null) {
                if (i >= FEW) {
                    entries[i - FEW] = task.newWaitEntry();
                }
                queue.add(entry(i), wanted[i] | always);
            }
        }
    }

    private void stopListening() {
        for (int i = 0; i < size; i++) {
            WaitQueue queue = queue(i);
            if (queue != null) {
                queue.remove(entry(i));
            }
        }
    }

    private WaitQueue queue(int index) {
        return files[index] == null ? null : files[index].operations().waitQueue();
    }

    private WaitQueue.Entry entry(int index) {
        return index < FEW ? task.waitEntry(index) : entries[index - FEW];
    }

    @Override
    public void close() {
        for (int i = 0; i < size; i++) {
            if (files[i] != null) {
                files[i].release(task);
                files[i] = null;
            }
        }
        size = 0;
        if (charged > 0) {
            task.cgroup().uncharge(Charge.WAIT_ENTRY, charged);
            charged = 0;
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
