// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Clone;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Prctl;
import org.jvisor.api.abi.Seccomp;
import org.jvisor.api.abi.SeccompDataLayout;
import org.jvisor.api.abi.SockFilterLayout;
import org.jvisor.api.abi.SyscallNr;

/**
 * The stub's seccomp(2) filter: the second layer. PTRACE_SYSEMU keeps all of the application's system calls from the host before
 * the filter sees them, so what it allows is what the Sentry makes a stub do, and nothing else.
 *
 * <p>The three calls of the vsyscall page are the exception: the host carries them out on a fault, without a stop. The filter
 * turns them into SIGSYS, which does stop the stub.
 */
final class StubFilter {
    /** A new task in the same address space, or in a copy of it; a child of the Sentry, not of the stub, and nobody's tracee. */
    static final long THREAD_FLAGS = Clone.CLONE_VM | Clone.CLONE_FS | Clone.CLONE_FILES | Clone.CLONE_SIGHAND
        | Clone.CLONE_THREAD | Clone.CLONE_SYSVSEM | Clone.CLONE_UNTRACED;
    static final long PROCESS_FLAGS = Clone.CLONE_PARENT | Clone.CLONE_UNTRACED;
    static final long MAP_FLAGS = Mman.MAP_SHARED | Mman.MAP_FIXED;
    /** The stub's descriptor of the memory file, its only one. */
    static final int MEMORY_FD = 0;

    private static final int LOAD = Seccomp.BPF_LD | Seccomp.BPF_W | Seccomp.BPF_ABS;
    private static final int AND = Seccomp.BPF_ALU | Seccomp.BPF_AND | Seccomp.BPF_K;
    private static final int JUMP_IF_EQUAL = Seccomp.BPF_JMP | Seccomp.BPF_JEQ | Seccomp.BPF_K;
    private static final int RETURN = Seccomp.BPF_RET | Seccomp.BPF_K;

    private record Instruction(int code, int ifTrue, int ifFalse, int operand) {}

    private final List<Instruction> program = new ArrayList<>();

    private StubFilter() {
    }

    /** An array of struct sock_filter. */
    static byte[] program() {
        StubFilter filter = new StubFilter();
        filter.build();
        byte[] bytes = new byte[filter.program.size() * SockFilterLayout.SIZE];
        int at = 0;
        for (Instruction instruction : filter.program) {
            SockFilterLayout.code(bytes, at, instruction.code);
            SockFilterLayout.jt(bytes, at, instruction.ifTrue);
            SockFilterLayout.jf(bytes, at, instruction.ifFalse);
            Bytes.putInt(bytes, at + SockFilterLayout.K, instruction.operand);
            at += SockFilterLayout.SIZE;
        }
        return bytes;
    }

    private void build() {
        add(LOAD, SeccompDataLayout.ARCH);
        skipUnlessEqual(Seccomp.AUDIT_ARCH_X86_64, 1);
        program.add(new Instruction(Seccomp.BPF_JMP | Seccomp.BPF_JA, 0, 0, 1));
        kill();
        add(LOAD, SeccompDataLayout.NR);
        for (int number : new int[] {SyscallNr.MUNMAP, SyscallNr.MPROTECT, SyscallNr.EXIT, SyscallNr.EXIT_GROUP,
            SyscallNr.GETPPID, SyscallNr.PAUSE}) {
            skipUnlessEqual(number, 1);
            add(RETURN, Seccomp.SECCOMP_RET_ALLOW);
        }
        for (int number : new int[] {SyscallNr.GETTIMEOFDAY, SyscallNr.TIME, SyscallNr.GETCPU}) {
            skipUnlessEqual(number, 1);
            add(RETURN, Seccomp.SECCOMP_RET_TRAP);
        }
        allowMap();
        allowArgument(SyscallNr.CLONE, THREAD_FLAGS, PROCESS_FLAGS);
        allowArgument(SyscallNr.PRCTL, Prctl.PR_SET_PDEATHSIG);
        kill();
    }

    /** mmap(2) of the memory file at a fixed address, shared, populated or not. */
    private void allowMap() {
        skipUnlessEqual(SyscallNr.MMAP, 7);
        add(LOAD, argument(3));
        add(AND, ~Mman.MAP_POPULATE);
        skipUnlessEqual((int) MAP_FLAGS, 3);
        add(LOAD, argument(4));
        skipUnlessEqual(MEMORY_FD, 1);
        add(RETURN, Seccomp.SECCOMP_RET_ALLOW);
        kill();
    }

    /** A call whose first argument is one of the given ones. */
    private void allowArgument(int number, long... values) {
        skipUnlessEqual(number, 2 + 2 * values.length);
        add(LOAD, argument(0));
        for (long value : values) {
            skipUnlessEqual((int) value, 1);
            add(RETURN, Seccomp.SECCOMP_RET_ALLOW);
        }
        kill();
    }

    /** The lower half of an argument. */
    private static int argument(int index) {
        return SeccompDataLayout.ARGS + Long.BYTES * index;
    }

    private void kill() {
        add(RETURN, Seccomp.SECCOMP_RET_KILL_PROCESS);
    }

    private void skipUnlessEqual(int value, int instructions) {
        program.add(new Instruction(JUMP_IF_EQUAL, 0, instructions, value));
    }

    private void add(int code, int operand) {
        program.add(new Instruction(code, 0, 0, operand));
    }
}
