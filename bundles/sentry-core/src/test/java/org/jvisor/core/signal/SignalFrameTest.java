// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.signal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.FpstateLayout;
import org.jvisor.api.abi.RtSigframeLayout;
import org.jvisor.api.abi.SigcontextLayout;
import org.jvisor.api.abi.SiginfoLayout;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.UcontextLayout;
import org.jvisor.api.kernel.SignalAction;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.Task.AltStack;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.api.platform.Registers;
import org.jvisor.core.FakeManager;
import org.jvisor.core.FakePlatform;
import org.jvisor.core.TestKernel;
import org.jvisor.core.process.TaskImpl;

class SignalFrameTest {

    private static final long STACK = 0x7ffd_0000_0000L;
    private static final long STACK_SIZE = 0x10000;
    private static final long TOP = STACK + STACK_SIZE - 0x123;
    private static final long HANDLER = 0x401000;
    private static final long RESTORER = 0x402000;
    private static final int MACHINE = RtSigframeLayout.UCONTEXT + UcontextLayout.MCONTEXT;

    private final TestKernel test = new TestKernel();
    private final FakeManager space = new FakeManager();
    private final UserMemory memory = space.memory();
    private TaskImpl task;
    private FakePlatform.FakeContext context;

    @BeforeEach
    void stack() {
        task = test.init().leader();
        MemoryManager mm = space.asManager();
        task.setMemory(mm, memory);
        context = (FakePlatform.FakeContext) task.context();
        space.map(STACK, STACK_SIZE);
        Registers r = task.registers();
        for (int i = 0; i < Registers.COUNT; i++) {
            r.set(i, 0x1000 + i);
        }
        r.set(Registers.RSP, TOP);
        r.set(Registers.EFLAGS, 0x246 | 0x400);
        r.extended = null;
        r.extendedModified = false;
    }

    private static SignalAction action(long flags) {
        return new SignalAction(HANDLER, flags | Signals.SA_RESTORER, RESTORER, 0);
    }

    private byte[] frame() {
        byte[] frame = new byte[RtSigframeLayout.SIZE];
        memory.copyIn(task.registers().get(Registers.RSP), frame, 0, frame.length);
        return frame;
    }

    @Test
    void shouldBeLaidOutAsTheKernelDoes() {
        assertTrue(SignalFrame.push(task, SignalInfo.fault(Signals.SIGSEGV, Signals.SEGV_MAPERR, 0xdead), action(0)));
        Registers r = task.registers();
        long sp = r.get(Registers.RSP);
        assertEquals(8, sp & 15);
        assertTrue(sp < TOP - RtSigframeLayout.RED_ZONE);
        assertEquals(HANDLER, r.get(Registers.RIP));
        assertEquals(Signals.SIGSEGV, r.get(Registers.RDI));
        assertEquals(sp + RtSigframeLayout.SIGINFO, r.get(Registers.RSI));
        assertEquals(sp + RtSigframeLayout.UCONTEXT, r.get(Registers.RDX));
        assertEquals(0, r.get(Registers.EFLAGS) & 0x400);
        assertTrue(r.extendedModified);
        assertNull(r.extended);

        byte[] frame = frame();
        assertEquals(RESTORER, RtSigframeLayout.pretcode(frame, 0));
        assertEquals(TOP, SigcontextLayout.rsp(frame, MACHINE));
        assertEquals(0x1000 + Registers.RBX, SigcontextLayout.rbx(frame, MACHINE));
        assertEquals(Signals.SIGSEGV, SiginfoLayout.signo(frame, RtSigframeLayout.SIGINFO));
        assertEquals(0xdead, SiginfoLayout.addr(frame, RtSigframeLayout.SIGINFO));
        long state = SigcontextLayout.fpstate(frame, MACHINE);
        assertEquals(0, state & 63);
        assertTrue(state + context.state.length + 4 <= TOP - RtSigframeLayout.RED_ZONE);
        byte[] legacy = new byte[FpstateLayout.SIZE];
        memory.copyIn(state, legacy, 0, legacy.length);
        assertEquals(FpstateLayout.FP_XSTATE_MAGIC1, FpstateLayout.magic1(legacy, 0));
        int size = FpstateLayout.xstateSize(legacy, 0);
        assertEquals(context.state.length, size);
        assertEquals(FpstateLayout.FP_XSTATE_MAGIC2, memory.getInt(state + size));
    }

    @Test
    void shouldRestoreWhatItSaved() {
        new Random(1).nextBytes(context.state);
        Bytes.putLong(context.state, 464, 7);
        Bytes.putLong(context.state, 512, 7);
        Bytes.zero(context.state, 520, 56);
        FpstateLayout.mxcsr(context.state, 0, 0x1f80);
        FpstateLayout.mxcsrMask(context.state, 0, 0xffff);
        byte[] before = context.state.clone();
        long[] registers = task.registers().values.clone();
        assertTrue(SignalFrame.push(task, SignalInfo.kernel(Signals.SIGUSR1), action(0)));
        context.state = new byte[before.length];
        Bytes.putLong(context.state, 464, 7);
        FpstateLayout.mxcsrMask(context.state, 0, 0xffff);
        task.registers().extendedModified = false;
        // The handler returns to the restorer, which calls rt_sigreturn(2).
        task.registers().set(Registers.RSP, task.registers().get(Registers.RSP) + 8);
        assertEquals(registers[Registers.RAX], task.signalReturn());
        assertTrue(task.registersReplaced());
        for (int i : new int[] {Registers.RAX, Registers.RBX, Registers.RCX, Registers.RDX, Registers.RSI, Registers.RDI,
            Registers.RBP, Registers.RSP, Registers.RIP, Registers.R8, Registers.R15, Registers.EFLAGS}) {
            assertEquals(registers[i], task.registers().get(i), "register " + i);
        }
        assertTrue(task.registers().extendedModified);
        byte[] after = task.registers().extended;
        // What the frame puts into the bytes for software is not the CPU's.
        System.arraycopy(before, 464, after, 464, 48);
        assertArrayEquals(before, after);
    }

