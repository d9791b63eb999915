// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.IovecLayout;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.mm.IoBuffer;

/** A task's buffer in application memory: one range or an iovec, whose elements are copied in once. */
final class TaskBuffer implements IoBuffer {

    /** IOV_MAX */
    private static final int MAX_ELEMENTS = 1024;
    /** MAX_RW_COUNT: what one call moves at most. */
    private static final long MAX_BYTES = Integer.MAX_VALUE & -Pte.PAGE;

    /**
     * How far a span is looked for. Whoever takes a page of it at a time has it looked for anew each time: without this limit a
     * long copy would cost the square of its length.
     */
    static final long MAX_SPAN = 256 * 1024;
    /** After so many bytes a long copy looks whether its task is to end. */
    private static final long STEP = 1 << 20;

    private final TaskMemory memory;
    private final HostKernel host;

    private boolean toUser;
    /** Of the current element: where it goes on, and what is left. */
    private long address;
    private long elementLeft;
    private long remaining;
    private long spanLength;
    /** With fewer bytes than these remaining it is time to look. */
    private long lookBelow;

    /** Base and length alternate; elements after the current one are {@code [next, count)}. */
    private long[] elements;
    private byte[] raw;
    private int next;
    private int count;

    private long markedAddress;
    private long markedLeft;
    private long markedRemaining;
    private int markedNext;

    TaskBuffer(TaskMemory memory, HostKernel host) {
        this.memory = memory;
        this.host = host;
    }

    TaskBuffer range(long start, long length, boolean writes) {
        if (length < 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        checkRange(start, length);
        toUser = writes;
        address = start;
        remaining = Math.min(length, MAX_BYTES);
        lookBelow = remaining - STEP;
        elementLeft = remaining;
        next = 0;
        count = 0;
        return this;
    }

    TaskBuffer vector(long iovec, int number, boolean writes) {
        if (number < 0 || number > MAX_ELEMENTS) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        copyElements(iovec, number);
        toUser = writes;
        address = 0;
        elementLeft = 0;
        next = 0;
        count = number;
        long total = 0;
        for (int i = 0; i < number; i++) {
            long length = elements[2 * i + 1];
            if (length < 0 || total + length < 0) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            checkRange(elements[2 * i], length);
            total += length;
        }
        remaining = Math.min(total, MAX_BYTES);
        lookBelow = remaining - STEP;
        return this;
    }

    /** The kernel's access_ok: only ranges below the end of user memory are looked at page by page. */
    private void checkRange(long start, long length) {
        if (length > 0 && (start < 0 || start > memory.maxAddress() - Math.min(length, memory.maxAddress()))) {
            throw ErrnoException.of(Errno.EFAULT);
        }
    }

    private void copyElements(long iovec, int number) {
        if (elements == null || elements.length < 2 * number) {
            int room = Math.max(16, Integer.highestOneBit(Math.max(1, number)) * 2);
            elements = new long[2 * room];
            raw = new byte[room * IovecLayout.SIZE];
        }
        memory.copyIn(iovec, raw, 0, number * IovecLayout.SIZE);
        for (int i = 0; i < number; i++) {
            elements[2 * i] = IovecLayout.base(raw, i * IovecLayout.SIZE);
            elements[2 * i + 1] = IovecLayout.len(raw, i * IovecLayout.SIZE);
        }
    }

    @Override
    public long remaining() {
        return remaining;
    }

    @Override
    public long span() {
        if (remaining < lookBelow) {
            lookBelow = remaining - STEP;
            if (memory.endsSoon()) {
                spanLength = 0;
                return -Errno.EINTR;
            }
        }
        while (elementLeft == 0 && next < count) {
            address = elements[2 * next];
            elementLeft = elements[2 * next + 1];
            next++;
        }
        long limit = Math.min(elementLeft, remaining);
        if (limit == 0) {
            spanLength = 0;
            return -Errno.EFAULT;
        }
        long most = Math.min(limit, MAX_SPAN);
        long found = toUser ? memory.translateToWrite(address, most, limit - 1) : memory.translate(address, false, limit - 1);
        spanLength = found < 0 ? 0 : memory.contiguous(address, most, toUser);
        return found;
    }

    @Override
    public long spanLength() {
        return spanLength;
    }

    @Override
    public void advance(long bytes) {
        if (bytes < 0 || bytes > spanLength) {
            throw new IllegalArgumentException(bytes + " of " + spanLength);
        }
        address += bytes;
        elementLeft -= bytes;
        remaining -= bytes;
        spanLength -= bytes;
        memory.letGo();
    }

    @Override
    public boolean mark() {
        markedAddress = address;
        markedLeft = elementLeft;
        markedRemaining = remaining;
        markedNext = next;
        return true;
    }

    @Override
    public void goBack() {
        address = markedAddress;
        elementLeft = markedLeft;
        remaining = markedRemaining;
        next = markedNext;
        spanLength = 0;
    }

    @Override
    public long put(byte[] source, int offset, int length) {
        int done = 0;
        while (done < length) {
            long to = span();
            if (to < 0) {
                return done > 0 ? done : to;
            }
            int n = (int) Math.min(length - done, spanLength);
            host.copyOut(source, offset + done, n, to);
            advance(n);
            done += n;
        }
        return done;
    }

    @Override
    public long get(byte[] target, int offset, int length) {
        int wanted = (int) Math.min(length, remaining);
        int done = 0;
        while (done < wanted) {
            long from = span();
            if (from < 0) {
                return done > 0 ? done : from;
            }
            int n = (int) Math.min(wanted - done, spanLength);
            host.copyIn(from, target, offset + done, n);
            advance(n);
            done += n;
        }
        return done;
    }
}
