// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * A sparse array of entries, 0 where there is none. Reading takes no lock; writing is done by one thread at a time. What it costs
 * is in proportion to the entries that it holds, wherever they are: a program chooses where in a file it writes.
 *
 * <pre>
 *   index:  | group: up to 2^11 | part of a group: 10 bits | entry of a part: 9 bits |
 * </pre>
 */
final class FrameTable {

    /** Indexes from here on cannot be set: 4 TiB in pages. */
    static final long LIMIT = 1L << 30;

    private static final int PART_SHIFT = 9;
    private static final int PART = 1 << PART_SHIFT;
    private static final int GROUP_SHIFT = 10;
    private static final int GROUP = 1 << GROUP_SHIFT;
    /** Parts begin small and double, for the many files that are. */
    private static final int FIRST = 8;
    private static final VarHandle ENTRY = MethodHandles.arrayElementVarHandle(long[].class);

    /** Written again after each change inside, so that who reads it sees that. */
    private volatile long[][][] groups = new long[0][][];

    private long[] part(long index) {
        long[][][] all = groups;
        long group = index >>> PART_SHIFT + GROUP_SHIFT;
        long[][] parts = group < all.length ? all[(int) group] : null;
        return parts == null ? null : parts[(int) (index >>> PART_SHIFT) & GROUP - 1];
    }

    long get(long index) {
        long[] part = part(index);
        int at = (int) index & PART - 1;
        return part == null || at >= part.length ? 0 : (long) ENTRY.getAcquire(part, at);
    }

    /** @param index below {@link #LIMIT} */
    void set(long index, long entry) {
        long[] part = part(index);
        int at = (int) index & PART - 1;
        if (part == null || at >= part.length) {
            part = grow(index, at, part);
        }
        ENTRY.setRelease(part, at, entry);
    }

    private long[] grow(long index, int at, long[] old) {
        int length = Math.max(FIRST, Integer.highestOneBit(at) << 1);
        long[] part = old == null ? new long[Math.min(length, PART)] : Arrays.copyOf(old, Math.min(length, PART));
        long[][][] all = groups;
        int group = (int) (index >>> PART_SHIFT + GROUP_SHIFT);
        if (group >= all.length) {
            all = Arrays.copyOf(all, group + 1);
        }
        if (all[group] == null) {
            all[group] = new long[GROUP][];
        }
        all[group][(int) (index >>> PART_SHIFT) & GROUP - 1] = part;
        groups = all;
        return part;
    }

    /** The first index from {@code index} on that may have an entry, skipping parts without any; {@link #LIMIT}: none. */
    long skipHoles(long index) {
        long[][][] all = groups;
        long end = (long) all.length << PART_SHIFT + GROUP_SHIFT;
        long at = index;
        while (at < end) {
            long[][] parts = all[(int) (at >>> PART_SHIFT + GROUP_SHIFT)];
            if (parts == null) {
                at = (at >>> PART_SHIFT + GROUP_SHIFT) + 1 << PART_SHIFT + GROUP_SHIFT;
            } else if (parts[(int) (at >>> PART_SHIFT) & GROUP - 1] == null) {
                at = (at >>> PART_SHIFT) + 1 << PART_SHIFT;
            } else {
                return at;
            }
        }
        return LIMIT;
    }
}
