// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.kernel.Task;

/** madvise(2), msync(2), mincore(2), and the family of mlock(2). */
final class Advice {

    private static final int PAGE = Pte.PAGE;
    private static final int PUNCH_HOLE_KEEP_SIZE = 3;

    private final Manager mm;
    private final VmaMap vmas;
    private final Pages pages;

    Advice(Manager mm) {
        this.mm = mm;
        vmas = mm.vmas;
        pages = mm.pages;
    }

    /** The part of a mapping that lies in a range; with the lock. */
    @FunctionalInterface
    private interface Action {
        /** @return 0, or a negative errno that ends the walk */
        long apply(Vma vma, long start, long end);
    }

    /** Applies to all mappings in the range: -ENOMEM after all others when part of it is not mapped. */
    private long walk(long start, long end, Action action) {
        long at = start;
        boolean hole = false;
        while (at < end) {
            int index = vmas.indexFrom(at);
            if (index == vmas.size() || vmas.get(index).start >= end) {
                hole = true;
                break;
            }
            Vma vma = vmas.get(index);
            hole |= vma.start > at;
            long from = Math.max(at, vma.start);
            long to = Math.min(end, vma.end);
            long result = action.apply(vma, from, to);
            if (result < 0) {
                return result;
            }
            at = to;
        }
        return hole ? -Errno.ENOMEM : 0;
    }

    private boolean isRange(long address, long bytes) {
        return address >= 0 && bytes >= 0 && bytes <= mm.maxAddress && address <= mm.maxAddress - bytes;
    }

    // ---- madvise

    long madvise(Task task, long address, long length, int advice) {
        if (advice == Mman.MADV_HWPOISON || advice == Mman.MADV_SOFT_OFFLINE) {
            return task.hasCapability(Capability.CAP_SYS_ADMIN) ? -Errno.EINVAL : -Errno.EPERM;
        }
        if (!isKnown(advice) || (address & PAGE - 1) != 0 || length < 0) {
            return -Errno.EINVAL;
        }
        long bytes = Mapper.roundUp(length);
        if (bytes < 0 || address + bytes < address) {
            return -Errno.EINVAL;
        }
        if (bytes == 0) {
            return 0;
        }
        if (!isRange(address, bytes)) {
            return -Errno.ENOMEM;
        }
        long end = address + bytes;
        return switch (advice) {
            case Mman.MADV_POPULATE_READ, Mman.MADV_POPULATE_WRITE ->
                populate(task, address, end, advice == Mman.MADV_POPULATE_WRITE);
            case Mman.MADV_REMOVE -> remove(task, address, end);
            default -> {
                mm.lock.lock();
                try {
                    long result = walk(address, end, (vma, from, to) -> advise(task, vma, from, to, advice));
                    vmas.merge(address, end);
                    yield result;
                } finally {
                    mm.unlock(task);
                }
            }
        };
    }

    private static boolean isKnown(int advice) {
        return switch (advice) {
            case Mman.MADV_NORMAL, Mman.MADV_RANDOM, Mman.MADV_SEQUENTIAL, Mman.MADV_WILLNEED, Mman.MADV_DONTNEED,
                Mman.MADV_FREE, Mman.MADV_REMOVE, Mman.MADV_DONTFORK, Mman.MADV_DOFORK, Mman.MADV_HUGEPAGE,
                Mman.MADV_NOHUGEPAGE, Mman.MADV_DONTDUMP, Mman.MADV_DODUMP, Mman.MADV_WIPEONFORK, Mman.MADV_KEEPONFORK,
                Mman.MADV_COLD, Mman.MADV_PAGEOUT, Mman.MADV_POPULATE_READ, Mman.MADV_POPULATE_WRITE,
                Mman.MADV_DONTNEED_LOCKED -> true;
            // Merging equal pages and collapsing into huge ones are options that Linux can be built without.
            default -> false;
        };
    }

