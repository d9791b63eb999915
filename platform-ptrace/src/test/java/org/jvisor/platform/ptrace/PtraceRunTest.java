// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.platform.AddressSpace;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Platform;
import org.jvisor.api.platform.Registers;
import org.jvisor.api.platform.UserSpace;

/** One task and its machine code: what stops it, and what it finds when it goes on. */
@Timeout(300)
class PtraceRunTest {
    private static final String TWO_CALLS = """
        b8 64 00 00 00              ; mov eax, 100
        0f 05                       ; syscall
        48 89 c7                    ; mov rdi, rax
        b8 65 00 00 00              ; mov eax, 101
        0f 05                       ; syscall
        """;

    private static Machine machine;

    @BeforeAll
    static void start() {
        machine = new Machine();
    }

    @AfterAll
    static void stop() {
        machine.close();
    }

    @Test
    void shouldProveItselfOnThisHost() {
        Platform.Probe probe = new PtracePlatform(machine.host).probe();
        assertTrue(probe.usable(), probe::reason);
    }

    @Test
    void shouldStopAtSystemCallsAndDeliverResults() {
        run(TWO_CALLS, (context, registers) -> {
            assertEquals(Context.SYSCALL, context.run(registers));
            assertEquals(100, registers.get(Registers.ORIG_RAX));
            assertEquals(Machine.CODE + 7, registers.get(Registers.RIP));
            registers.setResult(-Errno.EFAULT);
            assertEquals(Context.SYSCALL, context.run(registers));
            assertEquals(101, registers.get(Registers.ORIG_RAX));
            assertEquals(-Errno.EFAULT, registers.get(Registers.RDI));
        });
    }

    @Test
    void shouldDeliverResultsThatTheHostCouldTakeForRestarts() {
        run(TWO_CALLS, (context, registers) -> {
            context.run(registers);
            registers.setResult(-Errno.ERESTARTSYS);
            context.interrupt();
            assertEquals(Context.INTERRUPTED, context.run(registers));
            assertEquals(Context.SYSCALL, context.run(registers));
            assertEquals(-Errno.ERESTARTSYS, registers.get(Registers.RDI));
        });
    }

    @Test
    void shouldLoadAndStoreAllRegisters() {
        run("0f 05 0f 05", (context, registers) -> {
            for (int i = Registers.R15; i <= Registers.RDI; i++) {
                registers.set(i, 0x1111_0000L + i);
            }
            registers.set(Registers.RSP, 0x7777_0000L);
            registers.set(Registers.FS_BASE, 0x1234_5678_9000L);
            registers.set(Registers.GS_BASE, 0x1234_5678_a000L);
            assertEquals(Context.SYSCALL, context.run(registers));
            assertEquals(0x1111_0000L + Registers.RAX, registers.get(Registers.ORIG_RAX));
            for (int i : new int[] {Registers.R15, Registers.R14, Registers.R13, Registers.R12, Registers.RBP, Registers.RBX,
                Registers.R10, Registers.R9, Registers.R8, Registers.RDX, Registers.RSI, Registers.RDI}) {
                assertEquals(0x1111_0000L + i, registers.get(i));
            }
            assertEquals(0x7777_0000L, registers.get(Registers.RSP));
            assertEquals(0x1234_5678_9000L, registers.get(Registers.FS_BASE));
            assertEquals(0x1234_5678_a000L, registers.get(Registers.GS_BASE));
            assertEquals(Registers.CLEAN, registers.modified);
        });
    }

    @Test
    void shouldKeepRegistersOverChangesOfTheSpace() {
        run(TWO_CALLS, (context, registers) -> {
            registers.set(Registers.RBX, 42);
            context.run(registers);
            long[] before = registers.values.clone();
            AddressSpace space = context.space();
            assertEquals(0, space.map(context, Machine.DATA, Machine.PAGE, Machine.PAGE, Machine.RW, true));
            assertEquals(0, space.protect(context, Machine.DATA, Machine.PAGE, Mman.PROT_READ));
            assertEquals(0, space.unmap(context, Machine.DATA, Machine.PAGE));
            assertTrue(Arrays.equals(before, registers.values));
            registers.setResult(1);
            assertEquals(Context.SYSCALL, context.run(registers));
            assertEquals(42, registers.get(Registers.RBX));
            assertEquals(1, registers.get(Registers.RDI));
        });
    }

