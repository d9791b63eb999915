// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.futex;

import java.util.concurrent.atomic.AtomicInteger;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Futex;
import org.jvisor.api.kernel.Futexes;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.core.process.TaskImpl;

/**
 * Futex queues, hashed into buckets with a lock each. A private futex is known by memory manager and address. A shared one is
 * known by its place in the memory file; or by manager and address again, because the place of private memory changes when it is
 * copied after a fork, and a thread's own id is woken the shared way (set_tid_address(2)). So that both keys of a shared futex
 * lead to one bucket, only the offset in the page, equal in all mappings, is hashed.
 *
 * <p>Two buckets are locked in the order of their numbers. No page is faulted in with a bucket's lock held, as that may take a
 * file server's answer and others wait for the lock, who may be none of the application's: what is not there is brought without
 * the lock, and all is looked at again.
 */
public final class FutexTable implements Futexes {

    private static final int BUCKETS = 256;
    private static final int PAGE_MASK = 4095;
    private static final int PRIVATE = -1;
    private static final long NOWHERE = -1;

    // What became of a lock.
    private static final int NOT_OWNER = 0;
    private static final int FREED = 1;
    private static final int HANDED_OVER = 2;
    private static final int ABSENT = 3;

    /** Queues of several futexes, one after the other in order of arrival. */
    static final class Bucket {
        final int number;
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
    }

    private final Bucket[] buckets = new Bucket[BUCKETS];
    /** Tasks that wait in {@link #lockPi}. */
    private final AtomicInteger lockWaiters = new AtomicInteger();

    public FutexTable() {
        for (int i = 0; i < BUCKETS; i++) {
            buckets[i] = new Bucket(i);
        }
    }

    private Bucket bucket(Task task, long address, boolean shared) {
        long key = shared ? address & PAGE_MASK : address ^ (long) System.identityHashCode(task.mm()) << 12;
        long mixed = (key >>> 2) * 0x9e3779b97f4a7c15L;
        return buckets[(int) (mixed >>> 56)];
    }

    private static long shareKey(Task task, long address, boolean shared) {
        return shared ? task.memory().shareKey(address) : PRIVATE;
    }

    private static boolean matches(FutexWaiter waiter, MemoryManager mm, long address, long shareKey) {
        boolean sameKind = (waiter.shareKey == PRIVATE) == (shareKey == PRIVATE);
        return sameKind && (waiter.mm == mm && waiter.address == address || shareKey != PRIVATE && waiter.shareKey == shareKey);
    }

    private static boolean misaligned(long address) {
        return (address & 3) != 0;
    }

    // ---- waiting

    @Override
    public long wait(Task task, long address, boolean shared, int value, int bitset, long deadlineNs) {
        if (misaligned(address) || bitset == 0) {
            return -Errno.EINVAL;
        }
        FutexWaiter waiter = ((TaskImpl) task).futexWaiter();
        long refused = enqueueIf(waiter, address, shared, value, bitset);
        return refused != 0 ? refused : await(waiter, deadlineNs);
    }

    private long enqueueIf(FutexWaiter waiter, long address, boolean shared, int value, int bitset) {
        UserMemory memory = waiter.task.memory();
        Bucket bucket = bucket(waiter.task, address, shared);
        while (!waiter.task.exiting()) {
            if (memory.getIntVolatile(address) != value) {
                return -Errno.EAGAIN;
            }
            long key = shareKey(waiter.task, address, shared);
            synchronized (bucket) {
                long now = memory.getIntIfPresent(address);
                if (now != UserMemory.ABSENT) {
                    if ((int) now != value) {
                        return -Errno.EAGAIN;
                    }
                    enqueue(waiter, bucket, address, key, bitset, false);
                    return 0;
                }
            }
        }
        return -Errno.ERESTARTSYS;
    }

    /** What is at {@code address} is about to be changed with a lock held. */
    private static void makeWritable(UserMemory memory, long address) {
        int word = memory.getIntVolatile(address);
        memory.compareAndExchangeInt(address, word, word);
    }