    private long advise(Task task, Vma vma, long from, long to, int advice) {
        boolean anonymous = vma.backing == null;
        return switch (advice) {
            case Mman.MADV_DONTNEED -> vma.is(Vma.LOCKED) ? -Errno.EINVAL : drop(task, from, to);
            case Mman.MADV_DONTNEED_LOCKED -> drop(task, from, to);
            // Linux frees lazily; that it may do so at once is part of the contract.
            case Mman.MADV_FREE -> anonymous && !vma.is(Vma.LOCKED) ? drop(task, from, to) : -Errno.EINVAL;
            case Mman.MADV_DONTFORK -> change(vma, from, to, Vma.DONT_FORK, 0);
            case Mman.MADV_DOFORK -> change(vma, from, to, 0, Vma.DONT_FORK);
            case Mman.MADV_WIPEONFORK -> anonymous ? change(vma, from, to, Vma.WIPE_ON_FORK, 0) : -Errno.EINVAL;
            case Mman.MADV_KEEPONFORK -> change(vma, from, to, 0, Vma.WIPE_ON_FORK);
            case Mman.MADV_DONTDUMP -> change(vma, from, to, Vma.DONT_DUMP, 0);
            case Mman.MADV_DODUMP -> change(vma, from, to, 0, Vma.DONT_DUMP);
            case Mman.MADV_NORMAL -> change(vma, from, to, 0, Vma.RANDOM | Vma.SEQUENTIAL);
            case Mman.MADV_RANDOM -> change(vma, from, to, Vma.RANDOM, Vma.SEQUENTIAL);
            case Mman.MADV_SEQUENTIAL -> change(vma, from, to, Vma.SEQUENTIAL, Vma.RANDOM);
            // Hints about speed: pages come in runs anyway, and there is nowhere to page out to.
            default -> 0;
        };
    }

    private long drop(Task task, long from, long to) {
        pages.clear(from, to, false);
        pages.flush(task);
        return 0;
    }

    private long change(Vma found, long from, long to, int set, int clear) {
        int flags = found.flags & ~clear | set;
        if (flags == found.flags) {
            return 0;
        }
        int pieces = (found.start < from ? 1 : 0) + (found.end > to ? 1 : 0);
        if (pieces > 0 && !vmas.hasRoom(pieces)) {
            return -Errno.ENOMEM;
        }
        vmas.split(from);
        vmas.split(to);
        Vma vma = vmas.find(from);
        vmas.change(vma, vma.prot, flags);
        return 0;
    }

    private long populate(Task task, long start, long end, boolean write) {
        int needed = write ? Pte.WRITE : Pte.READ;
        mm.lock.lock();
        try {
            long result = walk(start, end, (vma, from, to) ->
                    (Pte.effective(vma.prot) & needed) == 0 ? -Errno.EINVAL : 0);
            if (result < 0) {
                return result;
            }
        } finally {
            mm.lock.unlock();
        }
        return switch (mm.populate(task, start, end, write)) {
            case 0 -> 0;
            case Faults.INTERRUPTED -> -Errno.ERESTARTNOINTR;
            case Faults.OUT_OF_MEMORY -> -Errno.ENOMEM;
            default -> -Errno.EFAULT;
        };
    }

    /** Punches holes into what lies behind shared mappings; objects are called without the lock. */
    private long remove(Task task, long start, long end) {
        for (long at = start; at < end;) {
            Backing backing;
            long offset;
            long to;
            mm.lock.lock();
            try {
                Vma vma = vmas.find(at);
                if (vma == null) {
                    return -Errno.ENOMEM;
                }
                if (vma.is(Vma.LOCKED) || vma.backing == null) {
                    return -Errno.EINVAL;
                }
                if (!vma.shared() || (vma.prot & Pte.WRITE) == 0) {
                    return -Errno.EACCES;
                }
                backing = vma.backing;
                backing.users++;
                offset = vma.offsetOf(at);
                to = Math.min(end, vma.end);
            } finally {
                mm.lock.unlock();
            }
            try {
                long result = punch(task, backing, offset, to - at);
                if (result < 0) {
                    return result;
                }
            } finally {
                unpin(task, backing);
            }
            at = to;
        }
        return 0;
    }

    private static long punch(Task task, Backing backing, long offset, long length) {
        if (backing.object instanceof FrameStore store) {
            store.punch(offset, length);
            return 0;
        }
        return backing.file == null ? -Errno.EINVAL
                : backing.file.operations().fallocate(task, PUNCH_HOLE_KEEP_SIZE, offset, length);
    }

    private void unpin(Task task, Backing backing) {
        mm.lock.lockAlways();
        try {
            mm.unuse(backing);
        } finally {
            mm.unlock(task);
        }
    }

    // ---- msync

