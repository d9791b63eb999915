// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.state.StateRecord;

/**
 * Bytes on their way, each at a position that counts from the first one ever: a ring of frames, nothing before the first byte, that
 * grows with what is on its way. Who uses it knows which positions hold something; it copies to and from others at any time, also
 * while the ring is exchanged for a larger one, with the same bytes, or given back.
 */
final class ByteRing {

    private static final Place NOWHERE = new Place(0, 0);
    /** Two directions of many idle connections cost a page each. */
    private static final int FIRST_SIZE = SocketMemory.PAGE;

    /**
     * @param offset of its frames
     * @param size in bytes: 0, or a power of two, a page at least
     */
    record Place(long offset, int size) {

        int index(long position) {
            return (int) position & size - 1;
        }

        /** Bytes that follow each other from {@code position} on. */
        int run(long position) {
            return size - index(position);
        }
    }

    private final SocketMemory memory;
    private final Cgroup cgroup;
    private volatile Place place = NOWHERE;

    ByteRing(SocketMemory memory, Cgroup cgroup) {
        this.memory = memory;
        this.cgroup = cgroup;
    }

    /** The frames pass to it. */
    ByteRing(SocketMemory memory, Cgroup cgroup, StateRecord record) {
        this(memory, cgroup);
        int size = record.getInt("ringSize", 0);
        if (size != 0 && (size < FIRST_SIZE || (size & size - 1) != 0)) {
            throw record.refuse("ringSize", "no power of two");
        }
        if (size != 0) {
            place = new Place(record.requireLong("ringOffset"), size);
        }
    }

    void save(StateRecord record) {
        Place now = place;
        record.put("ringSize", now.size).put("ringOffset", now.offset);
    }

    int size() {
        return place.size;
    }

    // ---- growing and giving back

    /**
     * A larger place. No mutex is held.
     *
     * @param needed bytes that it has to hold
     * @return null when there is no memory for it, or the container may not have more
     */
    Place larger(int needed) {
        int size = Math.max(size(), FIRST_SIZE);
        while (size < needed) {
            size <<= 1;
        }
        if (!cgroup.tryCharge(Charge.SOCKET_BYTE, size)) {
            return null;
        }
        long offset = memory.take(cgroup, size);
        if (offset == SocketMemory.NONE) {
            cgroup.uncharge(Charge.SOCKET_BYTE, size);
            return null;
        }
        return new Place(offset, size);
    }

    /** Copies the bytes from {@code head} to {@code tail} there, which do not change meanwhile. */
    void copy(Place fresh, long head, long tail) {
        Place now = place;
        for (long p = head; p < tail && now.size != 0;) {
            int n = (int) Math.min(tail - p, Math.min(now.run(p), fresh.run(p)));
            memory.copy(address(now, p), address(fresh, p), n);
            p += n;
        }
    }

    /** From now on the bytes lie there. */
    void move(Place fresh) {
        Place before = place;
        place = fresh;
        giveBack(before);
    }

    /** Of {@link #larger}, when it is not wanted any more. */
    void giveBack(Place unused) {
        if (unused.size != 0) {
            memory.give(unused.offset, unused.size);
            cgroup.uncharge(Charge.SOCKET_BYTE, unused.size);
        }
    }

    /** Nothing is on its way any more. */
    void clear() {
        move(NOWHERE);
    }

    private long address(Place at, long position) {
        return memory.address(at.offset + at.index(position));
    }

    // ---- copying

    /** Takes up to {@code count} bytes for {@code position} and those after it: the count, or an error when none was taken. */
    long fill(long position, IoBuffer source, int count) {
        int done = 0;
        while (done < count) {
            long from = source.span();
            // Only now: a fault may have lasted.
            Place now = place;
            if (from < 0 || now.size == 0) {
                return done > 0 ? done : Math.min(from, 0);
            }
            long p = position + done;
            int n = (int) Math.min(Math.min(count - done, now.run(p)), source.spanLength());
            memory.copy(from, address(now, p), n);
            source.advance(n);
            done += n;
        }
        return done;
    }

    /** Copies up to {@code count} bytes from {@code position} on: the count, or an error when none was copied. */
    long drain(long position, IoBuffer target, int count) {
        int done = 0;
        while (done < count) {
            long to = target.span();
            Place now = place;
            if (to < 0 || now.size == 0) {
                return done > 0 ? done : Math.min(to, 0);
            }
            long p = position + done;
            int n = (int) Math.min(Math.min(count - done, now.run(p)), target.spanLength());
            memory.copy(address(now, p), to, n);
            target.advance(n);
            done += n;
        }
        return done;
    }

    void put(long position, byte[] source, int length) {
        Place now = place;
        for (int done = 0; done < length;) {
            int n = Math.min(length - done, now.run(position + done));
            memory.copyOut(source, done, n, address(now, position + done));
            done += n;
        }
    }

    void get(long position, byte[] target, int length) {
        Place now = place;
        for (int done = 0; done < length;) {
            int n = Math.min(length - done, now.run(position + done));
            memory.copyIn(address(now, position + done), target, done, n);
            done += n;
        }
    }
}
