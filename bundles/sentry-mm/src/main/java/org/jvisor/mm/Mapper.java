// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Mount;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.host.RandomBytes;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.Vfs;

/** mmap(2), munmap(2), mprotect(2) and brk(2). */
final class Mapper {

    private static final int PAGE = Pte.PAGE;
    /** Room for the stack above the other mappings: as far down as randomisation and RLIMIT_STACK usually reach. */
    private static final long STACK_ROOM = 32L << 30;
    /** Pages by which the place of mappings is randomised: 28 bits, Linux's mmap_rnd_bits. */
    private static final int RANDOM_BITS = 28;
    /** Where MAP_32BIT looks. */
    private static final long LOW_FROM = 0x4000_0000L;
    private static final long LOW_TO = 0x8000_0000L;
    /** What MAP_SHARED_VALIDATE knows. */
    private static final int KNOWN_FLAGS = Mman.MAP_TYPE | Mman.MAP_FIXED | Mman.MAP_ANONYMOUS | Mman.MAP_32BIT
            | Mman.MAP_GROWSDOWN | Mman.MAP_DENYWRITE | Mman.MAP_EXECUTABLE | Mman.MAP_LOCKED | Mman.MAP_NORESERVE
            | Mman.MAP_POPULATE | Mman.MAP_NONBLOCK | Mman.MAP_STACK | Mman.MAP_HUGETLB | Mman.MAP_FIXED_NOREPLACE
            | Mman.MAP_UNINITIALIZED | Mman.MAP_HUGE_MASK << Mman.MAP_HUGE_SHIFT;
    /** What mprotect(2) knows; PROT_SEM means nothing here. */
    private static final int PROTECTIONS = Mman.PROT_READ | Mman.PROT_WRITE | Mman.PROT_EXEC | Mman.PROT_SEM;
    private static final String SHARED_ANONYMOUS = "/dev/zero (deleted)";

    private final Manager mm;
    private final VmaMap vmas;
    private final Pages pages;

    Mapper(Manager mm) {
        this.mm = mm;
        vmas = mm.vmas;
        pages = mm.pages;
    }

    /** Where the search for room begins, downwards. */
    static long randomBase(RandomBytes random, long maxAddress) {
        return maxAddress - STACK_ROOM - random.bits(RANDOM_BITS) * PAGE & -PAGE;
    }

    static long roundUp(long bytes) {
        return bytes + PAGE - 1 & -PAGE;
    }

    // ---- mmap

    long mmap(Task task, long address, long length, int prot, int flags, FileDescription file, long offset) {
        if (length == 0 || (offset & PAGE - 1) != 0) {
            return -Errno.EINVAL;
        }
        long bytes = roundUp(length);
        if (length < 0 || bytes <= 0 || bytes > mm.maxAddress) {
            return -Errno.ENOMEM;
        }
        if (offset < 0 || offset + bytes < 0) {
            return -Errno.EOVERFLOW;
        }
        int type = flags & Mman.MAP_TYPE;
        if (type == Mman.MAP_SHARED_VALIDATE) {
            if ((flags & ~KNOWN_FLAGS) != 0) {
                return -Errno.EOPNOTSUPP;
            }
            type = Mman.MAP_SHARED;
        }
        if (type != Mman.MAP_SHARED && type != Mman.MAP_PRIVATE) {
            return -Errno.EINVAL;
        }
        if ((flags & Mman.MAP_HUGETLB) != 0) {
            // There are no huge pages in the pool, and no file of hugetlbfs.
            return (flags & Mman.MAP_ANONYMOUS) != 0 ? -Errno.ENOMEM : -Errno.EINVAL;
        }
        boolean shared = type == Mman.MAP_SHARED;
        int vmFlags = vmFlags(flags, shared);
        Backing backing = null;
        if (file != null && (flags & Mman.MAP_ANONYMOUS) == 0) {
            int permitted = permitted(file, prot, shared);
            if (permitted < 0) {
                return permitted;
            }
            vmFlags |= permitted;
            Mappable object = file.operations().mappable(task, file);
            backing = new Backing(mm, object, file, null, vmFlags);
        } else {
            vmFlags |= Vma.MAY_WRITE | Vma.MAY_EXECUTE;
            if (shared) {
                FrameStore store = mm.system.newStore(mm.payer, bytes);
                if (!store.tryChargeAs(Charge.INODE)) {
                    return -Errno.ENOMEM;
                }
                try {
                    backing = new Backing(mm, store, null, SHARED_ANONYMOUS, vmFlags);
                    return place(task, address, bytes, prot, flags, vmFlags, backing, 0);
                } finally {
                    store.release(); // the mapping, if there is one, keeps it
                }
            }
        }
        return place(task, address, bytes, prot, flags, vmFlags, backing, offset);
    }

