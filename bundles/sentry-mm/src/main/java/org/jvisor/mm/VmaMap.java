// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import java.util.Arrays;
import java.util.function.Consumer;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;

/** The mappings of a manager in ascending order, and what they add up to. Guarded by the manager's lock. */
final class VmaMap implements Restorable {

    /** Pages kept free below a mapping that grows down (the kernel's stack_guard_gap). */
    static final long GUARD_GAP = 256L * Pte.PAGE;
    /** The kernel's vm.max_map_count. */
    static final int MAX_COUNT = 65530;

    /** Told of each mapping less that uses a backing. */
    private final Consumer<Backing> unuse;

    /** Who is charged for each of them. */
    private final Cgroup payer;
    /** Mappings that are charged for, and not made yet. */
    private int reserved;

    private Vma[] vmas = new Vma[16];
    private int size;

    private long bytes;
    private long dataBytes;
    private long lockedBytes;

    /**
     * Where a search for free room from above may begin: no gap above is longer than {@link #longestGapAbove}, so that mapping
     * much in sequence does not look at everything each time.
     */
    private long searchFrom = Long.MAX_VALUE;
    private long longestGapAbove;

    VmaMap(Consumer<Backing> unuse, Cgroup payer) {
        this.unuse = unuse;
        this.payer = payer;
    }

    int size() {
        return size;
    }

    /**
     * Whether there may be {@code more} mappings than there are. Whoever makes some looks first, so that nothing is left half done; how
     * many they are then is not asked any more.
     */
    boolean hasRoom(int more) {
        return size + more <= MAX_COUNT && !payer.isFull(Charge.VMA);
    }

    /**
     * Charges for {@code count} mappings at once, which are to be made, and makes room for them.
     *
     * @throws org.jvisor.api.abi.ErrnoException ENOMEM
     */
    void reserve(int count) {
        payer.requireCharge(Charge.VMA, count);
        reserved += count;
        if (vmas.length < size + count) {
            vmas = Arrays.copyOf(vmas, size + count);
        }
    }

    /** Gives back what was {@linkplain #reserve reserved} for mappings that were not made. */
    void unreserve() {
        payer.uncharge(Charge.VMA, reserved);
        reserved = 0;
    }

    Vma get(int index) {
        return vmas[index];
    }

    long bytes() {
        return bytes;
    }

    long dataBytes() {
        return dataBytes;
    }

    long lockedBytes() {
        return lockedBytes;
    }