    @Test
    void shouldReportFaultsAndGoOnOnceMapped() {
        run("""
            bb 08 00 02 00          ; mov ebx, 0x20008
            c7 03 2a 00 00 00       ; mov dword [rbx], 42
            0f 05                   ; syscall
            """, (context, registers) -> {
            assertEquals(Context.FAULT, context.run(registers));
            assertEquals(Machine.DATA + 8, context.faultAddress());
            assertEquals(Context.ACCESS_UNKNOWN, context.faultAccess());
            assertEquals(Signals.SIGSEGV, context.signal());
            assertEquals(Signals.SEGV_MAPERR, context.signalCode());

            AddressSpace space = context.space();
            space.map(context, Machine.DATA, Machine.PAGE, 2 * Machine.PAGE, Mman.PROT_READ, false);
            assertEquals(Context.FAULT, context.run(registers));
            assertEquals(Signals.SEGV_ACCERR, context.signalCode());

            space.protect(context, Machine.DATA, Machine.PAGE, Machine.RW);
            assertEquals(Context.SYSCALL, context.run(registers));
            assertEquals(42, machine.host.getInt(machine.memory + 2 * Machine.PAGE + 8));
        });
    }

    @Test
    void shouldTellFetchesFromOtherFaults() {
        run("ff e3", (context, registers) -> { // jmp rbx
            registers.set(Registers.RBX, Machine.DATA);
            assertEquals(Context.FAULT, context.run(registers));
            assertEquals(Machine.DATA, context.faultAddress());
            assertEquals(Context.ACCESS_EXECUTE, context.faultAccess());
            context.space().map(context, Machine.DATA, Machine.PAGE, 0, Machine.RW, false);
            assertEquals(Context.FAULT, context.run(registers));
            assertEquals(Context.ACCESS_EXECUTE, context.faultAccess());
        });
    }

    @Test
    void shouldReportAccessBehindTheEndOfTheMemoryFile() {
        run("8b 03", (context, registers) -> { // mov eax, [rbx]
            registers.set(Registers.RBX, Machine.DATA);
            context.space().map(context, Machine.DATA, Machine.PAGE, Machine.PAGES * Machine.PAGE, Machine.RW, false);
            assertEquals(Context.FAULT, context.run(registers));
            assertEquals(Signals.SIGBUS, context.signal());
            assertEquals(Machine.DATA, context.faultAddress());
        });
    }

    @Test
    void shouldReportExceptions() {
        assertException("cc", Signals.SIGTRAP); // int3
        assertException("0f 0b", Signals.SIGILL); // ud2
        assertException("31 c9 f7 f1", Signals.SIGFPE); // xor ecx, ecx; div ecx
        assertException("f4", Signals.SIGSEGV); // hlt
        assertException("48 b8 00 00 00 00 00 00 00 80 8b 00", Signals.SIGSEGV); // mov rax, 1 << 63; mov eax, [rax]
    }

    private static void assertException(String code, int signal) {
        run(code, (context, registers) -> {
            assertEquals(Context.EXCEPTION, context.run(registers));
            assertEquals(signal, context.signal());
            assertTrue(context.signalCode() > 0);
        });
    }

    @Test
    void shouldRefuseThe32BitEntry() {
        run("b8 14 00 00 00 cd 80", (context, registers) -> { // mov eax, 20; int 0x80
            assertEquals(Context.EXCEPTION, context.run(registers));
            assertEquals(Signals.SIGSEGV, context.signal());
            assertEquals(Machine.CODE + 5, registers.get(Registers.RIP));
            assertEquals(20, registers.get(Registers.RAX));
        });
    }

    @Test
    void shouldBringCallsOfTheVsyscallPage() {
        run("""
            48 c7 c0 00 04 60 ff    ; mov rax, 0xffffffffff600400 (time)
            bf 00 00 02 00          ; mov edi, 0x20000
            48 8d a4 24 00 00 00 00 ; lea rsp, [rsp]
            ff d0                   ; call rax
            """, (context, registers) -> {
            registers.set(Registers.RSP, Machine.DATA + Machine.PAGE);
            context.space().map(context, Machine.DATA, Machine.PAGE, 3 * Machine.PAGE, Machine.RW, false);
            int event = context.run(registers);
            if (event == Context.FAULT) { // a host without the page
                assertEquals(0xffff_ffff_ff60_0400L, context.faultAddress());
                return;
            }
            assertEquals(Context.SYSCALL, event);
            assertEquals(SyscallNr.TIME, registers.get(Registers.ORIG_RAX));
            assertEquals(Machine.DATA, registers.get(Registers.RDI));
            assertEquals(Machine.CODE + 22, registers.get(Registers.RIP));
        });
    }