    long map(Task task, long address, long length, int prot, int flags, Mappable object, long offset, String name) {
        long bytes = roundUp(length);
        if (length <= 0 || bytes <= 0 || (offset & PAGE - 1) != 0) {
            return -Errno.EINVAL;
        }
        boolean shared = (flags & Mman.MAP_TYPE) != Mman.MAP_PRIVATE;
        int vmFlags = vmFlags(flags, shared) | Vma.MAY_EXECUTE;
        if (!shared || (prot & Pte.WRITE) != 0) {
            vmFlags |= Vma.MAY_WRITE;
        }
        return place(task, address, bytes, prot, flags, vmFlags, new Backing(mm, object, null, name, vmFlags), offset);
    }

    private static int vmFlags(int flags, boolean shared) {
        return (shared ? Vma.SHARED : 0)
                | ((flags & Mman.MAP_GROWSDOWN) != 0 ? Vma.GROWS_DOWN : 0)
                | ((flags & Mman.MAP_LOCKED) != 0 ? Vma.LOCKED : 0)
                | ((flags & Mman.MAP_NORESERVE) != 0 ? Vma.NO_RESERVE : 0);
    }

    /** MAY_* of a mapping of {@code file}, or a negative errno. */
    private static int permitted(FileDescription file, int prot, boolean shared) {
        if (!file.readable()) {
            return -Errno.EACCES;
        }
        boolean sealed = file.operations() instanceof Vfs.Sealable sealable
                && (sealable.seals() & (Open.F_SEAL_WRITE | Open.F_SEAL_FUTURE_WRITE)) != 0;
        boolean writes = shared && (prot & Mman.PROT_WRITE) != 0;
        if (writes && !file.writable()) {
            return -Errno.EACCES;
        }
        if (writes && sealed) {
            return -Errno.EPERM;
        }
        boolean noExec = file.path() != null && file.path().mount() != null
                && (file.path().mount().flags() & Mount.MS_NOEXEC) != 0;
        if (noExec && (prot & Mman.PROT_EXEC) != 0) {
            return -Errno.EPERM;
        }
        return (!shared || file.writable() && !sealed ? Vma.MAY_WRITE : 0) | (noExec ? 0 : Vma.MAY_EXECUTE);
    }

    /** Finds room and makes the mapping. {@code backing} is not open yet. */
    private long place(Task task, long address, long bytes, int prot, int flags, int vmFlags, Backing backing, long offset) {
        if (backing != null) {
            // Before the lock, and kept open by this call until it is over.
            backing.open();
        }
        long result;
        boolean populate;
        lockWithOpen(task, backing);
        try {
            if (backing != null) {
                backing.users++;
            }
            result = placeLocked(task, address, bytes, prot, flags, vmFlags | mm.futureLockFlags, backing, offset);
            populate = result >= 0 && populates(flags, vmFlags | mm.futureLockFlags);
        } finally {
            if (backing != null) {
                mm.unuse(backing);
            }
            mm.unlock(task);
        }
        if (populate) {
            mm.populate(task, result, result + bytes, (prot & Pte.WRITE) != 0 && (vmFlags & Vma.SHARED) == 0);
        }
        return result;
    }

