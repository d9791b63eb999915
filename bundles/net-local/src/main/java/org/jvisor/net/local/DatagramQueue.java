// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.net.Flight;
import org.jvisor.api.state.StateRecord;

/**
 * Datagrams that have come and are not read yet. The bytes of small ones lie one behind the other in a ring: they pass through a
 * buffer of the calling task, so that no page of an application's is touched while the queue is locked. Larger ones have frames of
 * their own, which are filled before they come and emptied after they have left.
 */
final class DatagramQueue {

    /** What goes through the buffer. */
    static final int SMALL = 4096;
    /** A ring of more bytes than these is given back when there is nothing in it. */
    private static final int KEPT = 4 * SocketMemory.PAGE;

    private final SocketMemory memory;
    private final Cgroup cgroup;
    private final ByteRing ring;
    /** The socket's; guards what follows. */
    private final Mutex lock;
    private final ArrayDeque<Datagram> queued = new ArrayDeque<>(0);
    private int counted;
    /** Positions of the next byte to read, and to write, in the ring. */
    private long head;
    private long tail;
    private boolean closed;

    DatagramQueue(SocketMemory memory, Cgroup cgroup, Mutex lock) {
        this.memory = memory;
        this.cgroup = cgroup;
        this.lock = lock;
        ring = new ByteRing(memory, cgroup);
    }

    /** All that it holds passes to it, with what that was charged. */
    DatagramQueue(SocketMemory memory, Cgroup cgroup, Mutex lock, StateRecord record) {
        this.memory = memory;
        this.cgroup = cgroup;
        this.lock = lock;
        ring = new ByteRing(memory, cgroup, record);
        head = record.getLong("head", 0);
        tail = record.getLong("tail", 0);
        closed = record.getBoolean("closed", false);
        for (StateRecord item : record.items("datagrams")) {
            Datagram datagram = new Datagram(item);
            if (datagram.isInRing() && (datagram.position < head || datagram.position + datagram.length > tail)) {
                throw record.refuse("datagrams", "one is not in the ring");
            }
            queued.add(datagram);
            counted += datagram.counted();
        }
        if (tail < head || tail - head > ring.size()) {
            throw record.refuse("ringSize", "does not hold the bytes from " + head + " to " + tail);
        }
    }

    /** With the lock held. */
    void save(StateRecord record) {
        ring.save(record);
        record.put("head", head).put("tail", tail).put("closed", closed).putList("datagrams");
        queued.forEach(datagram -> datagram.save(record.add("datagrams")));
    }

    // ---- with the lock held

    int count() {
        return queued.size();
    }

    /** Bytes, with what datagrams count beside theirs. */
    int counted() {
        return counted;
    }

    boolean isEmpty() {
        return queued.isEmpty();
    }

    boolean isClosed() {
        return closed;
    }

    Datagram first() {
        return queued.peek();
    }

    // ---- coming

    /**
     * Takes {@code length} bytes of {@code source}, all of them, for a datagram that is about to come. Without the lock.
     *
     * @param buffer where the bytes of one of up to {@link #SMALL} stay until then
     * @return null when there is no memory
     * @throws ErrnoException EFAULT
     */
    Datagram take(IoBuffer source, int length, byte[] buffer) {
        if (length <= SMALL) {
            checkAll(source.get(buffer, 0, length), length);
            return new Datagram(length, SocketMemory.NONE);
        }
        int size = Datagram.size(length);
        if (!cgroup.tryCharge(Charge.SOCKET_BYTE, size)) {
            return null;
        }
        long place = memory.take(cgroup, size);
        if (place == SocketMemory.NONE) {
            cgroup.uncharge(Charge.SOCKET_BYTE, size);
            return null;
        }
        Datagram datagram = new Datagram(length, place);
        boolean whole = false;
        try {
            checkAll(memory.fill(place, source, length), length);
            whole = true;
        } finally {
            if (!whole) {
                free(datagram);
            }
        }
        return datagram;
    }

    private static void checkAll(long moved, int length) {
        if (moved < length) {
            throw ErrnoException.of(moved == -Errno.EINTR ? Errno.EINTR : Errno.EFAULT);
        }
    }

