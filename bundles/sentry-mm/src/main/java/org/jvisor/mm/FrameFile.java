// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.lock.LockOrder;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.mm.MemoryShortage;

/**
 * The memory file: a sparse memfd as large as the host's memory, mapped whole.
 *
 * <p>The limit keeps applications from filling the host. Where the host itself runs out below the limit, it does with the
 * toucher of a page what it always does (its OOM killer, or SIGBUS, which the JVM turns into an InternalError in the task that
 * copied, and a platform into GONE).
 */
final class FrameFile implements MemoryFile {

    private static final VarHandle COUNT = MethodHandles.arrayElementVarHandle(int[].class);
    private static final int COUNTS_SHIFT = 12;
    private static final int COUNTS = 1 << COUNTS_SHIFT;
    private static final int PAGE_SHIFT = 12;
    /** FALLOC_FL_KEEP_SIZE and FALLOC_FL_PUNCH_HOLE. */
    static final long PUNCH = 1 | 2;
    private static final long MFD_CLOEXEC = 1;
    /** Free frames whose pages the host may go on holding, for quick reuse: 32 MiB. */
    static final int DIRTY_MAX = 8192;

    /** How much may be used above the limit for a moment by what is released: an eighth of it. */
    private static final int RELEASED_SHARE_SHIFT = 3;
    /** How often caches are asked to give up pages for one who needs several that follow each other. */
    private static final int MAX_RECLAIMS = 8;
    private static final long RELEASED_WAIT_NS = 1_000_000_000;

    private final HostKernel host;
    private final int descriptor;
    private final long base;
    private final long capacity;
    private final Epochs epochs = new Epochs();

    /** References by frame; a part is made when a frame of it is first handed out, with the lock. */
    private final int[][] counts;
    /** Who is charged for a frame, by index; for none that is free. Guarded by the lock. */
    private final char[][] payers;
    /** By index, which 0 is none of; null: not used. Guarded by the lock. */
    private final List<FrameAccount> accounts = new ArrayList<>();
    private final FrameAccount own = new FrameAccount(this, null, () -> { });

    private final Mutex lock = new Mutex(LockRank.FRAMES);
    // Guarded by the lock.
    private final FrameAllocator allocator;
    private final Limbo limbo = new Limbo();
    private long handedOut;
    /** Frames whose pages are just given back to the host: nobody's, though the allocator has them taken. */
    private int trimmed;
    // Written with the lock.
    private volatile int kept;
    private volatile boolean tooMany;
    private volatile long limit;
    private volatile Runnable afterRelease = () -> { };
    private volatile MemoryShortage shortage = (container, task, meanwhile) -> false;

    FrameFile(HostKernel host, long bytes) {
        this.host = host;
        capacity = bytes & -(FrameAllocator.MAX_RUN * (long) PAGE);
        limit = capacity;
        int frames = (int) Math.min(capacity >>> PAGE_SHIFT, Integer.MAX_VALUE & -FrameAllocator.MAX_RUN);
        allocator = new FrameAllocator(frames);
        counts = new int[(frames + COUNTS - 1) >>> COUNTS_SHIFT][];
        payers = new char[counts.length][];
        accounts.add(own);
        descriptor = create();
        base = map();
    }

    /** A memory file as large as the host's memory. */
    static FrameFile ofHostSize(HostKernel host) {
        long info = host.allocate(128);
        try {
            ErrnoException.check(host.syscall(SyscallNr.SYSINFO, info));
            // struct sysinfo: totalram at 32, mem_unit at 104
            return new FrameFile(host, host.getLong(info + 32) * Integer.toUnsignedLong(host.getInt(info + 104)));
        } finally {
            host.free(info);
        }
    }

    private int create() {
        long name = host.allocate(16);
        try {
            host.copyOut("application".getBytes(java.nio.charset.StandardCharsets.US_ASCII), 0, 11, name);
            int fd = (int) ErrnoException.check(host.syscall(SyscallNr.MEMFD_CREATE, name, MFD_CLOEXEC));
            ErrnoException.check(host.syscall(SyscallNr.FTRUNCATE, fd, capacity));
            return fd;
        } finally {
            host.free(name);
        }
    }