    private static void enqueue(FutexWaiter waiter, Bucket bucket, long address, long key, int bitset, boolean forLock) {
        waiter.mm = waiter.task.mm();
        waiter.address = address;
        waiter.shareKey = key;
        waiter.bitset = bitset;
        waiter.forLock = forLock;
        waiter.done = false;
        bucket.add(waiter);
    }

    private static long await(FutexWaiter waiter, long deadlineNs) {
        while (!waiter.done) {
            long slept = waiter.task.sleep(deadlineNs);
            if (slept != 0) {
                return leave(waiter) ? slept : 0;
            }
        }
        waiter.mm = null;
        return 0;
    }

    /** Takes the waiter out of its queue; false when it was woken before. */
    private static boolean leave(FutexWaiter waiter) {
        while (true) {
            Bucket bucket = waiter.bucket;
            if (bucket == null) {
                waiter.mm = null;
                return false;
            }
            synchronized (bucket) {
                // It may have been moved to another queue meanwhile.
                if (waiter.bucket == bucket) {
                    bucket.remove(waiter);
                    waiter.mm = null;
                    return true;
                }
            }
        }
    }

    private static void wakeUp(Bucket bucket, FutexWaiter waiter) {
        bucket.remove(waiter);
        waiter.done = true;
        waiter.task.wake();
    }

    // ---- waking

    @Override
    public long wake(Task task, long address, boolean shared, int count, int bitset) {
        if (misaligned(address) || bitset == 0) {
            return -Errno.EINVAL;
        }
        long key = shareKey(task, address, shared);
        Bucket bucket = bucket(task, address, shared);
        synchronized (bucket) {
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
            if (matches(waiter, mm, address, key) && (waiter.bitset & bitset) != 0) {
                if (waiter.forLock) {
                    return -Errno.EINVAL;
                }
                wakeUp(bucket, waiter);
                woken++;
            }
            waiter = next;
        }
        return woken;
    }

