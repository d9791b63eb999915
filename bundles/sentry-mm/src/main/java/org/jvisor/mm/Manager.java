// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.LockOrder;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.api.platform.AddressSpace;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.UserSpace;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.Dentry;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.Mount;
import org.jvisor.api.vfs.VfsPath;

/**
 * One application address space: the mappings, the pages, and one lock over both. The work is in {@link Mapper}, {@link Faults},
 * {@link Advice} and {@link Forker}; this class holds what they share.
 *
 * <p>Lock order: locks of files, then {@link #lock} (of a forking parent before its child's), then the memory file's. So objects
 * behind mappings are never called with the lock held.
 */
final class Manager implements MemoryManager, Restorable {

    static final int PAGE = Pte.PAGE;
    /** Below this nothing is mapped (the kernel's vm.mmap_min_addr). */
    static final long MIN_ADDRESS = 0x10000;

    final MemorySystem system;
    final KillableLock lock = new KillableLock(LockRank.ADDRESS_SPACE);
    final long maxAddress;
    /** Who is charged for it, for its mappings and its tables. */
    final Cgroup payer;
    /** Where its container's frames come from. */
    final FrameAccount frames;

    // Guarded by the lock.
    final VmaMap vmas;
    final Pages pages;
    /** Backings without a user, to be closed once the lock is free. */
    private Backing unused;
    /** Vma flags that mlockall(2) MCL_FUTURE gives to new mappings. */
    int futureLockFlags;
    long brk;
    long mmapBase;

    final Copiers copiers = new Copiers();

    private final int id;
    private final AtomicInteger users = new AtomicInteger(1);
    private final Layout layout = new Layout();
    private volatile VfsPath executable;

    private final Mapper mapper;
    private final Faults faults;
    private final Advice advice;
    final Barriers barriers = new Barriers(this);

    /** @throws org.jvisor.api.abi.ErrnoException ENOMEM when there is to be no table of pages */
    Manager(MemorySystem system, AddressSpace space, int id, Cgroup payer) {
        this.system = system;
        this.id = id;
        this.payer = payer;
        frames = system.file(payer);
        vmas = new VmaMap(this::unuse, payer);
        maxAddress = UserSpace.END;
        pages = new Pages(new PageTable(system.host, system.arena, payer), space, system.host, frames, maxAddress);
        mapper = new Mapper(this);
        faults = new Faults(this);
        advice = new Advice(this);
        mmapBase = Mapper.randomBase(system.random, maxAddress);
    }

    // ---- shared by the parts

