// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.host;

import static org.jvisor.assembler.Register.EAX;
import static org.jvisor.assembler.Register.EDI;
import static org.jvisor.assembler.Register.EDX;
import static org.jvisor.assembler.Register.RDI;
import static org.jvisor.assembler.Register.RSI;
import static org.jvisor.assembler.Register.RSP;

import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.SigactionLayout;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.assembler.Assembler;

/**
 * Signals as bytes of a pipe, so that one poll(2) waits for them and for all else. Java's own way to signals leaves out
 * SIGQUIT and the real-time ones and brings a thread; so the handler is a few instructions of our own.
 */
public final class SignalPipe {
    private static final int KERNEL_SIGSET_BYTES = 8;

    private final HostKernel host;
    private final int readEnd;
    private long handler;
    /** What the handler returns to. */
    private long restorer;

    public SignalPipe(HostCalls calls) {
        this.host = calls.host();
        // A full pipe drops a signal rather than stop the process in its handler.
        int[] ends = calls.pipe(Open.O_NONBLOCK);
        this.readEnd = ends[0];
        writeCode(ends[1]);
    }

    private void writeCode(int writeEnd) {
        Assembler a = new Assembler();
        handler(a, writeEnd);
        int returning = a.position();
        a.mov(EAX, SyscallNr.RT_SIGRETURN).syscall();
        byte[] code = a.code();
        handler = HostCalls.check(host.syscall(SyscallNr.MMAP, 0, Mman.PAGE_SIZE, Mman.PROT_READ | Mman.PROT_WRITE,
            Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS, -1, 0), "mmap");
        restorer = handler + returning;
        host.copyOut(code, 0, code.length, handler);
        HostCalls.check(host.syscall(SyscallNr.MPROTECT, handler, Mman.PAGE_SIZE, Mman.PROT_READ | Mman.PROT_EXEC), "mprotect");
    }

    /** {@code void handler(int signal)}: writes the signal as four bytes. Only a raw system call, so errno stays as it is. */
    private static void handler(Assembler a, int writeEnd) {
        a.push(RDI).mov(EDI, writeEnd).mov(RSI, RSP).mov(EDX, Integer.BYTES).mov(EAX, SyscallNr.WRITE).syscall();
        a.pop(RDI).ret();
    }

    /** From now on these signals come by the pipe. */
    public void take(int... signals) {
        long action = host.allocate(SigactionLayout.SIZE);
        host.putLong(action + SigactionLayout.HANDLER, handler);
        host.putLong(action + SigactionLayout.FLAGS,
            Integer.toUnsignedLong(Signals.SA_RESTART | Signals.SA_ONSTACK | Signals.SA_RESTORER));
        host.putLong(action + SigactionLayout.RESTORER, restorer);
        host.putLong(action + SigactionLayout.MASK, -1L);
        for (int signal : signals) {
            host.syscall(SyscallNr.RT_SIGACTION, signal, action, 0, KERNEL_SIGSET_BYTES);
        }
        host.free(action);
    }

    /** To poll for readability. */
    public int descriptor() {
        return readEnd;
    }

    /** @return the next signal, or 0 when none has come */
    public int next() {
        long at = host.allocate(4);
        try {
            return host.syscall(SyscallNr.READ, readEnd, at, 4) == 4 ? host.getInt(at) : 0;
        } finally {
            host.free(at);
        }
    }
}