    @Test
    void shouldSanitizeHostileFrames() {
        assertTrue(SignalFrame.push(task, SignalInfo.kernel(Signals.SIGUSR1), action(0)));
        long sp = task.registers().get(Registers.RSP);
        byte[] frame = frame();
        SigcontextLayout.rflags(frame, MACHINE, -1);
        SigcontextLayout.cs(frame, MACHINE, 0x10);
        SigcontextLayout.ss(frame, MACHINE, 0x18);
        UcontextLayout.sigmask(frame, RtSigframeLayout.UCONTEXT, -1);
        memory.copyOut(frame, 0, frame.length, sp);
        long state = SigcontextLayout.fpstate(frame, MACHINE);
        memory.putInt(state + FpstateLayout.MXCSR, -1);
        memory.putLong(state + 512, -1);
        memory.putLong(state + 520, -1);
        memory.putLong(state + 528, -1);
        task.registers().extendedModified = false;
        task.registers().set(Registers.RSP, sp + 8);
        task.signalReturn();
        assertEquals(SignalFrame.USER_CODE_SEGMENT, task.registers().get(Registers.CS));
        assertEquals(SignalFrame.USER_DATA_SEGMENT, task.registers().get(Registers.SS));
        assertEquals(0, task.registers().get(Registers.EFLAGS) & 0x3000, "IOPL");
        assertEquals(0, task.registers().get(Registers.EFLAGS) & 0x20000, "virtual 8086 mode");
        assertEquals(~Signals.UNBLOCKABLE, task.signalMask());
        byte[] after = task.registers().extended;
        assertEquals(0, FpstateLayout.mxcsr(after, 0) & 0xffff0000);
        assertEquals(3, Bytes.getLong(after, 512));
        assertEquals(0, Bytes.getLong(after, 520));
        assertEquals(0, Bytes.getLong(after, 528));
    }

    @Test
    void shouldTakeTheStateAsItIsOfFramesWithRandomBytes() {
        Random random = new Random(42);
        for (int i = 0; i < 300; i++) {
            stack();
            task.registers().set(Registers.RSP, STACK + 0x8000);
            byte[] junk = new byte[0x4000];
            random.nextBytes(junk);
            if (i % 2 == 0) {
                // Near to right: a state address that can be read, and its marks.
                Bytes.putLong(junk, MACHINE + SigcontextLayout.FPSTATE - 8, STACK + 0x8000 + 0x1000);
                FpstateLayout.magic1(junk, 0x1000, FpstateLayout.FP_XSTATE_MAGIC1);
                int size = random.nextInt(0x4000);
                FpstateLayout.xstateSize(junk, 0x1000, size);
                FpstateLayout.extendedSize(junk, 0x1000, size + 4);
            }
            memory.copyOut(junk, 0, 0x4000, STACK + 0x8000);
            task.signalReturn();
            byte[] extended = task.registers().extended;
            assertEquals(context.state.length, extended == null ? context.state.length : extended.length);
        }
    }

    @Test
    void shouldEndInSigsegvWhenTheFrameCannotBeRead() {
        task.registers().set(Registers.RSP, 0x1000);
        task.signalReturn();
        assertTrue(Signals.contains(task.pendingSignals(), Signals.SIGSEGV));
    }

    @Test
    void shouldRefuseAStackThatIsNotThere() {
        task.registers().set(Registers.RSP, STACK + 0x100);
        assertFalse(SignalFrame.push(task, SignalInfo.kernel(Signals.SIGUSR1), action(0)));
        task.registers().set(Registers.RSP, TOP);
        assertFalse(SignalFrame.push(task, SignalInfo.kernel(Signals.SIGUSR1), new SignalAction(HANDLER, 0, 0, 0)));
    }

    @Test
    void shouldUseTheAlternateStackOnce() {
        task.setAltStack(new AltStack(STACK, 0, 0x4000));
        assertTrue(SignalFrame.push(task, SignalInfo.kernel(Signals.SIGUSR1), action(Signals.SA_ONSTACK)));
        long first = task.registers().get(Registers.RSP);
        assertTrue(first > STACK && first < STACK + 0x4000);
        assertTrue(SignalFrame.push(task, SignalInfo.kernel(Signals.SIGUSR2), action(Signals.SA_ONSTACK)));
        long second = task.registers().get(Registers.RSP);
        assertTrue(second < first && second > STACK);
        // Without SA_ONSTACK it stays where it is.
        task.registers().set(Registers.RSP, TOP);
        assertTrue(SignalFrame.push(task, SignalInfo.kernel(Signals.SIGUSR1), action(0)));
        assertTrue(task.registers().get(Registers.RSP) > STACK + 0x4000);
    }

    @Test
    void shouldNotOverflowTheAlternateStack() {
        task.setAltStack(new AltStack(STACK + 0x4000, 0, Signals.MINSIGSTKSZ));
        boolean pushed = true;
        for (int i = 0; i < 4 && pushed; i++) {
            pushed = SignalFrame.push(task, SignalInfo.kernel(Signals.SIGUSR1), action(Signals.SA_ONSTACK));
        }
        assertFalse(pushed);
        assertTrue(task.registers().get(Registers.RSP) > STACK + 0x4000);
    }
}