    @Test
    void shouldAnswerForRegistersThatTheHostRefuses() {
        run("0f 05", (context, registers) -> {
            registers.set(Registers.FS_BASE, 0x8000_0000_0000_0000L);
            assertEquals(Context.EXCEPTION, context.run(registers));
            assertEquals(Signals.SIGSEGV, context.signal());
            registers.set(Registers.FS_BASE, 0);
            registers.set(Registers.CS, 0x10);
            registers.set(Registers.SS, 0);
            assertEquals(Context.SYSCALL, context.run(registers));
        });
    }

    private static final String XMM_CALLS = """
        66 48 0f 6e c3              ; movq xmm0, rbx
        0f 05                       ; syscall
        66 48 0f 7e c7              ; movq rdi, xmm0
        0f 05                       ; syscall
        """;
    private static final int XMM0 = 160;

    @Test
    void shouldSaveAndLoadExtendedState() {
        run(XMM_CALLS, (context, registers) -> {
            registers.set(Registers.RBX, 0x1122_3344_5566_7788L);
            context.run(registers);
            context.saveExtended(registers);
            assertEquals(0x1122_3344_5566_7788L, Bytes.getLong(registers.extended, XMM0));
            Bytes.putLong(registers.extended, XMM0, -5);
            registers.extendedModified = true;
            assertEquals(Context.SYSCALL, context.run(registers));
            assertEquals(-5, registers.get(Registers.RDI));
        });
    }

    @Test
    void shouldLoadTheInitialExtendedState() {
        run(XMM_CALLS, (context, registers) -> {
            registers.set(Registers.RBX, 7);
            context.run(registers);
            registers.extended = null;
            registers.extendedModified = true;
            context.run(registers);
            assertEquals(0, registers.get(Registers.RDI));
            context.saveExtended(registers);
            assertEquals(0x1f80, Bytes.getInt(registers.extended, 24)); // MXCSR
        });
    }

    @Test
    void shouldKeepWideRegisters() {
        run("""
            c5 fd 76 c0             ; vpcmpeqd ymm0, ymm0, ymm0: all ones
            0f 05                   ; syscall
            c5 fd 7f 03             ; vmovdqa [rbx], ymm0
            0f 05                   ; syscall
            """, (context, registers) -> {
            registers.set(Registers.RBX, Machine.DATA);
            if (context.run(registers) != Context.SYSCALL) {
                assertEquals(Signals.SIGILL, context.signal()); // a CPU without AVX2
                return;
            }
            context.saveExtended(registers);
            registers.extendedModified = true;
            context.space().map(context, Machine.DATA, Machine.PAGE, 4 * Machine.PAGE, Machine.RW, true);
            assertEquals(Context.SYSCALL, context.run(registers));
            for (int i = 0; i < 32; i += 8) {
                assertEquals(-1, machine.host.getLong(machine.memory + 4 * Machine.PAGE + i));
            }
        });
    }

    @Test
    void shouldSurviveHostileExtendedState() {
        run(XMM_CALLS, (context, registers) -> {
            context.run(registers);
            for (int length : new int[] {0, 1, 512, 520, 576, 577, 2048, 100_000}) {
                registers.extended = new byte[length];
                Arrays.fill(registers.extended, (byte) 0xff);
                registers.extendedModified = true;
                registers.set(Registers.RIP, Machine.CODE);
                assertEquals(Context.SYSCALL, context.run(registers), () -> "length " + length);
            }
        });
    }

    @Test
    void shouldRefuseChangesOfItsOwnPart() {
        run(TWO_CALLS, (context, registers) -> {
            AddressSpace space = context.space();
            long stub = StubImage.ADDRESS;
            assertEquals(-Errno.EINVAL, space.unmap(context, stub, Machine.PAGE));
            assertEquals(-Errno.EINVAL, space.unmap(context, stub - Machine.PAGE, 2 * Machine.PAGE));
            assertEquals(-Errno.EINVAL, space.map(context, stub, Machine.PAGE, 0, Machine.RW, false));
            assertEquals(-Errno.EINVAL, space.protect(context, 0, Long.MAX_VALUE, Machine.RW));
            assertEquals(-Errno.EINVAL, space.unmap(context, -Machine.PAGE, Machine.PAGE));
            assertEquals(0, space.unmap(context, 0, UserSpace.END));
            registers.set(Registers.RIP, Machine.CODE);
            assertEquals(Context.FAULT, context.run(registers));
        });
    }

    @Test
    void shouldProtectOverHoles() {
        run("c7 03 2a 00 00 00", (context, registers) -> { // mov dword [rbx], 42
            AddressSpace space = context.space();
            registers.set(Registers.RBX, Machine.DATA + 2 * Machine.PAGE);
            space.map(context, Machine.DATA, Machine.PAGE, 0, Machine.RW, false);
            space.map(context, Machine.DATA + 2 * Machine.PAGE, Machine.PAGE, 0, Machine.RW, false);
            assertEquals(0, space.protect(context, Machine.DATA, 3 * Machine.PAGE, Mman.PROT_READ));
            assertEquals(Context.FAULT, context.run(registers));
            assertEquals(Machine.DATA + 2 * Machine.PAGE, context.faultAddress());
        });
    }

