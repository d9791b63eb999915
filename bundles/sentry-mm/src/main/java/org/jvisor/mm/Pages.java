// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import java.lang.invoke.VarHandle;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.platform.AddressSpace;
import org.jvisor.api.platform.Context;

/**
 * The pages of a manager: entries of its table and, kept in step with them, what the platform has mapped. All methods are called
 * with the manager's lock held.
 *
 * <p>An entry holds a reference of its frame. A frame that was mapped in the platform loses it only after the platform has
 * unmapped it: at once where the caller's own context did that, later where another task of the space has to.
 */
final class Pages {

    private static final int PAGE = Pte.PAGE;
    /** Calls to the platform for one change of protection before what is left is unmapped, to fault in again. */
    private static final int MAX_PROTECT_CALLS = 64;

    final PageTable table;
    private final AddressSpace space;
    private final HostKernel host;
    private final FrameFile file;
    private final long maxAddress;

    private long changes;
    private long resident;
    private long peakResident;

    /** Taken out of the table, not released yet; and the range where the platform may have them mapped. */
    private final RunList freed = new RunList();
    private long lowMapped = Long.MAX_VALUE;
    private long highMapped;
    /** Whether pages in that range stay in the table. */
    private boolean survivors;
    /** Released once the space has carried out what was asked of it. */
    private final RunList deferred = new RunList();

    Pages(PageTable table, AddressSpace space, HostKernel host, FrameFile file, long maxAddress) {
        this.table = table;
        this.space = space;
        this.host = host;
        this.file = file;
        this.maxAddress = maxAddress;
    }

    /** Grows with every change of what is present or granted. */
    long changes() {
        return changes;
    }

    long resident() {
        return resident;
    }

    long peakResident() {
        return Math.max(peakResident, resident);
    }

    // ---- entries

    /** Makes what the table needs for entries of the range; throws ENOMEM. Whoever enters has called this. */
    void prepare(long address, int count) {
        long end = address + (long) count * PAGE;
        for (long at = address; at < end; at += (long) pagesToLeafEnd(at) * PAGE) {
            table.leafToWrite(at);
        }
    }

    /**
     * Enters {@code count} frames that follow each other, each with a reference that passes to the table; pages must be absent.
     *
     * @param bits of the entries, without MAPPED
     */
    void enter(long address, long frame, int count, int bits) {
        changes++;
        VarHandle.releaseFence();
        long at = address;
        long entry = frame | bits | Pte.PRESENT;
        for (int left = count; left > 0;) {
            long slot = table.leafToWrite(at) + PageTable.leafSlot(at);
            int n = Math.min(left, pagesToLeafEnd(at));
            for (int i = 0; i < n; i++) {
                host.putLong(slot, entry);
                slot += Long.BYTES;
                entry += PAGE;
            }
            left -= n;
            at += (long) n * PAGE;
        }
        resident += count;
        peakResident = Math.max(peakResident, resident);
    }

    static int pagesToLeafEnd(long address) {
        return (int) (PageTable.LEAF_BYTES - (address & PageTable.LEAF_BYTES - 1) >>> Pte.PAGE_SHIFT);
    }

    /** Puts another entry in the place of one that is present; the frame of the old one is freed if it differs. */
    void replace(long address, long old, long entry) {
        changes++;
        VarHandle.releaseFence();
        table.set(address, entry);
        if (Pte.frame(old) != Pte.frame(entry)) {
            freed.add(Pte.frame(old));
        }
    }

    /** Takes out what lies in the range; {@link #flush} has to follow each call. {@code keepOwn} leaves private pages. */
    void clear(long start, long end, boolean keepOwn) {
        changes++;
        long at = table.nextPopulated(start, end);
        while (at < end) {
            long slot = table.leaf(at) + PageTable.leafSlot(at);
            long stop = Math.min(end, at + (long) pagesToLeafEnd(at) * PAGE);
            for (; at < stop; at += PAGE, slot += Long.BYTES) {
                long entry = host.getLong(slot);
                if (entry == 0) {
                    continue;
                }
                if (keepOwn && Pte.has(entry, Pte.OWN)) {
                    survivors = true;
                    continue;
                }
                host.putLong(slot, 0);
                noteMapped(at, entry);
                freed.add(Pte.frame(entry));
                resident--;
            }
            at = table.nextPopulated(at, end);
        }
    }

