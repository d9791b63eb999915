// SPDX-License-Identifier: Apache-2.0
package org.jvisor.time;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.lock.Condition;
import org.jvisor.api.lock.LockOrder;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;

/** Tells targets of their time, on one thread. A binary heap by deadline, in which each timer knows its place. */
final class TimerQueue {
    private static final Logger LOG = System.getLogger(TimerQueue.class.getName());
    private static final int NOWHERE = -1;

    private final Thread thread;

    private final Mutex lock = new Mutex(LockRank.TIMERS);
    /** A target has been told. */
    private final Condition toldOne = new Condition(lock);

    // ---- guarded by the lock
    private Entry[] heap = new Entry[64];
    private int size;
    private boolean stopped;
    private boolean paused;
    /** A target is being told. */
    private boolean telling;

    /** @param onStart run by the queue's thread before anything else */
    TimerQueue(Runnable onStart) {
        thread = Thread.ofPlatform().name("timers").daemon().unstarted(() -> {
            onStart.run();
            run();
        });
    }

    void start() {
        thread.start();
    }

    /** What is not due yet is never told. */
    void stop() {
        try (Mutex _ = lock.take()) {
            stopped = true;
        }
        LockSupport.unpark(thread);
    }

    /** See {@link KernelClock#pause}. */
    boolean pause(long deadlineNs) {
        try (Mutex _ = lock.take()) {
            paused = true;
            while (telling) {
                if (!toldOne.awaitUntil(deadlineNs)) {
                    resume();
                    break;
                }
            }
            return paused;
        }
    }

    void resume() {
        try (Mutex _ = lock.take()) {
            paused = false;
            LockSupport.unpark(thread);
        }
    }

    /** See {@link KernelClock#schedule}. */
    KernelClock.Timer schedule(long deadlineNs, KernelClock.Target target) {
        Entry entry = new Entry(deadlineNs, target);
        boolean first;
        try (Mutex _ = lock.take()) {
            if (size == heap.length) {
                heap = Arrays.copyOf(heap, 2 * size);
            }
            place(entry, size);
            size++;
            up(entry);
            first = entry.index == 0;
        }
        if (first) {
            LockSupport.unpark(thread);
        }
        return entry;
    }

    /** See {@link KernelClock#pending}. */
    List<KernelClock.Pending> pending() {
        Entry[] entries;
        try (Mutex _ = lock.take()) {
            entries = Arrays.copyOf(heap, size);
        }
        // Without the lock: targets have theirs, with which they schedule.
        List<KernelClock.Pending> all = new ArrayList<>(entries.length);
        for (Entry entry : entries) {
            KernelClock.Target target = entry.target;
            all.add(new KernelClock.Pending(target.kind(), target.container(), target.object(), target.index(), entry.deadlineNs,
                    target.intervalNs()));
        }
        return all;
    }

    int size() {
        try (Mutex _ = lock.take()) {
            return size;
        }
    }

    private void run() {
        for (;;) {
            Entry due = null;
            long waitNs = Long.MAX_VALUE;
            try (Mutex _ = lock.take()) {
                if (stopped) {
                    return;
                }
                if (telling) {
                    telling = false;
                    toldOne.signalAll();
                }
                if (size > 0 && !paused) {
                    Entry first = heap[0];
                    waitNs = first.deadlineNs - System.nanoTime();
                    if (waitNs <= 0) {
                        remove(first);
                        due = first;
                        telling = true;
                    }
                }
            }
            if (due != null) {
                tell(due);
                LockOrder.holdsNothing("by a timer's target");
            } else {
                LockSupport.parkNanos(this, waitNs);
            }
        }
    }

    /** A target that fails must not take the other timers with it. */
    private static void tell(Entry entry) {
        try {
            entry.target.expired(entry);
        } catch (Throwable t) {
            log(t);
        }
    }

    private static void log(Throwable failure) {
        try {
            LOG.log(Level.ERROR, "a timer failed", failure);
        } catch (OutOfMemoryError | StackOverflowError e) {
            // No room even for words.
            return;
        }
    }

    private void remove(Entry entry) {
        int hole = entry.index;
        size--;
        Entry last = heap[size];
        heap[size] = null;
        entry.index = NOWHERE;
        if (last != entry) {
            place(last, hole);
            up(last);
            down(last);
        }
    }

    private void place(Entry entry, int index) {
        heap[index] = entry;
        entry.index = index;
    }

    private void up(Entry entry) {
        int index = entry.index;
        while (index > 0) {
            Entry parent = heap[index - 1 >>> 1];
            if (parent.deadlineNs <= entry.deadlineNs) {
                break;
            }
            place(parent, index);
            index = index - 1 >>> 1;
        }
        place(entry, index);
    }

    private void down(Entry entry) {
        int index = entry.index;
        for (;;) {
            int child = 2 * index + 1;
            if (child >= size) {
                break;
            }
            if (child + 1 < size && heap[child + 1].deadlineNs < heap[child].deadlineNs) {
                child++;
            }
            if (entry.deadlineNs <= heap[child].deadlineNs) {
                break;
            }
            place(heap[child], index);
            index = child;
        }
        place(entry, index);
    }

    private final class Entry implements KernelClock.Timer {
        final long deadlineNs;
        final KernelClock.Target target;
        /** In the heap, or {@link #NOWHERE}. */
        int index;

        Entry(long deadlineNs, KernelClock.Target target) {
            this.deadlineNs = deadlineNs;
            this.target = target;
        }

        @Override
        public void cancel() {
            try (Mutex _ = lock.take()) {
                if (index != NOWHERE) {
                    remove(this);
                }
            }
        }
    }
}
