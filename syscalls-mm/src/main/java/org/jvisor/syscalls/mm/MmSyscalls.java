// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.mm;

import static org.jvisor.api.abi.SyscallNr.*;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.syscall.CallTable;
import org.jvisor.api.syscall.SyscallFamily;
import org.jvisor.api.syscall.SyscallHandler;
import org.osgi.service.component.annotations.Component;

/** The family of memory: mappings, advice, locking, other processes' memory, System V shared memory. */
@Component(service = SyscallFamily.class)
public final class MmSyscalls implements SyscallFamily, SyscallHandler {

    /** A bit of mprotect(2) that means nothing. */
    private static final int UNKNOWN_RIGHT = 1 << 30;

    private final Mappings mappings = new Mappings();
    private final Policies policies = new Policies();
    private final SegmentCalls segments = new SegmentCalls();
    private final OtherProcesses others = new OtherProcesses();

    @Override
    public String name() {
        return "mm";
    }

    @Override
    public CallTable calls() {
        return new CallTable(this)
                .full(
                        MUNMAP, MPROTECT, MREMAP, BRK, MSYNC, MINCORE, MUNLOCK, MUNLOCKALL, PROCESS_VM_READV,
                        PROCESS_VM_WRITEV, SHMAT, SHMDT)
                .partial(MMAP, "MAP_HUGETLB: ENOMEM; MAP_SYNC is refused.")
                .partial(MADVISE, "Advice about huge pages, merging and reclaim has no effect; no MADV_HWPOISON.")
                .partial(PROCESS_MADVISE, "MADV_COLD, MADV_PAGEOUT and MADV_WILLNEED, without effect.")
                .partial(REMAP_FILE_PAGES, "EINVAL, as for a range that is no shared file mapping.")
                .partial(MLOCK, "Pages are made present and counted.")
                .partial(MLOCK2, "Pages are made present and counted.")
                .partial(MLOCKALL, "Pages are made present and counted.")
                .partial(MEMBARRIER, "No restartable sequences (MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ).")
                .partial(PKEY_ALLOC, "As on a processor without protection keys: ENOSPC.")
                .partial(PKEY_FREE, "As on a processor without protection keys: EINVAL.")
                .partial(PKEY_MPROTECT, "Key -1 only, as on a processor without protection keys.")
                .partial(MBIND, "One node; checked and not kept.")
                .partial(GET_MEMPOLICY, "One node; always MPOL_DEFAULT.")
                .partial(SET_MEMPOLICY, "One node; checked and not kept.")
                .partial(SET_MEMPOLICY_HOME_NODE, "One node; checked and not kept.")
                .partial(MIGRATE_PAGES, "One node, so nothing moves.")
                .partial(MOVE_PAGES, "One node, so nothing moves; only for the caller.")
                .partial(PROCESS_MRELEASE, "Memory goes with the process itself.")
                .partial(SHMGET, "No huge pages.")
                .partial(SHMCTL, "Segments are not locked (SHM_LOCK has no effect).");
    }

    /** A right of which the argument's upper half has a bit is as unknown as any other. */
    private static long mprotect(Task t, Arguments a) {
        int prot = a.a2 >>> Integer.SIZE == 0 ? a.int2() : UNKNOWN_RIGHT;
        return t.mm().mprotect(t, a.a0, a.a1, prot);
    }

    @Override
    public long call(Task t, Arguments a) {
        return switch (a.number) {
            case MMAP -> mappings.mmap(t, a);
            case MUNMAP -> t.mm().munmap(t, a.a0, a.a1);
            case MPROTECT -> mprotect(t, a);
            case MREMAP -> t.mm().mremap(t, a.a0, a.a1, a.a2, a.int3(), a.a4);
            case BRK -> t.mm().brk(t, a.a0);
            case MADVISE -> t.mm().madvise(t, a.a0, a.a1, a.int2());
            case MSYNC -> t.mm().msync(t, a.a0, a.a1, a.int2());
            case MINCORE -> t.mm().mincore(t, a.a0, a.a1, a.a2);
            case REMAP_FILE_PAGES -> mappings.remapFilePages(t, a);
            case MLOCK -> t.mm().mlock(t, a.a0, a.a1, 0);
            case MLOCK2 -> t.mm().mlock(t, a.a0, a.a1, a.int2());
            case MUNLOCK -> t.mm().munlock(t, a.a0, a.a1);
            case MLOCKALL -> t.mm().mlockall(t, a.int0());
            case MUNLOCKALL -> t.mm().munlockall(t);
            case MEMBARRIER -> t.mm().membarrier(t, a.int0(), a.int1());
            case PKEY_ALLOC -> mappings.pkeyAlloc(a);
            // No CPU of ours has protection keys, so none was ever allocated.
            case PKEY_FREE -> -Errno.EINVAL;
            case PKEY_MPROTECT -> a.int3() == -1 ? mprotect(t, a) : -Errno.EINVAL;
            case MBIND -> policies.mbind(t, a);
            case GET_MEMPOLICY -> policies.getMempolicy(t, a);
            case SET_MEMPOLICY -> policies.setMempolicy(t, a);
            case SET_MEMPOLICY_HOME_NODE -> policies.setHomeNode(a);
            case MIGRATE_PAGES -> policies.migratePages(t, a);
            case MOVE_PAGES -> policies.movePages(t, a);
            case PROCESS_VM_READV -> others.transfer(t, a, false);
            case PROCESS_VM_WRITEV -> others.transfer(t, a, true);
            case PROCESS_MADVISE -> others.madvise(t, a);
            case PROCESS_MRELEASE -> others.mrelease(t, a);
            case SHMGET -> segments.shmget(t, a);
            case SHMAT -> segments.shmat(t, a);
            case SHMDT -> segments.shmdt(t, a);
            case SHMCTL -> segments.shmctl(t, a);
            default -> -Errno.ENOSYS;
        };
    }
}