    /** Makes what the table needs for {@link #move}; throws ENOMEM. */
    void prepareMove(long from, long to, long length) {
        long end = from + length;
        for (long at = table.nextPopulated(from, end); at < end;) {
            long stop = Math.min(end, at + (long) pagesToLeafEnd(at) * PAGE);
            table.leafToWrite(to + (at - from));
            table.leafToWrite(to + (stop - PAGE - from));
            at = table.nextPopulated(stop, end);
        }
    }

    /** Moves what is present to another place, where nothing is. The platform learns of it by faults. */
    void move(Task task, long from, long to, long length) {
        changes++;
        long end = from + length;
        VarHandle.releaseFence();
        for (long at = table.nextPopulated(from, end); at < end; at = table.nextPopulated(at, end)) {
            long slot = table.leaf(at) + PageTable.leafSlot(at);
            long stop = Math.min(end, at + (long) pagesToLeafEnd(at) * PAGE);
            for (; at < stop; at += PAGE, slot += Long.BYTES) {
                long entry = host.getLong(slot);
                if (entry != 0) {
                    host.putLong(slot, 0);
                    noteMapped(at, entry);
                    table.set(to + (at - from), entry & ~(long) Pte.MAPPED);
                }
            }
        }
        flush(task);
    }

    private void noteMapped(long address, long entry) {
        if (Pte.has(entry, Pte.MAPPED)) {
            lowMapped = Math.min(lowMapped, address);
            highMapped = Math.max(highMapped, address + PAGE);
        }
    }

    /** Unmaps in the platform what {@link #clear} took out, and releases the frames. */
    void flush(Task task) {
        Context context = context(task);
        if (lowMapped < highMapped) {
            long low = lowMapped;
            long high = highMapped;
            lowMapped = Long.MAX_VALUE;
            highMapped = 0;
            unmapRange(context, low, high);
            if (survivors) {
                forget(low, high);
            }
        }
        survivors = false;
        release(context);
    }

    private void unmapRange(Context context, long low, long high) {
        if (space.unmap(context, low, high - low) < 0) {
            forgetAll(context);
        }
    }

    /** Releases what {@link #replace} and {@link #clear} have freed, when the platform cannot have it mapped any more. */
    void release(Context context) {
        if (isOwn(context) || space.settled()) {
            freed.release(file);
        } else {
            deferred.addAll(freed);
            freed.clear();
        }
        if (!deferred.isEmpty() && space.settled()) {
            deferred.release(file);
        }
    }

    Context context(Task task) {
        return task == null ? null : task.context();
    }

    private boolean isOwn(Context context) {
        return context != null && context.space() == space;
    }

    // ---- the platform

    /**
     * Has the platform map the page, which is present, and with it those around that follow in the memory file and are alike in
     * rights and in whether they are mapped, within {@code [low, high)}. Without any right there is nothing to map. A page that
     * is said to be mapped is mapped again: the platform has forgotten it, or never inherited it.
     */
    void map(Task task, long address, long low, long high) {
        long entry = table.get(address);
        int rights = Pte.rights(entry);
        if (rights == 0) {
            return;
        }
        long first = address;
        while (first > low && follows(table.get(first - PAGE), entry - (address - (first - PAGE)))) {
            first -= PAGE;
        }
        long end = address + PAGE;
        while (end < high && follows(table.get(end), entry + (end - address))) {
            end += PAGE;
        }
        long frame = Pte.frame(entry) - (address - first);
        if (mapRun(context(task), first, end - first, frame, rights)) {
            for (long at = first; at < end; at += PAGE) {
                table.set(at, table.get(at) | Pte.MAPPED);
            }
        }
    }

    private static boolean follows(long entry, long like) {
        long ignored = Pte.OWN | Pte.SHARED;
        return (entry & ~ignored) == (like & ~ignored);
    }

    private boolean mapRun(Context context, long address, long length, long frame, int rights) {
        int result = space.map(context, address, length, frame, rights, true);
        if (result == -Errno.ENOMEM) {
            // The host has no room for more ranges of this space: begin anew, and let faults bring back what is used.
            forgetAll(context);
            result = space.map(context, address, length, frame, rights, true);
        }
        return result >= 0;
    }

