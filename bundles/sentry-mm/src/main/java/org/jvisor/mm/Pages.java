// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import java.lang.invoke.VarHandle;
import java.util.Arrays;
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
 *
 * <p>Entries are worked on by the leaf, in an array: reaching memory outside the heap costs a microsecond or more as long as the
 * JVM interprets the code, and most programs have ended by the time it does not.
 */
final class Pages {

    private static final int PAGE = Pte.PAGE;
    /** Calls to the platform for one change of protection before what is left is unmapped, to fault in again. */
    private static final int MAX_PROTECT_CALLS = 64;

    final PageTable table;
    /** The only reference to it; replaced when the platform is handed over, while nobody is in here. */
    private volatile AddressSpace space;
    private final HostKernel host;
    private final FrameFile file;
    private final FrameAccount frames;
    private final long maxAddress;

    /** The entries being worked on; never kept from one method to the next. */
    private final long[] batch = new long[PageTable.LEAF_ENTRIES];

    private long changes;
    private long resident;
    private long peakResident;

    /** Taken out of the table, not released yet: frames that may only be this manager's, and others. */
    private final RunList freedOwn = new RunList();
    private final RunList freedOthers = new RunList();
    /** The range where the platform may have them mapped, and whether pages in that range stay in the table. */
    private long lowMapped = Long.MAX_VALUE;
    private long highMapped;
    private boolean survivors;
    /** Released once the space has carried out what was asked of it. */
    private final RunList deferred = new RunList();
    /** How many pages that are. Written with the lock. */
    private volatile int deferredPages;

    Pages(PageTable table, AddressSpace space, HostKernel host, FrameAccount frames, long maxAddress) {
        this.table = table;
        this.space = space;
        this.host = host;
        this.frames = frames;
        file = frames.file();
        this.maxAddress = maxAddress;
    }

    AddressSpace space() {
        return space;
    }

