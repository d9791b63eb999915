// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.signal;

import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.FpstateLayout;
import org.jvisor.api.abi.RtSigframeLayout;
import org.jvisor.api.abi.SigaltStackLayout;
import org.jvisor.api.abi.SigcontextLayout;
import org.jvisor.api.abi.SiginfoLayout;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.UcontextLayout;
import org.jvisor.api.kernel.SignalAction;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.Task.AltStack;
import org.jvisor.api.platform.Registers;
import org.jvisor.core.process.TaskImpl;

/**
 * The frame that a signal handler finds on its stack, and the way back (sigreturn(2)).
 * <pre>
 *   old stack pointer, or the top of the alternate stack
 *   128 bytes that belong to the interrupted function (System V ABI, 3.2.2)
 *   extended state, aligned to 64
 *   siginfo, ucontext, return address; aligned so that the handler sees what a call would have left
 * </pre>
 */
public final class SignalFrame {

    public static final long USER_CODE_SEGMENT = 0x33;
    public static final long USER_DATA_SEGMENT = 0x2b;

    /** The flags that sigreturn may set: AC, RF, OF, DF, TF, SF, ZF, AF, PF, CF. */
    private static final long RESTORABLE_FLAGS = 0x50dd5;
    private static final long TRAP_FLAG = 0x100;
    private static final long DIRECTION_FLAG = 0x400;
    private static final long RESUME_FLAG = 0x10000;

    private static final int XSAVE_ALIGNMENT = 64;
    private static final int AUDIT_ARCH_X86_64 = 0xc000003e;

    /** Registers in the order of sigcontext's first fields. */
    private static final int[] GENERAL = {Registers.R8, Registers.R9, Registers.R10, Registers.R11, Registers.R12, Registers.R13,
        Registers.R14, Registers.R15, Registers.RDI, Registers.RSI, Registers.RBP, Registers.RBX, Registers.RDX, Registers.RAX,
        Registers.RCX, Registers.RSP, Registers.RIP};

    private SignalFrame() {}

    /** Makes {@code task} run the handler next; false when its stack cannot take the frame. */
    static boolean push(TaskImpl task, SignalInfo info, SignalAction action) {
        if ((action.flags() & Signals.SA_RESTORER) == 0) {
            return false;
        }
        Registers registers = task.registers();
        byte[] state = ExtendedState.of(task.context(), registers);
        int stateSize = ExtendedState.frameSize(state);
        long top = stackTop(task, action);
        long stateAddress = top - stateSize & -XSAVE_ALIGNMENT;
        long frame = (stateAddress - RtSigframeLayout.SIZE & -16) - 8;
        if (overflows(task.altStack(), top, frame)) {
            return false;
        }
        int stateAt = (int) (stateAddress - frame);
        byte[] buffer = buffer(task, stateAt + stateSize);
        Bytes.zero(buffer, 0, stateAt);
        RtSigframeLayout.pretcode(buffer, 0, action.restorer());
        putContext(task, buffer, RtSigframeLayout.UCONTEXT, stateAddress);
        putInfo(info, buffer, RtSigframeLayout.SIGINFO);
        ExtendedState.toFrame(state, buffer, stateAt);
        try {
            task.memory().copyOut(buffer, 0, stateAt + stateSize, frame);
        } catch (ErrnoException e) {
            return false;
        }
        enterHandler(task, info.signal(), action.handler(), frame);
        return true;
    }

    private static byte[] buffer(TaskImpl task, int size) {
        if (task.frameBuffer.length < size) {
            task.frameBuffer = new byte[size];
        }
        return task.frameBuffer;
    }

    private static long stackTop(TaskImpl task, SignalAction action) {
        long sp = task.registers().get(Registers.RSP) - RtSigframeLayout.RED_ZONE;
        AltStack stack = task.altStack();
        boolean alternate = (action.flags() & Signals.SA_ONSTACK) != 0 && (stack.flags() & Signals.SS_DISABLE) == 0
                && stack.size() != 0 && !isOn(stack, sp);
        return alternate ? stack.pointer() + stack.size() : sp;
    }

