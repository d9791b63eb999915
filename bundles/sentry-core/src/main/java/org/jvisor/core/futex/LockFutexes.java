// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.futex;

import java.util.concurrent.atomic.AtomicInteger;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Futex;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.core.futex.FutexBuckets.Bucket;
import org.jvisor.core.process.TaskImpl;

/**
 * Futexes that are locks with priority inheritance (futex(2)): the kernel hands them over. Priorities themselves mean nothing here, so
 * the first to come is served first.
 */
final class LockFutexes {

    private static final long NOWHERE = -1;

    // What became of a lock.
    private static final int NOT_OWNER = 0;
    private static final int FREED = 1;
    private static final int HANDED_OVER = 2;
    private static final int ABSENT = 3;

    private final FutexBuckets buckets;
    /** Tasks that wait in {@link #lock}, or have kept their place. */
    private final AtomicInteger lockWaiters = new AtomicInteger();

    LockFutexes(FutexBuckets buckets) {
        this.buckets = buckets;
    }

    long lock(Task task, long address, boolean shared, long deadlineNs, boolean tryOnly) {
        if (FutexBuckets.misaligned(address)) {
            return -Errno.EINVAL;
        }
        FutexWaiter waiter = ((TaskImpl) task).futexWaiter();
        if (FutexBuckets.resumes(waiter)) {
            return await(waiter, deadlineNs);
        }
        UserMemory memory = task.memory();
        Bucket bucket = buckets.of(task, address, shared);
        long got;
        do {
            if (task.exiting()) {
                return -Errno.ERESTARTSYS;
            }
            FutexBuckets.makeWritable(memory, address);
            long key = FutexBuckets.shareKey(task, address, shared);
            try (Mutex _ = bucket.lock.take()) {
                got = takeOrMark(task, memory, address, bucket, key, tryOnly);
                if (got == -Errno.EINPROGRESS) {
                    FutexBuckets.enqueue(waiter, bucket, address, key, Futex.FUTEX_BITSET_MATCH_ANY, true);
                }
            }
        } while (got == ABSENT);
        if (got != -Errno.EINPROGRESS) {
            return got;
        }
        lockWaiters.incrementAndGet();
        return await(waiter, deadlineNs);
    }

    private long await(FutexWaiter waiter, long deadlineNs) {
        long result = FutexBuckets.await(waiter, deadlineNs);
        if (!waiter.kept) {
            lockWaiters.decrementAndGet();
        }
        return result;
    }

    /** Who had kept its place has given it up. */
    void left() {
        lockWaiters.decrementAndGet();
    }

    /** 0: the lock is the task's; -EINPROGRESS: it waits, and the word says so; ABSENT: nothing was done; another error. */
    private long takeOrMark(Task task, UserMemory memory, long address, Bucket bucket, long key, boolean tryOnly) {
        for (int i = 0; i < FutexBuckets.TRIES; i++) {
            long present = memory.getIntIfPresent(address);
            if (present == UserMemory.ABSENT) {
                return ABSENT;
            }
            int word = (int) present;
            int owner = word & Futex.FUTEX_TID_MASK;
            if (owner == task.tid()) {
                return -Errno.EDEADLK;
            }
            if (owner == 0) {
                int waiters = firstForLock(bucket, task.mm(), address, key, null) == null ? 0 : Futex.FUTEX_WAITERS;
                int taken = task.tid() | word & Futex.FUTEX_OWNER_DIED | waiters;
                long found = memory.compareAndExchangeIntIfPresent(address, word, taken);
                if (found == UserMemory.ABSENT) {
                    return ABSENT;
                }
                if ((int) found == word) {
                    return 0;
                }
                continue;
            }
            // As on Linux the mark is set before the owner is looked for, and also where nobody will wait.
            int marked = word | Futex.FUTEX_WAITERS;
            long found = marked == word ? present : memory.compareAndExchangeIntIfPresent(address, word, marked);
            if (found == UserMemory.ABSENT) {
                return ABSENT;
            }
            if ((int) found == word) {
                TaskImpl holder = ((TaskImpl) task).pidNamespace().task(owner);
                boolean alive = holder != null && !holder.isGone();
                return !alive ? -Errno.ESRCH : tryOnly ? -Errno.EAGAIN : -Errno.EINPROGRESS;
            }
        }
        return ABSENT;
    }

    long unlock(Task task, long address, boolean shared) {
        if ((word(task.memory(), address) & Futex.FUTEX_TID_MASK) != task.tid()) {
            return -Errno.EPERM;
        }
        if (FutexBuckets.misaligned(address)) {
            return -Errno.EINVAL;
        }
        int outcome = passOn(task, address, shared, 0);
        return outcome == NOT_OWNER ? -Errno.EPERM : 0;
    }

