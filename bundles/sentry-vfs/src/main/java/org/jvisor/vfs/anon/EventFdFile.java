// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs.anon;

import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.wait.WaitQueue;

/** eventfd(2). Its monitor guards the counter and the scratch. */
public final class EventFdFile implements FileOperations, Restorable {

    private static final int READ_EVENTS = Poll.POLLIN | Poll.POLLRDNORM;
    private static final int WRITE_EVENTS = Poll.POLLOUT | Poll.POLLWRNORM;

    /** The highest count, as an unsigned number: one less than what would be all ones. */
    private static final long MAX_COUNT = -2;

    private final HostKernel host;
    private final boolean semaphore;
    private final WaitQueue queue = new WaitQueue();
    private final byte[] scratch = new byte[Long.BYTES];
    private long count;

    /** @param flags of eventfd2(2); EFD_SEMAPHORE counts here */
    public EventFdFile(HostKernel host, int initial, int flags) {
        this.host = host;
        count = Integer.toUnsignedLong(initial);
        semaphore = (flags & Poll.EFD_SEMAPHORE) != 0;
    }

    @Override
    public long read(Task task, FileDescription file, IoBuffer target, long offset) {
        if (target.remaining() < Long.BYTES) {
            return -Errno.EINVAL;
        }
        long moved;
        synchronized (this) {
            if (count == 0) {
                return -Errno.EAGAIN;
            }
            long value = semaphore ? 1 : count;
            count -= value;
            Bytes.putLong(scratch, 0, value);
            moved = target.put(scratch, 0, Long.BYTES);
        }
        queue.wake(WRITE_EVENTS);
        return moved == Long.BYTES ? moved : -Errno.EFAULT;
    }

    /** A larger buffer's other bytes mean nothing (eventfd(2)). */
    @Override
    public boolean writesAtOnce() {
        return true;
    }

    @Override
    public long write(Task task, FileDescription file, IoBuffer source, long offset) {
        if (source.remaining() < Long.BYTES) {
            return -Errno.EINVAL;
        }
        long address = source.span();
        if (address < 0) {
            return address;
        }
        // The source is left as it is until there is room: the description calls again with the same one.
        boolean whole = source.spanLength() >= Long.BYTES;
        long value;
        synchronized (this) {
            if (whole) {
                value = host.getLong(address);
            } else if (source.get(scratch, 0, Long.BYTES) == Long.BYTES) {
                value = Bytes.getLong(scratch, 0);
            } else {
                return -Errno.EFAULT;
            }
            if (value == -1) {
                return -Errno.EINVAL;
            }
            if (Long.compareUnsigned(value, MAX_COUNT - count) > 0) {
                // A value that lies across two pages cannot be read a second time, so a writer cannot wait with one.
                return whole || (file.flags() & Open.O_NONBLOCK) != 0 ? -Errno.EAGAIN : -Errno.EINVAL;
            }
            count += value;
        }
        if (whole) {
            source.advance(Long.BYTES);
        }
        if (value != 0) {
            queue.wake(READ_EVENTS);
        }
        return Long.BYTES;
    }

    @Override
    public int poll(FileDescription file) {
        long now;
        synchronized (this) {
            now = count;
        }
        int events = now != 0 ? READ_EVENTS : 0;
        return Long.compareUnsigned(now, MAX_COUNT) < 0 ? events | WRITE_EVENTS : events;
    }

    @Override
    public WaitQueue waitQueue() {
        return queue;
    }

    /** What /proc/PID/fdinfo shows. */
    public synchronized long count() {
        return count;
    }

    // ---- Restorable

    @Override
    public synchronized StateRecord save() {
        return new StateRecord("eventfd", 1).put("semaphore", semaphore).put("count", count);
    }

    @Override
    public synchronized void forget() {
        count = 0;
    }

    @Override
    public synchronized void restore(StateRecord record) {
        record.expect("semaphore", semaphore ? 1 : 0);
        count = record.requireLong("count");
    }
}
