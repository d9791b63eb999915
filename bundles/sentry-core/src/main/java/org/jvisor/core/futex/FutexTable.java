// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.futex;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Futex;
import org.jvisor.api.kernel.Futexes;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.core.futex.FutexBuckets.Bucket;
import org.jvisor.core.process.TaskImpl;

/** The operations of futex(2); those on locks with priority inheritance are {@link LockFutexes}'. */
public final class FutexTable implements Futexes {

    private final FutexBuckets buckets = new FutexBuckets();
    private final LockFutexes locks = new LockFutexes(buckets);

    // ---- waiting

    @Override
    public long wait(Task task, long address, boolean shared, int value, int bitset, long deadlineNs) {
        if (FutexBuckets.misaligned(address) || bitset == 0) {
            return -Errno.EINVAL;
        }
        FutexWaiter waiter = ((TaskImpl) task).futexWaiter();
        long refused = FutexBuckets.resumes(waiter) ? 0 : enqueueIf(waiter, address, shared, value, bitset);
        return refused != 0 ? refused : FutexBuckets.await(waiter, deadlineNs);
    }

    private long enqueueIf(FutexWaiter waiter, long address, boolean shared, int value, int bitset) {
        UserMemory memory = waiter.task.memory();
        Bucket bucket = buckets.of(waiter.task, address, shared);
        while (!waiter.task.exiting()) {
            if (memory.getIntVolatile(address) != value) {
                return -Errno.EAGAIN;
            }
            long key = FutexBuckets.shareKey(waiter.task, address, shared);
            try (Mutex _ = bucket.lock.take()) {
                long now = memory.getIntIfPresent(address);
                if (now != UserMemory.ABSENT) {
                    if ((int) now != value) {
                        return -Errno.EAGAIN;
                    }
                    FutexBuckets.enqueue(waiter, bucket, address, key, bitset, false);
                    return 0;
                }
            }
        }
        return -Errno.ERESTARTSYS;
    }

    // ---- waking

    @Override
    public long wake(Task task, long address, boolean shared, int count, int bitset) {
        if (FutexBuckets.misaligned(address) || bitset == 0) {
            return -Errno.EINVAL;
        }
        long key = FutexBuckets.shareKey(task, address, shared);
        Bucket bucket = buckets.of(task, address, shared);
        try (Mutex _ = bucket.lock.take()) {
            return wakeIn(bucket, task.mm(), address, key, count, bitset);
        }
    }

    private static long wakeIn(Bucket bucket, MemoryManager mm, long address, long key, int count, int bitset) {
        int woken = 0;
        FutexWaiter waiter = bucket.head;
        // futex(2): a count below 1 wakes one, as Linux does.
        int most = Math.max(count, 1);
        while (waiter != null && woken < most) {
            FutexWaiter next = waiter.next;
            if (FutexBuckets.matches(waiter, mm, address, key) && (waiter.bitset & bitset) != 0) {
                if (waiter.forLock) {
                    return -Errno.EINVAL;
                }
                bucket.wakeUp(waiter);
                woken++;
            }
            waiter = next;
        }
        return woken;
    }

    @Override
    public long requeue(Task task, long from, long to, boolean shared, int wake, int move, boolean compare, int expected) {
        if (FutexBuckets.misaligned(from) || FutexBuckets.misaligned(to) || wake < 0 || move < 0) {
            return -Errno.EINVAL;
        }
        UserMemory memory = task.memory();
        Bucket source = buckets.of(task, from, shared);
        Bucket target = buckets.of(task, to, shared);
        Bucket first = source.number <= target.number ? source : target;
        Bucket second = first == source ? target : source;
        while (!task.exiting()) {
            if (compare && memory.getIntVolatile(from) != expected) {
                return -Errno.EAGAIN;
            }
            long fromKey = FutexBuckets.shareKey(task, from, shared);
            long toKey = FutexBuckets.shareKey(task, to, shared);
            try (Mutex _ = first.lock.take()) {
                try (Mutex _ = second.lock.take()) {
                    long now = compare ? memory.getIntIfPresent(from) : 0;
                    if (compare && now != UserMemory.ABSENT && (int) now != expected) {
                        return -Errno.EAGAIN;
                    }
                    if (now != UserMemory.ABSENT) {
                        return requeueIn(source, target, task.mm(), from, fromKey, to, toKey, wake, move, compare);
                    }
                }
            }
        }
        return -Errno.ERESTARTSYS;
    }

