// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import java.util.List;
import java.util.function.Consumer;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostCall;
import org.jvisor.api.host.HostCaller;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.IpcNamespace;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.mm.MemoryShortage;
import org.jvisor.api.mm.SharedSegments;
import org.jvisor.api.platform.Platform;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.Restorable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/** The services {@link Memory} and {@link MemoryFile}. Whoever copies much asks {@link #file} for the file itself. */
@Component(service = {Memory.class, MemoryFile.class, HostCaller.class})
public final class MemoryComponent implements Memory, MemoryFile, HostCaller {

    private final MemorySystem system;
    private final FrameFile file;
    private final Trimmer trimmer;

    @Activate
    public MemoryComponent(@Reference HostKernel host) {
        file = FrameFile.ofHostSize(host);
        system = new MemorySystem(host, file);
        trimmer = new Trimmer(file);
    }

    @Deactivate
    void deactivate() {
        trimmer.close();
        system.close();
    }

    /** The memory file, and tables beside it, which no program is to run code from. */
    @Override
    public List<HostCall> hostCalls() {
        return HostCall.all(
            List.of(HostCall.of(SyscallNr.MMAP).with(2, Mman.PROT_READ | Mman.PROT_WRITE),
                HostCall.of(SyscallNr.FALLOCATE).with(1, FrameFile.PUNCH)),
            HostCall.listOf(SyscallNr.MUNMAP, SyscallNr.MADVISE, SyscallNr.MEMBARRIER, SyscallNr.CLOSE, SyscallNr.GETRANDOM));
    }

    @Override
    public MemoryFile file() {
        return file;
    }

    @Override
    public MemoryFile file(Cgroup payer) {
        return system.file(payer);
    }

    @Override
    public void onShortage(MemoryShortage shortage) {
        system.onShortage(shortage);
    }

    @Override
    public void setLimit(long bytes) {
        system.setLimit(bytes);
    }

    @Override
    public void start(Platform platform) {
        system.start(platform);
    }

    @Override
    public MemoryManager newManager(Cgroup payer) {
        return system.newManager(payer);
    }

    @Override
    public SharedMemory newSharedMemory(Cgroup payer, long bytes) {
        return system.newSharedMemory(payer, bytes);
    }

    @Override
    public SharedSegments segments(IpcNamespace namespace) {
        return system.segments(namespace);
    }

    @Override
    public void forEachRestorable(Consumer<? super Restorable> visitor) {
        system.forEachRestorable(visitor);
    }

    @Override
    public void forEachHandle(Consumer<Handle> visitor) {
        system.forEachHandle(visitor);
    }

    @Override
    public IoBuffer kernelBuffer(byte[] bytes, int offset, int length) {
        return system.kernelBuffer(bytes, offset, length);
    }

    @Override
    public IoBuffer hostBuffer(long address, long length) {
        return system.hostBuffer(address, length);
    }

    @Override
    public int descriptor() {
        return file.descriptor();
    }

    @Override
    public long base() {
        return file.base();
    }

    @Override
    public long allocate(int pages) {
        return file.allocate(pages);
    }

    @Override
    public void retain(long offset, int pages) {
        file.retain(offset, pages);
    }

    @Override
    public void release(long offset, int pages) {
        file.release(offset, pages);
    }

    @Override
    public int references(long offset) {
        return file.references(offset);
    }

    @Override
    public Epoch newEpoch() {
        return file.newEpoch();
    }

    @Override
    public long used() {
        return file.used();
    }

    @Override
    public long limit() {
        return file.limit();
    }
}
