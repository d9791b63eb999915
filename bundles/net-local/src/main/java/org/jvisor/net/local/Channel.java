// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import java.util.List;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.net.Flight;
import org.jvisor.api.net.Socket;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.wait.WaitQueue;

/**
 * One direction between two connected sockets: a bounded ring of bytes, in which records (of SOCK_SEQPACKET), and what was sent with
 * descriptors and credentials, keep their borders. Its memory is charged to a container as it is taken: nothing before the first
 * byte. Any thread.
 *
 * <p>Bytes are copied by one writer and one reader at a time, without the lock that guards the rest, since a page may fault: the
 * writer makes room, copies, and then moves the tail on; the reader looks what there is, copies, and then moves the head on.
 */
final class Channel implements Stateful {

    /** A channel has at most one stretch for so many bytes of its limit, and one more. */
    private static final int BYTES_PER_STRETCH = 256;

    private final boolean records;
    private final WaitQueue readers;
    private final WaitQueue writers;
    private final Cgroup cgroup;
    private final ByteRing ring;

    private final KillableLock writing = new KillableLock(LockRank.SOCKET_TRANSFER);
    /** Whether there were stretches when the writer looked; the writer's. */
    private boolean divided;
    private final KillableLock reading = new KillableLock(LockRank.SOCKET_TRANSFER);
    /** Guards what follows. */
    private final Mutex lock = new Mutex(LockRank.SOCKET_BUFFER);
    private int limit;
    /** Position of the next byte to read; changed by the reader. */
    private long head;
    /** Position of the next byte to write; changed by the writer. */
    private long tail;
    private final Stretches stretches;
    /** No more will be written. */
    private boolean ended;
    /** Nobody will read: writes fail with EPIPE. */
    private boolean broken;
    /** What the next read fails with, once: ECONNRESET. */
    private int error;
    /** There was such an error. */
    private boolean reset;

    /**
     * @param cgroup what the memory is charged to
     * @param readers who waits for bytes
     * @param writers who waits for room
     */
    Channel(SocketMemory memory, Cgroup cgroup, boolean records, int limit, WaitQueue readers, WaitQueue writers) {
        this.cgroup = cgroup;
        this.records = records;
        this.limit = limit;
        this.readers = readers;
        this.writers = writers;
        ring = new ByteRing(memory, cgroup);
        stretches = new Stretches(cgroup);
    }

    /** The ring passes to it, with what it and the stretches were charged. */
    Channel(SocketMemory memory, StateRecord record) {
        cgroup = record.requireCore("cgroup", Cgroup.class);
        records = record.getBoolean("records", false);
        readers = record.requireCore("readers", WaitQueue.class);
        writers = record.requireCore("writers", WaitQueue.class);
        ring = new ByteRing(memory, cgroup, record);
        limit = record.requireInt("limit");
        head = record.requireLong("head");
        tail = record.requireLong("tail");
        ended = record.getBoolean("ended", false);
        broken = record.getBoolean("broken", false);
        error = record.getInt("error", 0);
        reset = record.getBoolean("reset", false);
        stretches = new Stretches(cgroup, record);
        if (tail < head || tail - head > ring.size()) {
            throw record.refuse("ringSize", "does not hold the bytes from " + head + " to " + tail);
        }
    }

    @Override
    public StateRecord save() {
        try (Mutex _ = lock.take()) {
            StateRecord record = new StateRecord(LocalSockets.CHANNEL, 2).putCore("cgroup", cgroup).put("records", records)
                    .putCore("readers", readers).putCore("writers", writers).put("limit", limit)
                    .put("head", head).put("tail", tail).put("ended", ended).put("broken", broken).put("error", error)
                    .put("reset", reset)                    .putList("stretches");
            ring.save(record);
            stretches.save(record);
            return record;
        }
    }

    /** Whoever waits for room looks again. */
    void setLimit(int bytes) {
        try (Mutex _ = lock.take()) {
            limit = bytes;
        }
        writers.wake(Poll.POLLOUT | Poll.POLLWRNORM);
    }

    // ---- writing

