// SPDX-License-Identifier: Apache-2.0
package org.jvisor.host.jnr;

import static org.jvisor.assembler.Register.EAX;
import static org.jvisor.assembler.Register.EDX;
import static org.jvisor.assembler.Register.ESI;
import static org.jvisor.assembler.Register.RAX;
import static org.jvisor.assembler.Register.RDI;
import static org.jvisor.assembler.Register.RDX;

import com.kenai.jffi.CallContext;
import com.kenai.jffi.CallContextCache;
import com.kenai.jffi.CallingConvention;
import com.kenai.jffi.Invoker;
import com.kenai.jffi.MemoryIO;
import com.kenai.jffi.Type;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.assembler.Assembler;
import org.jvisor.assembler.Memory;

/**
 * What neither libc nor jnr-ffi offers, as functions with the C calling convention of the System V ABI for x86-64 (arguments in
 * RDI, RSI, RDX; result in RAX), on a page of our own that is never writable and executable at once.
 */
final class MachineCode {
    private static final int COMPARE_AND_EXCHANGE_OFFSET = 0;
    private static final int TIME_STAMP_COUNTER_OFFSET = 32;

    private final Invoker invoker = Invoker.getInstance();
    private final CallContext noArgument = context();
    private final CallContext threeArguments = context(Type.SLONG_LONG, Type.SLONG_LONG, Type.SLONG_LONG);
    private final long page;

    MachineCode(LibC libc, MemoryIO memory) {
        page = libc.syscall(SyscallNr.MMAP, 0, Mman.PAGE_SIZE, Mman.PROT_READ | Mman.PROT_WRITE,
            Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS, -1, 0);
        if (page == -1) {
            throw new IllegalStateException("mmap(2) gives no page for machine code");
        }
        Assembler a = new Assembler();
        compareAndExchange(a);
        byte[] code = timeStampCounter(a.align(TIME_STAMP_COUNTER_OFFSET)).code();
        memory.putByteArray(page, code, 0, code.length);
        if (libc.syscall(SyscallNr.MPROTECT, page, Mman.PAGE_SIZE, Mman.PROT_READ | Mman.PROT_EXEC, 0, 0, 0) != 0) {
            throw new IllegalStateException("mprotect(2) refuses to make a page executable");
        }
    }

    int compareAndExchange(long address, int expected, int value) {
        return (int) invoker.invokeN3(threeArguments, page + COMPARE_AND_EXCHANGE_OFFSET, address, expected, value);
    }

    long timeStampCounter() {
        return invoker.invokeN0(noArgument, page + TIME_STAMP_COUNTER_OFFSET);
    }

    private static CallContext context(Type... parameters) {
        return CallContextCache.getInstance().getCallContext(Type.SLONG_LONG, parameters, CallingConvention.DEFAULT, false);
    }

    /** CMPXCHG leaves what it found in EAX. */
    private static void compareAndExchange(Assembler a) {
        a.mov(EAX, ESI).lockCmpxchg(Memory.at(RDI), EDX).ret();
    }

    /** LFENCE waits for all earlier instructions and loads (Intel SDM, RDTSC). */
    private static Assembler timeStampCounter(Assembler a) {
        return a.lfence().rdtsc().shl(RDX, Integer.SIZE).or(RAX, RDX).ret();
    }
}
