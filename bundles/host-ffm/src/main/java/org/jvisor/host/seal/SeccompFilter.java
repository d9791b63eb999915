// SPDX-License-Identifier: Apache-2.0
package org.jvisor.host.seal;

import static org.jvisor.api.abi.Seccomp.BPF_ABS;
import static org.jvisor.api.abi.Seccomp.BPF_JEQ;
import static org.jvisor.api.abi.Seccomp.BPF_JGE;
import static org.jvisor.api.abi.Seccomp.BPF_JMP;
import static org.jvisor.api.abi.Seccomp.BPF_JSET;
import static org.jvisor.api.abi.Seccomp.BPF_K;
import static org.jvisor.api.abi.Seccomp.BPF_LD;
import static org.jvisor.api.abi.Seccomp.BPF_RET;
import static org.jvisor.api.abi.Seccomp.BPF_W;

import org.jvisor.api.abi.Clone;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Seccomp;
import org.jvisor.api.abi.SeccompDataLayout;
import org.jvisor.api.abi.SockFilterLayout;
import org.jvisor.api.abi.SockFprogLayout;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;

/**
 * Puts an allow-list of system calls on all threads of this process. A call that is not on it fails with EPERM; one of another
 * architecture ends the process.
 *
 * <pre>
 *   arch other than x86-64, or an x32 number: kill
 *   clone3: ENOSYS        clone: threads only
 *   a listed number: allow
 *   tgkill: this process only
 *   EPERM
 * </pre>
 */
public final class SeccompFilter {
    /** Numbers with this bit are the x32 ABI's. */
    private static final int X32 = 0x4000_0000;
    private static final int MAX_INSTRUCTIONS = 256;
    private static final int LOAD = BPF_LD | BPF_W | BPF_ABS;
    private static final int EQUAL = BPF_JMP | BPF_JEQ | BPF_K;
    private static final int AT_LEAST = BPF_JMP | BPF_JGE | BPF_K;
    private static final int ANY_BIT = BPF_JMP | BPF_JSET | BPF_K;
    private static final int RETURN = BPF_RET | BPF_K;

    private final HostKernel host;
    private final long program;
    private int length;

    private SeccompFilter(HostKernel host) {
        this.host = host;
        program = host.allocate((long) MAX_INSTRUCTIONS * SockFilterLayout.SIZE + SockFprogLayout.SIZE);
    }

    /**
     * Installs the filter on all threads; needs no_new_privs.
     *
     * @param allowed lists of numbers; tgkill(2) on one of them may go to any process, otherwise to this one only
     * @throws ErrnoException what seccomp(2) fails with; EBUSY when a thread has a filter of its own
     */
    public static void install(HostKernel host, int[]... allowed) {
        SeccompFilter filter = assembled(host, allowed);
        filter.install();
        filter.free();
    }

    /** The filter without its installation, for rehearsals. */
    public static SeccompFilter assembled(HostKernel host, int[]... allowed) {
        SeccompFilter filter = new SeccompFilter(host);
        filter.assemble((int) host.syscall(SyscallNr.GETPID), allowed);
        return filter;
    }

    public void free() {
        host.free(program);
    }

    private void assemble(int self, int[]... allowed) {
        put(LOAD, 0, 0, SeccompDataLayout.ARCH);
        put(EQUAL, 1, 0, Seccomp.AUDIT_ARCH_X86_64);
        put(RETURN, 0, 0, Seccomp.SECCOMP_RET_KILL_PROCESS);
        put(LOAD, 0, 0, SeccompDataLayout.NR);
        put(AT_LEAST, 0, 1, X32);
        put(RETURN, 0, 0, Seccomp.SECCOMP_RET_KILL_PROCESS);

        put(EQUAL, 0, 1, SyscallNr.CLONE3);
        put(RETURN, 0, 0, Seccomp.SECCOMP_RET_ERRNO | Errno.ENOSYS);

        put(EQUAL, 0, 4, SyscallNr.CLONE);
        put(LOAD, 0, 0, SeccompDataLayout.ARGS);
        put(ANY_BIT, 0, 1, (int) Clone.CLONE_THREAD);
        put(RETURN, 0, 0, Seccomp.SECCOMP_RET_ALLOW);
        put(RETURN, 0, 0, Seccomp.SECCOMP_RET_ERRNO | Errno.EPERM);

        for (int[] list : allowed) {
            for (int number : list) {
                put(EQUAL, 0, 1, number);
                put(RETURN, 0, 0, Seccomp.SECCOMP_RET_ALLOW);
            }
        }

        put(EQUAL, 0, 4, SyscallNr.TGKILL);
        put(LOAD, 0, 0, SeccompDataLayout.ARGS);
        put(EQUAL, 0, 1, self);
        put(RETURN, 0, 0, Seccomp.SECCOMP_RET_ALLOW);
        put(RETURN, 0, 0, Seccomp.SECCOMP_RET_ERRNO | Errno.EPERM);
        put(RETURN, 0, 0, Seccomp.SECCOMP_RET_ERRNO | Errno.EPERM);
    }

    private void put(int code, int ifTrue, int ifFalse, int operand) {
        if (length == MAX_INSTRUCTIONS) {
            throw new IllegalStateException("the filter is too long");
        }
        long at = program + (long) length++ * SockFilterLayout.SIZE;
        host.putShort(at + SockFilterLayout.CODE, (short) code);
        host.putByte(at + SockFilterLayout.JT, (byte) ifTrue);
        host.putByte(at + SockFilterLayout.JF, (byte) ifFalse);
        host.putInt(at + SockFilterLayout.K, operand);
    }

    private void install() {
        long header = program + (long) MAX_INSTRUCTIONS * SockFilterLayout.SIZE;
        host.putShort(header + SockFprogLayout.LEN, (short) length);
        host.putLong(header + SockFprogLayout.FILTER, program);
        long result = host.syscall(SyscallNr.SECCOMP, Seccomp.SECCOMP_SET_MODE_FILTER, Seccomp.SECCOMP_FILTER_FLAG_TSYNC, header);
        ErrnoException.check(result);
        if (result > 0) {
            throw ErrnoException.of(Errno.EBUSY);
        }
    }
}
