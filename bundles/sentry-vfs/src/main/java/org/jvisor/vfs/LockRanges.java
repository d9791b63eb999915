// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/** What one owner has locked of a file by fcntl(2): ranges that do not overlap, the lowest first. Guarded by {@link FileLocks}. */
final class LockRanges {

    /**
     * A lock of fcntl(2).
     *
     * @param pid -1 for a description's
     * @param end inclusive
     */
    record Range(int pid, boolean exclusive, long start, long end) {

        private Range of(long from, long to) {
            return new Range(pid, exclusive, from, to);
        }
    }

    /** What became of the locks. */
    enum Change {
        /** Nothing: there was no room. */
        REFUSED,
        NOT_WEAKER,
        /** Bytes are locked less than before, so that others may have what they wait for. */
        WEAKER
    }

    private final Object owner;
    private final List<Range> ranges = new ArrayList<>(1);

    /** None yet. @param owner the FdTable of a process, or an open file description */
    LockRanges(Object owner) {
        this.owner = owner;
    }

    Object owner() {
        return owner;
    }

    List<Range> all() {
        return ranges;
    }

    int size() {
        return ranges.size();
    }

    /** The lowest range that keeps somebody else from a lock of these bytes, or null. */
    Range conflict(boolean exclusive, long start, long end) {
        for (int i = endingFrom(start); i < ranges.size() && ranges.get(i).start <= end; i++) {
            if (exclusive || ranges.get(i).exclusive) {
                return ranges.get(i);
            }
        }
        return null;
    }

    /** The first range that ends at {@code at} or after. */
    private int endingFrom(long at) {
        int low = 0;
        int high = ranges.size();
        while (low < high) {
            int middle = low + high >>> 1;
            if (ranges.get(middle).end < at) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /**
     * Locks the bytes of {@code wanted}, whatever they were before, and joins it with its neighbours of the same kind.
     *
     * @param room asked for that many ranges more than there were, which may be less than none
     */
    Change set(Range wanted, IntPredicate room) {
        long from = wanted.start;
        long to = wanted.end;
        boolean weakened = false;
        Range left = null;
        Range right = null;
        int first = endingFrom(Math.max(0, from - 1));
        int i = first;
        for (; i < ranges.size() && ranges.get(i).start - 1 <= wanted.end; i++) {
            Range r = ranges.get(i);
            if (r.exclusive == wanted.exclusive) {
                from = Math.min(from, r.start);
                to = Math.max(to, r.end);
                continue;
            }
            left = r.start < wanted.start ? r.of(r.start, Math.min(r.end, wanted.start - 1)) : left;
            right = r.end > wanted.end ? r.of(Math.max(r.start, wanted.end + 1), r.end) : right;
            weakened |= r.exclusive && r.end >= wanted.start && r.start <= wanted.end;
        }
        if (!replace(first, i, room, left, wanted.of(from, to), right)) {
            return Change.REFUSED;
        }
        return weakened ? Change.WEAKER : Change.NOT_WEAKER;
    }

    /** Unlocks the bytes; {@code room} as in {@link #set}. */
    Change clear(long start, long end, IntPredicate room) {
        Range left = null;
        Range right = null;
        int first = endingFrom(start);
        int i = first;
        for (; i < ranges.size() && ranges.get(i).start <= end; i++) {
            Range r = ranges.get(i);
            left = r.start < start ? r.of(r.start, start - 1) : left;
            right = r.end > end ? r.of(end + 1, r.end) : right;
        }
        if (!replace(first, i, room, left, null, right)) {
            return Change.REFUSED;
        }
        return i > first ? Change.WEAKER : Change.NOT_WEAKER;
    }

    /** Puts what is not null of the three in the place of the ranges {@code [first, after)}, if there is room. */
    private boolean replace(int first, int after, IntPredicate room, Range left, Range middle, Range right) {
        int more = (left == null ? 0 : 1) + (middle == null ? 0 : 1) + (right == null ? 0 : 1) - (after - first);
        if (!room.test(more)) {
            return false;
        }
        ranges.subList(first, after).clear();
        int at = first;
        at = insert(at, left);
        at = insert(at, middle);
        insert(at, right);
        return true;
    }

    private int insert(int at, Range range) {
        if (range == null) {
            return at;
        }
        ranges.add(at, range);
        return at + 1;
    }
}
