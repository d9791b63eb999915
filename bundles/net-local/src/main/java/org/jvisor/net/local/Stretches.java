// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.net.Flight;
import org.jvisor.api.state.StateRecord;

/**
 * Where records, and what was sent with descriptions or by one sender, begin and end among the bytes of a channel. Once there is a
 * stretch, all bytes from its start on are in one. Each is charged while it is here. Guarded by the channel's lock.
 */
final class Stretches {

    /** Bytes that belong together, with the descriptions that go with the first of them. */
    static final class Stretch {
        final long start;
        long end;
        Flight.Passage passage;
        final Sender sender;

        Stretch(long start, long end, Flight.Passage passage, Sender sender) {
            this.start = start;
            this.end = end;
            this.passage = passage;
            this.sender = sender;
        }
    }

    private final Cgroup cgroup;
    private final ArrayDeque<Stretch> all = new ArrayDeque<>(0);

    Stretches(Cgroup cgroup) {
        this.cgroup = cgroup;
    }

    /** They have been charged, and the descriptions pass on. */
    Stretches(Cgroup cgroup, StateRecord record) {
        this(cgroup);
        record.items("stretches").forEach(item -> all.add(new Stretch(item.requireLong("start"), item.requireLong("end"),
                item.core("passage", Flight.Passage.class), Sender.adopt(item))));
    }

    void save(StateRecord record) {
        record.putList("stretches");
        for (Stretch stretch : all) {
            StateRecord item = record.add("stretches").put("start", stretch.start).put("end", stretch.end)
                    .putCore("passage", stretch.passage);
            Sender.save(stretch.sender, item);
        }
    }

    boolean isEmpty() {
        return all.isEmpty();
    }

    int count() {
        return all.size();
    }

    /** Null when there is none. */
    Stretch first() {
        return all.peekFirst();
    }

    /** The one that the byte at {@code position} is in, at the front; null: it is in none. */
    Stretch at(long position) {
        Stretch first = all.peekFirst();
        return first == null || first.start > position ? null : first;
    }

    /** A record, which has been charged. */
    void add(long start, long end, Flight.Passage passage, Sender sender) {
        all.add(new Stretch(start, end, passage, sender));
    }

    /**
     * Bytes of a stream from {@code start} to {@code end}; whether they are a stretch of their own, for which the caller has been
     * charged. They are not if they go with what is before.
     */
    boolean join(long start, long end, Flight.Passage passage, Sender sender) {
        Stretch last = all.peekLast();
        boolean joins = passage == null
                && (last == null ? sender == null : last.passage == null && Objects.equals(last.sender, sender));
        if (!joins) {
            add(start, end, passage, sender);
        } else if (last != null) {
            last.end = end;
        }
        return !joins;
    }

    /** The first one with descriptions that a read from {@code head} on can come to; null: there is none. */
    Stretch carrying(long head, boolean passCredentials) {
        if (all.isEmpty()) {
            return null;
        }
        Stretch first = at(head);
        Sender sender = first == null ? null : first.sender;
        for (Stretch stretch : all) {
            if (passCredentials && !Objects.equals(sender, stretch.sender)) {
                return null;
            }
            if (stretch.passage != null) {
                return stretch;
            }
        }
        return null;
    }

    /** How far the bytes from {@code head} on are of one sender, at most to {@code tail}. */
    long endOfSender(long head, long tail) {
        if (all.isEmpty()) {
            return tail; // the usual case, and none for which an iterator is made
        }
        Stretch first = at(head);
        Sender sender = first == null ? null : first.sender;
        for (Stretch stretch : all) {
            if (!Objects.equals(sender, stretch.sender)) {
                return stretch.start;
            }
        }
        return tail;
    }

    /** The first one has been read, all of it or not. */
    void removeFirst() {
        all.removeFirst();
        cgroup.uncharge(Charge.SOCKET_MESSAGE, 1);
    }

    /** All before {@code head} has been read. */
    void removeBefore(long head) {
        while (!all.isEmpty() && all.peekFirst().end <= head) {
            removeFirst();
        }
    }

    /** What the messages carry, which is the caller's now. */
    List<Flight.Passage> takeCarried() {
        if (all.isEmpty()) {
            return List.of();
        }
        List<Flight.Passage> carried = new ArrayList<>();
        for (Stretch stretch : all) {
            if (stretch.passage != null) {
                carried.add(stretch.passage);
                stretch.passage = null;
            }
        }
        return carried;
    }

    void clear() {
        cgroup.uncharge(Charge.SOCKET_MESSAGE, all.size());
        all.clear();
    }
}