    /** As Linux reads it before it looks at the address. */
    private static int word(UserMemory memory, long address) {
        return FutexBuckets.misaligned(address) ? memory.getInt(address) : memory.getIntVolatile(address);
    }

    /** {@link #handOver}, as often as it takes until what it needs is there. */
    private int passOn(Task task, long address, boolean shared, int mark) {
        Bucket bucket = buckets.of(task, address, shared);
        int outcome;
        int rounds = 0;
        do {
            if (task.exiting() && rounds++ == FutexBuckets.ROUNDS_OF_DYING) {
                return NOT_OWNER;
            }
            FutexBuckets.makeWritable(task.memory(), address);
            long key = FutexBuckets.shareKey(task, address, shared);
            try (Mutex _ = bucket.lock.take()) {
                outcome = handOver(task, task.memory(), bucket, address, key, mark);
            }
        } while (outcome == ABSENT);
        return outcome;
    }

    /** Gives the lock of {@code task} to who waits for it longest, or to nobody; with the bucket's lock held. */
    private static int handOver(Task task, UserMemory memory, Bucket bucket, long address, long key, int mark) {
        for (int i = 0; i < FutexBuckets.TRIES; i++) {
            long present = memory.getIntIfPresent(address);
            if (present == UserMemory.ABSENT) {
                return ABSENT;
            }
            int word = (int) present;
            if ((word & Futex.FUTEX_TID_MASK) != task.tid()) {
                return NOT_OWNER;
            }
            FutexWaiter heir = firstForLock(bucket, task.mm(), address, key, null);
            int passed = mark;
            if (heir != null) {
                boolean more = firstForLock(bucket, task.mm(), address, key, heir) != null;
                passed |= heir.task.tid() | (more ? Futex.FUTEX_WAITERS : 0);
            }
            long found = memory.compareAndExchangeIntIfPresent(address, word, passed);
            if (found == UserMemory.ABSENT) {
                return ABSENT;
            }
            if ((int) found == word) {
                if (heir != null) {
                    bucket.wakeUp(heir);
                }
                return heir == null ? FREED : HANDED_OVER;
            }
        }
        return ABSENT;
    }

    /** The owner of the lock at {@code address} dies: whoever waits for it gets it, with the mark of that. */
    boolean inherit(Task dying, long address) {
        if (lockWaiters.get() == 0) {
            return false;
        }
        return inherit(dying, address, false) || inherit(dying, address, true);
    }

    private boolean inherit(Task dying, long address, boolean shared) {
        long key = FutexBuckets.shareKey(dying, address, shared);
        Bucket bucket = buckets.of(dying, address, shared);
        try (Mutex _ = bucket.lock.take()) {
            if (firstForLock(bucket, dying.mm(), address, key, null) == null) {
                return false;
            }
        }
        return passOn(dying, address, shared, Futex.FUTEX_OWNER_DIED) == HANDED_OVER;
    }

    /** Locks that the dying task holds and others of its memory wait for, in no robust list though they may be. */
    void inheritAll(Task dying) {
        if (lockWaiters.get() == 0) {
            return;
        }
        for (Bucket bucket : buckets.all()) {
            long absent = inheritPresent(dying, bucket);
            for (int i = 0; absent != NOWHERE && i < FutexBuckets.ROUNDS_OF_DYING; i++) {
                FutexBuckets.makeWritable(dying.memory(), absent);
                absent = inheritPresent(dying, bucket);
            }
        }
    }

    /** {@link #inheritAll} of one bucket; an address that is to be brought before it can go on, or {@link #NOWHERE}. */
    private static long inheritPresent(Task dying, Bucket bucket) {
        UserMemory memory = dying.memory();
        try (Mutex _ = bucket.lock.take()) {
            FutexWaiter waiter = bucket.head;
            while (waiter != null) {
                FutexWaiter next = waiter.next;
                if (waiter.forLock && waiter.mm == dying.mm()) {
                    long address = waiter.address;
                    int outcome = handOver(dying, memory, bucket, address, waiter.shareKey, Futex.FUTEX_OWNER_DIED);
                    if (outcome == ABSENT) {
                        return address;
                    }
                    if (outcome == HANDED_OVER) {
                        next = bucket.head; // the heir, which may have been the next one, has left the queue
                    }
                }
                waiter = next;
            }
        }
        return NOWHERE;
    }

    private static FutexWaiter firstForLock(Bucket bucket, MemoryManager mm, long address, long key, FutexWaiter after) {
        FutexWaiter waiter = after == null ? bucket.head : after.next;
        while (waiter != null && !(waiter.forLock && FutexBuckets.matches(waiter, mm, address, key))) {
            waiter = waiter.next;
        }
        return waiter;
    }
}
