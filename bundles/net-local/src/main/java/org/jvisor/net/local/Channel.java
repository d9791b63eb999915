// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import java.util.ArrayDeque;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.net.Socket;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.wait.WaitQueue;

/**
 * One direction between two connected sockets: a bounded ring of bytes, in which ends of records (for SOCK_SEQPACKET) and
 * attached descriptors and credentials keep their places. Its memory is charged to a container, as it is taken: nothing before the
 * first byte. Any thread; guarded by its monitor.
 */
final class Channel implements Stateful {

    private static final int FIRST_CAPACITY = 4096;
    private static final byte[] NOTHING = {};
    /** What a mark takes beside the descriptors' list, about. */
    private static final int MARK_BYTES = 96;
    /** A channel has at most one mark for so many bytes of its limit, and one more. */
    private static final int BYTES_PER_MARK = 256;

    /** What belongs to the bytes from {@code start} on, up to the next mark: one record, or what one sendmsg(2) attached. */
    private static final class Mark {
        final long start;
        long end;
        final FileDescription[] files;
        final boolean hasCredentials;
        final int pid;
        final int uid;
        final int gid;
        /** Bytes charged for this mark. */
        final long cost;

        Mark(long start, Socket.Message message) {
            this.start = start;
            files = message == null ? null : message.files;
            hasCredentials = message != null && message.hasCredentials;
            pid = hasCredentials ? message.pid : 0;
            uid = hasCredentials ? message.uid : 0;
            gid = hasCredentials ? message.gid : 0;
            cost = cost(message);
        }

        Mark(StateRecord record) {
            start = record.requireLong("start");
            end = record.requireLong("end");
            files = AttachedFiles.adopt(record);
            hasCredentials = record.getBoolean("hasCredentials", false);
            pid = record.getInt("pid", 0);
            uid = record.getInt("uid", 0);
            gid = record.getInt("gid", 0);
            cost = record.requireLong("cost");
        }

        void save(StateRecord record) {
            record.put("start", start).put("end", end).put("hasCredentials", hasCredentials)
                    .put("pid", pid).put("uid", uid).put("gid", gid).put("cost", cost);
            AttachedFiles.save(files, record);
        }

        /** What it is charged with; the descriptors' list is at most as long as SCM_MAX_FD allows. */
        static long cost(Socket.Message message) {
            return MARK_BYTES + (message == null || message.files == null ? 0 : 16 + 8L * message.files.length);
        }
    }

    private final boolean records;
    private final WaitQueue readers;
    private final WaitQueue writers;
    private final Cgroup cgroup;
    private byte[] ring = NOTHING;
    private int limit;
    /** Positions of the next byte to read and to write since the beginning. */
    private long head;
    private long tail;
    private final ArrayDeque<Mark> marks = new ArrayDeque<>();
    /** No more will be written. */
    private boolean ended;
    /** Nobody will read: writes fail with EPIPE. */
    private boolean broken;
    /** What the next read fails with, once: ECONNRESET. */
    private int error;

    /**
     * @param cgroup what the memory is charged to
     * @param readers who waits for bytes
     * @param writers who waits for room
     */
    Channel(Cgroup cgroup, boolean records, int limit, WaitQueue readers, WaitQueue writers) {
        this.cgroup = cgroup;
        this.records = records;
        this.limit = limit;
        this.readers = readers;
        this.writers = writers;
    }

    /** The ring passes to it, with what it and the marks were charged. */
    Channel(StateRecord record) {
        cgroup = record.requireCore("cgroup", Cgroup.class);
        records = record.getBoolean("records", false);
        readers = record.requireCore("readers", WaitQueue.class);
        writers = record.requireCore("writers", WaitQueue.class);
        ring = record.getBytes("ring");
        limit = record.requireInt("limit");
        head = record.requireLong("head");
        tail = record.requireLong("tail");
        ended = record.getBoolean("ended", false);
        broken = record.getBoolean("broken", false);
        error = record.getInt("error", 0);
        record.items("marks").forEach(item -> marks.add(new Mark(item)));
        if (ring == null || (ring.length & ring.length - 1) != 0 || tail < head || tail - head > ring.length) {
            throw record.refuse("ring", "does not hold the bytes from " + head + " to " + tail);
        }
    }

    @Override
    public synchronized StateRecord save() {
        StateRecord record = new StateRecord(LocalSockets.CHANNEL, 1).putCore("cgroup", cgroup).put("records", records)
                .putCore("readers", readers).putCore("writers", writers).put("ring", ring).put("limit", limit)
                .put("head", head).put("tail", tail).put("ended", ended).put("broken", broken).put("error", error)
                .putList("marks");
        marks.forEach(mark -> mark.save(record.add("marks")));
        return record;
    }

    synchronized void setLimit(int bytes) {
        limit = bytes;
    }