    /** Has the platform map the page, which it had mapped to another frame or not at all, as the table has it. */
    void remap(Task task, long address, int pages) {
        long entry = table.get(address);
        if (mapRun(context(task), address, (long) pages * PAGE, Pte.frame(entry), Pte.rights(entry))) {
            for (int i = 0; i < pages; i++) {
                long at = address + (long) i * PAGE;
                table.set(at, table.get(at) | Pte.MAPPED);
            }
        } else {
            unmapRange(context(task), address, address + (long) pages * PAGE);
        }
    }

    /** Changes the rights that the platform grants; the entries say so already. */
    void protectMapped(Context context, long start, long end, int rights) {
        changes++;
        if (space.protect(context, start, end - start, rights) < 0) {
            forgetAll(context);
        }
    }

    /**
     * Takes the right to write from a page and gives it back, by the task's own context: when this returns, every CPU that runs
     * in the space has been told.
     *
     * @return false if the page is not one that is written now
     */
    boolean flickerWrite(Task task, long page) {
        long entry = table.get(page);
        Context context = context(task);
        if (!Pte.has(entry, Pte.MAPPED | Pte.WRITE) || !isOwn(context)) {
            return false;
        }
        int rights = Pte.rights(entry);
        boolean done = space.protect(context, page, PAGE, rights & ~Pte.WRITE) == 0;
        protectMapped(context, page, page + PAGE, rights);
        return done;
    }

    /** Unmaps everything in the platform; the table stays as it is. */
    private void forgetAll(Context context) {
        space.unmap(context, 0, maxAddress);
        forget(0, maxAddress);
    }

    private void forget(long start, long end) {
        for (long at = table.nextPopulated(start, end); at < end; at = table.nextPopulated(at, end)) {
            long slot = table.leaf(at) + PageTable.leafSlot(at);
            long stop = Math.min(end, at + (long) pagesToLeafEnd(at) * PAGE);
            for (; at < stop; at += PAGE, slot += Long.BYTES) {
                host.putLong(slot, host.getLong(slot) & ~(long) Pte.MAPPED);
            }
        }
    }

    // ---- protection

    /**
     * Grants {@code prot} to what is present in the range, as far as it can be granted before a write: pages that others have
     * too, and shared ones whose object wants to hear of writes, stay without the right to write.
     *
     * @param tellsWrites whether the object of a shared mapping must be asked before a write
     */
    void protect(Task task, long start, long end, int prot, boolean tellsWrites) {
        changes++;
        ProtectRun run = new ProtectRun(context(task), end);
        int wanted = Pte.effective(prot);
        for (long at = table.nextPopulated(start, end); at < end; at = table.nextPopulated(at, end)) {
            long slot = table.leaf(at) + PageTable.leafSlot(at);
            long stop = Math.min(end, at + (long) pagesToLeafEnd(at) * PAGE);
            for (; at < stop; at += PAGE, slot += Long.BYTES) {
                long entry = host.getLong(slot);
                if (entry == 0) {
                    continue;
                }
                int rights = wanted & ~(mayWrite(entry, tellsWrites) ? 0 : Pte.WRITE);
                host.putLong(slot, Pte.withRights(entry, rights));
                if (Pte.has(entry, Pte.MAPPED) && !run.add(at, rights, Pte.rights(entry) != rights)) {
                    // Too scattered: unmapped from here on.
                    forgetMapped(slot);
                }
            }
        }
        run.finish();
    }

    private void forgetMapped(long slot) {
        host.putLong(slot, host.getLong(slot) & ~(long) Pte.MAPPED);
    }

    private boolean mayWrite(long entry, boolean tellsWrites) {
        if (Pte.has(entry, Pte.SHARED)) {
            return !tellsWrites || Pte.has(entry, Pte.WRITE);
        }
        return Pte.has(entry, Pte.OWN) && file.references(Pte.frame(entry)) == 1;
    }

    /** Takes the right to write from what is present in the range. */
    void writeProtect(Task task, long start, long end) {
        ProtectRun run = new ProtectRun(context(task), end);
        writeProtect(run, start, end);
        run.finish();
    }

