// SPDX-License-Identifier: Apache-2.0
package org.jvisor.time;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jvisor.api.kernel.KernelClock;

/** Runs actions at their time, on one thread. A binary heap by deadline, in which each timer knows its place. */
final class TimerQueue {
    private static final Logger LOG = System.getLogger(TimerQueue.class.getName());
    private static final int NOWHERE = -1;

    private final Thread thread;

    // ---- guarded by this
    private Entry[] heap = new Entry[64];
    private int size;
    private boolean stopped;
    private boolean paused;
    /** An action is running. */
    private boolean performing;

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

    /** Actions that are not due yet never run. */
    void stop() {
        synchronized (this) {
            stopped = true;
        }
        LockSupport.unpark(thread);
    }

    /** See {@link KernelClock#pause}. */
    synchronized boolean pause(long deadlineNs) {
        paused = true;
        boolean interrupted = false;
        while (performing) {
            long left = deadlineNs - System.nanoTime();
            if (left <= 0) {
                resume();
                break;
            }
            try {
                TimeUnit.NANOSECONDS.timedWait(this, left);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return paused;
    }

    synchronized void resume() {
        paused = false;
        LockSupport.unpark(thread);
    }

    /** See {@link KernelClock#schedule}. */
    KernelClock.Timer schedule(long deadlineNs, Runnable action) {
        Entry entry = new Entry(deadlineNs, action);
        boolean first;
        synchronized (this) {
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

    synchronized int size() {
        return size;
    }

    private void run() {
        for (;;) {
            Runnable due = null;
            long waitNs = Long.MAX_VALUE;
            synchronized (this) {
                if (stopped) {
                    return;
                }
                if (performing) {
                    performing = false;
                    notifyAll();
                }
                if (size > 0 && !paused) {
                    Entry first = heap[0];
                    waitNs = first.deadlineNs - System.nanoTime();
                    if (waitNs <= 0) {
                        remove(first);
                        due = first.action;
                        performing = true;
                    }
                }
            }
            if (due != null) {
                perform(due);
            } else {
                LockSupport.parkNanos(this, waitNs);
            }
        }
    }

    /** An action that fails must not take the other timers with it. */
    private static void perform(Runnable action) {
        try {
            action.run();
        } catch (Throwable t) {
            log(t);
        }
    }

    private static void log(Throwable failure) {
        try {
            LOG.log(Level.ERROR, "a timer's action failed", failure);
        } catch (OutOfMemoryError | StackOverflowError e) {
            // No room even for words.
            failure.addSuppressed(e);
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
        final Runnable action;
        /** In the heap, or {@link #NOWHERE}. */
        int index;

        Entry(long deadlineNs, Runnable action) {
            this.deadlineNs = deadlineNs;
            this.action = action;
        }

        @Override
        public void cancel() {
            synchronized (TimerQueue.this) {
                if (index != NOWHERE) {
                    remove(this);
                }
            }
        }
    }
}