    /**
     * Takes what fits (all or nothing for records): the count, -EAGAIN, -EPIPE, -EMSGSIZE, -ENOBUFS or -EFAULT.
     *
     * @param passage what goes with the first byte, if any is taken; null: nothing
     * @param sender null: nobody asks
     */
    long write(IoBuffer source, Flight.Passage passage, Sender sender) {
        if (!records && source.remaining() == 0) {
            return isShut() ? -Errno.EPIPE : 0;
        }
        long moved;
        try (KillableLock _ = writing.take()) {
            long at = tail;
            int count = makeRoom(source.remaining());
            if (count < 0) {
                return count;
            }
            boolean charged = records || passage != null || sender != null || divided;
            if (charged && !cgroup.tryCharge(Charge.SOCKET_MESSAGE, 1)) {
                return -Errno.ENOBUFS;
            }
            boolean kept = false;
            try {
                moved = ring.fill(at, source, count);
                if (records && moved >= 0 && moved < count) {
                    moved = -Errno.EFAULT;
                }
                if (moved >= 0) {
                    try (Mutex _ = lock.take()) {
                        if (broken) {
                            return -Errno.EPIPE;
                        }
                        kept = enter(moved, passage, sender);
                    }
                }
            } finally {
                if (charged && !kept) {
                    cgroup.uncharge(Charge.SOCKET_MESSAGE, 1);
                }
            }
        }
        if (moved >= 0) {
            readers.wake(Poll.POLLIN | Poll.POLLRDNORM);
        }
        return moved;
    }

    private boolean isShut() {
        try (Mutex _ = lock.take()) {
            return broken || ended;
        }
    }

    /** Too many: bytes sent one by one by different senders must not take many times the memory that they are counted with. */
    private boolean crowded() {
        return stretches.count() > limit / BYTES_PER_STRETCH;
    }

    /** How many bytes of {@code wanted} there is room for now in the ring, or an errno. By the writer. */
    private int makeRoom(long wanted) {
        int count;
        int used;
        long oldest;
        try (Mutex _ = lock.take()) {
            if (broken || ended) {
                return -Errno.EPIPE;
            }
            if (records && wanted > limit - LocalSocket.RESERVED) {
                return -Errno.EMSGSIZE;
            }
            used = (int) (tail - head);
            int room = limit - used;
            if ((records ? room < wanted : room <= 0) || crowded()) {
                return -Errno.EAGAIN;
            }
            count = (int) Math.min(wanted, room);
            oldest = head;
            divided = !stretches.isEmpty();
        }
        if (used + count <= ring.size()) {
            return count;
        }
        ByteRing.Place larger = ring.larger(used + count);
        if (larger != null) {
            ring.copy(larger, oldest, tail);
        }
        try (Mutex _ = lock.take()) {
            if (larger == null) {
                return getAlong(count);
            }
            if (broken) {
                ring.giveBack(larger);
                return -Errno.EPIPE;
            }
            ring.move(larger);
            return count;
        }
    }

    /**
     * There may be no larger ring: a stream gets along with the one that it has, which is its limit from then on; so poll(2) and
     * write(2) agree about room.
     */
    private int getAlong(int count) {
        if (records || ring.size() == 0) {
            return broken ? -Errno.EPIPE : -Errno.ENOBUFS;
        }
        limit = ring.size();
        int room = limit - (int) (tail - head);
        return room > 0 ? Math.min(count, room) : -Errno.EAGAIN;
    }

    /** {@code moved} more bytes can be read; whether they are a stretch of their own. */
    private boolean enter(long moved, Flight.Passage passage, Sender sender) {
        long start = tail;
        tail += moved;
        if (records) {
            stretches.add(start, tail, passage, sender);
            return true;
        }
        return stretches.join(start, tail, passage, sender);
    }

    // ---- reading

    /**
     * Reads into {@code target}: the count (for records with what did not fit cut off and {@code message.fullLength} set), 0 at
     * the end, -EAGAIN, or an errno. A read of a stream ends with the bytes that descriptions came with.
     *
     * @param message null: nobody wants what came with the bytes
     * @param passCredentials whether a read ends where the sender changes
     */
    long read(IoBuffer target, Socket.Message message, boolean peek, boolean passCredentials) {
        long moved;
        Flight.Passage dropped = null;
        try (KillableLock _ = reading.take()) {
            long from;
            long end;
            Stretches.Stretch first;
            Stretches.Stretch carrying;
            try (Mutex _ = lock.take()) {
                if (isEmpty()) {
                    int e = error; // what has come before it is read first
                    error = 0;
                    return e != 0 ? -e : ended ? 0 : -Errno.EAGAIN;
                }
                from = head;
                first = stretches.at(from);
                Sender before = Sender.named(message);
                if (passCredentials && before != null && !before.equals(Sender.orUnknown(first == null ? null : first.sender))) {
                    return 0; // the call has read bytes of another sender
                }
                carrying = records ? first : stretches.carrying(from, passCredentials);
                end = carrying != null ? carrying.end : passCredentials ? stretches.endOfSender(from, tail) : tail;
            }
            int count = (int) Math.min(end - from, target.remaining());
            moved = ring.drain(from, target, count);
            if (moved < 0 && !records) {
                return moved;
            }
            boolean whole = moved == count;
            try (Mutex _ = lock.take()) {
                if (!broken) {
                    Flight.Passage passage = carrying != null && (carrying.start <= from || carrying.start < from + moved)
                            ? carrying.passage : null;
                    if (message != null && whole | !records) {
                        Sender.tell(Sender.orUnknown(first == null ? null : first.sender), message);
                        message.fullLength = records ? end - from : moved;
                        if (passage != null) {
                            message.files = peek ? again(passage) : passage.arrive();
                        }
                    } else {
                        dropped = peek ? null : passage;
                    }
                    if (!peek) {
                        if (passage != null) {
                            carrying.passage = null;
                        }
                        consume(records ? end : from + moved);
                    }
                }
            }
            if (!whole && records) {
                moved = -Errno.EFAULT; // the record is gone, as on Linux
            }
        }
        if (dropped != null) {
            dropped.drop();
        }
        if (!peek) {
            writers.wake(Poll.POLLOUT | Poll.POLLWRNORM);
        }
        return moved;
    }

