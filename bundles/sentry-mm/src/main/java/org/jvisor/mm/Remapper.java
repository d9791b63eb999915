// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.kernel.Task;

/** mremap(2). */
final class Remapper {

    private static final int PAGE = Pte.PAGE;
    private static final int KNOWN_FLAGS = Mman.MREMAP_MAYMOVE | Mman.MREMAP_FIXED | Mman.MREMAP_DONTUNMAP;

    private final Manager mm;
    private final Mapper mapper;
    private final VmaMap vmas;

    Remapper(Manager mm, Mapper mapper) {
        this.mm = mm;
        this.mapper = mapper;
        vmas = mm.vmas;
    }

    long mremap(Task task, long oldAddress, long oldLength, long newLength, int flags, long newAddress) {
        long oldBytes = Mapper.roundUp(oldLength);
        long newBytes = Mapper.roundUp(newLength);
        boolean mayMove = (flags & Mman.MREMAP_MAYMOVE) != 0;
        boolean fixed = (flags & Mman.MREMAP_FIXED) != 0;
        boolean keeps = (flags & Mman.MREMAP_DONTUNMAP) != 0;
        if ((flags & ~KNOWN_FLAGS) != 0 || (fixed || keeps) && !mayMove || keeps && oldBytes != newBytes
                || (oldAddress & PAGE - 1) != 0 || newBytes == 0 || !isRange(oldAddress, oldBytes) || newBytes < 0
                || newBytes > mm.maxAddress) {
            return -Errno.EINVAL;
        }
        if (fixed && ((newAddress & PAGE - 1) != 0 || !isRange(newAddress, newBytes)
                || newAddress < oldAddress + oldBytes && oldAddress < newAddress + newBytes)) {
            return -Errno.EINVAL;
        }
        long result;
        boolean populate = false;
        mm.lock.lock();
        try {
            result = fixed || keeps ? moveTo(task, oldAddress, oldBytes, newBytes, fixed ? newAddress : -1, newAddress, keeps)
                    : resize(task, oldAddress, oldBytes, newBytes, mayMove);
            if (result >= 0 && newBytes > oldBytes) {
                Vma vma = vmas.find(result);
                populate = vma != null && vma.is(Vma.LOCKED) && !vma.is(Vma.LOCK_ON_FAULT);
            }
        } finally {
            mm.unlock(task);
        }
        if (populate) {
            mm.populate(task, result + oldBytes, result + newBytes, false);
        }
        return result;
    }

    private boolean isRange(long address, long bytes) {
        return address >= 0 && bytes >= 0 && bytes <= mm.maxAddress && address <= mm.maxAddress - bytes;
    }

    private long resize(Task task, long address, long oldBytes, long newBytes, boolean mayMove) {
        if (newBytes <= oldBytes && oldBytes != 0) {
            if (vmas.find(address) == null) {
                return -Errno.EFAULT;
            }
            if (newBytes < oldBytes) {
                mapper.removeRange(task, address + newBytes, address + oldBytes);
            }
            return address;
        }
        Vma vma = vmas.find(address);
        long refused = refusal(task, vma, address, oldBytes, newBytes);
        if (refused < 0) {
            return refused;
        }
        long end = address + oldBytes;
        long newEnd = address + newBytes;
        if (oldBytes != 0 && end == vma.end && newEnd <= mm.maxAddress && vmas.isFreeWithGap(end, newEnd)) {
            vmas.resize(vma, vma.start, newEnd);
            vmas.merge(vma.start, newEnd);
            return address;
        }
        return mayMove ? move(task, vma, address, oldBytes, newBytes, -1, 0, oldBytes == 0) : -Errno.ENOMEM;
    }

    private long moveTo(Task task, long oldAddress, long oldBytes, long newBytes, long target, long hint, boolean keeps) {
        long bytes = oldBytes;
        if (oldBytes != 0 && newBytes < oldBytes) {
            if (vmas.find(oldAddress) == null) {
                return -Errno.EFAULT;
            }
            mapper.removeRange(task, oldAddress + newBytes, oldAddress + oldBytes);
            bytes = newBytes;
        }
        Vma vma = vmas.find(oldAddress);
        long refused = refusal(task, vma, oldAddress, bytes, newBytes);
        return refused < 0 ? refused : move(task, vma, oldAddress, bytes, newBytes, target, hint, keeps || oldBytes == 0);
    }

    /** Why the mapping cannot be made {@code newBytes} long; 0 when it can. */
    private long refusal(Task task, Vma vma, long address, long oldBytes, long newBytes) {
        if (vma == null) {
            return -Errno.EFAULT;
        }
        if (oldBytes == 0 && !vma.shared()) {
            // A second mapping of the same pages; of private ones there can be none.
            return -Errno.EINVAL;
        }
        if (oldBytes > vma.end - address) {
            return -Errno.EFAULT;
        }
        if (vma.backing != null && vma.offsetOf(address) + newBytes < 0) {
            return -Errno.EINVAL;
        }
        long more = newBytes - oldBytes;
        if (more <= 0) {
            return 0;
        }
        if (vma.is(Vma.LOCKED) && mm.exceedsLocked(task, more)) {
            return -Errno.EAGAIN;
        }
        return mm.exceedsAddressSpace(task, more) || vma.isData() && mm.exceedsData(task, more) ? -Errno.ENOMEM : 0;
    }

    /**
     * @param target where to, replacing what is there, or -1 for wherever there is room, at {@code hint} if possible
     * @param keeps whether the old mapping stays, without its private pages
     */
    private long move(Task task, Vma vma, long address, long oldBytes, long newBytes, long target, long hint, boolean keeps) {
        // Splitting on both sides makes up to three more.
        if (!vmas.hasRoom(4)) {
            return -Errno.ENOMEM;
        }
        if (keeps && oldBytes != 0 && mm.exceedsAddressSpace(task, newBytes)) {
            return -Errno.ENOMEM;
        }
        long to = target >= 0 ? mapper.checkFixed(target, newBytes) : mapper.findRoom(hint, newBytes, 0);
        if (to < 0) {
            return to;
        }
        mm.pages.prepareMove(address, to, oldBytes);
        if (target >= 0) {
            mapper.removeRange(task, to, to + newBytes);
        }
        long offset = vma.offsetOf(address);
        Vma moved = new Vma(to, to + newBytes, vma.prot, vma.flags, vma.backing, offset);
        if (vma.backing != null) {
            vma.backing.users++;
        }
        mm.pages.move(task, address, to, oldBytes);
        if (!keeps) {
            mapper.removeRange(task, address, address + oldBytes);
        } else if (vma.is(Vma.LOCKED)) {
            vmas.split(address);
            vmas.split(address + oldBytes);
            Vma left = vmas.find(address);
            vmas.change(left, left.prot, left.flags & ~(Vma.LOCKED | Vma.LOCK_ON_FAULT));
        }
        vmas.insert(moved);
        vmas.merge(to, to + newBytes);
        return to;
    }
}
