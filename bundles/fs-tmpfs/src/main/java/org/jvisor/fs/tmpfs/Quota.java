// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.tmpfs;

import java.util.concurrent.atomic.AtomicLong;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.state.StateRecord;

/** What an instance has used of what it may use. Any thread. */
final class Quota {

    /** Names and inodes live in the Sentry's heap, and no application may fill that. */
    private final Cgroup cgroup;
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong inodes = new AtomicLong();
    private volatile long byteLimit;
    private volatile long inodeLimit;

    Quota(Cgroup cgroup, long byteLimit, long inodeLimit) {
        this.cgroup = cgroup;
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

    /** @param textBytes what the inode keeps of text, beside the usual */
    void takeInode(long textBytes) {
        if (inodes.incrementAndGet() > inodeLimit) {
            inodes.decrementAndGet();
            throw ErrnoException.of(Errno.ENOSPC);
        }
        if (!cgroup.tryCharge(Charge.INODE, 1)) {
            inodes.decrementAndGet();
            throw ErrnoException.of(Errno.ENOSPC);
        }
        if (!takeBytes(textBytes)) {
            giveInode(0);
            throw ErrnoException.of(Errno.ENOSPC);
        }
    }

    void giveInode(long textBytes) {
        inodes.decrementAndGet();
        cgroup.uncharge(Charge.INODE, 1);
        giveBytes(textBytes);
    }

    Cgroup payer() {
        return cgroup;
    }

    boolean takeBytes(long count) {
        return cgroup.tryCharge(Charge.INODE_BYTE, count);
    }

    void giveBytes(long count) {
        cgroup.uncharge(Charge.INODE_BYTE, count);
    }

    // ---- hand-over

    void save(StateRecord record) {
        record.putCore("cgroup", cgroup).put("byteLimit", byteLimit).put("inodeLimit", inodeLimit)
                .put("bytesUsed", bytes.get()).put("inodesUsed", inodes.get());
    }

    static Quota adopt(StateRecord record) {
        Quota quota = new Quota(record.requireCore("cgroup", Cgroup.class), record.getLong("byteLimit", Long.MAX_VALUE),
                record.getLong("inodeLimit", Long.MAX_VALUE));
        quota.bytes.set(record.requireLong("bytesUsed"));
        quota.inodes.set(record.requireLong("inodesUsed"));
        return quota;
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