    /** Its address space, and the objects behind its mappings. */
    void forEachHandle(Consumer<Handle> visitor) {
        visitor.accept(new SpaceHandle(id, pages));
        lock.lock();
        try {
            for (int i = 0; i < vmas.size(); i++) {
                Backing backing = vmas.get(i).backing;
                if (backing != null) {
                    visitor.accept(backing);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** A mapping or a fault less that uses {@code backing}. With the lock. */
    void unuse(Backing backing) {
        if (--backing.users == 0) {
            backing.nextUnused = unused;
            unused = backing;
        }
    }

    /** Lets go of the lock, and closes what has lost its last user meanwhile. */
    void unlock(Task task) {
        Backing closing = unused;
        unused = null;
        lock.unlock();
        if (closing != null) {
            closeAll(closing, task);
        }
    }

    /** Whatever one of them throws leaves out no other. */
    private static void closeAll(Backing first, Task task) {
        Throwable failure = null;
        Backing next;
        for (Backing closing = first; closing != null; closing = next) {
            next = closing.nextUnused;
            closing.nextUnused = null;
            try {
                closing.close(task);
            } catch (RuntimeException | Error e) {
                failure = e;
            }
        }
        if (failure instanceof Error e) {
            throw e;
        }
        if (failure != null) {
            throw (RuntimeException) failure;
        }
    }

    long limit(Task task, int resource) {
        return task == null ? Rlimit.RLIM_INFINITY : task.group().softLimit(resource);
    }

    /** Whether {@code more} bytes of mappings would exceed RLIMIT_AS. */
    boolean exceedsAddressSpace(Task task, long more) {
        return Long.compareUnsigned(vmas.bytes() + more, limit(task, Rlimit.RLIMIT_AS)) > 0;
    }

    boolean exceedsData(Task task, long more) {
        return Long.compareUnsigned(vmas.dataBytes() + more, limit(task, Rlimit.RLIMIT_DATA)) > 0;
    }

    boolean exceedsLocked(Task task, long more) {
        return Long.compareUnsigned(vmas.lockedBytes() + more, limit(task, Rlimit.RLIMIT_MEMLOCK)) > 0
                && !(task != null && task.hasCapability(Capability.CAP_IPC_LOCK));
    }

    /** Whether {@code task} has just faulted on this page with nothing missing before, and nothing has changed since. */
    boolean isRepeated(Task task, long page) {
        return !(task != null && task.memory() instanceof TaskMemory memory) || memory.isRepeatedFault(page, pages.changes());
    }

    int users() {
        return users.get();
    }

    // ---- mapping

    @Override
    public AddressSpace space() {
        return pages.space();
    }

    @Override
    public long mmap(Task task, long address, long length, int prot, int flags, FileDescription file, long offset) {
        return mapper.mmap(task, address, length, prot, flags, file, offset);
    }

    @Override
    public long map(Task task, long address, long length, int prot, int flags, Mappable object, long offset, String name) {
        return mapper.map(task, address, length, prot, flags, object, offset, name);
    }

    @Override
    public long munmap(Task task, long address, long length) {
        return mapper.munmap(task, address, length);
    }

    @Override
    public Mappable mappedAt(long address) {
        return mapper.mappedAt(address);
    }

    @Override
    public long unmapObject(Task task, long address, Mappable object) {
        return mapper.unmapObject(task, address, object);
    }

    @Override
    public long mprotect(Task task, long address, long length, int prot) {
        return mapper.mprotect(task, address, length, prot);
    }

    @Override
    public long mremap(Task task, long oldAddress, long oldLength, long newLength, int flags, long newAddress) {
        return new Remapper(this, mapper).mremap(task, oldAddress, oldLength, newLength, flags, newAddress);
    }

    @Override
    public long brk(Task task, long address) {
        return mapper.brk(task, address);
    }

    @Override
    public long madvise(Task task, long address, long length, int kind) {
        return advice.madvise(task, address, length, kind);
    }

    @Override
    public long msync(Task task, long address, long length, int flags) {
        return advice.msync(task, address, length, flags);
    }

    @Override
    public long mincore(Task task, long address, long length, long vector) {
        return advice.mincore(task, address, length, vector);
    }

    @Override
    public long mlock(Task task, long address, long length, int flags) {
        return advice.mlock(task, address, length, flags);
    }

    @Override
    public long munlock(Task task, long address, long length) {
        return advice.munlock(task, address, length);
    }

    @Override
    public long mlockall(Task task, int flags) {
        return advice.mlockall(task, flags);
    }

    @Override
    public long munlockall(Task task) {
        return advice.munlockall(task);
    }

    @Override
    public long membarrier(Task task, int command, int flags) {
        return barriers.membarrier(task, command, flags);
    }

    // ---- pages

    @Override
    public int fault(Task task, long address, int access) {
        LockOrder.mayWait("a page fault");
        if (address < 0 || address >= maxAddress) {
            return Faults.NOT_MAPPED;
        }
        boolean unmapped = access == Context.ACCESS_UNKNOWN && sawNoMapping(task.context());
        return faults.resolve(task, address, unmapped ? Faults.UNKNOWN_UNMAPPED : access, true, 0);
    }

    /** The host tells a page that is not mapped from one that lacks a right. */
    private static boolean sawNoMapping(Context context) {
        return context != null && context.signal() == Signals.SIGSEGV && context.signalCode() == Signals.SEGV_MAPERR;
    }

    /**
     * Brings a page in for the kernel's own access.
     *
     * @param access READ or WRITE
     * @param ahead bytes that will be accessed behind it
     * @return whether the application could have accessed it
     */
    boolean bring(Task task, long address, int access, long ahead) {
        return address >= 0 && address < maxAddress && faults.resolve(task, address, access, false, ahead) == 0;
    }

    /**
     * Brings in what is missing of the range and has the platform map it, as MAP_POPULATE and mlock(2) ask for.
     *
     * @return 0; the signal that an access would have got; or {@link Faults#INTERRUPTED}, after which what is there stays
     */
    int populate(Task task, long start, long end, boolean write) {
        for (long at = start; at < end; at += PAGE) {
            long entry = pages.table.get(at);
            int needed = Pte.MAPPED | (write ? Pte.WRITE : Pte.READ);
            if (Pte.has(entry, needed)) {
                continue;
            }
            if (task != null && task.interrupted()) {
                return Faults.INTERRUPTED;
            }
            int access = write ? Pte.WRITE : Pte.READ;
            int result = faults.resolve(task, at, access, false, end - at - PAGE);
            if (result == 0) {
                result = faults.resolve(task, at, access, true, 0);
            }
            if (result != 0) {
                return result;
            }
        }
        return 0;
    }

    /** As {@link #dropPages}, by any thread, perhaps with the object's lock. */
    void invalidate(Backing backing, long offset, long length, boolean keepOwn) {
        lock.lockAlways();
        try {
            dropPages(backing, offset, length, keepOwn);
        } finally {
            lock.unlock();
        }
    }

    /** Frames of the task's that others have had it give up are given back now. */
    void settle(Task task) {
        lock.lockAlways();
        try {
            pages.settle(task);
        } finally {
            lock.unlock();
        }
    }

    /** Gives frames back that the platform cannot reach any more, unless somebody is at work here just now. Any thread. */
    void sweep() {
        if (pages.deferredPages() != 0 && lock.tryLock()) {
            try {
                pages.release(null);
            } finally {
                lock.unlock();
            }
        }
    }

    /**
     * Pages of {@code backing}'s object are gone or elsewhere. With the lock.
     *
     * @param keepOwn whether a private mapping's own copies stay; the object has been cut there if not
     */
    void dropPages(Backing backing, long offset, long length, boolean keepOwn) {
        backing.invalidations++;
        long to = offset + length < offset ? Long.MAX_VALUE : offset + length;
        for (int i = 0; i < vmas.size(); i++) {
            Vma vma = vmas.get(i);
            if (vma.backing != backing || to <= vma.offset || offset >= vma.offsetOf(vma.end)) {
                continue;
            }
            long low = vma.start + Math.max(0, offset - vma.offset);
            long high = to >= vma.offsetOf(vma.end) ? vma.end : vma.start + (to - vma.offset);
            pages.clear(low, high, keepOwn);
            pages.flush(null);
        }
    }

    @Override
    public UserMemory newUserMemory(Task task) {
        return new TaskMemory(this, task);
    }

    /** What {@link UserMemory#shareKey} says of private memory: nobody else's key, whatever frame is behind it. */
    long privateKey(long address) {
        return Long.MIN_VALUE | (long) id << 47 | address;
    }

    // ---- life

    @Override
    public MemoryManager fork(Task task, Cgroup childPayer) {
        return new Forker(this, task, childPayer).fork();
    }

    @Override
    public void retain() {
        if (users.getAndIncrement() <= 0) {
            throw new IllegalStateException("memory manager is gone");
        }
    }

    @Override
    public boolean tryRetain() {
        int found = users.get();
        while (found > 0) {
            int witness = users.compareAndExchange(found, found + 1);
            if (witness == found) {
                return true;
            }
            found = witness;
        }
        return false;
    }

    @Override
    public void release(Task task) {
        copiers.remove(task);
        int left = users.decrementAndGet();
        if (left > 0) {
            return;
        }
        if (left < 0) {
            throw new IllegalStateException("memory manager released twice");
        }
        lock.lockAlways();
        try {
            space().release();
            vmas.remove(0, vmas.size());
            vmas.unreserve();
            pages.releaseAll();
        } finally {
            unlock(task);
        }
        system.forget(this, id);
    }

    // ---- what it says about itself

    @Override
    public Layout layout() {
        return layout;
    }

    @Override
    public VfsPath executable() {
        return executable;
    }

    @Override
    public void setExecutable(VfsPath path) {
        executable = path;
    }

    @Override
    public void forEachVma(Consumer<VmaInfo> action) {
        VmaReport.of(this).forEach(action);
    }

    @Override
    public long virtualBytes() {
        return vmas.bytes();
    }

    @Override
    public long residentBytes() {
        return (pages.resident() + pages.deferredPages()) * PAGE;
    }

    @Override
    public long peakResidentBytes() {
        return pages.peakResident() * PAGE;
    }

    @Override
    public long lockedBytes() {
        return vmas.lockedBytes();
    }

    // ---- Restorable

    /** Which frames are where is in the page table, which stays, as the frames do. */
    @Override
    public StateRecord save() {
        StateRecord record = new StateRecord("address space", 1).put("id", id).putCore("pages", pages).putCore("payer", payer).put("users", users.get())
                .put("futureLockFlags", futureLockFlags).put("brk", brk).put("mmapBase", mmapBase)
                .put("barriers", barriers.registered());
        VfsPath path = executable;
        if (path != null) {
            record.putCore("mount", path.mount()).putCore("dentry", path.dentry());
        }
        return record.put("startCode", layout.startCode).put("endCode", layout.endCode).put("startData", layout.startData)
                .put("endData", layout.endData).put("startBrk", layout.startBrk).put("startStack", layout.startStack)
                .put("argStart", layout.argStart).put("argEnd", layout.argEnd).put("envStart", layout.envStart)
                .put("envEnd", layout.envEnd).put("vdso", layout.vdso).put("auxv", layout.auxv);
    }

    @Override
    public void forget() {
        users.set(0);
        futureLockFlags = 0;
        brk = 0;
        mmapBase = 0;
        barriers.setRegistered(0);
        executable = null;
        layout.copyFrom(new Layout());
    }

    @Override
    public void restore(StateRecord record) {
        record.expect("id", id);
        record.expectCore("pages", pages);
        record.expectCore("payer", payer);
        users.set(record.requireInt("users"));
        futureLockFlags = record.requireInt("futureLockFlags");
        brk = record.requireLong("brk");
        mmapBase = record.requireLong("mmapBase");
        barriers.setRegistered(record.getInt("barriers", 0));
        if (record.has("mount")) {
            executable = new VfsPath(record.requireCore("mount", Mount.class), record.requireCore("dentry", Dentry.class));
        }
        layout.startCode = record.requireLong("startCode");
        layout.endCode = record.requireLong("endCode");
        layout.startData = record.requireLong("startData");
        layout.endData = record.requireLong("endData");
        layout.startBrk = record.requireLong("startBrk");
        layout.startStack = record.requireLong("startStack");
        layout.argStart = record.requireLong("argStart");
        layout.argEnd = record.requireLong("argEnd");
        layout.envStart = record.requireLong("envStart");
        layout.envEnd = record.requireLong("envEnd");
        layout.vdso = record.requireLong("vdso");
        layout.auxv = record.getBytes("auxv");
    }

    @Override
    public void forEachPart(Consumer<? super Restorable> visitor) {
        visitor.accept(vmas);
        visitor.accept(payer);
    }
}
