// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs.anon;

import java.util.Locale;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.wait.WaitQueue;

/** eventfd(2). */
public final class EventFdFile implements FileOperations, Restorable {

    private static final int READ_EVENTS = Poll.POLLIN | Poll.POLLRDNORM;
    private static final int WRITE_EVENTS = Poll.POLLOUT | Poll.POLLWRNORM;

    /** The highest count, as an unsigned number: one less than what would be all ones. */
    private static final long MAX_COUNT = -2;

    private final HostKernel host;
    private final boolean semaphore;
    private final WaitQueue queue = new WaitQueue();
    /** Guards the count. */
    private final Mutex mutex = new Mutex(LockRank.DESCRIPTION);
    private long count;

    /** @param flags of eventfd2(2); EFD_SEMAPHORE counts here */
    public EventFdFile(HostKernel host, int initial, int flags) {
        this.host = host;
        count = Integer.toUnsignedLong(initial);
        semaphore = (flags & Poll.EFD_SEMAPHORE) != 0;
    }

    @Override
    public String info(Task reader) {
        try (Mutex _ = mutex.take()) {
            return String.format(Locale.ROOT, "eventfd-count: %16x\neventfd-semaphore: %d\n", count, semaphore ? 1 : 0);
        }
    }

    @Override
    public long read(Task task, FileDescription file, IoBuffer target, long offset) {
        if (target.remaining() < Long.BYTES) {
            return -Errno.EINVAL;
        }
        long value;
        try (Mutex _ = mutex.take()) {
            if (count == 0) {
                return -Errno.EAGAIN;
            }
            value = semaphore ? 1 : count;
            count -= value;
        }
        queue.wake(WRITE_EVENTS);
        return Count.put(host, target, value);
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
        boolean again = whole || source.mark();
        long value;
        if (whole) {
            value = host.getLong(address);
        } else {
            byte[] bytes = new byte[Long.BYTES];
            if (source.get(bytes, 0, Long.BYTES) != Long.BYTES) {
                return -Errno.EFAULT;
            }
            value = Bytes.getLong(bytes, 0);
        }
        if (value == -1) {
            return -Errno.EINVAL;
        }
        if (!add(value)) {
            if (!whole && again) {
                source.goBack();
            }
            return again || (file.flags() & Open.O_NONBLOCK) != 0 ? -Errno.EAGAIN : -Errno.EINVAL;
        }
        if (whole) {
            source.advance(Long.BYTES);
        }
        if (value != 0) {
            queue.wake(READ_EVENTS);
        }
        return Long.BYTES;
    }

    /** Whether there was room. */
    private boolean add(long value) {
        try (Mutex _ = mutex.take()) {
            if (Long.compareUnsigned(value, MAX_COUNT - count) > 0) {
                return false;
            }
            count += value;
            return true;
        }
    }

    @Override
    public int poll(FileDescription file) {
        long now;
        try (Mutex _ = mutex.take()) {
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
    public long count() {
        try (Mutex _ = mutex.take()) {
            return count;
        }
    }

    // ---- Restorable

    @Override
    public StateRecord save() {
        try (Mutex _ = mutex.take()) {
            return new StateRecord("eventfd", 1).put("semaphore", semaphore).put("count", count);
        }
    }

    @Override
    public void forget() {
        try (Mutex _ = mutex.take()) {
            count = 0;
        }
    }

    @Override
    public void restore(StateRecord record) {
        try (Mutex _ = mutex.take()) {
            record.expect("semaphore", semaphore ? 1 : 0);
            count = record.requireLong("count");
        }
    }
}
