// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Prctl;
import org.jvisor.api.abi.Seccomp;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.host.SpawnRequest;
import org.jvisor.api.lock.LockOrder;
import org.jvisor.api.state.StateRecord;

/**
 * The stub that all others descend from. It never runs application code: its address space holds the stub's page and nothing
 * else, and copies of it are what new address spaces start with.
 *
 * <p>Its tracer is a thread of its own, which is also the parent of all stubs (CLONE_PARENT): when that thread ends, all stubs
 * get SIGKILL. So it lives as long as the platform, whichever version of this bundle serves.
 */
final class FirstStub {
    /** Copies kept ready, so that execve(2) need not wait for one. */
    private static final int SPARES = 2;
    /** The stub's descriptor of its own program, until it has mapped it for good. */
    private static final int PROGRAM_FD = 1;
    private static final long ALL_DESCRIPTORS = 0xffff_ffffL;

    private final HostKernel host;
    private final StubEntries entries;
    private final Tracee tracee;
    private final BlockingQueue<Integer> spares = new LinkedBlockingQueue<>();
    /** Of the JDK's classes alone: it goes on when those of this bundle go, for the host ends all stubs together with its thread. */
    private final ExecutorService owner;
    private final AtomicBoolean stopping = new AtomicBoolean();
    private int parent;
    private ExtendedState extendedState;

    private FirstStub(HostKernel host, StubEntries entries) {
        this.host = host;
        this.entries = entries;
        tracee = new Tracee(host, entries);
        owner = new ThreadPoolExecutor(1, 1, 0, TimeUnit.MILLISECONDS, new LinkedBlockingQueue<>(),
            Thread.ofPlatform().name("ptrace-first-stub").daemon().stackSize(256 << 10).factory());
    }

    /** The one that another FirstStub has started, with its thread. */
    FirstStub(HostKernel host, StateRecord record) {
        this.host = host;
        entries = StubEntries.adopt(record);
        owner = record.requireCore("owner", ExecutorService.class);
        parent = record.requireInt("parent");
        byte[] initial = record.getBytes("extended-state");
        if (initial == null) {
            throw record.refuse("extended-state", "missing");
        }
        extendedState = new ExtendedState(initial);
        long[] copies = record.getLongs("spares");
        for (int i = 0; copies != null && i < copies.length; i++) {
            spares.add((int) copies[i]);
        }
        tracee = new Tracee(host, entries);
        tracee.adopt(record);
    }

    void save(StateRecord record) {
        entries.save(record);
        tracee.save(record);
        record.putCore("owner", owner).put("parent", parent).put("extended-state", extendedState.initial())
            .put("spares", spares.stream().mapToLong(Integer::longValue).toArray());
    }

    static FirstStub start(HostKernel host, Cpus cpus, int memoryFd) throws BootFailure {
        StubImage image = new StubImage((int) host.syscall(SyscallNr.GETPID));
        FirstStub stub = new FirstStub(host, image.entries);
        try {
            await(stub.owner.submit(() -> {
                stub.boot(image, cpus, memoryFd);
                return null;
            }));
        } catch (ExecutionException e) {
            stub.stop();
            if (e.getCause() instanceof BootFailure failure) {
                throw failure;
            }
            throw new IllegalStateException(e.getCause());
        }
        for (int i = 0; i < SPARES; i++) {
            stub.owner.submit(stub::makeSpare);
        }
        return stub;
    }

    StubEntries entries() {
        return entries;
    }

    /** What getppid(2) gives in a stub. */
    int parent() {
        return parent;
    }

    ExtendedState extendedState() {
        return extendedState;
    }

