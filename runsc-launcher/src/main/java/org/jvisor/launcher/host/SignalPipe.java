// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.host;

import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.SigactionLayout;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;

/**
 * Signals as bytes of a pipe, so that one poll(2) waits for them and for all else. Java's own way to signals leaves out
 * SIGQUIT and the real-time ones and brings a thread; so the handler is a few instructions of our own.
 */
public final class SignalPipe {
    /**
     * The handler {@code void handler(int signal)}: writes the signal as four bytes; and, at {@link #RESTORER}, what a handler
     * returns to (rt_sigreturn(2)). Only raw system calls, so errno stays as it is.
     */
    private static final int[] CODE = {
        0x48, 0x83, 0xec, 0x08,         // sub  rsp, 8
        0x89, 0x3c, 0x24,               // mov  [rsp], edi
        0xbf, 0, 0, 0, 0,               // mov  edi, WRITE_END
        0x48, 0x89, 0xe6,               // mov  rsi, rsp
        0xba, 0x04, 0, 0, 0,            // mov  edx, 4
        0xb8, 0x01, 0, 0, 0,            // mov  eax, SYS_write
        0x0f, 0x05,                     // syscall
        0x48, 0x83, 0xc4, 0x08,         // add  rsp, 8
        0xc3,                           // ret
        0xb8, 0x0f, 0, 0, 0,            // mov  eax, SYS_rt_sigreturn
        0x0f, 0x05,                     // syscall
    };
    private static final int WRITE_END = 8;
    private static final int RESTORER = 32;
    private static final int KERNEL_SIGSET_BYTES = 8;

    private final HostKernel host;
    private final int readEnd;
    private final long handler;

    public SignalPipe(HostCalls calls) {
        this.host = calls.host();
        // A full pipe drops a signal rather than stop the process in its handler.
        int[] ends = calls.pipe(Open.O_NONBLOCK);
        this.readEnd = ends[0];
        this.handler = code(ends[1]);
    }

    private long code(int writeEnd) {
        long page = HostCalls.check(host.syscall(SyscallNr.MMAP, 0, Mman.PAGE_SIZE, Mman.PROT_READ | Mman.PROT_WRITE,
            Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS, -1, 0), "mmap");
        for (int i = 0; i < CODE.length; i++) {
            host.putByte(page + i, (byte) CODE[i]);
        }
        host.putInt(page + WRITE_END, writeEnd);
        HostCalls.check(host.syscall(SyscallNr.MPROTECT, page, Mman.PAGE_SIZE, Mman.PROT_READ | Mman.PROT_EXEC), "mprotect");
        return page;
    }

    /** From now on these signals come by the pipe. */
    public void take(int... signals) {
        long action = host.allocate(SigactionLayout.SIZE);
        host.putLong(action + SigactionLayout.HANDLER, handler);
        host.putLong(action + SigactionLayout.FLAGS,
            Integer.toUnsignedLong(Signals.SA_RESTART | Signals.SA_ONSTACK | Signals.SA_RESTORER));
        host.putLong(action + SigactionLayout.RESTORER, handler + RESTORER);
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
