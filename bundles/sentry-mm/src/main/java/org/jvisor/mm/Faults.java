// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.platform.Context;

/**
 * Page faults of one manager, the application's and those of the kernel's own copying. A fault costs a round to the platform, as
 * much as the host needs for dozens of pages: so where faults come in sequence each brings twice as many pages as the one before.
 */
final class Faults {

    private static final int PAGE = Pte.PAGE;
    /** The first fault in a mapping, or one away from the last: 32 KiB, so that sparse use stays sparse. */
    private static final int FIRST_RUN = 8;
    private static final int MAX_RUN = FrameAllocator.MAX_RUN;
    /** File pages are there anyway; entering more of them costs little. */
    private static final int FILE_RUN = 128;
    /** A writable private file mapping of at most this size (.data of a library) is copied at the first fault. */
    private static final long EAGER_COPY_BYTES = 256 * 1024;
    private static final int EAGER_COPY_RUN = 16;
    /** Pages copied at once for a write after fork, at most. */
    private static final int COPY_RUN = 64;
    /** How often a fault is tried anew because the mapping changed while its file was asked. */
    private static final int MAX_ATTEMPTS = 64;
    /** How often others are asked to give memory back before the task itself has to end. */
    private static final int MAX_SHORTAGES = 64;

    static final int NOT_MAPPED = Signals.SIGSEGV << 16 | Signals.SEGV_MAPERR;
    static final int NOT_PERMITTED = Signals.SIGSEGV << 16 | Signals.SEGV_ACCERR;
    static final int BEYOND_END = Signals.SIGBUS << 16 | Signals.BUS_ADRERR;
    /** Linux's out-of-memory killer would do the same. */
    static final int OUT_OF_MEMORY = Signals.SIGKILL << 16 | Signals.SI_KERNEL;
    /** No signal: the task has something else to do, and may go on where it was. */
    static final int INTERRUPTED = -2;

    /** An access of unknown kind to a page that the platform had not mapped, whatever the table says. */
    static final int UNKNOWN_UNMAPPED = 8;

    /** {@link #resolvePresent}'s answer: the object has to be asked, without the lock. */
    private static final int ASK_OBJECT = -1;

    private final Manager mm;
    private final Pages pages;
    private final VmaMap vmas;
    private final FrameFile file;
    private final HostKernel host;

    Faults(Manager mm) {
        this.mm = mm;
        pages = mm.pages;
        vmas = mm.vmas;
        file = mm.system.file;
        host = mm.system.host;
    }

    /**
     * @param application whether the application itself faulted, so that the platform must have the page; otherwise an entry in
     *     the table is enough
     * @param ahead bytes from the address on that will be accessed too
     * @return 0, or the signal and its code
     */
    int resolve(Task task, long address, int access, boolean application, long ahead) {
        int result = tryResolve(task, address, access, application, ahead);
        return result == OUT_OF_MEMORY ? resolveWithoutMemory(task, address, access, application, ahead) : result;
    }

    /** Without any lock. */
    private int resolveWithoutMemory(Task task, long address, int access, boolean application, long ahead) {
        int result = OUT_OF_MEMORY;
        if (mm.frames.awaitReleased()) {
            result = tryResolve(task, address, access, application, ahead);
        }
        for (int i = 0; result == OUT_OF_MEMORY && i < MAX_SHORTAGES && mm.frames.relieve(task, mm, application); i++) {
            if (application && task.interrupted()) {
                return 0; // what is to be done first may be its end; otherwise the access is made again
            }
            result = tryResolve(task, address, access, application, ahead);
        }
        return result;
    }

