// SPDX-License-Identifier: Apache-2.0
package org.jvisor.host.jnr;

import com.kenai.jffi.CallContext;
import com.kenai.jffi.CallContextCache;
import com.kenai.jffi.CallingConvention;
import com.kenai.jffi.Invoker;
import com.kenai.jffi.MemoryIO;
import com.kenai.jffi.Type;
import java.util.HexFormat;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.SyscallNr;

/**
 * What neither libc nor jnr-ffi offers, as functions with the C calling convention of the System V ABI for x86-64 (arguments in
 * RDI, RSI, RDX; result in RAX), on a page of our own that is never writable and executable at once.
 */
final class MachineCode {
    /** compareAndExchange(address, expected, value); CMPXCHG leaves what it found in EAX. */
    private static final String COMPARE_AND_EXCHANGE = """
        89 f0               mov eax, esi
        f0 0f b1 17         lock cmpxchg [rdi], edx
        c3                  ret
        """;

    /** LFENCE waits for all earlier instructions and loads (Intel SDM, RDTSC). */
    private static final String TIME_STAMP_COUNTER = """
        0f ae e8            lfence
        0f 31               rdtsc
        48 c1 e2 20         shl rdx, 32
        48 09 d0            or rax, rdx
        c3                  ret
        """;

    private static final int COMPARE_AND_EXCHANGE_OFFSET = 0;
    private static final int TIME_STAMP_COUNTER_OFFSET = 32;
    private static final int BYTES_COLUMN = 20;

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
        put(memory, COMPARE_AND_EXCHANGE, page + COMPARE_AND_EXCHANGE_OFFSET);
        put(memory, TIME_STAMP_COUNTER, page + TIME_STAMP_COUNTER_OFFSET);
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

    private static void put(MemoryIO memory, String listing, long address) {
        long at = address;
        for (String line : listing.lines().toList()) {
            for (String octet : line.substring(0, BYTES_COLUMN).trim().split(" ")) {
                memory.putByte(at++, (byte) HexFormat.fromHexDigits(octet));
            }
        }
    }
}