    private long map() {
        long address = ErrnoException.check(host.syscall(SyscallNr.MMAP, 0, capacity, Mman.PROT_READ | Mman.PROT_WRITE,
                Mman.MAP_SHARED | Mman.MAP_NORESERVE, descriptor, 0));
        // A core file of the Sentry is not to hold the applications' memory; a host that cannot leave it out does no harm.
        host.syscall(SyscallNr.MADVISE, address, capacity, Mman.MADV_DONTDUMP);
        return address;
    }

    void close() {
        host.syscall(SyscallNr.MUNMAP, base, capacity);
        host.syscall(SyscallNr.CLOSE, descriptor);
    }

    @Override
    public int descriptor() {
        return descriptor;
    }

    @Override
    public long base() {
        return base;
    }

    @Override
    public long limit() {
        return limit;
    }

    void setLimit(long bytes) {
        limit = Math.min(bytes & -PAGE, capacity);
    }

    @Override
    public long used() {
        try (Mutex _ = lock.take()) {
            return (long) (allocator.used() - trimmed - limbo.frames()) << PAGE_SHIFT;
        }
    }

    @Override
    public Epoch newEpoch() {
        return epochs.newMark();
    }

    Epochs epochs() {
        return epochs;
    }

    /** What nobody is charged for. */
    FrameAccount own() {
        return own;
    }

    /** @param sweep has frames given back that are held for nothing */
    FrameAccount newAccount(Cgroup container, Runnable sweep) {
        return new FrameAccount(this, container, sweep);
    }

    void onShortage(MemoryShortage newShortage) {
        shortage = newShortage;
    }

    MemoryShortage shortage() {
        return shortage;
    }

    // ---- handing out

    /** Of the kernel's own. */
    @Override
    public long allocate(int pages) {
        return allocate(own, pages);
    }

    long allocate(FrameAccount account, int pages) {
        if (pages < 1) {
            throw new IllegalArgumentException(pages + " pages");
        }
        for (int i = 0;; i++) {
            try {
                return take(account, pages, pages, true) >>> Integer.SIZE << PAGE_SHIFT;
            } catch (ErrnoException e) {
                if (i >= MAX_RECLAIMS || !account.reclaim() && (i > 0 || !account.awaitReleased())) {
                    throw e;
                }
            }
        }
    }

    /**
     * Takes as many frames as there are in one run, from one to {@code wanted}.
     *
     * @param account who is charged
     * @param zero whether they read as zeros; otherwise the caller overwrites all of them
     * @return the offset of the first, plus the number (at most 512) in its low bits
     * @throws ErrnoException ENOMEM
     */
    long allocateRun(FrameAccount account, int wanted, boolean zero) {
        long taken = take(account, Math.min(wanted, FrameAllocator.MAX_RUN), 1, zero);
        return (taken >>> Integer.SIZE << PAGE_SHIFT) + (int) taken;
    }

    /** @return frame in the upper half, count in the lower */
    private long take(FrameAccount account, int wanted, int atLeast, boolean zero) {
        long taken = tryTake(account, wanted, atLeast);
        if (taken < 0) {
            throw ErrnoException.of(Errno.ENOMEM);
        }
        int frame = (int) (taken >>> Integer.SIZE);
        int count = (int) taken;
        setCounts(frame, count);
        if (zero) {
            clear(frame, count);
        }
        return taken;
    }

    private long tryTake(FrameAccount account, int wanted, int atLeast) {
        try (Mutex _ = lock.take()) {
            reclaim();
            // What is on its way back does not count, as long as it is little.
            int counted = allocator.used() - trimmed - (int) Math.min(limbo.frames(), limit >>> PAGE_SHIFT + RELEASED_SHARE_SHIFT);
            int room = Math.clamp((limit >>> PAGE_SHIFT) - counted, 0, Integer.MAX_VALUE);
            int count = (int) Math.min(Math.min(wanted, room), account.room());
            while (count >= atLeast && count > 0) {
                int frame = allocator.take(count);
                // Somebody else may have been charged for the room meanwhile.
                if (frame >= 0 && charge(account, frame, count)) {
                    handedOut++;
                    return (long) frame << Integer.SIZE | count;
                }
                count = count == atLeast ? 0 : Math.max(atLeast, count / 2);
            }
            return -1;
        }
    }

