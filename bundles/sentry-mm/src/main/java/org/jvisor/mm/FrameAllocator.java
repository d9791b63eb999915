// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import java.util.Arrays;

/**
 * Which frames of the memory file are free, as bitmaps; first fit from below, so that use stays at the low end. A free frame is
 * clean (the host holds no page for it, it reads as zeros) or dirty (the host's page is there, with old contents). Guarded by
 * its owner.
 */
final class FrameAllocator {

    /** Longest run that is handed out: 2 MiB, what a leaf of a page table covers. */
    static final int MAX_RUN = 512;

    private static final int CHUNK = 512;
    private static final int CHUNK_WORDS = CHUNK / Long.SIZE;
    private static final int ORDERS = 10;

    private final int chunks;

    /** The bitmaps reach as far as the highest chunk used so far. */
    private long[] free = new long[0];
    private long[] dirty = new long[0];
    private short[] freeOfChunk = new short[0];
    /** No run of at least 1 << order frames begins in a chunk below this one. */
    private final int[] firstChunk = new int[ORDERS];

    private int used;
    private int dirtyFrames;

    /** @param frames a multiple of {@link #MAX_RUN} */
    FrameAllocator(int frames) {
        chunks = frames / CHUNK;
    }

    /** Frames taken. */
    int used() {
        return used;
    }

    /** Free frames that are dirty. */
    int dirty() {
        return dirtyFrames;
    }

    /** The first frame of a run of {@code count} frames, now taken; -1 when there is none. */
    int take(int count) {
        int order = Math.min(ORDERS, Integer.SIZE - Integer.numberOfLeadingZeros(count)) - 1;
        boolean exactOrder = count == 1 << order;
        for (int chunk = firstChunk[order]; chunk < chunks; chunk++) {
            growTo(chunk + 1);
            int frame = freeOfChunk[chunk] == 0 ? -1 : findRun(chunk, count);
            if (frame >= 0) {
                if (exactOrder) {
                    firstChunk[order] = chunk;
                }
                markTaken(frame, count);
                return frame;
            }
        }
        if (exactOrder) {
            firstChunk[order] = chunks;
        }
        return -1;
    }

    /** Frees frames, whose contents are whatever their user left. */
    void give(int frame, int count) {
        markFree(frame, count);
        for (int order = 0; order < ORDERS; order++) {
            // A run that has now become long enough may begin in the chunk before.
            firstChunk[order] = Math.max(0, Math.min(firstChunk[order], frame / CHUNK - 1));
        }
    }

    /** Frees frames whose pages the host has dropped. */
    void giveClean(int frame, int count) {
        give(frame, count);
        for (int i = frame; i < frame + count; i++) {
            dirty[i >>> 6] &= ~(1L << i);
        }
        dirtyFrames -= count;
    }

    /** Whether the frame, which is free or which the caller has just taken, may hold old contents. */
    boolean isDirty(int frame) {
        return (dirty[frame >>> 6] >>> frame & 1) != 0;
    }

    /**
     * Takes a run of free dirty frames, searched from above, at most MAX_RUN long.
     *
     * @return {@code frame << 16 | count}, or -1
     */
    long takeDirtyFromAbove() {
        for (int word = dirty.length - 1; word >= 0; word--) {
            long candidates = dirty[word] & free[word];
            if (candidates == 0) {
                continue;
            }
            int last = word * Long.SIZE + Long.SIZE - 1 - Long.numberOfLeadingZeros(candidates);
            int first = last;
            while (first > 0 && last - first + 1 < MAX_RUN && isFree(first - 1) && isDirty(first - 1)) {
                first--;
            }
            markTaken(first, last - first + 1);
            return (long) first << 16 | last - first + 1;
        }
        return -1;
    }

    private boolean isFree(int frame) {
        return (free[frame >>> 6] >>> frame & 1) != 0;
    }

    /** The first run of {@code count} free frames that begins in {@code chunk}; it may end in a later one. */
    private int findRun(int chunk, int count) {
        int frame = chunk * CHUNK;
        int end = frame + CHUNK;
        while (true) {
            frame = nextFree(frame, end);
            if (frame == end) {
                return -1;
            }
            int stop = nextUsed(frame, frame + count);
            if (stop - frame >= count) {
                return frame;
            }
            if (stop >= end) {
                return -1;
            }
            frame = stop;
        }
    }

    private int nextFree(int from, int end) {
        int word = from >>> 6;
        long bits = free[word] & -1L << from;
        while (bits == 0) {
            if (++word * Long.SIZE >= end) {
                return end;
            }
            bits = free[word];
        }
        return word * Long.SIZE + Long.numberOfTrailingZeros(bits);
    }

    /** The first frame from {@code from} on that is not free; {@code end} when all before it are. */
    private int nextUsed(int from, int end) {
        int chunksNeeded = (end + CHUNK - 1) / CHUNK;
        growTo(Math.min(chunksNeeded, chunks));
        int limit = Math.min(end, free.length * Long.SIZE);
        int word = from >>> 6;
        long bits = ~free[word] & -1L << from;
        while (bits == 0) {
            if (++word * Long.SIZE >= limit) {
                return limit;
            }
            bits = ~free[word];
        }
        return Math.min(limit, word * Long.SIZE + Long.numberOfTrailingZeros(bits));
    }

    private void markTaken(int frame, int count) {
        int end = frame + count;
        for (int at = frame; at < end;) {
            int word = at >>> 6;
            int n = Math.min(end, (word + 1) << 6) - at;
            long bits = mask(at & 63, n);
            free[word] &= ~bits;
            dirtyFrames -= Long.bitCount(dirty[word] & bits);
            freeOfChunk[at / CHUNK] -= (short) n;
            at += n;
        }
        used += count;
    }

    private void markFree(int frame, int count) {
        int end = frame + count;
        for (int at = frame; at < end;) {
            int word = at >>> 6;
            int n = Math.min(end, (word + 1) << 6) - at;
            long bits = mask(at & 63, n);
            if ((free[word] & bits) != 0) {
                throw new IllegalStateException("frame freed twice");
            }
            free[word] |= bits;
            dirty[word] |= bits;
            freeOfChunk[at / CHUNK] += (short) n;
            at += n;
        }
        dirtyFrames += count;
        used -= count;
    }

    private static long mask(int from, int count) {
        return (count == Long.SIZE ? -1L : (1L << count) - 1) << from;
    }

    private void growTo(int wanted) {
        int before = freeOfChunk.length;
        if (wanted <= before) {
            return;
        }
        int after = Math.min(chunks, Math.max(wanted, before + before / 4 + 8));
        // First of all what may fail for lack of memory.
        long[] moreFree = Arrays.copyOf(free, after * CHUNK_WORDS);
        long[] moreDirty = Arrays.copyOf(dirty, after * CHUNK_WORDS);
        short[] moreOfChunk = Arrays.copyOf(freeOfChunk, after);
        free = moreFree;
        Arrays.fill(free, before * CHUNK_WORDS, free.length, -1L);
        dirty = moreDirty;
        freeOfChunk = moreOfChunk;
        Arrays.fill(freeOfChunk, before, after, (short) CHUNK);
    }
}
