// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
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

/**
 * The stub that all others descend from. It never runs application code: its address space holds the stub's page and nothing
 * else, and copies of it are what new address spaces start with.
 *
 * <p>Its tracer is a thread of its own, which is also the parent of all stubs (CLONE_PARENT): when that thread ends, all stubs
 * get SIGKILL.
 */
final class FirstStub {
    /** Copies kept ready, so that execve(2) need not wait for one. */
    private static final int SPARES = 2;
    /** The stub's descriptor of its own program, until it has mapped it for good. */
    private static final int PROGRAM_FD = 1;
    private static final long ALL_DESCRIPTORS = 0xffff_ffffL;

    private final HostKernel host;
    private final Cpus cpus;
    private final StubImage image;
    private final Tracee tracee;
    private final BlockingQueue<Integer> spares = new LinkedBlockingQueue<>();
    private final Semaphore wanted = new Semaphore(SPARES);
    private final CompletableFuture<Void> ready = new CompletableFuture<>();
    private final Thread owner;
    private final int memoryFd;
    private volatile int parent;
    private volatile boolean stopping;
    private ExtendedState extendedState;

    private FirstStub(HostKernel host, Cpus cpus, int memoryFd) {
        this.host = host;
        this.cpus = cpus;
        this.memoryFd = memoryFd;
        image = new StubImage((int) host.syscall(SyscallNr.GETPID));
        tracee = new Tracee(host, image);
        owner = new Thread(null, this::run, "ptrace-first-stub", 256 << 10);
        owner.setDaemon(true);
    }

    static FirstStub start(HostKernel host, Cpus cpus, int memoryFd) throws BootFailure {
        FirstStub stub = new FirstStub(host, cpus, memoryFd);
        stub.owner.start();
        try {
            stub.ready.get();
            return stub;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof BootFailure failure) {
                throw failure;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BootFailure("waiting for the first stub", Errno.EINTR);
        }
    }

    StubImage image() {
        return image;
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
        wanted.release();
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

    /** Ends the first stub, and with it all the others. */
    void stop() {
        stopping = true;
        wanted.release();
        boolean interrupted = false;
        while (owner.isAlive()) {
            try {
                owner.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            boot();
            ready.complete(null);
            while (!stopping) {
                wanted.acquireUninterruptibly();
                if (!stopping) {
                    spares.add(tracee.fork(StubFilter.PROCESS_FLAGS, parent));
                }
            }
        } catch (BootFailure | RuntimeException e) {
            ready.completeExceptionally(e);
        } finally {
            end();
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

    private void boot() throws BootFailure {
        int cpu = cpus.current();
        cpus.pin(0, cpu);
        int pid = spawn(); // on this thread's CPU, too
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
        long end = StubImage.ADDRESS + StubImage.SIZE;
        if (end < StubImage.END_OF_USER_SPACE) {
            call(SyscallNr.MUNMAP, end, StubImage.END_OF_USER_SPACE - end, 0, 0, 0);
        }
    }

    private int spawn() throws BootFailure {
        int program = program();
        try {
            int[] descriptors = {memoryFd, program};
            SpawnRequest request = new SpawnRequest("/proc/self/fd/" + program, List.of("jvisor-stub"), List.of(), descriptors);
            return check("starting the first stub", host.spawn(request));
        } finally {
            host.syscall(SyscallNr.CLOSE, program);
        }
    }

    /** The stub's program as a file that nobody can change. */
    private int program() throws BootFailure {
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
