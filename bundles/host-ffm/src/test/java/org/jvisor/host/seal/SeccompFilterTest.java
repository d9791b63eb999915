// SPDX-License-Identifier: Apache-2.0
package org.jvisor.host.seal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Clone;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Seccomp;
import org.jvisor.api.abi.SeccompDataLayout;
import org.jvisor.api.abi.SockFilterLayout;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostCall;

/** The filter's program, carried out here as the kernel carries it out. */
class SeccompFilterTest {
    private static final int ALLOW = Seccomp.SECCOMP_RET_ALLOW;
    private static final int KILL = Seccomp.SECCOMP_RET_KILL_PROCESS;
    private static final int SELF = 42;

    private static int runOn(List<HostCall> list, int architecture, int number, long... arguments) {
        byte[] data = new byte[SeccompDataLayout.SIZE];
        Bytes.putInt(data, SeccompDataLayout.NR, number);
        Bytes.putInt(data, SeccompDataLayout.ARCH, architecture);
        for (int i = 0; i < arguments.length; i++) {
            Bytes.putLong(data, SeccompDataLayout.ARGS + Long.BYTES * i, arguments[i]);
        }
        byte[] program = SeccompFilter.program(list);
        int accumulator = 0;
        for (int at = 0;; at += SockFilterLayout.SIZE) {
            int operand = SockFilterLayout.k(program, at);
            boolean holds;
            switch (SockFilterLayout.code(program, at)) {
                case Seccomp.BPF_LD | Seccomp.BPF_W | Seccomp.BPF_ABS -> {
                    accumulator = Bytes.getInt(data, operand);
                    continue;
                }
                case Seccomp.BPF_ALU | Seccomp.BPF_AND | Seccomp.BPF_K -> {
                    accumulator &= operand;
                    continue;
                }
                case Seccomp.BPF_JMP | Seccomp.BPF_JEQ | Seccomp.BPF_K -> holds = accumulator == operand;
                case Seccomp.BPF_JMP | Seccomp.BPF_JGE | Seccomp.BPF_K -> holds = Integer.compareUnsigned(accumulator, operand) >= 0;
                case Seccomp.BPF_JMP | Seccomp.BPF_JA -> {
                    at += SockFilterLayout.SIZE * operand;
                    continue;
                }
                case Seccomp.BPF_RET | Seccomp.BPF_K -> {
                    return operand;
                }
                default -> throw new AssertionError("code " + SockFilterLayout.code(program, at));
            }
            at += SockFilterLayout.SIZE * (holds ? SockFilterLayout.jt(program, at) : SockFilterLayout.jf(program, at));
        }
    }

    private static int run(List<HostCall> list, int number, long... arguments) {
        return runOn(list, Seccomp.AUDIT_ARCH_X86_64, number, arguments);
    }

    @Test
    void shouldKillWhateverIsNotListed() {
        List<HostCall> list = HostCall.listOf(SyscallNr.READ, SyscallNr.WRITE);
        assertEquals(ALLOW, run(list, SyscallNr.READ));
        assertEquals(ALLOW, run(list, SyscallNr.WRITE, 1, 2, 3));
        assertEquals(KILL, run(list, SyscallNr.OPEN));
        assertEquals(KILL, runOn(list, Seccomp.AUDIT_ARCH_I386, SyscallNr.READ));
        assertEquals(KILL, run(list, SyscallNr.READ | 0x4000_0000));
        assertEquals(KILL, run(list, -1));
        assertEquals(KILL, run(List.of(), SyscallNr.READ));
    }

    @Test
    void shouldFindEachOfManyNumbers() {
        List<HostCall> list = IntStream.range(0, 200).mapToObj(i -> HostCall.of(2 * i).with(0, i)).toList();
        for (int i = 0; i < 200; i++) {
            assertEquals(ALLOW, run(list, 2 * i, i));
            assertEquals(KILL, run(list, 2 * i, i + 1));
            assertEquals(KILL, run(list, 2 * i + 1, i));
        }
    }

    @Test
    void shouldLookAtArguments() {
        List<HostCall> list = HostCall.all(
            List.of(HostCall.of(1).with(0, 5, 6, 7).withBits(2, 0xf0, 0x20), HostCall.of(1).withLong(1, -1, 0xffff_ffff_0000_0000L),
                HostCall.of(2).with(3, -100)),
            HostCall.refused(Errno.EPERM, 2, 3), HostCall.listOf(3));
        assertEquals(ALLOW, run(list, 1, 5, 0, 0x20));
        assertEquals(ALLOW, run(list, 1, 6, 0, 0x2f));
        assertEquals(ALLOW, run(list, 1, 7L | 1L << 40, 0, 0x20));
        assertEquals(KILL, run(list, 1, 8, 0, 0x20));
        assertEquals(KILL, run(list, 1, 5, 0, 0x30));
        assertEquals(ALLOW, run(list, 1, 0, -1));
        assertEquals(ALLOW, run(list, 1, 0, 0xffff_ffff_0000_0000L));
        assertEquals(KILL, run(list, 1, 0, 0xffff_ffffL));
        assertEquals(KILL, run(list, 1, 0, 0));
        assertEquals(ALLOW, run(list, 2, 0, 0, 0, -100));
        assertEquals(ALLOW, run(list, 2, 0, 0, 0, -100 & 0xffff_ffffL));
        assertEquals(Seccomp.SECCOMP_RET_ERRNO | Errno.EPERM, run(list, 2, 0, 0, 0, 100));
        assertEquals(ALLOW, run(list, 3), "one line takes it, though another refuses");
    }