    long msync(Task task, long address, long length, int flags) {
        long bytes = Mapper.roundUp(length);
        if ((address & PAGE - 1) != 0 || (flags & ~(Mman.MS_ASYNC | Mman.MS_INVALIDATE | Mman.MS_SYNC)) != 0
                || (flags & Mman.MS_ASYNC) != 0 && (flags & Mman.MS_SYNC) != 0) {
            return -Errno.EINVAL;
        }
        if (length < 0 || !isRange(address, bytes)) {
            return -Errno.ENOMEM;
        }
        long end = address + bytes;
        boolean hole = false;
        for (long at = address; at < end;) {
            Backing backing = null;
            long offset = 0;
            long from;
            long to;
            mm.lock.lock();
            try {
                int index = vmas.indexFrom(at);
                if (index == vmas.size() || vmas.get(index).start >= end) {
                    return -Errno.ENOMEM;
                }
                Vma vma = vmas.get(index);
                hole |= vma.start > at;
                from = Math.max(at, vma.start);
                to = Math.min(end, vma.end);
                if ((flags & Mman.MS_INVALIDATE) != 0 && vma.is(Vma.LOCKED)) {
                    return -Errno.EBUSY;
                }
                if ((flags & Mman.MS_SYNC) != 0 && vma.shared() && vma.backing != null) {
                    backing = vma.backing;
                    backing.users++;
                    offset = vma.offsetOf(from);
                    if (Faults.tellsWrites(backing)) {
                        // So that the object hears of the first write after this one.
                        pages.writeProtect(task, from, to);
                    }
                }
            } finally {
                mm.unlock(task);
            }
            if (backing != null) {
                try {
                    long result = backing.object.writeBack(offset, to - from);
                    if (result < 0) {
                        return result;
                    }
                } finally {
                    unpin(task, backing);
                }
            }
            at = to;
        }
        return hole ? -Errno.ENOMEM : 0;
    }

    // ---- mincore

    long mincore(Task task, long address, long length, long vector) {
        if ((address & PAGE - 1) != 0) {
            return -Errno.EINVAL;
        }
        long bytes = Mapper.roundUp(length);
        if (length < 0 || !isRange(address, bytes)) {
            return -Errno.ENOMEM;
        }
        byte[] answer = task.scratch();
        long end = address + bytes;
        long to = vector;
        for (long at = address; at < end;) {
            int count = (int) Math.min(answer.length, end - at >>> Pte.PAGE_SHIFT);
            long stop = at + (long) count * PAGE;
            mm.lock.lock();
            try {
                long first = at;
                long result = walk(at, stop, (vma, low, high) -> {
                    for (long page = low; page < high; page += PAGE) {
                        answer[(int) (page - first >>> Pte.PAGE_SHIFT)] = isResident(vma, page);
                    }
                    return 0;
                });
                if (result < 0) {
                    return result;
                }
            } finally {
                mm.lock.unlock();
            }
            task.memory().copyOut(answer, 0, count, to);
            if (task.exiting()) {
                return -Errno.EINTR;
            }
            to += count;
            at = stop;
        }
        return 0;
    }

    private byte isResident(Vma vma, long page) {
        boolean there = Pte.present(pages.table.get(page))
                // Only this store may be asked with the lock held.
                || vma.backing != null && vma.backing.object instanceof FrameStore store
                        && store.framesFollowing(vma.offsetOf(page), 1) > 0;
        return (byte) (there ? 1 : 0);
    }

    // ---- mlock

    long mlock(Task task, long address, long length, int flags) {
        if ((flags & ~Mman.MLOCK_ONFAULT) != 0) {
            return -Errno.EINVAL;
        }
        long start = address & -PAGE;
        long bytes = Mapper.roundUp(length + (address - start));
        if (length < 0 || bytes < 0 || start + bytes < start) {
            return -Errno.EINVAL;
        }
        if (!isRange(start, bytes)) {
            return -Errno.ENOMEM;
        }
        if (bytes == 0) {
            return 0;
        }
        long end = start + bytes;
        boolean onFault = (flags & Mman.MLOCK_ONFAULT) != 0;
        mm.lock.lock();
        try {
            long[] already = {0};
            walk(start, end, (vma, from, to) -> {
                already[0] += vma.is(Vma.LOCKED) ? to - from : 0;
                return 0;
            });
            if (mm.exceedsLocked(task, bytes - already[0])) {
                return mm.limit(task, Rlimit.RLIMIT_MEMLOCK) == 0 ? -Errno.EPERM : -Errno.ENOMEM;
            }
            long result = setLocked(start, end, onFault ? Vma.LOCKED | Vma.LOCK_ON_FAULT : Vma.LOCKED);
            if (result < 0) {
                return result;
            }
        } finally {
            mm.unlock(task);
        }
        return onFault ? 0 : populateLocked(task, start, end);
    }

