// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.platform.AddressSpace;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Registers;
import org.jvisor.host.ffm.FfmHostKernel;

/** A started platform with a memory file, and programs in it: page n of the file is for the n-th thing a test puts there. */
final class Machine implements AutoCloseable {
    static final long PAGE = Mman.PAGE_SIZE;
    static final long CODE = 0x1_0000;
    static final long DATA = 0x2_0000;
    static final int RX = Mman.PROT_READ | Mman.PROT_EXEC;
    static final int RW = Mman.PROT_READ | Mman.PROT_WRITE;
    static final int PAGES = 16;

    final HostKernel host = new FfmHostKernel();
    final PtracePlatform platform = new PtracePlatform(host);
    final int memoryFd;
    final long memory;
    private final List<AddressSpace> spaces = new ArrayList<>();

    Machine(String name) {
        long buffer = host.allocate(64);
        for (int i = 0; i < name.length(); i++) {
            host.putByte(buffer + i, (byte) name.charAt(i));
        }
        memoryFd = (int) host.syscall(SyscallNr.MEMFD_CREATE, buffer, Mman.MFD_CLOEXEC);
        host.free(buffer);
        host.syscall(SyscallNr.FTRUNCATE, memoryFd, PAGES * PAGE);
        memory = host.syscall(SyscallNr.MMAP, 0, PAGES * PAGE, RW, Mman.MAP_SHARED, memoryFd, 0);
        platform.start(memoryFd);
    }

    Machine() {
        this("test-memory");
    }

    /** Machine code in hexadecimal, with comments from ';' to the end of a line. */
    void code(int page, String listing) {
        String hex = listing.replaceAll(";.*", "").replaceAll("\\s", "");
        byte[] bytes = HexFormat.of().parseHex(hex);
        host.copyOut(bytes, 0, bytes.length, memory + page * PAGE);
    }

    /** Runs something on a task thread and waits for it. */
    <T> T inTask(Callable<T> body) {
        FutureTask<T> task = startTask(body);
        return result(task);
    }

    <T> FutureTask<T> startTask(Callable<T> body) {
        FutureTask<T> task = new FutureTask<>(body);
        Thread.ofPlatform().name("task").daemon().start(task);
        return task;
    }

    static <T> T result(FutureTask<T> task) {
        try {
            return task.get();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw new IllegalStateException(e.getCause());
        }
    }

    AddressSpace newSpace() {
        return keep(platform.newAddressSpace());
    }

    AddressSpace keep(AddressSpace space) {
        spaces.add(space);
        return space;
    }

    /** A context whose code is page 0 of the file; for a task's thread. */
    Context newContext() {
        AddressSpace space = newSpace();
        Context context = platform.newContext(space);
        if (space.map(context, CODE, PAGE, 0, RX, false) != 0) {
            throw new IllegalStateException();
        }
        return context;
    }

    static Registers startAt(long rip) {
        Registers registers = new Registers();
        registers.set(Registers.RIP, rip);
        registers.extendedModified = true;
        return registers;
    }

    @Override
    public void close() {
        spaces.forEach(AddressSpace::release);
        platform.stop();
        closeMemory();
    }

    void closeMemory() {
        host.syscall(SyscallNr.MUNMAP, memory, PAGES * PAGE);
        host.syscall(SyscallNr.CLOSE, memoryFd);
    }
}