    /** A stack that disarms itself never counts as the one in use (sigaltstack(2)). */
    private static boolean isOn(AltStack stack, long sp) {
        return (stack.flags() & Signals.SS_AUTODISARM) == 0 && within(stack, sp);
    }

    private static boolean within(AltStack stack, long sp) {
        return Long.compareUnsigned(sp, stack.pointer()) > 0 && Long.compareUnsigned(sp - stack.pointer(), stack.size()) <= 0;
    }

    /** A frame that begins on the alternate stack must end there. */
    private static boolean overflows(AltStack stack, long top, long frame) {
        return within(stack, top) && !within(stack, frame);
    }

    private static void putContext(TaskImpl task, byte[] b, int at, long stateAddress) {
        UcontextLayout.flags(b, at, Signals.UC_FP_XSTATE | Signals.UC_SIGCONTEXT_SS | Signals.UC_STRICT_RESTORE_SS);
        int stackAt = at + UcontextLayout.STACK;
        SigaltStackLayout.sp(b, stackAt, task.altStack().pointer());
        SigaltStackLayout.flags(b, stackAt, task.altStack().flags());
        SigaltStackLayout.sizeBytes(b, stackAt, task.altStack().size());
        UcontextLayout.sigmask(b, at, task.maskForFrame());
        int machine = at + UcontextLayout.MCONTEXT;
        Registers r = task.registers();
        for (int i = 0; i < GENERAL.length; i++) {
            Bytes.putLong(b, machine + 8 * i, r.get(GENERAL[i]));
        }
        SigcontextLayout.rflags(b, machine, r.get(Registers.EFLAGS));
        SigcontextLayout.cs(b, machine, (int) USER_CODE_SEGMENT);
        SigcontextLayout.ss(b, machine, (int) USER_DATA_SEGMENT);
        SigcontextLayout.err(b, machine, task.trap.errorCode);
        SigcontextLayout.trapno(b, machine, task.trap.vector);
        SigcontextLayout.oldmask(b, machine, task.maskForFrame());
        SigcontextLayout.cr2(b, machine, task.trap.faultAddress);
        SigcontextLayout.fpstate(b, machine, stateAddress);
    }

    /** siginfo_t as sigaction(2) tells: which fields there are follows from the signal and its code. */
    static void putInfo(SignalInfo info, byte[] b, int at) {
        SiginfoLayout.signo(b, at, info.signal());
        SiginfoLayout.code(b, at, info.code());
        boolean fromKernel = info.code() > 0 && info.code() != Signals.SI_KERNEL;
        if (fromKernel && Signals.contains(Signals.SYNCHRONOUS & ~Signals.bit(Signals.SIGSYS), info.signal())) {
            SiginfoLayout.addr(b, at, info.value());
        } else if (fromKernel && info.signal() == Signals.SIGSYS) {
            SiginfoLayout.callAddr(b, at, info.value());
            SiginfoLayout.syscall(b, at, info.status());
            SiginfoLayout.arch(b, at, AUDIT_ARCH_X86_64);
        } else if (fromKernel && info.signal() == Signals.SIGPOLL) {
            SiginfoLayout.band(b, at, info.value());
            SiginfoLayout.fd(b, at, info.status());
        } else {
            SiginfoLayout.pid(b, at, info.pid());
            SiginfoLayout.uid(b, at, info.uid());
            if (fromKernel && info.signal() == Signals.SIGCHLD) {
                SiginfoLayout.status(b, at, info.status());
                SiginfoLayout.utime(b, at, info.userTime());
                SiginfoLayout.stime(b, at, info.systemTime());
            } else {
                SiginfoLayout.value(b, at, info.value());
            }
        }
    }

    private static void enterHandler(TaskImpl task, int signal, long handler, long frame) {
        if ((task.altStack().flags() & Signals.SS_AUTODISARM) != 0) {
            task.setAltStack(AltStack.NONE);
        }
        Registers r = task.registers();
        r.set(Registers.RDI, signal);
        r.set(Registers.RSI, frame + RtSigframeLayout.SIGINFO);
        r.set(Registers.RDX, frame + RtSigframeLayout.UCONTEXT);
        r.set(Registers.RAX, 0);
        r.set(Registers.RIP, handler);
        r.set(Registers.RSP, frame);
        r.set(Registers.CS, USER_CODE_SEGMENT);
        r.set(Registers.SS, USER_DATA_SEGMENT);
        r.set(Registers.EFLAGS, r.get(Registers.EFLAGS) & ~(TRAP_FLAG | DIRECTION_FLAG | RESUME_FLAG));
        r.set(Registers.ORIG_RAX, -1);
        r.extended = null;
        r.extendedModified = true;
    }