    /**
     * A fresh process with nothing mapped, for the caller to attach. Any thread; waits for one where none is ready.
     *
     * @throws ErrnoException the host's refusal
     */
    int takeCopy() {
        LockOrder.mayWait("a fresh process of the host");
        try {
            owner.submit(this::makeSpare);
        } catch (RejectedExecutionException e) {
            throw ErrnoException.of(Errno.EAGAIN); // the platform has been stopped
        }
        boolean interrupted = false;
        try {
            for (;;) {
                try {
                    return (int) ErrnoException.check(spares.take());
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void makeSpare() {
        int spare = -Errno.EIO;
        try {
            spare = tracee.fork(StubFilter.PROCESS_FLAGS, parent);
        } finally {
            spares.add(spare); // somebody waits for it
        }
    }

    /** Returns when the thread has nothing to do any more. */
    void settle() {
        try {
            await(owner.submit(() -> null));
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    /** Another one has taken over. */
    void retire() {
        tracee.free();
    }

    /** Ends the first stub, and with it all the others; nothing the second time. */
    void stop() {
        if (owner.isShutdown() || !stopping.compareAndSet(false, true)) {
            return;
        }
        Future<?> end = owner.submit(this::end);
        owner.shutdown();
        try {
            await(end);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    private static void await(Future<?> work) throws ExecutionException {
        boolean interrupted = false;
        try {
            for (;;) {
                try {
                    work.get();
                    return;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void end() {
        for (Integer spare = spares.poll(); spare != null; spare = spares.poll()) {
            Reaper.killAndReap(host, spare);
        }
        if (tracee.isAttached()) {
            Reaper.killAndReap(host, tracee.process());
        }
        tracee.free();
    }

    private void boot(StubImage image, Cpus cpus, int memoryFd) throws BootFailure {
        int cpu = cpus.current();
        cpus.pin(0, cpu);
        int pid = spawn(image, memoryFd); // on this thread's CPU, too
        check("PTRACE_SEIZE (ptrace(2))", tracee.attach(pid, pid));
        tracee.pageAt(StubImage.LOADED_AT);
        parent = (int) call(SyscallNr.GETPPID, 0, 0, 0, 0, 0);
        moveHouse();
        call(SyscallNr.CLOSE_RANGE, StubFilter.MEMORY_FD + 1, ALL_DESCRIPTORS, 0, 0, 0);
        call(SyscallNr.PRCTL, Prctl.PR_SET_NAME, address(image.name), 0, 0, 0);
        call(SyscallNr.CAPSET, address(image.capabilityHeader), address(image.capabilityData), 0, 0, 0);
        call(SyscallNr.PRCTL, Prctl.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        call(SyscallNr.SECCOMP, Seccomp.SECCOMP_SET_MODE_FILTER, 0, address(image.filter), 0, 0);
        extendedState = ExtendedState.of(host, tracee);
    }

    /** Maps the stub's page at its place and unmaps all the rest: program, stack and vDSO. */
    private void moveHouse() throws BootFailure {
        long result = tracee.call(SyscallNr.MMAP, StubImage.ADDRESS, StubImage.SIZE, Mman.PROT_READ | Mman.PROT_EXEC,
            Mman.MAP_PRIVATE | Mman.MAP_FIXED, PROGRAM_FD, 0);
        check("mmap(2) of the stub's page", result);
        tracee.pageAt(StubImage.ADDRESS);
        call(SyscallNr.MUNMAP, 0, StubImage.ADDRESS, 0, 0, 0);
    }

    private int spawn(StubImage image, int memoryFd) throws BootFailure {
        int program = program(image);
        try {
            int[] descriptors = {memoryFd, program};
            SpawnRequest request = new SpawnRequest("/proc/self/fd/" + program, List.of("jvisor-stub"), List.of(), descriptors);
            return check("starting the first stub", host.spawn(request));
        } finally {
            host.syscall(SyscallNr.CLOSE, program);
        }
    }

    /** The stub's program as a file that nobody can change. */
    private int program(StubImage image) throws BootFailure {
        long name = host.allocate(16);
        long page = host.allocate(StubImage.SIZE);
        try {
            host.copyOut(StubImage.NAME, 0, StubImage.NAME.length, name);
            host.copyOut(image.page, 0, StubImage.SIZE, page);
            int flags = Mman.MFD_CLOEXEC | Mman.MFD_ALLOW_SEALING;
            long fd = host.syscall(SyscallNr.MEMFD_CREATE, name, flags | Mman.MFD_EXEC);
            if (fd == -Errno.EINVAL) {
                fd = host.syscall(SyscallNr.MEMFD_CREATE, name, flags); // before Linux 6.3
            }
            check("memfd_create(2)", fd);
            check("write(2) to a memfd", host.syscall(SyscallNr.PWRITE64, fd, page, StubImage.SIZE, 0));
            check("sealing a memfd", host.syscall(SyscallNr.FCNTL, fd, Open.F_ADD_SEALS,
                Open.F_SEAL_WRITE | Open.F_SEAL_GROW | Open.F_SEAL_SHRINK | Open.F_SEAL_SEAL));
            return (int) fd;
        } finally {
            host.free(name);
            host.free(page);
        }
    }

    private static long address(int offset) {
        return StubImage.ADDRESS + offset;
    }

    private long call(int number, long a0, long a1, long a2, long a3, long a4) throws BootFailure {
        return check(SyscallNr.name(number) + "(2) in the first stub", tracee.call(number, a0, a1, a2, a3, a4, 0));
    }

    private static int check(String step, long result) throws BootFailure {
        if (result < 0) {
            throw new BootFailure(step, (int) -result);
        }
        return (int) result;
    }
}
