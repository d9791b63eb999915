// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.mm;

import java.util.function.Consumer;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.IpcNamespace;
import org.jvisor.api.platform.Platform;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.HandleSource;
import org.jvisor.api.state.Restorable;
import org.osgi.annotation.versioning.ProviderType;

/** Where memory managers come from. A service of sentry-mm. */
@ProviderType
public interface Memory extends HandleSource {

    MemoryFile file();

    /**
     * The memory file as a container has it: what is allocated through it is charged to the container until it is free, and its limit and
     * use are the container's. Frames are the same in both.
     *
     * @param payer the container's, or one below
     */
    default MemoryFile file(Cgroup payer) {
        return file();
    }

    /** Called once: who sees to it that there is memory again. */
    default void onShortage(MemoryShortage shortage) {}

    /** How much may be in use, for applications, files in memory and page caches together; at most the host's memory, the default. */
    default void setLimit(long bytes) {}

    /** Called once at boot, after {@link Platform#start}. */
    void start(Platform platform);

    /**
     * An empty memory manager with one user, on a new address space of the platform.
     *
     * @param payer the process's, who is charged for it, its mappings and tables of pages
     * @throws org.jvisor.api.abi.ErrnoException ENOMEM when the payer may not have it; what the platform says
     */
    MemoryManager newManager(Cgroup payer);

    /**
     * Frames that can be mapped shared and are gone with their last user: shared anonymous memory, SysV shared memory, tmpfs.
     *
     * @param payer who is charged for its pages and the index that tells where they are; null: nobody, it is the kernel's own
     * @param bytes its size; it can be changed
     */
    SharedMemory newSharedMemory(Cgroup payer, long bytes);

    /** The System V shared memory of a namespace; made when first asked for, gone with the namespace. */
    default SharedSegments segments(IpcNamespace namespace) {
        throw new UnsupportedOperationException();
    }

    @Override
    default void forEachHandle(Consumer<Handle> visitor) {}

    /** What the core's own part of a checkpoint begins with: the address spaces. */
    default void forEachRestorable(Consumer<? super Restorable> visitor) {}

    /** An {@link IoBuffer} over the kernel's own memory, for files read or written by the kernel itself. Allocates. */
    IoBuffer kernelBuffer(byte[] bytes, int offset, int length);

    /** An {@link IoBuffer} over memory at Sentry addresses (page cache frames, scratch). Allocates. */
    IoBuffer hostBuffer(long address, long length);

    /** A sparse run of frames, the storage of a file in memory. Any thread; holes read as zeros. */
    @ProviderType
    interface SharedMemory extends Mappable {

        long size();

        /** Truncates or extends. Mappings beyond the end get SIGBUS. */
        void resize(long bytes);

        /** Up to {@code buffer.remaining()} bytes into {@code buffer}; 0 at the end. */
        long read(IoBuffer buffer, long offset);

        /** Writes, extending the size; the count, or {@code -ENOSPC}, {@code -EFAULT} when none was written. */
        long write(IoBuffer buffer, long offset);

        /** Gives frames of the range back (FALLOC_FL_PUNCH_HOLE); the range reads as zeros. */
        void punch(long offset, long length);

        /** Allocates frames for the range, or throws ENOSPC. */
        void reserve(long offset, long length);

        /** Offset of the next data (or hole) at or after {@code offset}, or {@code -ENXIO}, as lseek(2) SEEK_DATA and SEEK_HOLE. */
        long seekData(long offset);

        long seekHole(long offset);

        /** Bytes of frames held. */
        long allocatedBytes();

        /** Drops the owner's reference; frames go with the last mapping. */
        void release();
    }
}
