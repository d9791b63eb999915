// SPDX-License-Identifier: Apache-2.0
package org.jvisor.host.ffm;

import static org.jvisor.assembler.Register.R10;
import static org.jvisor.assembler.Register.R8;
import static org.jvisor.assembler.Register.R9;
import static org.jvisor.assembler.Register.RAX;
import static org.jvisor.assembler.Register.RCX;
import static org.jvisor.assembler.Register.RDI;
import static org.jvisor.assembler.Register.RDX;
import static org.jvisor.assembler.Register.RSI;
import static org.jvisor.assembler.Register.RSP;

import org.jvisor.assembler.Assembler;
import org.jvisor.assembler.Memory;

/**
 * Two functions with the C calling convention of the System V ABI for x86-64 (arguments in RDI, RSI, RDX, RCX, R8, R9, then on
 * the stack; result in RAX).
 */
final class MachineCode {
    static final int SYSCALL_OFFSET = 0;
    static final int TIME_STAMP_COUNTER_OFFSET = 32;

    private MachineCode() {
    }

    static byte[] page() {
        Assembler a = new Assembler();
        syscall(a);
        return timeStampCounter(a.align(TIME_STAMP_COUNTER_OFFSET)).code();
    }

    /**
     * syscall(number, a0 … a5) with the kernel's own result: libc's would move the errno into a thread-local variable, whence
     * fetching it costs another call. The kernel takes the arguments in RDI, RSI, RDX, R10, R8, R9.
     */
    private static void syscall(Assembler a) {
        a.mov(RAX, RDI).mov(RDI, RSI).mov(RSI, RDX).mov(RDX, RCX).mov(R10, R8).mov(R8, R9);
        a.mov(R9, Memory.at(RSP, 8)).syscall().ret();
    }

    /** LFENCE waits for all earlier instructions and loads (Intel SDM, RDTSC). */
    private static Assembler timeStampCounter(Assembler a) {
        return a.lfence().rdtsc().shl(RDX, Integer.SIZE).or(RAX, RDX).ret();
    }
}
