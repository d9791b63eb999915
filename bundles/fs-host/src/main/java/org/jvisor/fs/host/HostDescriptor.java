// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.host;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.IovecLayout;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.PollfdLayout;
import org.jvisor.api.abi.Splice;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.abi.StatLayout;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;

/**
 * Reads, writes and polls a host descriptor without ever waiting, and without O_NONBLOCK, which would change it for all who
 * share it. RWF_NOWAIT does that where the host's file knows it (preadv2(2)); elsewhere, as for terminals, what poll(2) promised
 * is taken before another task can, which is sure unless another process of the host takes it in between. Any thread; allocates
 * nothing.
 */
final class HostDescriptor implements Stateful {

    /** What a pipe or terminal that polls as writable takes without waiting. */
    private static final int SAFE_WRITE = 256;
    private static final int READ_IOV = 0;
    private static final int WRITE_IOV = READ_IOV + IovecLayout.SIZE;
    private static final int POLLFD = WRITE_IOV + IovecLayout.SIZE;
    private static final int READ_POLLFD = POLLFD + PollfdLayout.SIZE;
    private static final int WRITE_POLLFD = READ_POLLFD + PollfdLayout.SIZE;
    private static final int SCRATCH_BYTES = WRITE_POLLFD + PollfdLayout.SIZE;

    private final HostKernel host;
    private final int fd;
    private final long scratch;

    /** Each guards its part of the scratch; the first two also what poll(2) has promised. */
    private final Mutex readLock = new Mutex(LockRank.LEAF);
    private final Mutex writeLock = new Mutex(LockRank.LEAF);
    private final Mutex pollLock = new Mutex(LockRank.LEAF);

    private volatile boolean readsNoWait = true;
    private volatile boolean writesNoWait = true;

    HostDescriptor(HostKernel host, int fd) {
        this.host = host;
        this.fd = fd;
        scratch = host.allocate(SCRATCH_BYTES);
    }

    /** What {@link #save} wrote. */
    HostDescriptor(StateRecord record, HostKernel host) {
        this(host, record.requireInt("fd"));
        readsNoWait = record.getBoolean("readsNoWait", true);
        writesNoWait = record.getBoolean("writesNoWait", true);
    }

    @Override
    public StateRecord save() {
        return new StateRecord(HostFilesImpl.DESCRIPTOR, HostFilesImpl.SCHEMA).put("fd", fd).put("readsNoWait", readsNoWait)
                .put("writesNoWait", writesNoWait);
    }

    /** The descriptor is another's now. */
    @Override
    public void retire() {
        host.free(scratch);
    }

    @Override
    public void discard() {
        host.free(scratch);
    }

    int fd() {
        return fd;
    }

    void close() {
        host.syscall(SyscallNr.CLOSE, fd);
        host.free(scratch);
    }

    /** For files that are always ready: at the host's position. */
    long readNow(long address, long length) {
        return uninterrupted(SyscallNr.READ, fd, address, length, 0, 0, 0);
    }

    long writeNow(long address, long length) {
        return uninterrupted(SyscallNr.WRITE, fd, address, length, 0, 0, 0);
    }

    long readAt(long address, long length, long offset) {
        return uninterrupted(SyscallNr.PREAD64, fd, address, length, offset, 0, 0);
    }

    long writeAt(long address, long length, long offset) {
        return uninterrupted(SyscallNr.PWRITE64, fd, address, length, offset, 0, 0);
    }

    /** -EAGAIN when it would have to wait. */
    long readNoWait(long address, long length) {
        if (readsNoWait) {
            long result;
            try (Mutex _ = readLock.take()) {
                host.putLong(scratch + READ_IOV + IovecLayout.BASE, address);
                host.putLong(scratch + READ_IOV + IovecLayout.LEN, length);
                result = uninterrupted(SyscallNr.PREADV2, fd, scratch + READ_IOV, 1, -1, -1, Splice.RWF_NOWAIT);
            }
            if (result != -Errno.EOPNOTSUPP) {
                return result;
            }
            readsNoWait = false;
        }
        try (Mutex _ = readLock.take()) {
            int ready = poll(scratch + READ_POLLFD, Poll.POLLIN) & (Poll.POLLIN | Poll.POLLHUP | Poll.POLLERR);
            return ready == 0 ? -Errno.EAGAIN : readNow(address, length);
        }
    }

    long writeNoWait(long address, long length) {
        if (writesNoWait) {
            long result;
            try (Mutex _ = writeLock.take()) {
                host.putLong(scratch + WRITE_IOV + IovecLayout.BASE, address);
                host.putLong(scratch + WRITE_IOV + IovecLayout.LEN, length);
                result = uninterrupted(SyscallNr.PWRITEV2, fd, scratch + WRITE_IOV, 1, -1, -1, Splice.RWF_NOWAIT);
            }
            if (result != -Errno.EOPNOTSUPP) {
                return result;
            }
            writesNoWait = false;
        }
        try (Mutex _ = writeLock.take()) {
            int ready = poll(scratch + WRITE_POLLFD, Poll.POLLOUT) & (Poll.POLLOUT | Poll.POLLERR);
            return ready == 0 ? -Errno.EAGAIN : writeNow(address, Math.min(length, SAFE_WRITE));
        }
    }

    /** Those of {@code events}, POLLERR and POLLHUP that are true now. */
    int poll(int events) {
        try (Mutex _ = pollLock.take()) {
            return poll(scratch + POLLFD, events);
        }
    }

    private int poll(long pollfd, int events) {
        host.putInt(pollfd + PollfdLayout.FD, fd);
        host.putShort(pollfd + PollfdLayout.EVENTS, (short) events);
        host.putShort(pollfd + PollfdLayout.REVENTS, (short) 0);
        long result = uninterrupted(SyscallNr.POLL, pollfd, 1, 0, 0, 0, 0);
        return result < 0 ? Poll.POLLERR : host.getShort(pollfd + PollfdLayout.REVENTS) & 0xffff;
    }

    long seek(long offset, int whence) {
        return host.syscall(SyscallNr.LSEEK, fd, offset, whence);
    }

    /** fstat(2); throws what it fails with. */
    void stat(Stat stat) {
        byte[] b = new byte[StatLayout.SIZE];
        long buffer = host.allocate(StatLayout.SIZE);
        try {
            ErrnoException.check(host.syscall(SyscallNr.FSTAT, fd, buffer));
            host.copyIn(buffer, b, 0, b.length);
        } finally {
            host.free(buffer);
        }
        StatLayout.read(b, 0, stat);
    }

    long size() {
        Stat stat = new Stat();
        stat(stat);
        return stat.size;
    }

    /** ioctl(2) with an argument that the host fills in, as many bytes as {@code into} has. */
    long query(int command, byte[] into) {
        long buffer = host.allocate(into.length);
        try {
            long result = host.syscall(SyscallNr.IOCTL, fd, Integer.toUnsignedLong(command), buffer);
            host.copyIn(buffer, into, 0, into.length);
            return result;
        } finally {
            host.free(buffer);
        }
    }

    long call(int number, long a1, long a2, long a3) {
        return uninterrupted(number, fd, a1, a2, a3, 0, 0);
    }

    private long uninterrupted(int number, long a0, long a1, long a2, long a3, long a4, long a5) {
        long result;
        do {
            result = host.syscall(number, a0, a1, a2, a3, a4, a5);
        } while (result == -Errno.EINTR);
        return result;
    }
}