    /** rt_sigreturn(2); a frame that cannot be read is a SIGSEGV. */
    public static long restore(TaskImpl task) {
        task.setRegistersReplaced();
        long frame = task.registers().get(Registers.RSP) - 8;
        byte[] b = buffer(task, RtSigframeLayout.SIZE);
        try {
            task.memory().copyIn(frame, b, 0, RtSigframeLayout.SIGINFO);
            restoreState(task, SigcontextLayout.fpstate(b, RtSigframeLayout.UCONTEXT + UcontextLayout.MCONTEXT));
        } catch (ErrnoException e) {
            task.forceSignal(SignalInfo.kernel(Signals.SIGSEGV));
            return -Errno.EFAULT;
        }
        int context = RtSigframeLayout.UCONTEXT;
        restoreRegisters(task.registers(), b, context + UcontextLayout.MCONTEXT);
        task.setSignalMask(UcontextLayout.sigmask(b, context));
        restoreAltStack(task, b, context + UcontextLayout.STACK);
        task.returnedFromHandler();
        return task.registers().get(Registers.RAX);
    }

    private static void restoreRegisters(Registers r, byte[] b, int at) {
        for (int i = 0; i < GENERAL.length; i++) {
            r.set(GENERAL[i], Bytes.getLong(b, at + 8 * i));
        }
        long flags = SigcontextLayout.rflags(b, at) & RESTORABLE_FLAGS;
        r.set(Registers.EFLAGS, r.get(Registers.EFLAGS) & ~RESTORABLE_FLAGS | flags);
        // Selectors of other segments would only make the CPU fault on the way back.
        r.set(Registers.CS, USER_CODE_SEGMENT);
        r.set(Registers.SS, USER_DATA_SEGMENT);
        r.set(Registers.ORIG_RAX, -1);
    }

    private static void restoreState(TaskImpl task, long address) {
        Registers r = task.registers();
        if (address == 0) {
            r.extended = null;
            r.extendedModified = true;
            return;
        }
        byte[] legacy = new byte[FpstateLayout.SIZE];
        task.memory().copyIn(address, legacy, 0, FpstateLayout.SIZE);
        r.extendedModified = false;
        task.context().saveExtended(r);
        byte[] own = r.extended;
        int size = ExtendedState.sizeInFrame(legacy, own.length);
        byte[] state = new byte[own.length];
        System.arraycopy(legacy, 0, state, 0, FpstateLayout.SIZE);
        if (size > FpstateLayout.SIZE) {
            // The first 512 bytes stay as they were checked.
            task.memory().copyIn(address + FpstateLayout.SIZE, state, FpstateLayout.SIZE, size - FpstateLayout.SIZE);
        }
        ExtendedState.sanitize(state, size, own);
        r.extended = state;
        r.extendedModified = true;
    }

    private static void restoreAltStack(TaskImpl task, byte[] b, int at) {
        AltStack old = task.altStack();
        long pointer = SigaltStackLayout.sp(b, at);
        long size = SigaltStackLayout.sizeBytes(b, at);
        int flags = SigaltStackLayout.flags(b, at) & (Signals.SS_DISABLE | Signals.SS_AUTODISARM);
        if (pointer == old.pointer() && size == old.size() && flags == old.flags()) {
            return;
        }
        if ((flags & Signals.SS_DISABLE) != 0) {
            task.setAltStack(AltStack.NONE);
        } else if (Long.compareUnsigned(size, Signals.MINSIGSTKSZ) >= 0 && !isOn(old, task.registers().get(Registers.RSP))) {
            task.setAltStack(new AltStack(pointer, flags, size));
        }
    }
}