    /** What {@link #take} has taken comes; 0, -ECONNREFUSED or -ENOBUFS. Without the lock. */
    long add(Datagram datagram, byte[] buffer) {
        if (!cgroup.tryCharge(Charge.SOCKET_MESSAGE, 1)) {
            free(datagram);
            return -Errno.ENOBUFS;
        }
        long result = enter(datagram, buffer);
        if (result < 0) {
            cgroup.uncharge(Charge.SOCKET_MESSAGE, 1);
            free(datagram);
        }
        return result;
    }

    private long enter(Datagram datagram, byte[] buffer) {
        ByteRing.Place larger = null;
        while (true) {
            int needed;
            try (Mutex _ = lock.take()) {
                needed = datagram.isInRing() ? (int) (tail - head) + datagram.length : 0;
                if (larger != null && !closed && needed > ring.size() && needed <= larger.size()) {
                    ring.copy(larger, head, tail);
                    ring.move(larger);
                    larger = null;
                }
                if (closed || needed <= ring.size()) {
                    if (larger != null) {
                        ring.giveBack(larger);
                    }
                    if (closed) {
                        return -Errno.ECONNREFUSED;
                    }
                    if (datagram.isInRing()) {
                        datagram.position = tail;
                        ring.put(tail, buffer, datagram.length);
                        tail += datagram.length;
                    }
                    counted += datagram.counted();
                    queued.add(datagram);
                    return 0;
                }
            }
            // Others were quicker, and have filled the larger one by now: each has, at least, sent its datagram.
            if (larger != null) {
                ring.giveBack(larger);
            }
            larger = ring.larger(needed);
            if (larger == null) {
                return -Errno.ENOBUFS;
            }
        }
    }

    // ---- leaving

    /**
     * The first datagram leaves; null when there is none. With the lock held.
     *
     * @param buffer where the bytes of one from the ring go
     */
    Datagram poll(byte[] buffer) {
        Datagram datagram = queued.poll();
        if (datagram != null) {
            counted -= datagram.counted();
            cgroup.uncharge(Charge.SOCKET_MESSAGE, 1);
            if (datagram.isInRing()) {
                ring.get(datagram.position, buffer, datagram.length);
                head = datagram.position + datagram.length;
                if (queued.isEmpty() && ring.size() > KEPT) {
                    ring.clear();
                }
            }
        }
        return datagram;
    }

    /** The first datagram stays; its own frames are the caller's, too, as if it had left. With the lock held. */
    Datagram peek(byte[] buffer) {
        Datagram datagram = queued.peek();
        if (datagram != null) {
            if (datagram.isInRing()) {
                ring.get(datagram.position, buffer, datagram.length);
            } else {
                memory.keep(datagram.place, datagram.size());
                cgroup.charge(Charge.SOCKET_BYTE, datagram.size());
            }
        }
        return datagram;
    }

    /** Copies up to {@code length} bytes of one that has left to {@code target}: the count, or an error. Without the lock. */
    long copy(Datagram datagram, IoBuffer target, int length, byte[] buffer) {
        if (length == 0) {
            return 0;
        }
        return datagram.isInRing() ? target.put(buffer, 0, length) : memory.drain(datagram.place, target, length);
    }

    /** One that has left is not needed any more. */
    void free(Datagram datagram) {
        if (!datagram.isInRing()) {
            memory.give(datagram.place, datagram.size());
            cgroup.uncharge(Charge.SOCKET_BYTE, datagram.size());
        }
    }

    /** Nothing comes any more; what is there goes. Without the lock. */
    void close() {
        List<Datagram> left;
        try (Mutex _ = lock.take()) {
            closed = true;
            left = List.copyOf(queued);
            queued.clear();
            counted = 0;
            head = tail;
            ring.clear();
        }
        cgroup.uncharge(Charge.SOCKET_MESSAGE, left.size());
        for (Datagram datagram : left) {
            free(datagram);
            if (datagram.passage != null) {
                datagram.passage.drop();
            }
        }
    }

    /** Drops the descriptions on their way, which nobody can receive. Without the lock. */
    void dropCarried() {
        List<Flight.Passage> carried = new ArrayList<>();
        try (Mutex _ = lock.take()) {
            for (Datagram datagram : queued) {
                if (datagram.passage != null) {
                    carried.add(datagram.passage);
                    datagram.passage = null;
                }
            }
        }
        carried.forEach(Flight.Passage::drop);
    }
}