    void setSpace(AddressSpace fresh) {
        space = fresh;
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

    // ---- batches of entries, within one leaf each

    private static long batchEnd(long at, long end) {
        return Math.min(end, (at | PageTable.LEAF_BYTES - 1) + 1);
    }

    private static int count(long at, long stop) {
        return (int) (stop - at >>> Pte.PAGE_SHIFT);
    }

    /** Loads the entries of {@code [at, stop)}, which lies in a leaf that exists. */
    private int load(long at, long stop) {
        int n = count(at, stop);
        host.copyIn(table.leaf(at) + PageTable.leafSlot(at), batch, 0, n);
        return n;
    }

    /** Stores {@code n} entries of the batch, from {@code first} on, at {@code at}. */
    private void store(long at, int first, int n) {
        // Frames' contents, and counts, are to be seen before the entries that lead to them.
        VarHandle.releaseFence();
        host.copyOut(batch, first, n, table.leaf(at) + PageTable.leafSlot(at));
    }

    /** Where the run ends that begins at {@code first}: entries alike, with frames that follow each other. */
    private int runEnd(int first, int n) {
        int end = first + 1;
        for (long next = batch[first] + PAGE; end < n && batch[end] == next; next += PAGE) {
            end++;
        }
        return end;
    }

    // ---- entries

    /** Makes what the table needs for entries of the range; throws ENOMEM. Whoever enters has called this. */
    void prepare(long address, int count) {
        long end = address + (long) count * PAGE;
        for (long at = address; at < end; at = batchEnd(at, end)) {
            table.leafToWrite(at);
        }
    }

    /** How many pages from {@code address} on are absent, at most {@code max}. */
    int absentFrom(long address, int max) {
        int found = 0;
        long end = address + (long) max * PAGE;
        for (long at = address; at < end;) {
            long stop = batchEnd(at, end);
            if (table.leaf(at) == 0) {
                found += count(at, stop);
            } else {
                int n = load(at, stop);
                for (int i = 0; i < n; i++) {
                    if (batch[i] != 0) {
                        return found + i;
                    }
                }
                found += n;
            }
            at = stop;
        }
        return found;
    }

    /** How many pages before {@code address} are absent, at most {@code max} and within its leaf. */
    int absentBefore(long address, int max) {
        long low = Math.max(address - (long) max * PAGE, address & -PageTable.LEAF_BYTES);
        if (low == address || table.leaf(low) == 0) {
            return count(low, address);
        }
        int n = load(low, address);
        int found = 0;
        while (found < n && batch[n - 1 - found] == 0) {
            found++;
        }
        return found;
    }

    /**
     * Enters {@code count} frames that follow each other, each with a reference that passes to the table; the pages are absent.
     *
     * @param bits of the entries, without PRESENT and MAPPED
     * @param mapFor the task whose fault this is, so that the platform maps them at once; null to let it be
     */
    void enter(Task mapFor, long address, long frame, int count, int bits) {
        changes++;
        int rights = bits & Pte.RIGHTS;
        // The platform first: until the entries are there the frames are known to nobody else.
        boolean mapped = mapFor != null && rights != 0
                && mapRun(context(mapFor), address, (long) count * PAGE, frame, rights);
        long entry = frame | bits | Pte.PRESENT | (mapped ? Pte.MAPPED : 0);
        long end = address + (long) count * PAGE;
        for (long at = address; at < end;) {
            long stop = batchEnd(at, end);
            int n = count(at, stop);
            for (int i = 0; i < n; i++, entry += PAGE) {
                batch[i] = entry;
            }
            store(at, 0, n);
            at = stop;
        }
        resident += count;
        peakResident = Math.max(peakResident, resident);
    }

    /** Puts another entry in the place of one that is present; the frame of the old one is freed if it differs. */
    void replace(long address, long old, long entry) {
        changes++;
        VarHandle.releaseFence();
        table.set(address, entry);
        if (Pte.frame(old) != Pte.frame(entry)) {
            free(old, 1);
        }
    }

    private void free(long entry, int count) {
        (Pte.has(entry, Pte.OWN) ? freedOwn : freedOthers).add(Pte.frame(entry), count);
    }

    /** Takes out what lies in the range; {@link #flush} has to follow each call. {@code keepOwn} leaves private pages. */
    void clear(long start, long limit, boolean keepOwn) {
        changes++;
        long at = table.nextPopulated(start, limit);
        while (at < limit) {
            long stop = batchEnd(at, limit);
            int n = load(at, stop);
            for (int i = 0; i < n;) {
                long entry = batch[i];
                if (entry == 0) {
                    i++;
                    continue;
                }
                int end = runEnd(i, n);
                if (keepOwn && Pte.has(entry, Pte.OWN)) {
                    survivors = true;
                } else {
                    Arrays.fill(batch, i, end, 0);
                    noteMapped(at + (long) i * PAGE, end - i, entry);
                    free(entry, end - i);
                    resident -= end - i;
                }
                i = end;
            }
            store(at, 0, n);
            at = table.nextPopulated(stop, limit);
        }
    }

    private void noteMapped(long address, int count, long entry) {
        if (Pte.has(entry, Pte.MAPPED)) {
            lowMapped = Math.min(lowMapped, address);
            highMapped = Math.max(highMapped, address + (long) count * PAGE);
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
            freedOwn.releaseOwn(file);
            freedOthers.release(file);
        } else {
            deferredPages += freedOwn.pages() + freedOthers.pages();
            deferred.addAll(freedOwn);
            deferred.addAll(freedOthers);
            freedOwn.clear();
            freedOthers.clear();
        }
        if (deferredPages != 0 && space.settled()) {
            deferredPages = 0;
            deferred.release(file);
        }
    }

    /** Pages that have left the table but not the platform yet, so that their frames are still in use. Any thread. */
    int deferredPages() {
        return deferredPages;
    }

    /** Releases what others have freed, which the task's own context can see to. */
    void settle(Task task) {
        space.settle(context(task));
        release(null);
    }

    /** Makes what the table needs for {@link #move}; throws ENOMEM. */
    void prepareMove(long from, long to, long length) {
        long end = from + length;
        for (long at = table.nextPopulated(from, end); at < end;) {
            long stop = batchEnd(at, end);
            table.leafToWrite(to + (at - from));
            table.leafToWrite(to + (stop - PAGE - from));
            at = table.nextPopulated(stop, end);
        }
    }

    /** Moves what is present to another place, where nothing is. The platform learns of it by faults. */
    void move(Task task, long from, long to, long length) {
        changes++;
        long end = from + length;
        for (long at = table.nextPopulated(from, end); at < end;) {
            long stop = batchEnd(at, end);
            int n = load(at, stop);
            for (int i = 0; i < n; i++) {
                long entry = batch[i];
                if (entry != 0) {
                    batch[i] = 0;
                    long page = at + (long) i * PAGE;
                    noteMapped(page, 1, entry);
                    table.set(to + (page - from), entry & ~(long) Pte.MAPPED);
                }
            }
            store(at, 0, n);
            at = table.nextPopulated(stop, end);
        }
        flush(task);
    }

    Context context(Task task) {
        return task == null ? null : task.context();
    }

    private boolean isOwn(Context context) {
        return context != null && context.space() == space;
    }

    // ---- the platform

    /**
     * Has the platform map the page, which is present, and with it those around in its leaf that follow in the memory file and
     * are alike in rights and in whether they are mapped, within {@code [low, high)}. Without any right there is nothing to map.
     * A page that is said to be mapped is mapped again: the platform has forgotten it, or never inherited it.
     */
    void map(Task task, long address, long low, long high) {
        long start = Math.max(low, address & -PageTable.LEAF_BYTES);
        int n = load(start, batchEnd(start, high));
        int at = count(start, address);
        long entry = batch[at];
        if (Pte.rights(entry) == 0) {
            return;
        }
        int end = runEnd(at, n);
        int first = at;
        while (first > 0 && batch[first - 1] == batch[first] - PAGE) {
            first--;
        }
        long from = start + (long) first * PAGE;
        if (mapRun(context(task), from, (long) (end - first) * PAGE, Pte.frame(batch[first]), Pte.rights(entry))) {
            // Mapping may have made everything else forgotten, but not these entries.
            for (int i = first; i < end; i++) {
                batch[i] |= Pte.MAPPED;
            }
            store(from, first, end - first);
        }
    }

    private boolean mapRun(Context context, long address, long length, long frame, int rights) {
        int result = space.map(context, address, length, frame, rights, true);
        if (result == -Errno.ENOMEM) {
            // The host has no room for more ranges of this space: begin anew, and let faults bring back what is used.
            space.unmap(context, 0, maxAddress);
            forget(0, maxAddress);
            result = space.map(context, address, length, frame, rights, true);
        }
        return result >= 0;
    }

    /** Takes all rights from pages that are present, in the table only, so that lock-free look-ups of them come to the lock. */
    void conceal(long address, int pages) {
        changes++;
        for (long at = address, end = address + (long) pages * PAGE; at < end; at += PAGE) {
            table.set(at, Pte.withRights(table.get(at), 0));
        }
        // Nobody is to find the rights still there once the platform has begun to change.
        VarHandle.fullFence();
    }

    /**
     * Has the platform map frames that follow each other in the place of others, or of nothing. The table is the caller's.
     *
     * @return whether it has; if not, nothing is mapped there
     */
    boolean mapInstead(Task task, long address, int pages, long frame, int rights) {
        long length = (long) pages * PAGE;
        boolean mapped = mapRun(context(task), address, length, frame, rights);
        if (!mapped) {
            unmapRange(context(task), address, address + length);
        }
        return mapped;
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

    /** Notes that the platform has nothing of the range mapped. Leaves the batch alone. */
    private void forget(long start, long end) {
        for (long at = table.nextPopulated(start, end); at < end;) {
            long slot = table.leaf(at) + PageTable.leafSlot(at);
            long stop = batchEnd(at, end);
            for (int i = count(at, stop); i > 0; i--, slot += Long.BYTES) {
                host.putLong(slot, host.getLong(slot) & ~(long) Pte.MAPPED);
            }
            at = table.nextPopulated(stop, end);
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
        for (long at = table.nextPopulated(start, end); at < end;) {
            long stop = batchEnd(at, end);
            int n = load(at, stop);
            for (int i = 0; i < n;) {
                long entry = batch[i];
                if (entry == 0) {
                    i++;
                    continue;
                }
                int last = runEnd(i, n);
                boolean write = (wanted & Pte.WRITE) == 0 || mayWrite(entry, last - i, tellsWrites);
                if (!write && Pte.has(entry, Pte.OWN)) {
                    // Not all of the run's pages are also others': one by one.
                    last = i + 1;
                    write = mayWrite(entry, 1, tellsWrites);
                }
                run.apply(at, i, last, wanted & ~(write ? 0 : Pte.WRITE));
                i = last;
            }
            store(at, 0, n);
            at = table.nextPopulated(stop, end);
        }
        run.finish();
    }

    private boolean mayWrite(long entry, int count, boolean tellsWrites) {
        if (Pte.has(entry, Pte.SHARED)) {
            return !tellsWrites || Pte.has(entry, Pte.WRITE);
        }
        return Pte.has(entry, Pte.OWN) && file.isOnly(Pte.frame(entry), count);
    }

    /** Takes the right to write from what is present in the range. */
    void writeProtect(Task task, long start, long end) {
        ProtectRun run = new ProtectRun(context(task), end);
        writeProtect(run, start, end);
        run.finish();
    }

    private void writeProtect(ProtectRun run, long start, long end) {
        for (long at = table.nextPopulated(start, end); at < end;) {
            long stop = batchEnd(at, end);
            int n = load(at, stop);
            for (int i = 0; i < n;) {
                int last = batch[i] == 0 ? i + 1 : runEnd(i, n);
                if (batch[i] != 0) {
                    run.apply(at, i, last, Pte.rights(batch[i]) & ~Pte.WRITE);
                }
                i = last;
            }
            store(at, 0, n);
            at = table.nextPopulated(stop, end);
        }
    }

    /**
     * Grants the right to write to a page that nobody else has any more, and to those around in its leaf of which that is true,
     * within {@code [low, high)}.
     */
    void grantOwn(Task task, long address, long low, long high, int rights) {
        changes++;
        long start = Math.max(low, address & -PageTable.LEAF_BYTES);
        int n = load(start, batchEnd(start, high));
        int at = count(start, address);
        int first = at;
        while (first > 0 && isOwnReadOnly(batch[first - 1])) {
            first--;
        }
        int end = at + 1;
        while (end < n && isOwnReadOnly(batch[end])) {
            end++;
        }
        ProtectRun run = new ProtectRun(context(task), high);
        for (int i = first; i < end; i++) {
            run.apply(start, i, i + 1, rights);
        }
        store(start + (long) first * PAGE, first, end - first);
        run.finish();
    }

    private boolean isOwnReadOnly(long entry) {
        return Pte.has(entry, Pte.PRESENT | Pte.OWN) && !Pte.has(entry, Pte.WRITE) && file.references(Pte.frame(entry)) == 1;
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
        private boolean failed;
        private long scatteredFrom = -1;

        ProtectRun(Context context, long limit) {
            this.context = context;
            this.limit = limit;
        }

        /**
         * Gives a run of the batch new rights; the platform is told, now or later.
         *
         * @param base address of the batch's first entry
         */
        void apply(long base, int first, int last, int newRights) {
            long entry = batch[first];
            long page = base + (long) first * PAGE;
            boolean changes = Pte.rights(entry) != newRights;
            boolean mapped = Pte.has(entry, Pte.MAPPED);
            if (mapped) {
                if (page != end || newRights != rights) {
                    callIfChanged();
                    start = page;
                    rights = newRights;
                }
                if (scatteredFrom < 0 && calls >= MAX_PROTECT_CALLS) {
                    // Too scattered: unmapped from here on.
                    scatteredFrom = page;
                }
                end = page + (long) (last - first) * PAGE;
                changed |= changes && scatteredFrom < 0;
            }
            if (changes || mapped && scatteredFrom >= 0) {
                long keep = ~(long) (Pte.RIGHTS | (scatteredFrom >= 0 ? Pte.MAPPED : 0));
                for (int i = first; i < last; i++) {
                    batch[i] = batch[i] & keep | newRights;
                }
            }
        }

        private void callIfChanged() {
            if (changed) {
                calls++;
                changed = false;
                failed |= space.protect(context, start, end - start, rights) < 0;
            }
        }

        /** After the entries are stored. */
        void finish() {
            callIfChanged();
            if (failed) {
                forgetAll(context);
            } else if (scatteredFrom >= 0) {
                unmapRange(context, scatteredFrom, limit);
                forget(scatteredFrom, limit);
            }
        }
    }

    // ---- fork

    /** Takes the right to write from all that is private: a write is to copy first. */
    void protectForFork(Task task, VmaMap vmas) {
        changes++;
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
        for (long at = from.nextPopulated(start, end); at < end;) {
            long stop = batchEnd(at, end);
            table.leafToWrite(at);
            int n = count(at, stop);
            host.copyIn(from.leaf(at) + PageTable.leafSlot(at), batch, 0, n);
            resident += file.share(batch, n);
            store(at, 0, n);
            at = from.nextPopulated(stop, end);
        }
        peakResident = Math.max(peakResident, resident);
    }

    /**
     * Of pages of the range that only this child and its parent share now, the child gets copies instead: they may still be
     * written for the parent, which is to find that and its child is not. The child has not run yet.
     */
    void separate(Pages parent, long start, long end) {
        for (long page = start; page < end; page += PAGE) {
            long entry = table.get(page);
            long frame = Pte.frame(entry);
            if (!Pte.has(entry, Pte.PRESENT | Pte.OWN) || file.references(frame) != 2
                    || Pte.frame(parent.table.get(page)) != frame) {
                continue;
            }
            long copy = frames.allocateRun(1, false) & -PAGE;
            host.copy(file.base() + frame, file.base() + copy, PAGE);
            table.set(page, copy | entry & PAGE - 1 & ~(long) Pte.MAPPED);
            file.release(frame, 1);
            dropInherited(page, page + PAGE);
        }
    }

    /** What a forked space has inherited in the range is not to be seen in it. */
    void dropInherited(long start, long end) {
        unmapRange(null, start, end);
    }

    // ---- counting

    /** How many pages are present in the range, and how many of those nobody else has. */
    long[] count(long[] result, long start, long end) {
        for (long at = table.nextPopulated(start, end); at < end;) {
            long stop = batchEnd(at, end);
            int n = load(at, stop);
            for (int i = 0; i < n; i++) {
                long entry = batch[i];
                if (entry != 0) {
                    result[0]++;
                    result[1] += Pte.has(entry, Pte.OWN) && file.references(Pte.frame(entry)) == 1 ? 1 : 0;
                }
            }
            at = table.nextPopulated(stop, end);
        }
        return result;
    }

    // ---- the end

    /** Everything goes; the space has ended, nobody reads the table any more. */
    void releaseAll() {
        clear(0, maxAddress, false);
        freedOwn.releaseOwn(file);
        freedOthers.release(file);
        deferredPages = 0;
        deferred.release(file);
        table.release();
    }
}