    private void writeProtect(ProtectRun run, long start, long end) {
        for (long at = table.nextPopulated(start, end); at < end; at = table.nextPopulated(at, end)) {
            long slot = table.leaf(at) + PageTable.leafSlot(at);
            long stop = Math.min(end, at + (long) pagesToLeafEnd(at) * PAGE);
            for (; at < stop; at += PAGE, slot += Long.BYTES) {
                long entry = host.getLong(slot);
                if (entry == 0) {
                    continue;
                }
                int rights = Pte.rights(entry) & ~Pte.WRITE;
                host.putLong(slot, Pte.withRights(entry, rights));
                if (Pte.has(entry, Pte.MAPPED) && !run.add(at, rights, Pte.has(entry, Pte.WRITE))) {
                    forgetMapped(slot);
                }
            }
        }
    }

    /** Joins neighbouring mapped pages of the same new rights to one call. */
    private final class ProtectRun {
        private final Context context;
        private final long limit;
        private long start;
        private long end = -1;
        private int rights;
        private boolean changed;
        private int calls;
        private long scatteredFrom = -1;

        ProtectRun(Context context, long limit) {
            this.context = context;
            this.limit = limit;
        }

        /** @return false: the page is left unmapped */
        boolean add(long page, int newRights, boolean differs) {
            if (scatteredFrom >= 0) {
                return false;
            }
            if (page != end || newRights != rights) {
                callIfChanged();
                if (calls >= MAX_PROTECT_CALLS) {
                    scatteredFrom = page;
                    return false;
                }
                start = page;
                rights = newRights;
            }
            end = page + PAGE;
            changed |= differs;
            return true;
        }

        private void callIfChanged() {
            if (changed) {
                calls++;
                protectMapped(context, start, end, rights);
                changed = false;
            }
        }

        void finish() {
            callIfChanged();
            if (scatteredFrom >= 0) {
                unmapRange(context, scatteredFrom, limit);
                forget(scatteredFrom, limit);
            }
        }
    }

    // ---- fork

    /** Takes the right to write from all that is private: a write is to copy first. */
    void protectForFork(Task task, VmaMap vmas) {
        ProtectRun run = new ProtectRun(context(task), maxAddress);
        for (int i = 0; i < vmas.size(); i++) {
            Vma vma = vmas.get(i);
            if (vma.privateWritable() && !vma.is(Vma.DONT_FORK)) {
                writeProtect(run, vma.start, vma.end);
            }
        }
        run.finish();
    }

    /** Copies the entries of a parent's range; each takes a reference of its frame. The platform has inherited what it had. */
    void inherit(Pages parent, long start, long end) {
        PageTable from = parent.table;
        for (long at = from.nextPopulated(start, end); at < end; at = from.nextPopulated(at, end)) {
            long source = from.leaf(at) + PageTable.leafSlot(at);
            long target = table.leafToWrite(at) + PageTable.leafSlot(at);
            long stop = Math.min(end, at + (long) pagesToLeafEnd(at) * PAGE);
            for (; at < stop; at += PAGE, source += Long.BYTES, target += Long.BYTES) {
                long entry = host.getLong(source);
                if (entry != 0) {
                    file.retain(Pte.frame(entry), 1);
                    host.putLong(target, entry);
                    resident++;
                }
            }
        }
        peakResident = Math.max(peakResident, resident);
    }

    /** What a forked space has inherited in the range is not to be seen in it. */
    void dropInherited(long start, long end) {
        unmapRange(null, start, end);
    }

    // ---- counting

    /** How many pages are present in the range, and how many of those nobody else has. */
    long[] count(long start, long end) {
        long present = 0;
        long own = 0;
        for (long at = table.nextPopulated(start, end); at < end; at = table.nextPopulated(at, end)) {
            long slot = table.leaf(at) + PageTable.leafSlot(at);
            long stop = Math.min(end, at + (long) pagesToLeafEnd(at) * PAGE);
            for (; at < stop; at += PAGE, slot += Long.BYTES) {
                long entry = host.getLong(slot);
                if (entry != 0) {
                    present++;
                    own += Pte.has(entry, Pte.OWN) && file.references(Pte.frame(entry)) == 1 ? 1 : 0;
                }
            }
        }
        return new long[] {present, own};
    }

    // ---- the end

    /** Everything goes; the space has ended, nobody reads the table any more. */
    void releaseAll() {
        clear(0, maxAddress, false);
        freed.release(file);
        deferred.release(file);
        table.release();
    }
}