    @Override
    public long requeue(Task task, long from, long to, boolean shared, int wake, int move, boolean compare, int expected) {
        if (misaligned(from) || misaligned(to) || wake < 0 || move < 0) {
            return -Errno.EINVAL;
        }
        UserMemory memory = task.memory();
        Bucket source = bucket(task, from, shared);
        Bucket target = bucket(task, to, shared);
        Bucket first = source.number <= target.number ? source : target;
        Bucket second = first == source ? target : source;
        while (!task.exiting()) {
            if (compare && memory.getIntVolatile(from) != expected) {
                return -Errno.EAGAIN;
            }
            long fromKey = shareKey(task, from, shared);
            long toKey = shareKey(task, to, shared);
            synchronized (first) {
                synchronized (second) {
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
            if (matches(waiter, mm, from, fromKey) && !waiter.forLock) {
                if (woken < wake) {
                    wakeUp(source, waiter);
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
        if (misaligned(address) || misaligned(address2)) {
            return -Errno.EINVAL;
        }
        FutexWord word = new FutexWord(operation);
        if (!word.valid()) {
            return -Errno.ENOSYS;
        }
        Bucket one = bucket(task, address, shared);
        Bucket two = bucket(task, address2, shared);
        Bucket first = one.number <= two.number ? one : two;
        Bucket second = first == one ? two : one;
        while (!task.exiting()) {
            makeWritable(task.memory(), address2);
            long key = shareKey(task, address, shared);
            long key2 = shareKey(task, address2, shared);
            synchronized (first) {
                synchronized (second) {
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

    // ---- locks with priority inheritance; priorities themselves mean nothing here, so the first to come is served first

    @Override
    public long lockPi(Task task, long address, boolean shared, long deadlineNs, boolean tryOnly) {
        if (misaligned(address)) {
            return -Errno.EINVAL;
        }
        UserMemory memory = task.memory();
        Bucket bucket = bucket(task, address, shared);
        FutexWaiter waiter = ((TaskImpl) task).futexWaiter();
        long got;
        do {
            if (task.exiting()) {
                return -Errno.ERESTARTSYS;
            }
            makeWritable(memory, address);
            long key = shareKey(task, address, shared);
            synchronized (bucket) {
                got = takeOrMark(task, memory, address, bucket, key, tryOnly);
                if (got == -Errno.EINPROGRESS) {
                    enqueue(waiter, bucket, address, key, Futex.FUTEX_BITSET_MATCH_ANY, true);
                }
            }
        } while (got == ABSENT);
        if (got != -Errno.EINPROGRESS) {
            return got;
        }
        lockWaiters.incrementAndGet();
        try {
            return await(waiter, deadlineNs);
        } finally {
            lockWaiters.decrementAndGet();
        }
    }

    /** 0: the lock is the task's; -EINPROGRESS: it waits, and the word says so; ABSENT: nothing was done; another error. */
    private long takeOrMark(Task task, UserMemory memory, long address, Bucket bucket, long key, boolean tryOnly) {
        while (true) {
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
            if (tryOnly) {
                return -Errno.EAGAIN;
            }
            TaskImpl holder = ((TaskImpl) task).pidNamespace().task(owner);
            if (holder == null || holder.isGone()) {
                return -Errno.ESRCH;
            }
            int marked = word | Futex.FUTEX_WAITERS;
            long found = marked == word ? present : memory.compareAndExchangeIntIfPresent(address, word, marked);
            if (found == UserMemory.ABSENT) {
                return ABSENT;
            }
            if ((int) found == word) {
                return -Errno.EINPROGRESS;
            }
        }
    }

    @Override
    public long unlockPi(Task task, long address, boolean shared) {
        if (misaligned(address)) {
            return -Errno.EINVAL;
        }
        UserMemory memory = task.memory();
        if ((memory.getIntVolatile(address) & Futex.FUTEX_TID_MASK) != task.tid()) {
            return -Errno.EPERM;
        }
        int outcome = passOn(task, address, shared, 0);
        return outcome == NOT_OWNER ? -Errno.EPERM : 0;
    }

    /** {@link #handOver}, as often as it takes until what it needs is there. */
    private int passOn(Task task, long address, boolean shared, int mark) {
        Bucket bucket = bucket(task, address, shared);
        int outcome;
        do {
            makeWritable(task.memory(), address);
            long key = shareKey(task, address, shared);
            synchronized (bucket) {
                outcome = handOver(task, task.memory(), bucket, address, key, mark);
            }
        } while (outcome == ABSENT);
        return outcome;
    }

    /** Gives the lock of {@code task} to who waits for it longest, or to nobody; with the bucket's lock held. */
    private static int handOver(Task task, UserMemory memory, Bucket bucket, long address, long key, int mark) {
        while (true) {
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
                    wakeUp(bucket, heir);
                }
                return heir == null ? FREED : HANDED_OVER;
            }
        }
    }

    /** The owner of the lock at {@code address} dies: whoever waits for it gets it, with the mark of that. */
    boolean inherit(Task dying, long address) {
        if (lockWaiters.get() == 0) {
            return false;
        }
        return inherit(dying, address, false) || inherit(dying, address, true);
    }

    private boolean inherit(Task dying, long address, boolean shared) {
        long key = shareKey(dying, address, shared);
        Bucket bucket = bucket(dying, address, shared);
        synchronized (bucket) {
            if (firstForLock(bucket, dying.mm(), address, key, null) == null) {
                return false;
            }
        }
        return passOn(dying, address, shared, Futex.FUTEX_OWNER_DIED) == HANDED_OVER;
    }

    /** Locks that the dying task holds and others of its memory wait for, in no robust list though they may be. */
    public void inheritAll(Task dying) {
        if (lockWaiters.get() == 0) {
            return;
        }
        for (Bucket bucket : buckets) {
            long absent = inheritPresent(dying, bucket);
            while (absent != NOWHERE) {
                makeWritable(dying.memory(), absent);
                absent = inheritPresent(dying, bucket);
            }
        }
    }

    /** {@link #inheritAll} of one bucket; an address that is to be brought before it can go on, or {@link #NOWHERE}. */
    private static long inheritPresent(Task dying, Bucket bucket) {
        UserMemory memory = dying.memory();
        synchronized (bucket) {
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
        while (waiter != null && !(waiter.forLock && matches(waiter, mm, address, key))) {
            waiter = waiter.next;
        }
        return waiter;
    }
}