    /** With the lock: has the account pay for frames that have just been taken; if it cannot, they are free again. */
    private boolean charge(FrameAccount account, int frame, int count) {
        boolean charged = false;
        try {
            makeParts(frame, count);
            enter(account);
            charged = account.tryCharge(count);
            for (int at = frame, end = frame + count; charged && at < end;) {
                int first = at & COUNTS - 1;
                int n = Math.min(end - at, COUNTS - first);
                Arrays.fill(payers[at >>> COUNTS_SHIFT], first, first + n, account.index());
                at += n;
            }
            return charged;
        } finally {
            if (!charged) {
                allocator.give(frame, count);
                leaveIfEmpty(account);
            }
        }
    }

    private void makeParts(int frame, int count) {
        for (int part = frame >>> COUNTS_SHIFT; part <= frame + count - 1 >>> COUNTS_SHIFT; part++) {
            if (payers[part] == null) {
                char[] fresh = new char[COUNTS];
                counts[part] = new int[COUNTS];
                payers[part] = fresh;
            }
        }
    }

    /** Gives an account an index. */
    private void enter(FrameAccount account) {
        if (account.index() != 0 || !account.isCharged()) {
            return;
        }
        int index = accounts.indexOf(null);
        if (index < 0) {
            index = accounts.size();
            if (index > Character.MAX_VALUE) {
                throw ErrnoException.of(Errno.ENOMEM);
            }
            accounts.add(account);
        }
        accounts.set(index, account);
        account.setIndex((char) index);
    }

    private void leaveIfEmpty(FrameAccount account) {
        if (account.index() != 0 && account.isEmpty()) {
            accounts.set(account.index(), null);
            account.setIndex((char) 0);
        }
    }

    /** With the lock: nobody is charged any more for frames that were just released. */
    private void uncharge(int frame, int count) {
        int end = frame + count;
        for (int at = frame; at < end;) {
            char[] part = payers[at >>> COUNTS_SHIFT];
            int stop = Math.min(end, (at | COUNTS - 1) + 1);
            char payer = part[at & COUNTS - 1];
            int first = at++;
            while (at < stop && part[at & COUNTS - 1] == payer) {
                at++;
            }
            if (payer != 0) {
                FrameAccount account = accounts.get(payer);
                account.uncharge(at - first);
                leaveIfEmpty(account);
            }
        }
    }

    /**
     * After a lack of memory: waits until what has been released is free, as long as somebody who is held up could still use it.
     * Best without any lock, for those who are held up may wait for it; they are not waited for very long.
     *
     * @return whether there was anything to wait for, so that trying once more makes sense
     */
    boolean awaitReleased() {
        try (Mutex _ = lock.take()) {
            if (limbo.isEmpty()) {
                return false;
            }
        }
        epochs.awaitOthers(RELEASED_WAIT_NS);
        return true;
    }

    /** Plain stores: whoever learns of the frames does so after a fence. */
    private void setCounts(int frame, int count) {
        for (int at = frame, end = frame + count; at < end;) {
            int first = at & COUNTS - 1;
            int n = Math.min(end - at, COUNTS - first);
            Arrays.fill(countsOf(at), first, first + n, 1);
            at += n;
        }
    }

    /** Reading the dirty bits of frames that are ours alone needs no lock: they change only while frames are free. */
    private void clear(int frame, int count) {
        int end = frame + count;
        for (int i = frame; i < end;) {
            if (!allocator.isDirty(i)) {
                i++;
                continue;
            }
            int first = i;
            while (i < end && allocator.isDirty(i)) {
                i++;
            }
            host.fill(base + ((long) first << PAGE_SHIFT), (long) (i - first) << PAGE_SHIFT, (byte) 0);
        }
    }

    private int[] countsOf(int frame) {
        return counts[frame >>> COUNTS_SHIFT];
    }

    // ---- references

