// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.futex;

import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.core.process.TaskImpl;

/**
 * Who waits for which futex, hashed into buckets with a lock each. A private futex is known by memory manager and address. A shared
 * one is known by its place in the memory file; or by manager and address again, because the place of private memory changes when it
 * is copied after a fork, and a thread's own id is woken the shared way (set_tid_address(2)). So that both keys of a shared futex
 * lead to one bucket, only the offset in the page, equal in all mappings, is hashed.
 *
 * <p>Two buckets are locked in the order of their numbers. No page is faulted in with a bucket's lock held: what is not there is
 * brought without the lock, and all is looked at again.
 */
final class FutexBuckets {

    private static final int BUCKETS = 256;
    private static final int PAGE_MASK = 4095;
    private static final int PRIVATE = -1;

    /**
     * How often a word is tried to be changed with a bucket locked, while others change it, too: then the lock is given back, and it
     * is looked whether the task is to die.
     */
    static final int TRIES = 100;
    /** How often that is done, and pages are brought that others take away, for a task that dies: what comes after it waits for that. */
    static final int ROUNDS_OF_DYING = 1000;

    /** Queues of several futexes, one after the other in order of arrival. */
    static final class Bucket {
        final int number;
        final Mutex lock = new Mutex(LockRank.FUTEX);
        FutexWaiter head;
        FutexWaiter tail;

        Bucket(int number) {
            this.number = number;
        }

        void add(FutexWaiter waiter) {
            waiter.bucket = this;
            waiter.next = null;
            waiter.previous = tail;
            if (tail == null) {
                head = waiter;
            } else {
                tail.next = waiter;
            }
            tail = waiter;
        }

        void remove(FutexWaiter waiter) {
            if (waiter.previous == null) {
                head = waiter.next;
            } else {
                waiter.previous.next = waiter.next;
            }
            if (waiter.next == null) {
                tail = waiter.previous;
            } else {
                waiter.next.previous = waiter.previous;
            }
            waiter.next = null;
            waiter.previous = null;
            waiter.bucket = null;
        }

        /** With the lock held. */
        void wakeUp(FutexWaiter waiter) {
            remove(waiter);
            waiter.done = true;
            waiter.task.wake();
        }
    }

    private final Bucket[] buckets = new Bucket[BUCKETS];

    FutexBuckets() {
        for (int i = 0; i < BUCKETS; i++) {
            buckets[i] = new Bucket(i);
        }
    }

    Bucket[] all() {
        return buckets;
    }

    Bucket of(Task task, long address, boolean shared) {
        long key = shared ? address & PAGE_MASK : address ^ (long) System.identityHashCode(task.mm()) << 12;
        long mixed = (key >>> 2) * 0x9e3779b97f4a7c15L;
        return buckets[(int) (mixed >>> 56)];
    }

    static long shareKey(Task task, long address, boolean shared) {
        return shared ? task.memory().shareKey(address) : PRIVATE;
    }

    static boolean matches(FutexWaiter waiter, MemoryManager mm, long address, long shareKey) {
        boolean sameKind = (waiter.shareKey == PRIVATE) == (shareKey == PRIVATE);
        return sameKind && (waiter.mm == mm && waiter.address == address || shareKey != PRIVATE && waiter.shareKey == shareKey);
    }

    static boolean misaligned(long address) {
        return (address & 3) != 0;
    }

    /** What is at {@code address} is about to be changed with a lock held. */
    static void makeWritable(UserMemory memory, long address) {
        int word = memory.getIntVolatile(address);
        memory.compareAndExchangeInt(address, word, word);
    }

    // ---- waiting

    /** With the bucket's lock held. */
    static void enqueue(FutexWaiter waiter, Bucket bucket, long address, long key, int bitset, boolean forLock) {
        waiter.mm = waiter.task.mm();
        waiter.address = address;
        waiter.shareKey = key;
        waiter.bitset = bitset;
        waiter.forLock = forLock;
        waiter.done = false;
        bucket.add(waiter);
    }

    /**
     * Waits until it is woken: 0, or how {@link Task#sleep} ended before. A call that begins again keeps its place in the queue, so
     * that nobody finds it gone, and comes here again ({@link #resumes}).
     */
    static long await(FutexWaiter waiter, long deadlineNs) {
        TaskImpl task = waiter.task;
        while (!waiter.done) {
            long slept = task.sleep(deadlineNs);
            if (slept == 0) {
                continue;
            }
            if (task.call().beginsAgain(slept)) {
                waiter.kept = true;
                task.keepFutexPlace();
                return slept;
            }
            return leave(waiter) ? slept : 0;
        }
        waiter.mm = null;
        return 0;
    }

    /** Whether the task's call has been at {@link #await} in an earlier run, and has only to go on there. */
    static boolean resumes(FutexWaiter waiter) {
        boolean kept = waiter.kept;
        if (kept) {
            waiter.kept = false;
            waiter.task.endFutexPlace();
        }
        return kept;
    }

    /** Takes the waiter out of its queue; false when it was woken before. */
    static boolean leave(FutexWaiter waiter) {
        while (true) {
            Bucket bucket = waiter.bucket;
            if (bucket == null) {
                waiter.mm = null;
                return false;
            }
            try (Mutex _ = bucket.lock.take()) {
                // It may have been moved to another queue meanwhile.
                if (waiter.bucket == bucket) {
                    bucket.remove(waiter);
                    waiter.mm = null;
                    return true;
                }
            }
        }
    }
}