    private void lockWithOpen(Task task, Backing backing) {
        try {
            mm.lock.lock();
        } catch (ErrnoException e) {
            if (backing != null) {
                backing.close(task);
            }
            throw e;
        }
    }

    private static boolean populates(int flags, int vmFlags) {
        boolean locked = (vmFlags & (Vma.LOCKED | Vma.LOCK_ON_FAULT)) == Vma.LOCKED;
        return locked || (flags & (Mman.MAP_POPULATE | Mman.MAP_NONBLOCK)) == Mman.MAP_POPULATE;
    }

    private long placeLocked(Task task, long address, long bytes, int prot, int flags, int vmFlags, Backing backing,
            long offset) {
        if (!vmas.hasRoom(0)) {
            return -Errno.ENOMEM; // as in Linux, one more than vm.max_map_count can be had by this way
        }
        boolean fixed = (flags & (Mman.MAP_FIXED | Mman.MAP_FIXED_NOREPLACE)) != 0;
        long start = fixed ? checkFixed(address, bytes) : findRoom(address, bytes, flags);
        if (start < 0) {
            return start;
        }
        long replaced = 0;
        if (fixed && !vmas.isFree(start, start + bytes)) {
            if ((flags & Mman.MAP_FIXED_NOREPLACE) != 0) {
                return -Errno.EEXIST;
            }
            replaced = mappedBytes(start, start + bytes);
        }
        int rights = prot & Pte.RIGHTS;
        Vma vma = new Vma(start, start + bytes, rights, vmFlags, backing, backing == null ? start : offset);
        if (mm.exceedsAddressSpace(task, bytes - replaced) || vma.isData() && mm.exceedsData(task, bytes)) {
            return -Errno.ENOMEM;
        }
        if (vma.is(Vma.LOCKED)) {
            if (mm.limit(task, Rlimit.RLIMIT_MEMLOCK) == 0 && mm.exceedsLocked(task, bytes)) {
                return -Errno.EPERM;
            }
            if (mm.exceedsLocked(task, bytes)) {
                return -Errno.EAGAIN;
            }
        }
        if (replaced > 0) {
            removeRange(task, start, start + bytes);
        }
        if (backing != null) {
            backing.users++;
        }
        vmas.insert(vma);
        vmas.merge(start, start + bytes);
        return start;
    }

    long checkFixed(long address, long bytes) {
        if ((address & PAGE - 1) != 0) {
            return -Errno.EINVAL;
        }
        if (address < 0 || address > mm.maxAddress - bytes) {
            return -Errno.ENOMEM;
        }
        return address < Manager.MIN_ADDRESS ? -Errno.EPERM : address;
    }

    /** A free place near {@code hint} if there is one, wherever there is room otherwise; -ENOMEM. */
    long findRoom(long hint, long bytes, int flags) {
        boolean low = (flags & Mman.MAP_32BIT) != 0;
        long end = low ? LOW_TO : mm.maxAddress;
        long wanted = hint < 0 ? 0 : roundUp(hint);
        if (wanted > 0 && wanted < Manager.MIN_ADDRESS) {
            wanted = Manager.MIN_ADDRESS;
        }
        if (wanted > 0 && wanted <= end - bytes && vmas.isFreeWithGap(wanted, wanted + bytes)) {
            return wanted;
        }
        if (low) {
            long found = vmas.findFromBelow(bytes, LOW_FROM, LOW_TO);
            return found < 0 ? -Errno.ENOMEM : found;
        }
        long found = vmas.findFromAbove(bytes, Manager.MIN_ADDRESS, mm.mmapBase, true);
        if (found < 0) {
            found = vmas.findFromAbove(bytes, Manager.MIN_ADDRESS, mm.maxAddress, false);
        }
        return found < 0 ? -Errno.ENOMEM : found;
    }