    private static long requeueIn(Bucket source, Bucket target, MemoryManager mm, long from, long fromKey, long to, long toKey,
            int wake, int move, boolean countMoved) {
        int woken = 0;
        int moved = 0;
        FutexWaiter last = source.tail;
        FutexWaiter waiter = source.head;
        while (waiter != null && (woken < wake || moved < move)) {
            FutexWaiter next = waiter == last ? null : waiter.next;
            if (FutexBuckets.matches(waiter, mm, from, fromKey) && !waiter.forLock) {
                if (woken < wake) {
                    source.wakeUp(waiter);
                    woken++;
                } else {
                    source.remove(waiter);
                    waiter.address = to;
                    waiter.shareKey = toKey;
                    target.add(waiter);
                    moved++;
                }
            }
            waiter = next;
        }
        return countMoved ? woken + moved : woken;
    }

    @Override
    public long wakeOp(Task task, long address, long address2, boolean shared, int wake, int wake2, int operation) {
        if (FutexBuckets.misaligned(address) || FutexBuckets.misaligned(address2)) {
            return -Errno.EINVAL;
        }
        FutexWord word = new FutexWord(operation);
        if (!word.valid()) {
            return -Errno.ENOSYS;
        }
        Bucket one = buckets.of(task, address, shared);
        Bucket two = buckets.of(task, address2, shared);
        Bucket first = one.number <= two.number ? one : two;
        Bucket second = first == one ? two : one;
        while (!task.exiting()) {
            FutexBuckets.makeWritable(task.memory(), address2);
            long key = FutexBuckets.shareKey(task, address, shared);
            long key2 = FutexBuckets.shareKey(task, address2, shared);
            try (Mutex _ = first.lock.take()) {
                try (Mutex _ = second.lock.take()) {
                    long also = word.apply(task.memory(), address2);
                    if (also != UserMemory.ABSENT) {
                        long woken = wakeIn(one, task.mm(), address, key, wake, Futex.FUTEX_BITSET_MATCH_ANY);
                        if (also == 1 && woken >= 0) {
                            long more = wakeIn(two, task.mm(), address2, key2, wake2, Futex.FUTEX_BITSET_MATCH_ANY);
                            woken = more < 0 ? more : woken + more;
                        }
                        return woken;
                    }
                }
            }
        }
        return -Errno.ERESTARTSYS;
    }

    // ---- locks

    @Override
    public long lockPi(Task task, long address, boolean shared, long deadlineNs, boolean tryOnly) {
        return locks.lock(task, address, shared, deadlineNs, tryOnly);
    }

    @Override
    public long unlockPi(Task task, long address, boolean shared) {
        return locks.unlock(task, address, shared);
    }

    /** The owner of the lock at {@code address} dies: whoever waits for it gets it, with the mark of that. */
    boolean inherit(Task dying, long address) {
        return locks.inherit(dying, address);
    }

    /** Locks that the dying task holds and others of its memory wait for, in no robust list though they may be. */
    public void inheritAll(Task dying) {
        locks.inheritAll(dying);
    }

    /** The task's call was to go on waiting and has not come to it again. */
    public void giveUpPlace(TaskImpl task) {
        FutexWaiter waiter = task.futexWaiter();
        if (FutexBuckets.resumes(waiter)) {
            FutexBuckets.leave(waiter);
            if (waiter.forLock) {
                locks.left();
            }
        }
    }
}
