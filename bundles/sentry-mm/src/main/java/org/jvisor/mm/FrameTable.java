// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;

/**
 * A sparse array of entries, 0 where there is none. Reading takes no lock; the rest is done by one thread at a time. A program chooses
 * where in a file it writes, so what the table takes of the heap is charged, and given back with the parts that are empty.
 *
 * <pre>
 *   index:  | group: up to 2^11 | part of a group: 10 bits | entry of a part: 9 bits |
 * </pre>
 *
 * <p>All three kinds of arrays begin small and double, for the many files that are.
 */
final class FrameTable {

    /** Indexes from here on cannot be set: 4 TiB in pages. */
    static final long LIMIT = 1L << 30;

    private static final int PART_SHIFT = 9;
    private static final int PART = 1 << PART_SHIFT;
    private static final int GROUP_SHIFT = 10;
    private static final int GROUP = 1 << GROUP_SHIFT;
    private static final int SMALLEST = 4;

    private static final int ARRAY_BYTES = 16;
    private static final int REFERENCE_BYTES = 4;
    private static final VarHandle ENTRY = MethodHandles.arrayElementVarHandle(long[].class);
    private static final long[][][] NONE = {};

    /** Null: the kernel itself. */
    private final Cgroup payer;
    /** What is charged. */
    private long bytes;
    /** Written again after each change inside, so that who reads it sees that. */
    private volatile long[][][] groups = NONE;

    FrameTable(Cgroup payer) {
        this.payer = payer;
    }

    private static int groupOf(long index) {
        return (int) (index >>> PART_SHIFT + GROUP_SHIFT);
    }

    private static int partOf(long index) {
        return (int) (index >>> PART_SHIFT) & GROUP - 1;
    }

    private long[] part(long index) {
        long[][][] all = groups;
        long group = index >>> PART_SHIFT + GROUP_SHIFT;
        long[][] parts = group < all.length ? all[(int) group] : null;
        int part = partOf(index);
        return parts == null || part >= parts.length ? null : parts[part];
    }

    long get(long index) {
        long[] part = part(index);
        int at = (int) index & PART - 1;
        return part == null || at >= part.length ? 0 : (long) ENTRY.getAcquire(part, at);
    }

    /** @param index that room was made for */
    void set(long index, long entry) {
        ENTRY.setRelease(part(index), (int) index & PART - 1, entry);
    }

    /**
     * Makes room for the entries {@code [index, index + count)}, all below {@link #LIMIT}.
     *
     * @throws ErrnoException ENOSPC when the payer may not have more
     */
    void makeRoom(long index, int count) {
        long last = index + count - 1;
        for (long at = index; at <= last; at = (at | PART - 1) + 1) {
            long end = Math.min(last, at | PART - 1);
            long[] part = part(end);
            if (part == null || ((int) end & PART - 1) >= part.length) {
                grow(end);
            }
        }
    }

    private void grow(long index) {
        long[][][] all = groups;
        int group = groupOf(index);
        if (group >= all.length) {
            int length = length(group, LIMIT >>> PART_SHIFT + GROUP_SHIFT);
            charge((long) (length - all.length) * REFERENCE_BYTES + (all.length == 0 ? ARRAY_BYTES : 0));
            all = Arrays.copyOf(all, length);
            groups = all;
        }
        long[][] parts = all[group];
        int number = partOf(index);
        int before = parts == null ? 0 : parts.length;
        if (number >= before) {
            int length = length(number, GROUP);
            charge((long) (length - before) * REFERENCE_BYTES + (before == 0 ? ARRAY_BYTES : 0));
            parts = before == 0 ? new long[length][] : Arrays.copyOf(parts, length);
            all[group] = parts;
        }
        long[] part = parts[number];
        int at = (int) index & PART - 1;
        int entries = part == null ? 0 : part.length;
        if (at >= entries) {
            int length = length(at, PART);
            charge((long) (length - entries) * Long.BYTES + (entries == 0 ? ARRAY_BYTES : 0));
            parts[number] = entries == 0 ? new long[length] : Arrays.copyOf(part, length);
        }
        groups = all;
    }

    private static int length(int highest, long most) {
        return (int) Math.min(most, Math.max(SMALLEST, Integer.highestOneBit(highest) << 1));
    }

    private void charge(long more) {
        if (payer != null) {
            payer.requireCharge(Charge.PAGE_INDEX_BYTE, more);
        }
        bytes += more;
    }

    private void uncharge(long less) {
        if (payer != null) {
            payer.uncharge(Charge.PAGE_INDEX_BYTE, less);
        }
        bytes -= less;
    }

    /** Gives back the parts that lie in {@code [from, to)} as a whole, where there are no entries any more. */
    void dropParts(long from, long to) {
        if (from == 0 && to >= LIMIT) {
            groups = NONE;
            uncharge(bytes);
            return;
        }
        long[][][] all = groups;
        long end = Math.min(to, (long) all.length << PART_SHIFT + GROUP_SHIFT);
        for (long at = from + PART - 1 & -PART; at + PART <= end; at += PART) {
            long[][] parts = all[groupOf(at)];
            int number = partOf(at);
            if (parts == null || number >= parts.length) {
                at = (at | (long) PART * GROUP - 1) + 1 - PART;
            } else if (parts[number] != null) {
                uncharge((long) parts[number].length * Long.BYTES + ARRAY_BYTES);
                parts[number] = null;
            }
        }
        groups = all;
    }

    /** The first index from {@code index} on that may have an entry, skipping parts without any; {@link #LIMIT}: none. */
    long skipHoles(long index) {
        long[][][] all = groups;
        long end = (long) all.length << PART_SHIFT + GROUP_SHIFT;
        long at = index;
        while (at < end) {
            long[][] parts = all[groupOf(at)];
            int number = partOf(at);
            if (parts == null || number >= parts.length) {
                at = (at | (long) PART * GROUP - 1) + 1;
            } else if (parts[number] == null) {
                at = (at | PART - 1) + 1;
            } else {
                return at;
            }
        }
        return LIMIT;
    }
}