    @Test
    void shouldRefuseConditionsThatNoFilterCanHave() {
        assertThrows(IllegalArgumentException.class, () -> HostCall.of(1).with(6, 0));
        assertThrows(IllegalArgumentException.class, () -> HostCall.of(1).with(0));
        assertThrows(IllegalArgumentException.class, () -> HostCall.of(1).withBits(0, 1, 2));
        assertThrows(IllegalArgumentException.class, () -> HostCall.of(1).withLong(0, 1, 1L << 32));
        assertThrows(IllegalArgumentException.class, () -> new HostCall(1, HostCall.of(1).with(0, 1).conditions(), Errno.EPERM));
        HostCall many = HostCall.of(1).with(0, Arrays.stream(new int[300]).asLongStream().toArray());
        assertThrows(IllegalArgumentException.class, () -> SeccompFilter.program(List.of(many)));
    }

    @Test
    void shouldLetAVirtualMachineHaveThreadsAndCodeAndNoProcess() {
        List<HostCall> list = JvmCalls.running(SELF);
        long thread = Clone.CLONE_VM | Clone.CLONE_FS | Clone.CLONE_FILES | Clone.CLONE_SIGHAND | Clone.CLONE_THREAD
            | Clone.CLONE_SYSVSEM | Clone.CLONE_SETTLS | Clone.CLONE_PARENT_SETTID | Clone.CLONE_CHILD_CLEARTID;
        assertEquals(ALLOW, run(list, SyscallNr.CLONE, thread));
        assertEquals(KILL, run(list, SyscallNr.CLONE, 17));
        assertEquals(KILL, run(list, SyscallNr.CLONE, thread | Clone.CLONE_NEWUSER));
        assertEquals(Seccomp.SECCOMP_RET_ERRNO | Errno.ENOSYS, run(list, SyscallNr.CLONE3));
        assertEquals(ALLOW, run(list, SyscallNr.TGKILL, SELF, 7, 9));
        assertEquals(KILL, run(list, SyscallNr.TGKILL, SELF + 1, 7, 9));
        assertEquals(KILL, run(list, SyscallNr.KILL, SELF, 9));
        assertEquals(KILL, run(list, SyscallNr.PTRACE, 16));
        assertEquals(KILL, run(list, SyscallNr.EXECVE));
        int code = Mman.PROT_READ | Mman.PROT_WRITE | Mman.PROT_EXEC;
        assertEquals(ALLOW, run(list, SyscallNr.MMAP, 0, 4096, code, Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS | Mman.MAP_NORESERVE));
        assertEquals(ALLOW, run(list, SyscallNr.MMAP, 0, 4096, Mman.PROT_READ, Mman.MAP_SHARED));
        assertEquals(KILL, run(list, SyscallNr.MMAP, 0, 4096, Mman.PROT_EXEC, Mman.MAP_SHARED));
        assertEquals(KILL, run(list, SyscallNr.MMAP, 0, 4096, code, Mman.MAP_PRIVATE | Mman.MAP_HUGETLB));
        assertEquals(KILL, run(list, SyscallNr.MPROTECT, 0, 4096, 0x0100_0000));
    }

    @Test
    void shouldLetNothingBecomeCodeThatWasNotMappedAsSuch() {
        List<HostCall> list = JvmCalls.running(SELF);
        assertEquals(ALLOW, run(list, SyscallNr.MPROTECT, 0x7000_0000_0000L, 4096, Mman.PROT_READ | Mman.PROT_WRITE));
        assertEquals(ALLOW, run(list, SyscallNr.MPROTECT, 0x7000_0000_0000L, 4096, Mman.PROT_NONE));
        assertEquals(KILL, run(list, SyscallNr.MPROTECT, 0x7000_0000_0000L, 4096, Mman.PROT_EXEC));
        assertEquals(KILL, run(list, SyscallNr.MPROTECT, 0x7000_0000_0000L, 4096, Mman.PROT_READ | Mman.PROT_EXEC));
    }

    @Test
    void shouldTellAVirtualMachineItsOwnLimitsAndSetNone() {
        List<HostCall> list = JvmCalls.running(SELF);
        long set = 0x7000_0000_0000L;
        assertEquals(ALLOW, run(list, SyscallNr.PRLIMIT64, 0, 7, 0, set));
        int refused = Seccomp.SECCOMP_RET_ERRNO | Errno.EPERM;
        assertEquals(refused, run(list, SyscallNr.PRLIMIT64, SELF, 7, 0, set));
        assertEquals(refused, run(list, SyscallNr.PRLIMIT64, 0, 7, set, 0));
        assertEquals(refused, run(list, SyscallNr.PRLIMIT64, 0, 7, 1, 0));
    }
}