    @Override
    public void retain(long offset, int pages) {
        for (int i = 0; i < pages; i++) {
            if (!tryRetain(offset + (long) i * PAGE)) {
                throw new IllegalStateException("retained a free frame");
            }
        }
    }

    /** Takes a reference unless the last one has just gone. */
    boolean tryRetain(long offset) {
        int frame = frame(offset);
        int[] part = countsOf(frame);
        int index = frame & COUNTS - 1;
        int found = (int) COUNT.getAcquire(part, index);
        while (found > 0) {
            int witness = (int) COUNT.compareAndExchange(part, index, found, found + 1);
            if (witness == found) {
                return true;
            }
            found = witness;
        }
        return false;
    }

    /**
     * Takes another reference of the frame of each of the first {@code n} page table entries that is not 0; the caller holds the
     * ones that the entries have. References of a frame that is an entry's OWN are only taken by those who have one: where there
     * is just one, nobody else can be at it.
     *
     * @return how many entries are not 0
     */
    int share(long[] entries, int n) {
        int shared = 0;
        for (int i = 0; i < n; i++) {
            long entry = entries[i];
            if (entry == 0) {
                continue;
            }
            shared++;
            int frame = (int) (entry >>> PAGE_SHIFT);
            int[] part = counts[frame >>> COUNTS_SHIFT];
            int index = frame & COUNTS - 1;
            if ((entry & Pte.OWN) != 0 && part[index] == 1) {
                part[index] = 2;
            } else {
                COUNT.getAndAdd(part, index, 1);
            }
        }
        return shared;
    }

    /** Whether there is just one reference of each of the frames. */
    boolean isOnly(long offset, int pages) {
        int first = frame(offset);
        for (int frame = first; frame < first + pages; frame++) {
            if ((int) COUNT.getAcquire(countsOf(frame), frame & COUNTS - 1) != 1) {
                return false;
            }
        }
        return true;
    }

    /** Like {@link #release} for frames whose references are only taken by those who have one. */
    void releaseOwn(long offset, int pages) {
        int first = frame(offset);
        int end = first + pages;
        int ownFrom = -1;
        for (int frame = first; frame < end; frame++) {
            int[] part = countsOf(frame);
            int index = frame & COUNTS - 1;
            if (part[index] == 1) {
                part[index] = 0;
                ownFrom = ownFrom < 0 ? frame : ownFrom;
                continue;
            }
            if (ownFrom >= 0) {
                retire(ownFrom, frame - ownFrom);
                ownFrom = -1;
            }
            release((long) frame << PAGE_SHIFT, 1);
        }
        if (ownFrom >= 0) {
            retire(ownFrom, end - ownFrom);
        }
    }

    @Override
    public void release(long offset, int pages) {
        int first = frame(offset);
        int freedFrom = -1;
        for (int frame = first; frame < first + pages; frame++) {
            int before = (int) COUNT.getAndAdd(countsOf(frame), frame & COUNTS - 1, -1);
            if (before <= 0) {
                COUNT.getAndAdd(countsOf(frame), frame & COUNTS - 1, 1);
                throw new IllegalStateException("released a free frame");
            }
            if (before == 1) {
                freedFrom = freedFrom < 0 ? frame : freedFrom;
            } else if (freedFrom >= 0) {
                retire(freedFrom, frame - freedFrom);
                freedFrom = -1;
            }
        }
        if (freedFrom >= 0) {
            retire(freedFrom, first + pages - freedFrom);
        }
    }

    @Override
    public int references(long offset) {
        int frame = frame(offset);
        return (int) COUNT.getAcquire(countsOf(frame), frame & COUNTS - 1);
    }

    private static int frame(long offset) {
        return (int) (offset >>> PAGE_SHIFT);
    }

    // ---- taking back

    private void retire(int frame, int count) {
        try (Mutex _ = lock.take()) {
            uncharge(frame, count);
            limbo.add(frame, count, epochs.current());
            if (limbo.frames() + allocator.dirty() > DIRTY_MAX) {
                reclaim();
            }
            noteKept();
        }
        afterRelease.run();
    }