    private boolean isEmpty() {
        return head == tail && (!records || stretches.isEmpty());
    }

    /** For MSG_PEEK: with references of the caller's. */
    static FileDescription[] again(Flight.Passage passage) {
        FileDescription[] files = passage.files().clone();
        for (FileDescription file : files) {
            file.retain();
        }
        return files;
    }

    private void consume(long end) {
        head = end;
        if (records) {
            stretches.removeFirst();
        } else {
            stretches.removeBefore(end);
        }
    }

    // ---- ends

    /** The writing side is done: readers see the end after the last byte. */
    void end() {
        try (Mutex _ = lock.take()) {
            ended = true;
        }
        readers.wake(Poll.POLLIN | Poll.POLLRDNORM | Poll.POLLRDHUP | Poll.POLLHUP);
        writers.wake(Poll.POLLOUT | Poll.POLLHUP);
    }

    /** The reading side is gone: what is left is dropped and writes fail; whether something was left. */
    boolean breakOff() {
        List<Flight.Passage> carried;
        boolean unread;
        try (Mutex _ = lock.take()) {
            unread = !isEmpty();
            broken = true;
            head = tail;
            carried = stretches.takeCarried();
            stretches.clear();
            ring.clear();
        }
        carried.forEach(Flight.Passage::drop);
        writers.wake(Poll.POLLOUT | Poll.POLLERR | Poll.POLLHUP);
        readers.wake(Poll.POLLIN | Poll.POLLRDHUP | Poll.POLLHUP);
        return unread;
    }

    /** Drops the descriptions on their way, which nobody can receive. */
    void dropCarried() {
        List<Flight.Passage> carried;
        try (Mutex _ = lock.take()) {
            carried = stretches.takeCarried();
        }
        carried.forEach(Flight.Passage::drop);
    }

    /** The connection is broken off: the next read fails with {@code errno}. */
    void fail(int errno) {
        try (Mutex _ = lock.take()) {
            error = errno;
            reset = true;
        }
        readers.wake(Poll.POLLIN | Poll.POLLERR | Poll.POLLHUP);
    }

    /** The connection is broken off, and no read is told so; whether it was not before. */
    boolean breaksOff() {
        try (Mutex _ = lock.take()) {
            boolean first = !reset;
            reset = true;
            return first;
        }
    }

    // ---- what poll(2) asks

    /** What is true of the reading end. POLLHUP: the other side has broken the connection off. */
    int readerEvents() {
        try (Mutex _ = lock.take()) {
            int events = !isEmpty() || ended || error != 0 ? Poll.POLLIN | Poll.POLLRDNORM : 0;
            events |= (error != 0 ? Poll.POLLERR : 0) | (reset ? Poll.POLLHUP : 0);
            return ended ? events | Poll.POLLRDHUP : events;
        }
    }

    /** What is true of the writing end. POLLHUP: it has ended; POLLERR: nobody will read. */
    int writerEvents() {
        try (Mutex _ = lock.take()) {
            // Linux reports room when at least a third of the buffer is free, so that writers do not wake for crumbs.
            boolean room = broken || ended || (tail - head) * 3 <= limit * 2L && !crowded();
            return (room ? Poll.POLLOUT | Poll.POLLWRNORM : 0) | (ended ? Poll.POLLHUP : 0) | (broken ? Poll.POLLERR : 0);
        }
    }

    int available() {
        try (Mutex _ = lock.take()) {
            Stretches.Stretch first = stretches.first();
            return (int) (records ? first == null ? 0 : first.end - first.start : tail - head);
        }
    }

    int takeError() {
        try (Mutex _ = lock.take()) {
            int e = error;
            error = 0;
            return e;
        }
    }
}