    private long mappedBytes(long start, long end) {
        long bytes = 0;
        for (int i = vmas.indexFrom(start); i < vmas.size() && vmas.get(i).start < end; i++) {
            bytes += Math.min(end, vmas.get(i).end) - Math.max(start, vmas.get(i).start);
        }
        return bytes;
    }

    // ---- munmap

    long munmap(Task task, long address, long length) {
        long bytes = roundUp(length);
        if ((address & PAGE - 1) != 0 || length <= 0 || bytes <= 0 || address < 0 || address > mm.maxAddress - bytes) {
            return -Errno.EINVAL;
        }
        mm.lock.lock();
        try {
            if (splitsTooMuch(address, address + bytes)) {
                return -Errno.ENOMEM;
            }
            removeRange(task, address, address + bytes);
            return 0;
        } finally {
            mm.unlock(task);
        }
    }

    /** Whether taking the range out of the middle of a mapping makes more mappings than may be. */
    boolean splitsTooMuch(long start, long end) {
        if (vmas.hasRoom(1)) {
            return false;
        }
        Vma vma = vmas.find(start);
        return vma != null && vma.start < start && vma.end > end;
    }

    /** Unmaps what lies in the range. With the lock. */
    void removeRange(Task task, long start, long end) {
        vmas.split(start);
        vmas.split(end);
        int from = vmas.indexFrom(start);
        int to = from;
        while (to < vmas.size() && vmas.get(to).start < end) {
            to++;
        }
        if (from == to) {
            return;
        }
        long low = vmas.get(from).start;
        long high = vmas.get(to - 1).end;
        vmas.remove(from, to);
        pages.clear(low, high, false);
        pages.flush(task);
    }

    Mappable mappedAt(long address) {
        mm.lock.lock();
        try {
            Vma vma = vmas.find(address);
            boolean begins = vma != null && vma.start == address && vma.backing != null && vma.offset == 0;
            return begins ? vma.backing.object : null;
        } finally {
            mm.lock.unlock();
        }
    }

    long unmapObject(Task task, long address, Mappable object) {
        mm.lock.lock();
        try {
            boolean found = false;
            for (int i = vmas.indexFrom(address); i < vmas.size();) {
                Vma vma = vmas.get(i);
                boolean part = vma.backing != null && vma.backing.object == object && vma.start - vma.offset == address;
                if (part) {
                    found = true;
                    removeRange(task, vma.start, vma.end);
                } else {
                    i++;
                }
            }
            return found ? 0 : -Errno.EINVAL;
        } finally {
            mm.unlock(task);
        }
    }

    // ---- mprotect

    /** The order of the checks is Linux's. */
    long mprotect(Task task, long address, long length, int prot) {
        boolean growsDown = (prot & Mman.PROT_GROWSDOWN) != 0;
        boolean growsUp = (prot & Mman.PROT_GROWSUP) != 0;
        if (growsDown && growsUp || (address & PAGE - 1) != 0) {
            return -Errno.EINVAL;
        }
        if (length == 0) {
            return 0;
        }
        long end = address + roundUp(length);
        if (Long.compareUnsigned(end, address) <= 0) {
            return -Errno.ENOMEM;
        }
        if ((prot & ~(PROTECTIONS | Mman.PROT_GROWSDOWN | Mman.PROT_GROWSUP)) != 0) {
            return -Errno.EINVAL;
        }
        mm.lock.lock();
        try {
            long start = address;
            if (growsDown || growsUp) {
                Vma vma = vmas.find(address);
                if (vma == null || growsUp || !vma.is(Vma.GROWS_DOWN)) {
                    // Nothing grows up on this machine.
                    return vma == null ? -Errno.ENOMEM : -Errno.EINVAL;
                }
                start = vma.start;
            }
            return protectRange(task, start, end < 0 ? Long.MAX_VALUE : end, prot & Pte.RIGHTS);
        } finally {
            mm.unlock(task);
        }
    }

