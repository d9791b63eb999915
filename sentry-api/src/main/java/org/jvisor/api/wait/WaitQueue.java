// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.wait;

import org.jvisor.api.abi.Poll;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;

/**
 * Who waits for events of one object. The usual order for a waiter is: {@link #add}, look whether there is still reason to
 * wait, sleep, {@link #remove}; so no event is lost. Waking an empty queue costs one volatile read.
 */
public final class WaitQueue {

    /** A waiter's place in one queue; owned by the waiter and reused, so that waiting allocates nothing. */
    public static final class Entry {
        private final Waiter waiter;
        private int events;
        private boolean exclusive;
        private Entry next;
        private Entry previous;
        private WaitQueue queue;

        public Entry(Waiter waiter) {
            this.waiter = waiter;
        }
    }

    /** What is true of an object for good, and not used up by the first who sees it. */
    private static final int ENDS = Poll.POLLHUP | Poll.POLLRDHUP | Poll.POLLERR;

    private final Mutex lock = new Mutex(LockRank.WAIT_QUEUE);
    /** Guarded by the lock; read without it to see whether anybody waits. */
    private volatile Entry head;

    private Entry tail;

    /**
     * Enters {@code entry}, which is in no queue now.
     *
     * @param events the POLL* bits to be woken for
     */
    public void add(Entry entry, int events) {
        link(entry, events, false);
    }

    /** Like {@link #add}, but one event wakes only one of the exclusive entries. */
    public void addExclusive(Entry entry, int events) {
        link(entry, events, true);
    }

    private void link(Entry entry, int events, boolean exclusive) {
        try (Mutex _ = lock.take()) {
            if (entry.queue != null) {
                throw new IllegalStateException("entry waits already");
            }
            entry.events = events;
            entry.exclusive = exclusive;
            entry.queue = this;
            entry.next = null;
            entry.previous = tail;
            if (tail == null) {
                head = entry;
            } else {
                tail.next = entry;
            }
            tail = entry;
        }
    }

    /** Takes {@code entry} out; does nothing when it is not in this queue. */
    public void remove(Entry entry) {
        try (Mutex _ = lock.take()) {
            if (entry.queue != this) {
                return;
            }
            if (entry.previous == null) {
                head = entry.next;
            } else {
                entry.previous.next = entry.next;
            }
            if (entry.next == null) {
                tail = entry.previous;
            } else {
                entry.next.previous = entry.previous;
            }
            entry.next = null;
            entry.previous = null;
            entry.queue = null;
        }
    }

    public boolean isEmpty() {
        return head == null;
    }

    /**
     * Wakes whoever waits for any of {@code events}: all the others, and of the exclusive ones up to the first that was asleep;
     * but all of them when an end is among the events.
     *
     * @return whether one that slept was woken
     */
    public boolean wake(int events) {
        if (head == null) {
            return false;
        }
        try (Mutex _ = lock.take()) {
            boolean woken = false;
            boolean exclusiveWoken = false;
            boolean all = (events & ENDS) != 0;
            for (Entry entry = head; entry != null; entry = entry.next) {
                if ((entry.events & events) != 0 && (all || !(entry.exclusive && exclusiveWoken))) {
                    boolean wasAsleep = entry.waiter.wakeIfAsleep(events);
                    woken |= wasAsleep;
                    exclusiveWoken |= entry.exclusive && wasAsleep;
                }
            }
            return woken;
        }
    }
}