    /** Takes what fits (all or nothing for records): the count, -EAGAIN, -EPIPE, -EMSGSIZE, -ENOBUFS or -EFAULT. */
    long write(IoBuffer source, Socket.Message message) {
        long moved;
        synchronized (this) {
            if (broken || ended) {
                return -Errno.EPIPE;
            }
            long wanted = source.remaining();
            int room = limit - (int) (tail - head);
            if (records) {
                if (wanted > limit) {
                    return -Errno.EMSGSIZE;
                }
                if (room < wanted || crowded()) {
                    return -Errno.EAGAIN;
                }
            } else if (wanted == 0) {
                return 0;
            } else if (room <= 0 || crowded()) {
                return -Errno.EAGAIN;
            }
            int count = grow((int) Math.min(wanted, room));
            if (count < 0) {
                return count;
            }
            boolean attached = message != null && (message.files != null || message.hasCredentials);
            boolean marked = records || attached || !marks.isEmpty() && isSpecial(marks.peekLast());
            long cost = attached ? Mark.cost(message) : MARK_BYTES;
            if (marked && !cgroup.tryCharge(Charge.SOCKET_BYTE, cost)) {
                return -Errno.ENOBUFS;
            }
            moved = fill(source, count);
            if (moved < 0) {
                if (marked) {
                    cgroup.uncharge(Charge.SOCKET_BYTE, cost);
                }
                return moved;
            }
            if (marked) {
                // Bytes without attachments after such with some are a stretch of their own, so that a read stops between them.
                Mark mark = new Mark(tail, attached ? message : null);
                mark.end = tail + moved;
                marks.add(mark);
            } else if (!marks.isEmpty()) {
                marks.peekLast().end = tail + moved;
            }
            tail += moved;
        }
        readers.wake(Poll.POLLIN | Poll.POLLRDNORM);
        return moved;
    }

    private static boolean isSpecial(Mark mark) {
        return mark.files != null || mark.hasCredentials;
    }

    /** Too many marks: bytes sent one by one with credentials must not take many times the memory that they are counted with. */
    private boolean crowded() {
        return marks.size() > limit / BYTES_PER_MARK;
    }

    /**
     * Makes room for {@code count} more bytes: how many there is room for, or -ENOBUFS. When the container may not have more memory,
     * a stream gets along with the ring that it has, which is its limit from then on; so poll(2) and write(2) agree about room.
     */
    private int grow(int count) {
        int used = (int) (tail - head);
        int needed = used + count;
        if (needed <= ring.length) {
            return count;
        }
        int size = Math.max(ring.length, FIRST_CAPACITY);
        while (size < needed) {
            size <<= 1;
        }
        if (!cgroup.tryCharge(Charge.SOCKET_BYTE, size - ring.length)) {
            if (records || ring.length == 0) {
                return -Errno.ENOBUFS;
            }
            limit = ring.length;
            return used < ring.length ? ring.length - used : -Errno.EAGAIN;
        }
        byte[] larger = new byte[size];
        for (long p = head; p < tail;) {
            int from = (int) (p & ring.length - 1);
            int to = (int) (p & size - 1);
            int n = (int) Math.min(tail - p, Math.min(ring.length - from, size - to));
            System.arraycopy(ring, from, larger, to, n);
            p += n;
        }
        ring = larger;
        return count;
    }

    private long fill(IoBuffer source, int count) {
        long done = 0;
        while (done < count) {
            int at = (int) (tail + done & ring.length - 1);
            int n = (int) Math.min(count - done, ring.length - at);
            long moved = source.get(ring, at, n);
            if (moved <= 0) {
                return records || done == 0 ? moved < 0 ? moved : done : done;
            }
            done += moved;
            if (moved < n) {
                return records ? -Errno.EFAULT : done;
            }
        }
        return done;
    }