    /** As Linux does, mappings are changed one after the other up to the first that cannot be. */
    private long protectRange(Task task, long start, long end, int prot) {
        long at = start;
        long result = 0;
        while (at < end && result == 0) {
            Vma vma = vmas.find(at);
            if (vma == null) {
                result = -Errno.ENOMEM;
                break;
            }
            long stop = Math.min(end, vma.end);
            result = protectOne(task, vma, at, stop, prot);
            at = stop;
        }
        vmas.merge(start, end);
        return result;
    }

    private long protectOne(Task task, Vma found, long start, long end, int prot) {
        if (found.prot == prot) {
            return 0;
        }
        if ((prot & Pte.WRITE) != 0 && !found.is(Vma.MAY_WRITE) || (prot & Pte.EXECUTE) != 0 && !found.is(Vma.MAY_EXECUTE)) {
            return -Errno.EACCES;
        }
        int pieces = (found.start < start ? 1 : 0) + (found.end > end ? 1 : 0);
        if (pieces > 0 && !vmas.hasRoom(pieces)) {
            return -Errno.ENOMEM;
        }
        boolean becomesData = !found.isData() && (prot & Pte.WRITE) != 0 && !found.shared() && !found.is(Vma.GROWS_DOWN);
        if (becomesData && mm.exceedsData(task, end - start)) {
            return -Errno.ENOMEM;
        }
        vmas.split(start);
        vmas.split(end);
        Vma vma = vmas.find(start);
        vmas.change(vma, prot, vma.flags);
        pages.protect(task, start, end, prot, vma.shared() && Faults.tellsWrites(vma.backing));
        return 0;
    }

    // ---- brk

    long brk(Task task, long address) {
        long result;
        boolean populate;
        long oldEnd;
        mm.lock.lock();
        try {
            long startBrk = mm.layout().startBrk;
            if (mm.brk < startBrk) {
                mm.brk = startBrk;
            }
            if (startBrk == 0) {
                return 0;
            }
            oldEnd = roundUp(mm.brk);
            if (address < startBrk || !moveBrk(task, oldEnd, roundUp(address), address)) {
                return mm.brk;
            }
            mm.brk = address;
            result = address;
            populate = roundUp(address) > oldEnd && populates(0, mm.futureLockFlags);
        } finally {
            mm.unlock(task);
        }
        if (populate) {
            mm.populate(task, oldEnd, roundUp(result), true);
        }
        return result;
    }

    private boolean moveBrk(Task task, long oldEnd, long newEnd, long address) {
        if (newEnd <= oldEnd) {
            removeRange(task, newEnd, oldEnd);
            return true;
        }
        long startBrk = mm.layout().startBrk;
        long more = newEnd - oldEnd;
        boolean beyondData = Long.compareUnsigned(address - startBrk + (mm.layout().endData - mm.layout().startData),
                mm.limit(task, Rlimit.RLIMIT_DATA)) > 0;
        boolean noRoom = newEnd <= 0 || newEnd > mm.maxAddress || !vmas.isFreeWithGap(oldEnd, newEnd);
        int flags = Vma.MAY_WRITE | Vma.MAY_EXECUTE | Vma.HEAP | mm.futureLockFlags;
        boolean locked = (flags & Vma.LOCKED) != 0;
        if (beyondData || noRoom || !vmas.hasRoom(0) || mm.exceedsAddressSpace(task, more)
                || mm.exceedsData(task, more) || locked && mm.exceedsLocked(task, more)) {
            return false;
        }
        vmas.insert(new Vma(oldEnd, newEnd, Pte.READ | Pte.WRITE, flags, null, oldEnd));
        vmas.merge(oldEnd, newEnd);
        return true;
    }
}
