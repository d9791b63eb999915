// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

/** The fids of a connection, by number: an open-addressed table without objects of its own. */
final class FidTable {
    /** More than any client needs; descriptors run out before. */
    private static final int LIMIT = 1 << 18;

    /** Guarded by this, as is all below. Null where there is none. */
    private Fid[] fids = new Fid[64];

    private int[] numbers = new int[64];
    private int count;

    /** The fid with a reference for the caller, or null. */
    synchronized Fid get(int number) {
        int i = slot(number);
        Fid fid = fids[i];
        return fid != null && fid.retain() ? fid : null;
    }

    synchronized boolean contains(int number) {
        return fids[slot(number)] != null;
    }

    /** Enters {@code fid}, whose reference it takes over; false when the number is in use or the table is full. */
    synchronized boolean put(int number, Fid fid) {
        int i = slot(number);
        if (fids[i] != null || count == LIMIT) {
            return false;
        }
        fids[i] = fid;
        numbers[i] = number;
        if (++count * 2 > fids.length) {
            grow();
        }
        return true;
    }

    /** Takes a fid out; the caller releases it. Null when there is none. */
    synchronized Fid remove(int number) {
        int i = slot(number);
        Fid fid = fids[i];
        if (fid == null) {
            return null;
        }
        count--;
        fids[i] = null;
        closeGap(i);
        return fid;
    }

    /** Takes {@code fid} out if it still has that number; the caller releases it. */
    synchronized boolean removeIf(int number, Fid fid) {
        return fids[slot(number)] == fid && remove(number) != null;
    }

    /** Removes and releases all. */
    void clear() {
        Fid[] all;
        synchronized (this) {
            all = fids;
            fids = new Fid[64];
            numbers = new int[64];
            count = 0;
        }
        for (Fid fid : all) {
            if (fid != null) {
                fid.release();
            }
        }
    }

    synchronized int count() {
        return count;
    }

    private int slot(int number) {
        int mask = fids.length - 1;
        int i = number * 0x9e37_79b1 >>> 7 & mask;
        while (fids[i] != null && numbers[i] != number) {
            i = i + 1 & mask;
        }
        return i;
    }

    /** Moves entries that were pushed beyond the emptied place back, so that look-ups find them. */
    private void closeGap(int gap) {
        int mask = fids.length - 1;
        for (int i = gap + 1 & mask; fids[i] != null; i = i + 1 & mask) {
            Fid fid = fids[i];
            fids[i] = null;
            int to = slot(numbers[i]);
            numbers[to] = numbers[i];
            fids[to] = fid;
        }
    }

    private void grow() {
        Fid[] oldFids = fids;
        int[] oldNumbers = numbers;
        fids = new Fid[oldFids.length * 2];
        numbers = new int[oldFids.length * 2];
        for (int i = 0; i < oldFids.length; i++) {
            if (oldFids[i] != null) {
                int to = slot(oldNumbers[i]);
                fids[to] = oldFids[i];
                numbers[to] = oldNumbers[i];
            }
        }
    }
}