    /**
     * Reads into {@code target}: the count (for records with what did not fit cut off and {@code message.fullLength} set), 0 at
     * the end, -EAGAIN, or an errno.
     *
     * @param passCredentials whether a read stops where the sender changes
     */
    long read(IoBuffer target, Socket.Message message, boolean peek, boolean passCredentials) {
        long moved;
        FileDescription[] dropped = null;
        synchronized (this) {
            if (error != 0) {
                int e = error;
                error = 0;
                return -e;
            }
            if (head == tail && (!records || marks.isEmpty())) {
                return ended ? 0 : -Errno.EAGAIN;
            }
            long end = tail;
            Mark mark = marks.peekFirst();
            if (mark != null) {
                if (mark.start > head) {
                    end = mark.start;
                    mark = null;
                } else {
                    end = mark.end;
                    if (!records && mark.files == null && !passCredentials) {
                        end = stretch(mark);
                    }
                }
            }
            int count = (int) Math.min(end - head, target.remaining());
            moved = drain(target, count);
            if (moved < 0) {
                return moved;
            }
            if (mark != null) {
                if (message != null) {
                    message.hasCredentials = mark.hasCredentials;
                    message.pid = mark.pid;
                    message.uid = mark.uid;
                    message.gid = mark.gid;
                    message.fullLength = mark.end - head;
                    if (mark.files != null && head == mark.start) {
                        message.files = mark.files;
                        if (peek) {
                            for (FileDescription file : mark.files) {
                                file.retain();
                            }
                        }
                    }
                } else if (!peek) {
                    dropped = mark.files;
                }
            } else if (message != null) {
                message.fullLength = moved;
            }
            if (!peek) {
                head = records ? end : head + moved;
                dropMarks(mark);
            }
        }
        if (dropped != null) {
            for (FileDescription file : dropped) {
                file.release(null);
            }
        }
        if (!peek) {
            writers.wake(Poll.POLLOUT | Poll.POLLWRNORM);
        }
        return moved;
    }

    /** Joins what was sent without descriptors by one sender, since nobody asks for credentials. */
    private long stretch(Mark first) {
        long end = first.end;
        for (Mark mark : marks) {
            if (mark != first) {
                if (mark.files != null || mark.start != end) {
                    break;
                }
                end = mark.end;
            }
        }
        return end == marks.peekLast().end ? tail : end;
    }

    private void dropMarks(Mark current) {
        while (!marks.isEmpty() && marks.peekFirst().end <= head && (!records || marks.peekFirst() == current)) {
            cgroup.uncharge(Charge.SOCKET_BYTE, marks.removeFirst().cost);
        }
        Mark first = marks.peekFirst();
        if (!records && first != null && first == current && first.files != null) {
            // The descriptors went with the first read, and their references with them, even if it took no byte.
            Mark rest = new Mark(head, null);
            rest.end = first.end;
            marks.removeFirst();
            cgroup.uncharge(Charge.SOCKET_BYTE, first.cost - rest.cost);
            marks.addFirst(rest);
        }
    }

    private long drain(IoBuffer target, int count) {
        long done = 0;
        while (done < count) {
            int at = (int) (head + done & ring.length - 1);
            int n = (int) Math.min(count - done, ring.length - at);
            long moved = target.put(ring, at, n);
            if (moved <= 0) {
                return done == 0 && moved < 0 ? moved : done;
            }
            done += moved;
            if (moved < n) {
                break;
            }
        }
        return done;
    }

    /** The writing side is done: readers see the end after the last byte. */
    void end() {
        synchronized (this) {
            ended = true;
        }
        readers.wake(Poll.POLLIN | Poll.POLLRDNORM | Poll.POLLRDHUP | Poll.POLLHUP);
        writers.wake(Poll.POLLOUT | Poll.POLLHUP);
    }

    /** The reading side is gone: what is left is dropped and writes fail; whether something was left. */
    boolean breakOff() {
        Mark[] left;
        boolean unread;
        synchronized (this) {
            unread = head != tail || records && !marks.isEmpty();
            broken = true;
            head = tail;
            left = marks.toArray(new Mark[0]);
            marks.clear();
            long charged = ring.length;
            for (Mark mark : left) {
                charged += mark.cost;
            }
            // Nobody reads or writes here any more.
            ring = NOTHING;
            cgroup.uncharge(Charge.SOCKET_BYTE, charged);
        }
        for (Mark mark : left) {
            if (mark.files != null) {
                for (FileDescription file : mark.files) {
                    file.release(null);
                }
            }
        }
        writers.wake(Poll.POLLOUT | Poll.POLLERR | Poll.POLLHUP);
        readers.wake(Poll.POLLIN | Poll.POLLRDHUP | Poll.POLLHUP);
        return unread;
    }

    /** The next read fails with {@code errno}. */
    void fail(int errno) {
        synchronized (this) {
            error = errno;
        }
        readers.wake(Poll.POLLIN | Poll.POLLERR | Poll.POLLHUP);
    }

    synchronized boolean readable() {
        return head != tail || ended || error != 0 || records && !marks.isEmpty();
    }

    synchronized boolean writable() {
        // Linux reports room when at least a third of the buffer is free, so that writers do not wake for crumbs.
        return broken || ended || (tail - head) * 3 <= limit * 2L && !crowded();
    }

    synchronized boolean ended() {
        return ended;
    }

    synchronized boolean broken() {
        return broken;
    }

    synchronized int available() {
        Mark first = marks.peekFirst();
        return (int) (records ? first == null ? 0 : first.end - first.start : tail - head);
    }

    synchronized int takeError() {
        int e = error;
        error = 0;
        return e;
    }

    synchronized boolean hasError() {
        return error != 0;
    }
}