    /** Index of the first mapping that ends above {@code address}; {@link #size} when there is none. */
    int indexFrom(long address) {
        int low = 0;
        int high = size;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (vmas[middle].end > address) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    /** The mapping that {@code address} is in, or null. */
    Vma find(long address) {
        int index = indexFrom(address);
        return index < size && vmas[index].start <= address ? vmas[index] : null;
    }

    boolean isFree(long start, long end) {
        int index = indexFrom(start);
        return index == size || vmas[index].start >= end;
    }

    /** Like {@link #isFree}, with the guard gap of a mapping above that grows down. */
    boolean isFreeWithGap(long start, long end) {
        int index = indexFrom(start);
        return index == size || gapStart(vmas[index]) >= end;
    }

    private static long gapStart(Vma vma) {
        return vma.is(Vma.GROWS_DOWN) ? Math.max(0, vma.start - GUARD_GAP) : vma.start;
    }

    void insert(Vma vma) {
        int index = indexFrom(vma.start);
        open(index);
        vmas[index] = vma;
        account(vma, 1);
    }

    private void open(int index) {
        if (size == vmas.length) {
            vmas = Arrays.copyOf(vmas, size + size / 2);
        }
        if (reserved > 0) {
            reserved--;
        } else {
            payer.charge(Charge.VMA, 1);
        }
        System.arraycopy(vmas, index, vmas, index + 1, size - index);
        size++;
    }

    /** Removes the mappings with indices {@code [from, to)}. */
    void remove(int from, int to) {
        if (from == to) {
            return;
        }
        long low = vmas[from].start;
        long high = vmas[to - 1].end;
        for (int i = from; i < to; i++) {
            account(vmas[i], -1);
            if (vmas[i].backing != null) {
                unuse.accept(vmas[i].backing);
            }
        }
        System.arraycopy(vmas, to, vmas, from, size - to);
        Arrays.fill(vmas, size - (to - from), size, null);
        size -= to - from;
        payer.uncharge(Charge.VMA, to - from);
        gapOpened(from, low, high);
    }

    /** Makes {@code address} a boundary between mappings. */
    void split(long address) {
        Vma vma = find(address);
        if (vma != null && vma.start != address) {
            int index = indexFrom(address);
            Vma upper = vma.splitAt(address);
            open(index + 1);
            vmas[index + 1] = upper;
        }
    }

    /** Makes one of those neighbours among {@code [start, end]} that can be one. */
    void merge(long start, long end) {
        int index = Math.max(0, indexFrom(start == 0 ? 0 : start - 1));
        while (index + 1 < size && vmas[index].start <= end) {
            Vma lower = vmas[index];
            Vma upper = vmas[index + 1];
            if (!lower.continuedBy(upper)) {
                index++;
                continue;
            }
            lower.end = upper.end;
            lower.runStart = upper.runStart;
            lower.runEnd = upper.runEnd;
            lower.runPages = upper.runPages;
            System.arraycopy(vmas, index + 2, vmas, index + 1, size - index - 2);
            vmas[--size] = null;
            payer.uncharge(Charge.VMA, 1);
            if (upper.backing != null) {
                unuse.accept(upper.backing);
            }
        }
    }

    /** Moves the bounds of a mapping, whose new range is free. */
    void resize(Vma vma, long start, long end) {
        account(vma, -1);
        long oldStart = vma.start;
        long oldEnd = vma.end;
        vma.start = start;
        vma.end = end;
        account(vma, 1);
        int index = indexFrom(start);
        if (end < oldEnd) {
            gapOpened(index + 1, end, oldEnd);
        }
        if (start > oldStart) {
            gapOpened(index, oldStart, start);
        }
    }

    /** Changes a mapping's protection and flags. */
    void change(Vma vma, int prot, int flags) {
        account(vma, -1);
        vma.prot = prot;
        vma.flags = flags;
        account(vma, 1);
    }

    private void account(Vma vma, int sign) {
        long length = sign * vma.length();
        bytes += length;
        if (vma.isData()) {
            dataBytes += length;
        }
        if (vma.is(Vma.LOCKED)) {
            lockedBytes += length;
        }
    }

    // ---- placement

    /** {@code [low, high)} has become free; {@code index} is the first mapping above. */
    private void gapOpened(int index, long low, long high) {
        if (high > searchFrom) {
            long from = index == 0 ? 0 : vmas[index - 1].end;
            long to = index == size ? high : vmas[index].start;
            longestGapAbove = Math.max(longestGapAbove, Math.max(to, high) - Math.min(from, low));
        }
    }

    /**
     * The highest free range of {@code length} bytes in {@code [low, high)}; -1 when there is none.
     *
     * @param remember whether this is the usual search, always with the same {@code high}
     */
    long findFromAbove(long length, long low, long high, boolean remember) {
        boolean fromMemory = remember && length > longestGapAbove && searchFrom < high;
        long end = fromMemory ? searchFrom : high;
        long longest = fromMemory ? longestGapAbove : 0;
        int index = indexFrom(end - 1);
        if (index < size) {
            end = Math.min(end, gapStart(vmas[index]));
        }
        while (end > low) {
            long start = index == 0 ? low : Math.max(low, vmas[index - 1].end);
            if (end - start >= length && end > start) {
                if (remember) {
                    searchFrom = end - length;
                    longestGapAbove = longest;
                }
                return end - length;
            }
            longest = Math.max(longest, end - start);
            if (index == 0) {
                return -1;
            }
            index--;
            end = gapStart(vmas[index]);
        }
        return -1;
    }

    /** The lowest free range of {@code length} bytes in {@code [low, high)}; -1 when there is none. */
    long findFromBelow(long length, long low, long high) {
        long start = low;
        for (int index = indexFrom(low); index < size; index++) {
            long end = Math.min(high, gapStart(vmas[index]));
            if (end - start >= length && end > start) {
                return start;
            }
            start = Math.max(start, vmas[index].end);
        }
        return high - start >= length && high > start ? start : -1;
    }

    // ---- Restorable

    @Override
    public StateRecord save() {
        StateRecord record = new StateRecord("mappings", 1).put("bytes", bytes).put("dataBytes", dataBytes)
                .put("lockedBytes", lockedBytes).put("searchFrom", searchFrom).put("longestGapAbove", longestGapAbove)
                .putList("vmas");
        for (int i = 0; i < size; i++) {
            vmas[i].save(record.add("vmas"));
        }
        return record;
    }

    /** What backs the mappings counts its users itself. */
    @Override
    public void forget() {
        Arrays.fill(vmas, null);
        size = 0;
        bytes = 0;
        dataBytes = 0;
        lockedBytes = 0;
        searchFrom = 0;
        longestGapAbove = 0;
    }

    @Override
    public void restore(StateRecord record) {
        reserved = record.items("vmas").size(); // they are charged for already
        for (StateRecord told : record.items("vmas")) {
            int index = size;
            open(index);
            vmas[index] = Vma.restored(told);
        }
        bytes = record.requireLong("bytes");
        dataBytes = record.requireLong("dataBytes");
        lockedBytes = record.requireLong("lockedBytes");
        searchFrom = record.requireLong("searchFrom");
        longestGapAbove = record.requireLong("longestGapAbove");
    }

    @Override
    public void forEachPart(Consumer<? super Restorable> visitor) {
        for (int i = 0; i < size; i++) {
            if (vmas[i].backing != null) {
                visitor.accept(vmas[i].backing);
            }
        }
    }
}
