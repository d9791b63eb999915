// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.mm;

import java.util.function.Consumer;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.platform.AddressSpace;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.VfsPath;
import org.osgi.annotation.versioning.ProviderType;

/**
 * One application address space: Linux's mm_struct. Shared by the tasks that were cloned with CLONE_VM. Changes are made by a
 * task that runs in it, in whose thread the platform's part is done; results are negative errnos as in the man pages.
 */
@ProviderType
public interface MemoryManager {

    /** The platform's side. */
    AddressSpace space();

    /** mmap(2). {@code file} is null for anonymous memory. Flags and errors as in the man page. */
    long mmap(Task task, long address, long length, int prot, int flags, FileDescription file, long offset);

    /**
     * Maps {@code object} itself: for what is not a file, like the vDSO, SysV shared memory or /dev/zero.
     *
     * @param name what /proc/PID/maps shows, or null
     */
    long map(Task task, long address, long length, int prot, int flags, Mappable object, long offset, String name);

    long munmap(Task task, long address, long length);

    /** The object whose beginning is mapped at {@code address}, or null. */
    default Mappable mappedAt(long address) {
        return null;
    }

    /** Unmaps what is left of a mapping of {@code object} whose beginning was mapped at {@code address} (shmdt(2)); 0 or -EINVAL. */
    default long unmapObject(Task task, long address, Mappable object) {
        return -org.jvisor.api.abi.Errno.EINVAL;
    }

    long mprotect(Task task, long address, long length, int prot);

    long mremap(Task task, long oldAddress, long oldLength, long newLength, int flags, long newAddress);

    long brk(Task task, long address);

    long madvise(Task task, long address, long length, int advice);

    long msync(Task task, long address, long length, int flags);

    long mincore(Task task, long address, long length, long vector);

    long mlock(Task task, long address, long length, int flags);

    long munlock(Task task, long address, long length);

    long mlockall(Task task, int flags);

    long munlockall(Task task);

    /** membarrier(2), but for the flag that names a CPU: all are taken then. */
    default long membarrier(Task task, int command, int flags) {
        return -org.jvisor.api.abi.Errno.ENOSYS;
    }

    /**
     * Resolves a fault of {@code task}, which is in its epoch ({@link MemoryFile.Epoch}).
     *
     * @param access {@link org.jvisor.api.platform.Context}.ACCESS_*
     * @return 0 when the access can be tried again; otherwise {@code signal << 16 | si_code} of the signal that the task gets
     *     (SIGSEGV with SEGV_MAPERR or SEGV_ACCERR, SIGBUS with BUS_ADRERR)
     */
    int fault(Task task, long address, int access);

    /**
     * The copy that fork(2) makes, without CLONE_VM; called by the forking task. One user, the new task. Throws
     * {@link org.jvisor.api.abi.ErrnoException} ENOMEM or EAGAIN.
     *
     * @param payer the new process's
     */
    MemoryManager fork(Task task, Cgroup payer);

    /**
     * A way to this memory for the thread of {@code task}, which may be one of another memory manager (process_vm_readv(2),
     * ptrace(2)).
     */
    UserMemory newUserMemory(Task task);

    /** One more task uses this. */
    void retain();

    /**
     * Like {@link #retain}, for whoever found this through another task: whether it was still in use. Only then may
     * {@link #newUserMemory} be used, until {@link #release}. Any thread.
     */
    default boolean tryRetain() {
        retain();
        return true;
    }

    /** One task less; the last one's leave gives everything back. {@code task} may be null when no thread of it is left. */
    void release(Task task);

    /** Where the parts of the program lie, for /proc and prctl(PR_SET_MM). Set by the loader. */
    Layout layout();

    /** The executable, or null. */
    VfsPath executable();

    void setExecutable(VfsPath path);

    /** Calls {@code action} with each mapping in ascending order, in a consistent picture. Allocates. */
    void forEachVma(Consumer<VmaInfo> action);

    /** Bytes mapped; the sum of all mappings. */
    long virtualBytes();

    /** Bytes present, with those that have just gone but are still in the platform's hands. */
    long residentBytes();

    /** Highest {@link #residentBytes} so far. */
    long peakResidentBytes();

    /** Bytes locked. */
    long lockedBytes();

    /** Addresses that the loader fixed; guarded by nothing, written at exec and by prctl. */
    final class Layout {
        public long startCode;
        public long endCode;
        public long startData;
        public long endData;
        public long startBrk;
        public long startStack;
        public long argStart;
        public long argEnd;
        public long envStart;
        public long envEnd;
        public long vdso;
        /** The auxiliary vector as it was put on the stack. */
        public byte[] auxv = new byte[0];

        public void copyFrom(Layout o) {
            startCode = o.startCode;
            endCode = o.endCode;
            startData = o.startData;
            endData = o.endData;
            startBrk = o.startBrk;
            startStack = o.startStack;
            argStart = o.argStart;
            argEnd = o.argEnd;
            envStart = o.envStart;
            envEnd = o.envEnd;
            vdso = o.vdso;
            auxv = o.auxv;
        }
    }

    /**
     * A line of /proc/PID/maps.
     *
     * @param flags MAP_SHARED or MAP_PRIVATE, MAP_GROWSDOWN, MAP_LOCKED
     * @param name path, [heap], [stack], [vdso], … or ""
     * @param residentBytes present pages
     * @param privateDirtyBytes pages of this manager alone
     */
    record VmaInfo(long start, long end, int prot, int flags, long offset, long dev, long ino, String name, long residentBytes,
            long privateDirtyBytes) {}
}