    private int tryResolve(Task task, long address, int access, boolean application, long ahead) {
        try {
            long page = address & -PAGE;
            for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
                int result = attempt(task, page, access, application, ahead);
                if (result != ASK_OBJECT) {
                    return result;
                }
            }
            return application ? 0 : BEYOND_END;
        } catch (ErrnoException e) {
            return signalFor(-e.errno(), application);
        }
    }

    private int attempt(Task task, long page, int access, boolean application, long ahead) {
        Vma vma;
        Backing backing;
        boolean write;
        long offset;
        int count;
        int invalidations;
        mm.lock.lock();
        try {
            vma = vmas.find(page);
            if (vma == null) {
                vma = growDown(task, page);
            }
            if (vma == null) {
                return NOT_MAPPED;
            }
            if (!permits(vma.prot, access)) {
                return NOT_PERMITTED;
            }
            long entry = pages.table.get(page);
            if (Pte.present(entry)) {
                int result = resolvePresent(task, vma, page, entry, access, application);
                if (result != ASK_OBJECT) {
                    return result;
                }
            } else if (vma.backing == null) {
                return bringAnonymous(task, vma, page, application, ahead);
            }
            backing = vma.backing;
            write = vma.shared() && (access == Context.ACCESS_WRITE || Pte.present(entry)
                    || (vma.prot & Pte.WRITE) != 0 && !tellsWrites(backing));
            offset = vma.offsetOf(page);
            count = fileRun(vma, page, ahead, write);
            pages.prepare(page, count);
            invalidations = backing.invalidations;
            backing.users++;
        } finally {
            mm.lock.unlock();
        }
        return bringFile(task, vma, backing, page, offset, count, write, access, application, invalidations);
    }

    private static boolean permits(int prot, int access) {
        int rights = Pte.effective(prot);
        return isUnknown(access) ? rights != 0 : (rights & access) == access;
    }

    private static boolean isUnknown(int access) {
        return access == Context.ACCESS_UNKNOWN || access == UNKNOWN_UNMAPPED;
    }

    /** Whether writes through shared mappings of the object must be told to it. */
    static boolean tellsWrites(Backing backing) {
        return backing != null && !(backing.object instanceof FrameStore);
    }

    // ---- stack

    /** Lets the mapping above grow down to {@code page}, as far as RLIMIT_STACK and the guard gap allow; null if not. */
    private Vma growDown(Task task, long page) {
        int index = vmas.indexFrom(page);
        if (index == vmas.size()) {
            return null;
        }
        Vma vma = vmas.get(index);
        if (!vma.is(Vma.GROWS_DOWN) || page < Manager.MIN_ADDRESS
                || Long.compareUnsigned(vma.end - page, mm.limit(task, Rlimit.RLIMIT_STACK)) > 0) {
            return null;
        }
        long growth = vma.start - page;
        if (index > 0) {
            Vma below = vmas.get(index - 1);
            boolean needsGap = Pte.effective(below.prot) != 0 && !below.is(Vma.GROWS_DOWN);
            if (needsGap && page - below.end < VmaMap.GUARD_GAP) {
                return null;
            }
        }
        if (mm.exceedsAddressSpace(task, growth) || vma.is(Vma.LOCKED) && mm.exceedsLocked(task, growth)) {
            return null;
        }
        vma.offset -= growth;
        vmas.resize(vma, page, vma.end);
        return vma;
    }

    // ---- pages that are there

    private int resolvePresent(Task task, Vma vma, long page, long entry, int access, boolean application) {
        int granted = Pte.rights(entry);
        int allowed = Pte.effective(vma.prot);
        int missing = allowed & ~granted;
        boolean mapped = Pte.has(entry, Pte.MAPPED) && access != UNKNOWN_UNMAPPED;
        if (isUnknown(access)) {
            // A page that is mapped with less than is allowed faulted for what is missing; one that is not, for not being mapped.
            missing = mapped ? missing : 0;
        } else {
            missing &= access;
        }
        if (missing == 0) {
            if (!application) {
                return 0;
            }
            if (mapped && mm.isRepeated(task, page)) {
                return NOT_PERMITTED;
            }
            // If it is mapped, another thread has just done it, or the platform has forgotten.
            map(task, vma, page);
            return 0;
        }
        if ((missing & Pte.WRITE) == 0) {
            grantMore(task, page, entry, granted | missing);
            return 0;
        }
        if (vma.shared()) {
            if (tellsWrites(vma.backing)) {
                return ASK_OBJECT;
            }
            grantMore(task, page, entry, allowed);
        } else if (Pte.has(entry, Pte.OWN) && file.references(Pte.frame(entry)) == 1) {
            pages.grantOwn(task, page, vma.start, vma.end, allowed);
        } else {
            copy(task, vma, page, allowed);
        }
        return application ? mapIfAbsent(task, vma, page) : 0;
    }

    private int mapIfAbsent(Task task, Vma vma, long page) {
        if (!Pte.has(pages.table.get(page), Pte.MAPPED)) {
            map(task, vma, page);
        }
        return 0;
    }

    private void map(Task task, Vma vma, long page) {
        long reach = (long) MAX_RUN * PAGE;
        pages.map(task, page, Math.max(vma.start, page - reach), Math.min(vma.end, page + reach));
    }

    private void grantMore(Task task, long page, long entry, int rights) {
        pages.replace(page, entry, Pte.withRights(entry, rights));
        if (Pte.has(entry, Pte.MAPPED)) {
            pages.protectMapped(pages.context(task), page, page + PAGE, rights);
        }
    }

    /** Gives the mapping copies of its own of pages that others have too: one, or more when writes come in sequence. */
    private void copy(Task task, Vma vma, long page, int rights) {
        int wanted = sequential(vma, page) ? Math.min(COPY_RUN, vma.runPages * 2) : 1;
        wanted = (int) Math.min(wanted, vma.end - page >>> Pte.PAGE_SHIFT);
        int count = 1;
        while (count < wanted && needsCopy(page + (long) count * PAGE)) {
            count++;
        }
        long run = mm.frames.allocateRun(count, false);
        long frame = run & -PAGE;
        count = (int) run & PAGE - 1;
        boolean mapped = false;
        for (int i = 0; i < count; i++) {
            long at = page + (long) i * PAGE;
            long to = frame + (long) i * PAGE;
            long old = pages.table.get(at);
            mapped |= Pte.has(old, Pte.MAPPED);
            host.copy(file.base() + Pte.frame(old), file.base() + to, PAGE);
        }
        // Lock-free copies must never use one frame while the application uses the other. Published before the platform has it, the
        // copy would take what read(2) stores while the application still reads the old frame; published after, write(2) would
        // send the old frame's bytes after the application has stored into the new one. So there is no right to use the page
        // while the platform changes: who looks it up then faults, and waits for our lock.
        boolean remapped = false;
        if (mapped) {
            pages.conceal(page, count);
            remapped = pages.mapInstead(task, page, count, frame, rights);
        }
        for (int i = 0; i < count; i++) {
            long at = page + (long) i * PAGE;
            long to = frame + (long) i * PAGE;
            pages.replace(at, pages.table.get(at), to | Pte.PRESENT | Pte.OWN | rights | (remapped ? Pte.MAPPED : 0));
        }
        pages.release(pages.context(task));
        remember(vma, page, count);
    }

    private boolean needsCopy(long address) {
        long entry = pages.table.get(address);
        return Pte.present(entry) && !Pte.has(entry, Pte.WRITE)
                && !(Pte.has(entry, Pte.OWN) && file.references(Pte.frame(entry)) == 1);
    }

    // ---- anonymous memory

    private int bringAnonymous(Task task, Vma vma, long page, boolean application, long ahead) {
        long low = page;
        long high;
        int run = nextRun(vma, page);
        if (page < vma.runStart && sequential(vma, page)) {
            low = Math.max(vma.start, page + PAGE - (long) run * PAGE);
            high = page + PAGE;
        } else if (sequential(vma, page)) {
            high = page + (long) run * PAGE;
        } else {
            low = Math.max(vma.start, page & -((long) run * PAGE));
            high = low + (long) run * PAGE;
        }
        high = Math.max(high, page + Math.min(ahead + PAGE, (long) MAX_RUN * PAGE) & -PAGE);
        high = Math.min(high, vma.end);
        low = page - (long) pages.absentBefore(page, (int) (page - low >>> Pte.PAGE_SHIFT)) * PAGE;
        int behind = pages.absentFrom(page, (int) Math.min(MAX_RUN, high - page >>> Pte.PAGE_SHIFT));
        int wanted = (int) Math.min(MAX_RUN, (page - low >>> Pte.PAGE_SHIFT) + behind);
        pages.prepare(low, wanted);
        long taken = mm.frames.allocateRun(wanted, true);
        int count = (int) taken & PAGE - 1;
        if (low + (long) count * PAGE <= page) {
            low = page + PAGE - (long) count * PAGE;
        }
        pages.enter(application ? task : null, low, taken & -PAGE, count, Pte.OWN | Pte.effective(vma.prot));
        remember(vma, low, count);
        return 0;
    }

    /** Whether {@code page} lies just behind or before what the last fault brought. */
    private static boolean sequential(Vma vma, long page) {
        if (vma.runPages == 0 || vma.is(Vma.RANDOM)) {
            return false;
        }
        long near = (long) vma.runPages * PAGE;
        return page >= vma.runEnd && page < vma.runEnd + near || page < vma.runStart && page >= vma.runStart - near;
    }

    private static int nextRun(Vma vma, long page) {
        if (vma.is(Vma.RANDOM)) {
            return 1;
        }
        return sequential(vma, page) ? Math.min(MAX_RUN, Math.max(FIRST_RUN, vma.runPages * 2)) : FIRST_RUN;
    }

    private static void remember(Vma vma, long start, int count) {
        vma.runStart = start;
        vma.runEnd = start + (long) count * PAGE;
        vma.runPages = count;
    }

    // ---- files and other objects

    /** How many pages from {@code page} on to bring in. */
    private int fileRun(Vma vma, long page, long ahead, boolean write) {
        int run;
        if (vma.is(Vma.RANDOM)) {
            run = 1;
        } else if (vma.backing.object instanceof FrameStore || write) {
            run = sequential(vma, page) ? Math.min(MAX_RUN, Math.max(FIRST_RUN, vma.runPages * 2))
                    : tellsWrites(vma.backing) ? 1 : FIRST_RUN;
        } else {
            run = sequential(vma, page) ? MAX_RUN : FILE_RUN;
        }
        run = Math.max(run, (int) Math.min(MAX_RUN, (ahead >>> Pte.PAGE_SHIFT) + 1));
        return (int) Math.min(run, vma.end - page >>> Pte.PAGE_SHIFT);
    }

    /** Asks the object, without the lock; then enters what it gave if the mapping is still what it was. */
    private int bringFile(Task task, Vma vma, Backing backing, long page, long offset, int wanted, boolean write, int access,
            boolean application, int invalidations) {
        int result = ASK_OBJECT;
        long frame = 0;
        int count = 0;
        try {
            frame = backing.object.frame(offset, write);
            if (frame < 0) {
                result = signalFor(frame, application);
            } else {
                count = retainRun(backing, offset, frame, wanted, write);
            }
        } finally {
            mm.lock.lockAlways();
            try {
                if (count > 0 && isStill(vma, backing, page, offset, invalidations)) {
                    result = enterFile(task, vma, page, frame, count, write, access, application);
                } else {
                    for (int i = 0; i < count; i++) {
                        file.release(frame + (long) i * PAGE, 1);
                    }
                }
            } finally {
                mm.unuse(backing);
                mm.unlock(task);
            }
        }
        return result;
    }

    private boolean isStill(Vma vma, Backing backing, long page, long offset, int invalidations) {
        return backing.invalidations == invalidations && vmas.find(page) == vma && vma.backing == backing
                && vma.offsetOf(page) == offset;
    }

    private static int signalFor(long error, boolean application) {
        return switch ((int) -error) {
            case Errno.ENOMEM -> OUT_OF_MEMORY;
            // A signal ended the wait for the file: the access is made again after it.
            case Errno.EINTR, Errno.ERESTARTSYS -> application ? 0 : BEYOND_END;
            default -> BEYOND_END;
        };
    }

    /** Takes references of the frame and of those that follow it in file and memory file; their number, 0 if it has just gone. */
    private int retainRun(Backing backing, long offset, long frame, int wanted, boolean write) {
        int there;
        if (wanted == 1) {
            there = 1;
        } else if (backing.object instanceof FrameStore store) {
            there = store.bringFollowing(offset, wanted);
        } else {
            there = Math.max(1, Math.min(wanted, backing.object.framesFollowing(offset, wanted)));
        }
        int count = 0;
        while (count < there) {
            long at = (long) count * PAGE;
            boolean told = count == 0 || !write || !tellsWrites(backing) || backing.object.frame(offset + at, true) == frame + at;
            if (!told || !file.tryRetain(frame + at)) {
                break;
            }
            count++;
        }
        return count;
    }

    /** With the lock: enters the frames, whose references are ours to pass on. */
    private int enterFile(Task task, Vma vma, long page, long frame, int given, boolean write, int access,
            boolean application) {
        int allowed = Pte.effective(vma.prot);
        Task mapFor = application ? task : null;
        int room = (int) Math.min(given, vma.end - page >>> Pte.PAGE_SHIFT);
        int count = pages.absentFrom(page, room);
        if (count < given) {
            int kept = Math.max(count, 1);
            file.release(frame + (long) kept * PAGE, given - kept);
        }
        if (count == 0) {
            return again(task, vma, page, frame, write ? allowed : 0, application);
        }
        if (vma.shared()) {
            pages.enter(mapFor, page, frame, count, Pte.SHARED | (write ? allowed : allowed & ~Pte.WRITE));
        } else if (copiesAtOnce(vma, access, application)) {
            count = enterCopies(mapFor, page, frame, count, allowed);
        } else {
            pages.enter(mapFor, page, frame, count, allowed & ~Pte.WRITE);
        }
        remember(vma, page, count);
        return 0;
    }

    /** The page was there before the object was asked (for the right to write), or another thread has brought it meanwhile. */
    private int again(Task task, Vma vma, long page, long frame, int granted, boolean application) {
        long entry = pages.table.get(page);
        boolean same = Pte.frame(entry) == frame;
        file.release(frame, 1);
        if (!same) {
            // The object has moved the page without a word: the next attempt brings it from its new place.
            if (vma.shared()) {
                pages.clear(page, page + PAGE, false);
                pages.flush(task);
            }
            return ASK_OBJECT;
        }
        if (granted != 0 && vma.shared()) {
            grantMore(task, page, entry, granted);
        }
        return application ? mapIfAbsent(task, vma, page) : 0;
    }

    private static boolean copiesAtOnce(Vma vma, int access, boolean application) {
        if ((vma.prot & Pte.WRITE) == 0 || access == Context.ACCESS_READ) {
            return false;
        }
        return access == Context.ACCESS_WRITE || application && vma.length() <= EAGER_COPY_BYTES;
    }

    /** @return how many pages were entered: as many as there was one run of frames for */
    private int enterCopies(Task mapFor, long page, long frame, int given, int rights) {
        try {
            long run = mm.frames.allocateRun(Math.min(given, EAGER_COPY_RUN), false);
            int count = (int) run & PAGE - 1;
            long copy = run & -PAGE;
            host.copy(file.base() + frame, file.base() + copy, (long) count * PAGE);
            pages.enter(mapFor, page, copy, count, Pte.OWN | rights);
            return count;
        } finally {
            file.release(frame, given);
        }
    }
}