    private long setLocked(long start, long end, int flags) {
        long result = walk(start, end, (vma, from, to) ->
                change(vma, from, to, flags, (Vma.LOCKED | Vma.LOCK_ON_FAULT) & ~flags));
        vmas.merge(start, end);
        return result;
    }

    private long populateLocked(Task task, long start, long end) {
        for (long at = start; at < end;) {
            boolean write;
            boolean accessible;
            long to;
            mm.lock.lock();
            try {
                int index = vmas.indexFrom(at);
                if (index == vmas.size() || vmas.get(index).start >= end) {
                    return 0;
                }
                Vma vma = vmas.get(index);
                at = Math.max(at, vma.start);
                to = Math.min(end, vma.end);
                accessible = Pte.effective(vma.prot) != 0;
                write = (vma.prot & Pte.WRITE) != 0 && !vma.shared();
            } finally {
                mm.lock.unlock();
            }
            if (!accessible) {
                return -Errno.ENOMEM;
            }
            int signal = mm.populate(task, at, to, write);
            if (signal == Faults.INTERRUPTED) {
                return -Errno.ERESTARTNOINTR; // mlock(2) knows no EINTR, and begins again behind what is there
            }
            if (signal != 0) {
                return signal == Faults.OUT_OF_MEMORY ? -Errno.EAGAIN : -Errno.ENOMEM;
            }
            at = to;
        }
        return 0;
    }

    long munlock(Task task, long address, long length) {
        long start = address & -PAGE;
        long bytes = Mapper.roundUp(length + (address - start));
        if (length < 0 || bytes < 0 || start + bytes < start) {
            return -Errno.EINVAL;
        }
        if (!isRange(start, bytes)) {
            return -Errno.ENOMEM;
        }
        mm.lock.lock();
        try {
            return setLocked(start, start + bytes, 0);
        } finally {
            mm.unlock(task);
        }
    }

    long mlockall(Task task, int flags) {
        if (flags == 0 || (flags & ~(Mman.MCL_CURRENT | Mman.MCL_FUTURE | Mman.MCL_ONFAULT)) != 0
                || flags == Mman.MCL_ONFAULT) {
            return -Errno.EINVAL;
        }
        int lockFlags = Vma.LOCKED | ((flags & Mman.MCL_ONFAULT) != 0 ? Vma.LOCK_ON_FAULT : 0);
        mm.lock.lock();
        try {
            boolean current = (flags & Mman.MCL_CURRENT) != 0;
            long limit = mm.limit(task, Rlimit.RLIMIT_MEMLOCK);
            boolean privileged = task.hasCapability(Capability.CAP_IPC_LOCK);
            if (limit == 0 && !privileged) {
                return -Errno.EPERM;
            }
            if (current && !privileged && Long.compareUnsigned(vmas.bytes(), limit) > 0) {
                return -Errno.ENOMEM;
            }
            mm.futureLockFlags = (flags & Mman.MCL_FUTURE) != 0 ? lockFlags : 0;
            if (!current) {
                return 0;
            }
            lockEverything(lockFlags);
        } finally {
            mm.unlock(task);
        }
        if ((flags & Mman.MCL_ONFAULT) == 0) {
            // As in Linux, what cannot be brought in is left out.
            populateEverything(task);
        }
        return 0;
    }

    private void lockEverything(int flags) {
        for (int i = 0; i < vmas.size(); i++) {
            Vma vma = vmas.get(i);
            vmas.change(vma, vma.prot, vma.flags & ~(Vma.LOCKED | Vma.LOCK_ON_FAULT) | flags);
        }
    }

    private void populateEverything(Task task) {
        for (long at = 0; at < mm.maxAddress;) {
            long end;
            mm.lock.lock();
            try {
                int index = vmas.indexFrom(at);
                if (index == vmas.size()) {
                    return;
                }
                at = Math.max(at, vmas.get(index).start);
                end = vmas.get(index).end;
            } finally {
                mm.lock.unlock();
            }
            populateLocked(task, at, end);
            at = end;
        }
    }

    long munlockall(Task task) {
        mm.lock.lock();
        try {
            mm.futureLockFlags = 0;
            lockEverything(0);
            vmas.merge(0, mm.maxAddress);
            return 0;
        } finally {
            mm.unlock(task);
        }
    }
}
