// SPDX-License-Identifier: Apache-2.0
package org.jvisor.host.ffm;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.SyscallNr;

/**
 * The native functions, all called by one shape: seven 64-bit integers give one. Each further shape costs milliseconds at
 * start, while unused argument registers cost nothing; results narrower than 64 bits have undefined upper bits.
 */
final class Native {
    private static final long PAGE = Mman.PAGE_SIZE;
    private static final long ALIGNMENT = 64;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final SymbolLookup LIBC = LINKER.defaultLookup();
    /** Takes the function's address first. */
    private static final MethodHandle FUNCTION = function();

    private static final MethodHandle SYSCALL;
    private static final MethodHandle TIME_STAMP_COUNTER;
    private static final MethodHandle ALIGNED_ALLOC = libc("aligned_alloc");
    private static final MethodHandle FREE = libc("free");

    static {
        long page = codePage();
        SYSCALL = at(page + MachineCode.SYSCALL_OFFSET);
        TIME_STAMP_COUNTER = at(page + MachineCode.TIME_STAMP_COUNTER_OFFSET);
    }

    private Native() {
    }

    /** Has the class initialised, so that a failure comes early. */
    static void load() {
    }

    static long syscall(long number, long a0, long a1, long a2, long a3, long a4, long a5) {
        try {
            return (long) SYSCALL.invokeExact(number, a0, a1, a2, a3, a4, a5);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static long timeStampCounter() {
        return call(TIME_STAMP_COUNTER, 0, 0, 0, 0, 0, 0);
    }

    static long allocate(long bytes) {
        long rounded = (bytes + ALIGNMENT - 1) & -ALIGNMENT;
        long address = call(ALIGNED_ALLOC, ALIGNMENT, rounded, 0, 0, 0, 0);
        if (address == 0) {
            throw new OutOfMemoryError("native memory, " + bytes + " bytes");
        }
        memory(address, rounded).fill((byte) 0);
        return address;
    }

    static void free(long address) {
        call(FREE, address, 0, 0, 0, 0, 0);
    }

    static long call(MethodHandle function, long a0, long a1, long a2, long a3, long a4, long a5) {
        try {
            return (long) function.invokeExact(a0, a1, a2, a3, a4, a5, 0L);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static MethodHandle libc(String name) {
        return FUNCTION.bindTo(LIBC.findOrThrow(name));
    }

    private static MethodHandle at(long address) {
        return FUNCTION.bindTo(MemorySegment.ofAddress(address));
    }

    @SuppressWarnings("restricted")
    private static MethodHandle function() {
        ValueLayout.OfLong word = ValueLayout.JAVA_LONG;
        return LINKER.downcallHandle(FunctionDescriptor.of(word, word, word, word, word, word, word, word));
    }

    @SuppressWarnings("restricted")
    private static MemorySegment memory(long address, long bytes) {
        return MemorySegment.ofAddress(address).reinterpret(bytes);
    }

    /** A page of our own machine code, never writable and executable at once. */
    private static long codePage() {
        MethodHandle syscall = libc("syscall");
        try {
            long page = (long) syscall.invokeExact((long) SyscallNr.MMAP, 0L, PAGE, (long) (Mman.PROT_READ | Mman.PROT_WRITE),
                (long) (Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS), -1L, 0L);
            if (page == -1) {
                throw new IllegalStateException("mmap(2) gives no page for machine code");
            }
            byte[] code = MachineCode.page();
            MemorySegment.copy(code, 0, memory(page, PAGE), ValueLayout.JAVA_BYTE, 0, code.length);
            if ((long) syscall.invokeExact((long) SyscallNr.MPROTECT, page, PAGE, (long) (Mman.PROT_READ | Mman.PROT_EXEC),
                0L, 0L, 0L) != 0) {
                throw new IllegalStateException("mprotect(2) refuses to make a page executable");
            }
            return page;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** A downcall itself throws nothing but errors of the virtual machine. */
    private static RuntimeException unexpected(Throwable e) {
        switch (e) {
            case RuntimeException exception -> throw exception;
            case Error error -> throw error;
            default -> throw new IllegalStateException(e);
        }
    }
}