    /**
     * What is to be done whenever frames are released, perhaps with locks held: it is quick and takes no lock but this one's. It sees to
     * it that not too many are {@linkplain #keptFrames kept}, since who releases frames is not to wait for the host.
     */
    void onRelease(Runnable action) {
        afterRelease = action;
    }

    /** Frames that are not used but whose pages the host still has, about. */
    int keptFrames() {
        return kept;
    }

    /** Whether more of them could be given back to the host than are worth keeping. */
    boolean keepsTooMany() {
        return tooMany;
    }

    /** With the lock. */
    private void noteKept() {
        kept = allocator.dirty() + limbo.frames();
        tooMany = allocator.dirty() > DIRTY_MAX;
    }

    /** How often frames have been handed out. */
    long handedOut() {
        try (Mutex _ = lock.take()) {
            return handedOut;
        }
    }

    /** Frees what nobody can hold an address of any more. With the lock. */
    private void reclaim() {
        if (limbo.isEmpty()) {
            return;
        }
        if (limbo.newestEpoch() == epochs.current()) {
            epochs.advance();
        }
        long oldest = epochs.oldest();
        while (!limbo.isEmpty() && limbo.oldestEpoch() < oldest) {
            allocator.give(limbo.firstFrame(), limbo.firstCount());
            limbo.removeFirst();
        }
    }

    /** Gives pages of free frames back to the host until at most {@code keep} are left, and those that may still be read. */
    void trim(int keep) {
        try (Mutex _ = lock.take()) {
            reclaim();
        }
        boolean done;
        do {
            long run = takeDirty(keep);
            done = run < 0 || !punch((int) (run >>> 16), (int) run & 0xffff);
        } while (!done);
    }

    private long takeDirty(int keep) {
        try (Mutex _ = lock.take()) {
            long run = allocator.dirty() > keep ? allocator.takeDirtyFromAbove() : -1;
            trimmed += run < 0 ? 0 : (int) run & 0xffff;
            noteKept();
            return run;
        }
    }

    /** Without the lock, for the host takes its time. */
    private boolean punch(int frame, int count) {
        long result = host.syscall(SyscallNr.FALLOCATE, descriptor, PUNCH,
                (long) frame << PAGE_SHIFT, (long) count << PAGE_SHIFT, 0, 0);
        try (Mutex _ = lock.take()) {
            trimmed -= count;
            if (result < 0) {
                allocator.give(frame, count);
            } else {
                allocator.giveClean(frame, count);
            }
        }
        return result >= 0;
    }

    /** Frames that are released but perhaps still read, oldest first; a ring. */
    private static final class Limbo {
        private long[] runs = new long[256];
        private long[] stamps = new long[256];
        private int head;
        private int size;
        private int frames;

        boolean isEmpty() {
            return size == 0;
        }

        int frames() {
            return frames;
        }

        void add(int frame, int count, long epoch) {
            frames += count;
            if (size > 0) {
                int last = head + size - 1 & runs.length - 1;
                int lastCount = (int) runs[last];
                if (stamps[last] == epoch && (int) (runs[last] >>> 32) + lastCount == frame) {
                    runs[last] += count;
                    return;
                }
            }
            if (size == runs.length) {
                grow();
            }
            int at = head + size++ & runs.length - 1;
            runs[at] = (long) frame << 32 | count;
            stamps[at] = epoch;
        }

        long newestEpoch() {
            return stamps[head + size - 1 & runs.length - 1];
        }

        long oldestEpoch() {
            return stamps[head];
        }

        int firstFrame() {
            return (int) (runs[head] >>> 32);
        }

        int firstCount() {
            return (int) runs[head];
        }

        void removeFirst() {
            frames -= firstCount();
            head = head + 1 & runs.length - 1;
            size--;
        }

        private void grow() {
            long[] moreRuns = new long[runs.length * 2];
            long[] moreStamps = new long[runs.length * 2];
            for (int i = 0; i < size; i++) {
                moreRuns[i] = runs[head + i & runs.length - 1];
                moreStamps[i] = stamps[head + i & runs.length - 1];
            }
            runs = moreRuns;
            stamps = moreStamps;
            head = 0;
        }
    }
}