    /** Each range is one page of the file; the application reads from each what stands there. */
    @Test
    void shouldMapAndProtectManyRangesAtOnce() {
        run("8b 03 0f 05", (context, registers) -> { // mov eax, [rbx]; syscall
            AddressSpace space = context.space();
            for (int count = 1; count <= Machine.PAGES - 1; count++) {
                long[] ranges = new long[count * AddressSpace.RANGE_LONGS];
                for (int i = 0; i < count; i++) {
                    int page = count - i;
                    machine.host.putInt(machine.memory + page * Machine.PAGE, 1000 * count + page);
                    putRange(ranges, i, Machine.DATA + 2 * i * Machine.PAGE, page * Machine.PAGE, Mman.PROT_READ);
                }
                assertEquals(0, space.mapAll(context, ranges, count, count % 2 == 0));
                for (int i = 0; i < count; i++) {
                    assertEquals(1000 * count + count - i, read(context, registers, Machine.DATA + 2 * i * Machine.PAGE));
                    ranges[i * AddressSpace.RANGE_LONGS + 3] = Mman.PROT_NONE;
                }
                assertEquals(0, space.protectAll(context, ranges, count));
                for (int i = 0; i < count; i++) {
                    registers.set(Registers.RIP, Machine.CODE);
                    registers.set(Registers.RBX, Machine.DATA + 2 * i * Machine.PAGE);
                    assertEquals(Context.FAULT, context.run(registers));
                    assertEquals(Signals.SEGV_ACCERR, context.signalCode());
                }
                space.unmap(context, Machine.DATA, 2 * count * Machine.PAGE);
            }
        });
    }

    @Test
    void shouldGoOnAfterHolesAndStopAtErrorsOfManyRanges() {
        run("8b 03 0f 05", (context, registers) -> {
            AddressSpace space = context.space();
            long[] ranges = new long[6 * AddressSpace.RANGE_LONGS];
            for (int i = 0; i < 6; i++) {
                putRange(ranges, i, Machine.DATA + i * Machine.PAGE, i * Machine.PAGE, Mman.PROT_READ);
            }
            assertEquals(0, space.mapAll(context, ranges, 6, false));
            space.unmap(context, Machine.DATA + Machine.PAGE, Machine.PAGE);
            assertEquals(0, space.protectAll(context, ranges, 6)); // the second is a hole
            read(context, registers, Machine.DATA + 5 * Machine.PAGE);
            space.unmap(context, Machine.DATA, 6 * Machine.PAGE);

            putRange(ranges, 4, StubImage.ADDRESS, 0, Mman.PROT_READ);
            assertEquals(-Errno.EINVAL, space.mapAll(context, ranges, 6, false));
            read(context, registers, Machine.DATA + 3 * Machine.PAGE);
            putRange(ranges, 4, Machine.DATA + 1, 0, Mman.PROT_READ);
            assertEquals(-Errno.EINVAL, space.mapAll(context, ranges, 6, false));
            putRange(ranges, 4, Machine.DATA + 4 * Machine.PAGE, 0, Mman.PROT_READ);
            ranges[4 * AddressSpace.RANGE_LONGS + 1] = 1L << 40; // not to be packed, and over all the rest
            assertEquals(0, space.mapAll(context, ranges, 5, false));
            read(context, registers, Machine.DATA + 4 * Machine.PAGE);
        });
    }

    private static void putRange(long[] ranges, int index, long address, long offset, int prot) {
        int at = index * AddressSpace.RANGE_LONGS;
        ranges[at] = address;
        ranges[at + 1] = Machine.PAGE;
        ranges[at + 2] = offset;
        ranges[at + 3] = prot;
    }

    private static long read(Context context, Registers registers, long address) {
        registers.set(Registers.RIP, Machine.CODE);
        registers.set(Registers.RBX, address);
        assertEquals(Context.SYSCALL, context.run(registers), () -> Long.toHexString(address));
        return registers.get(Registers.ORIG_RAX);
    }

    private interface Body {
        void with(Context context, Registers registers);
    }

    private static void run(String code, Body body) {
        machine.code(0, code);
        machine.inTask(() -> {
            Context context = machine.newContext();
            body.with(context, Machine.startAt(Machine.CODE));
            context.release();
            context.space().release();
            return null;
        });
    }
}
