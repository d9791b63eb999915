// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.tmpfs;

import java.util.concurrent.atomic.AtomicLong;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;

/** What an instance has used of what it may use. Any thread. */
final class Quota {

    /** What an inode and its name take of the Sentry's own heap, about. */
    private static final long INODE_HEAP_BYTES = 512;

    /** All instances together: names and inodes live in the Sentry's heap, and no application may fill that. */
    private static final long HEAP_LIMIT = Runtime.getRuntime().maxMemory() / 3;
    private static final AtomicLong HEAP_USED = new AtomicLong();

    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong inodes = new AtomicLong();
    private volatile long byteLimit;
    private volatile long inodeLimit;

    Quota(long byteLimit, long inodeLimit) {
        this.byteLimit = byteLimit;
        this.inodeLimit = inodeLimit;
    }

    /** Throws EINVAL when more is used already. */
    void setLimits(long newBytes, long newInodes) {
        if (bytes.get() > newBytes || inodes.get() > newInodes) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        byteLimit = newBytes;
        inodeLimit = newInodes;
    }

    boolean tryTake(long count) {
        if (byteLimit == Long.MAX_VALUE) {
            bytes.addAndGet(count);
            return true;
        }
        if (bytes.addAndGet(count) > byteLimit && count > 0) {
            bytes.addAndGet(-count);
            return false;
        }
        return true;
    }

    /** Takes (or, negative, gives back) what has been used already. */
    void charge(long count) {
        bytes.addAndGet(count);
    }

    boolean hasRoom(long count) {
        return byteLimit == Long.MAX_VALUE || byteLimit - bytes.get() >= count;
    }

    /** @param extraHeapBytes beside the usual, for long texts */
    void takeInode(long extraHeapBytes) {
        if (inodes.incrementAndGet() > inodeLimit) {
            inodes.decrementAndGet();
            throw ErrnoException.of(Errno.ENOSPC);
        }
        if (!takeHeap(INODE_HEAP_BYTES + extraHeapBytes)) {
            inodes.decrementAndGet();
            throw ErrnoException.of(Errno.ENOSPC);
        }
    }

    void giveInode(long extraHeapBytes) {
        inodes.decrementAndGet();
        giveHeap(INODE_HEAP_BYTES + extraHeapBytes);
    }

    static boolean takeHeap(long count) {
        if (HEAP_USED.addAndGet(count) > HEAP_LIMIT) {
            HEAP_USED.addAndGet(-count);
            return false;
        }
        return true;
    }

    static void giveHeap(long count) {
        HEAP_USED.addAndGet(-count);
    }

    long byteLimit() {
        return byteLimit;
    }

    long inodeLimit() {
        return inodeLimit;
    }

    long bytesUsed() {
        return Math.max(0, bytes.get());
    }

    long inodesUsed() {
        return inodes.get();
    }
}
