// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.platform.AddressSpace;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Platform.Probe;
import org.jvisor.api.platform.Registers;
import org.jvisor.assembler.Assembler;
import org.jvisor.assembler.Memory;
import org.jvisor.assembler.Register;

/** Runs a small program in a stub of its own and compares what happens with what should: a system call, a fault, a retry. */
final class GuestProbe {
    /** The slowest of the platforms, and the one that works nearly anywhere. */
    private static final int SCORE = 10;
    /** As long as a host may let a process wait for a CPU that is busy with others. */
    private static final long TIME_LIMIT_MS = 20_000;
    private static final long CODE_AT = 0x1_0000;
    private static final int DATA_AT = 0x2_0000;
    private static final int FIRST_NUMBER = 1000;
    private static final int RESULT = 0x1234_5678;
    private static final Path YAMA = Path.of("/proc/sys/kernel/yama/ptrace_scope");

    private final HostKernel host;

    GuestProbe(HostKernel host) {
        this.host = host;
    }

    Probe run() {
        int memoryFd = memoryFile();
        if (memoryFd < 0) {
            return unusable("memfd_create(2) fails with " + Errno.name(-memoryFd));
        }
        Stubs stubs = null;
        try {
            stubs = new Stubs(host, memoryFd);
            return verdict(stubs);
        } catch (BootFailure e) {
            return unusable(e.getMessage() + hint(e.errno()));
        } finally {
            if (stubs != null) {
                stubs.stop();
            }
            host.syscall(SyscallNr.CLOSE, memoryFd);
        }
    }

    private static Probe unusable(String reason) {
        return new Probe(false, 0, reason);
    }

    /** The usual reasons why a host refuses ptrace(2). */
    private static String hint(int errno) {
        if (errno != Errno.EPERM && errno != Errno.EACCES && errno != Errno.ENOSYS) {
            return "";
        }
        try {
            String scope = Files.readString(YAMA).trim();
            if (!scope.equals("0")) {
                return " (Yama's ptrace_scope is " + scope + ")";
            }
        } catch (IOException e) {
            // No Yama here.
        }
        return " (a seccomp filter or a security module around this process may forbid it)";
    }

    private Probe verdict(Stubs stubs) {
        CompletableFuture<String> flaw = new CompletableFuture<>();
        Thread.ofPlatform().name("ptrace-probe").daemon().start(() -> {
            try {
                flaw.complete(runGuest(stubs));
            } catch (ErrnoException e) {
                flaw.complete("the host refuses: " + e.getMessage());
            }
        });
        try {
            String found = flaw.get(TIME_LIMIT_MS, TimeUnit.MILLISECONDS);
            if (!found.isEmpty()) {
                return unusable(found);
            }
            return new Probe(true, SCORE, "system calls and faults of a stub arrive by ptrace");
        } catch (TimeoutException e) {
            return unusable("a few instructions took longer than " + TIME_LIMIT_MS + " ms");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return unusable("interrupted");
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    /** Returns what was not as it should be, or nothing. */
    private String runGuest(Stubs stubs) {
        AddressSpace space = stubs.newAddressSpace();
        Context context = stubs.newContext(space);
        try {
            Registers registers = new Registers();
            registers.set(Registers.RIP, CODE_AT);
            registers.extendedModified = true;
            int error = space.map(context, CODE_AT, Mman.PAGE_SIZE, 0, Mman.PROT_READ | Mman.PROT_EXEC, false);
            if (error != 0) {
                return "mapping memory in a stub fails with " + Errno.name(-error);
            }
            if (context.run(registers) != Context.SYSCALL || registers.get(Registers.ORIG_RAX) != FIRST_NUMBER) {
                return "a system call of the stub did not arrive";
            }
            registers.setResult(RESULT);
            if (context.run(registers) != Context.FAULT || context.faultAddress() != DATA_AT) {
                return "a page fault of the stub did not arrive";
            }
            space.map(context, DATA_AT, Mman.PAGE_SIZE, Mman.PAGE_SIZE, Mman.PROT_READ | Mman.PROT_WRITE, false);
            if (context.run(registers) != Context.SYSCALL || registers.get(Registers.ORIG_RAX) != RESULT) {
                return "a stub did not go on after a page fault";
            }
            return "";
        } finally {
            context.release();
            space.release();
        }
    }

    /** A page with the program, and one for its data. */
    private int memoryFile() {
        byte[] program = new Assembler()
            .mov(Register.EAX, FIRST_NUMBER).syscall()
            .mov(Memory.at(DATA_AT), Register.EAX).syscall()
            .code();
        long buffer = host.allocate(Mman.PAGE_SIZE);
        try {
            long fd = host.syscall(SyscallNr.MEMFD_CREATE, buffer, Mman.MFD_CLOEXEC);
            if (fd >= 0) {
                host.copyOut(program, 0, program.length, buffer);
                host.syscall(SyscallNr.PWRITE64, fd, buffer, Mman.PAGE_SIZE, 0);
                host.syscall(SyscallNr.FTRUNCATE, fd, 2L * Mman.PAGE_SIZE);
            }
            return (int) fd;
        } finally {
            host.free(buffer);
        }
    }
}
