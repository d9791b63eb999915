// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import java.lang.System.Logger.Level;
import java.lang.System.Logger;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.kernel.Call;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.lock.LockOrder;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Registers;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.syscall.SyscallHandler;
import org.jvisor.core.dispatch.Dispatcher;
import org.jvisor.core.dispatch.InterceptedHandler;
import org.jvisor.core.dispatch.Strace;
import org.jvisor.core.dispatch.SyscallTable;
import org.jvisor.core.handover.Gate;
import org.jvisor.core.signal.SignalDelivery;
import org.jvisor.core.signal.TrapInfo;

/** A task's life: runs its application until that needs the Sentry, serves it, and so on to the end. The task's thread. */
final class TaskLoop implements Runnable {

    private static final Logger LOG = System.getLogger("org.jvisor.core.task");

    private static final int LOWEST_RESTART = -Errno.ERESTART_RESTARTBLOCK;
    private static final int HIGHEST_RESTART = -Errno.ERESTARTSYS;

    private final TaskImpl task;
    private final Dispatcher dispatcher;
    private final Gate gate;
    private final Registers registers;
    private final Arguments arguments;
    private final Call call;
    /** The hooks but the gate's that the current call has found. */
    private int watched;

    TaskLoop(TaskImpl task) {
        this.task = task;
        this.dispatcher = task.kernelImpl().dispatcher();
        this.gate = task.kernelImpl().gate();
        this.registers = task.registersOfCall();
        this.arguments = task.arguments();
        this.call = task.call();
    }

    @Override
    public void run() {
        task.adopt(Thread.currentThread());
        task.enterKernel();
        task.times.start();
        MemoryFile.Epoch epoch = null;
        boolean served = false;
        try {
            epoch = task.kernelImpl().memory().file().newEpoch();
            task.setEpoch(epoch);
            live(epoch);
            served = true;
        } catch (Throwable t) {
            log("life", t);
        }
        beginEnd(served);
        try {
            if (epoch != null) {
                epoch.enter();
            }
            new ExitOperation(task).run();
        } catch (Throwable t) {
            log("end", t);
        } finally {
            if (epoch != null) {
                epoch.leave();
                epoch.close();
            }
            task.stepOut();
            gate.leave(task);
            LockOrder.holdsNothing("by a task that has ended");
        }
    }

    /**
     * What comes before the end, which nobody else would do: it is tried until there is room in the heap for it.
     *
     * @param served a defect of the Sentry, if not, which must not leave a process behind that nobody serves
     */
    private void beginEnd(boolean served) {
        for (;;) {
            try {
                task.kernelImpl().awaitRoom();
                if (!served) {
                    task.groupImpl().exitGroup(Wait.signaled(Signals.SIGKILL, false));
                }
                // Others may not find the task any more before all of its end is done.
                gate.stay(task);
                return;
            } catch (OutOfMemoryError e) {
                task.kernelImpl().outOfMemory();
            }
        }
    }

    private void live(MemoryFile.Epoch epoch) {
        writeOwnTid(epoch);
        while (true) {
            task.enterUser();
            if (task.work() != 0) {
                task.enterKernel();
                if (serve(epoch, 0) == SignalDelivery.END) {
                    return;
                }
                continue;
            }
            LockOrder.holdsNothing("on the way to the application");
            task.times.enterUser();
            Context context = task.context(); // not kept: the platform's next version makes another one
            int event = context.run(registers);
            task.times.leaveUser();
            switch (event) {
                case Context.SYSCALL -> call(epoch);
                case Context.FAULT -> fault(epoch, context);
                case Context.EXCEPTION -> exception(context);
                case Context.INTERRUPTED -> {
                    // Whoever interrupted has left work, or has closed the gate.
                    task.enterKernel();
                }
                default -> {
                    task.enterKernel();
                    task.kernelImpl().log().log(3, "task " + task.tid() + ": its stub was taken away by the host");
                    task.groupImpl().exitGroup(Wait.signaled(Signals.SIGKILL, false));
                }
            }
        }
    }

    /** CLONE_CHILD_SETTID. */
    private void writeOwnTid(MemoryFile.Epoch epoch) {
        if (task.setChildTid == 0) {
            return;
        }
        epoch.enter();
        try {
            task.memory().putInt(task.setChildTid, task.tid());
        } catch (ErrnoException e) {
            // clone(2) has no way to tell; Linux goes on, too.
            LOG.log(Level.DEBUG, "CLONE_CHILD_SETTID of task {0}: bad address", task.tid());
        } finally {
            epoch.leave();
        }
    }

    /** Frames of handlers are written and read by the way of application memory, hence within the epoch. */
    private int serve(MemoryFile.Epoch epoch, int restart) {
        epoch.enter();
        try {
            return SignalDelivery.serve(task, restart);
        } finally {
            epoch.leave();
        }
    }

    // ---- system calls

    private void call(MemoryFile.Epoch epoch) {
        long[] r = registers.values;
        Arguments a = arguments;
        a.number = (int) r[Registers.ORIG_RAX];
        a.a0 = r[Registers.RDI];
        a.a1 = r[Registers.RSI];
        a.a2 = r[Registers.RDX];
        a.a3 = r[Registers.R10];
        a.a4 = r[Registers.R8];
        a.a5 = r[Registers.R9];
        task.beginCall();
        long result;
        do {
            result = dispatch(epoch);
            if (!task.registersReplaced()) {
                registers.setResult(result);
            }
        } while (result >= LOWEST_RESTART && result < 0 && restarts(epoch, result));
        if (task.hasRest()) {
            settle(epoch, result);
        }
    }

    private void settle(MemoryFile.Epoch epoch, long result) {
        if (task.hasFutexPlace()) {
            task.kernelImpl().futexes().giveUpPlace(task);
        }
        if (task.intercepted()) {
            tellInterceptors(epoch, result);
        }
        if (task.awaitsVfork()) {
            epoch.enter();
            task.stepOut();
            task.awaitVfork();
            epoch.leave();
            task.enterKernel();
            task.endAwaitVfork();
        }
        if (task.maskSaved()) {
            // A signal that ended the call is delivered while the temporary mask still lets it through.
            if (result == -Errno.EINTR) {
                serve(epoch, 0);
            }
            task.restoreSavedMask();
        }
    }

    /** A call that interceptors have seen does not begin again, as it would have without a signal's handler or the task's end. */
    private void tellInterceptors(MemoryFile.Epoch epoch, long result) {
        SyscallTable table = enterCall(epoch);
        try {
            if (table.handler(arguments.number) instanceof InterceptedHandler handler) {
                handler.finish(task, arguments, result);
            } else {
                task.endInterception();
            }
        } catch (Throwable t) {
            defect(t);
        } finally {
            epoch.leave();
            task.leaveCall();
        }
    }

    private long dispatch(MemoryFile.Epoch epoch) {
        SyscallTable table = enterCall(epoch);
        try {
            SyscallHandler handler = table.handler(arguments.number);
            long result = watched == 0 ? handler.call(task, arguments) : callWatched(handler);
            return result < 0 ? call.outcome(result) : result;
        } catch (ErrnoException e) {
            return call.outcome(-e.errno());
        } catch (Throwable t) {
            return defect(t);
        } finally {
            epoch.leave();
            task.leaveCall();
        }
    }

    /**
     * The table to take the handler from; with that, the call is under way and within the epoch, and {@link #watched} says by whom
     * it is watched.
     */
    private SyscallTable enterCall(MemoryFile.Epoch epoch) {
        while (true) {
            SyscallTable table = dispatcher.table();
            epoch.mark(); // the fence that this wants is the task's
            task.enterCall(table.generation);
            int hooks = task.hooks();
            if ((hooks & TaskImpl.GATE) != 0 && gate.holds(task)) {
                epoch.leave();
                task.enterKernel();
            } else if (table == dispatcher.table()) {
                watched = hooks & ~TaskImpl.GATE;
                return table;
            }
        }
    }

    /** With a hook of those that want to see the call. */
    private long callWatched(SyscallHandler handler) {
        Strace strace = (watched & TaskImpl.STRACE) != 0 ? task.kernelImpl().strace() : null;
        if (strace == null || !strace.covers(arguments.number)) {
            return handler.call(task, arguments);
        }
        strace.before(task, arguments);
        long result;
        try {
            result = handler.call(task, arguments);
        } catch (ErrnoException e) {
            result = -e.errno();
        }
        result = call.outcome(result);
        strace.after(task, arguments, result);
        return result;
    }

    /** Whether the call that ended in {@code result} is to be dispatched again; with a handler about to run it is not. */
    private boolean restarts(MemoryFile.Epoch epoch, long result) {
        if (task.registersReplaced()) {
            return false;
        }
        if (call.beginsAgain(result)) {
            // A signal that has come meanwhile waits: what it makes of the call is for the next run of the handler to say.
            task.removeWork(TaskImpl.SWAP);
            call.runAgain();
            return true;
        }
        if (result > HIGHEST_RESTART) {
            return false;
        }
        if (result == -Errno.ENOIOCTLCMD) {
            registers.setResult(-Errno.ENOTTY);
            return false;
        }
        if (serve(epoch, (int) -result) != SignalDelivery.GO_ON) {
            return false;
        }
        call.runAgain();
        return true;
    }

    /** A handler threw what it must not: its caller ends, the Sentry goes on. */
    private long defect(Throwable t) {
        if (t instanceof OutOfMemoryError) {
            task.kernelImpl().outOfMemory();
            return -Errno.ENOMEM;
        }
        log(SyscallNr.name(arguments.number), t);
        task.groupImpl().exitGroup(Wait.signaled(Signals.SIGSYS, false));
        return -Errno.ENOSYS;
    }

    /** There may be no room for words. */
    private void log(String what, Throwable failure) {
        if (failure instanceof OutOfMemoryError) {
            task.kernelImpl().outOfMemory();
        }
        try {
            LOG.log(Level.ERROR, what + " of task " + task.tid() + " failed", failure);
        } catch (OutOfMemoryError | StackOverflowError e) {
            // The end that follows matters more.
            return;
        }
    }

    // ---- faults and exceptions

    private void fault(MemoryFile.Epoch epoch, Context context) {
        long address = context.faultAddress();
        int access = context.faultAccess();
        int outcome;
        task.enterKernel();
        MemoryManager mm = task.mm();
        long before = mm.residentBytes();
        epoch.enter();
        try {
            outcome = mm.fault(task, address, access);
        } finally {
            epoch.leave();
        }
        if (outcome == 0) {
            // A long run of pages is brought at once: each counts, as if the application had faulted for it.
            task.usage().countFaults(Math.max(1, (mm.residentBytes() - before) / MemoryFile.PAGE));
            return;
        }
        int code = outcome & 0xffff;
        task.trap.vector = TrapInfo.PAGE_FAULT;
        task.trap.faultAddress = address;
        task.trap.errorCode = TrapInfo.USER | (code == Signals.SEGV_ACCERR ? TrapInfo.PROTECTION : 0)
                | ((access & Context.ACCESS_WRITE) != 0 ? TrapInfo.WRITE : 0)
                | ((access & Context.ACCESS_EXECUTE) != 0 ? TrapInfo.INSTRUCTION : 0);
        task.forceSignal(SignalInfo.fault(outcome >> 16, code, address));
    }

    private void exception(Context context) {
        int signal = context.signal();
        int code = context.signalCode();
        task.enterKernel();
        task.trap.errorCode = 0;
        task.trap.vector = switch (signal) {
            case Signals.SIGFPE -> code == Signals.FPE_INTDIV ? TrapInfo.DIVIDE_ERROR : TrapInfo.FLOATING_POINT;
            case Signals.SIGILL -> TrapInfo.INVALID_OPCODE;
            case Signals.SIGTRAP -> code == Signals.SI_KERNEL ? TrapInfo.BREAKPOINT : TrapInfo.DEBUG;
            case Signals.SIGBUS -> TrapInfo.ALIGNMENT_CHECK;
            default -> TrapInfo.GENERAL_PROTECTION;
        };
        // sigaction(2): what the kernel sends for a breakpoint, a protection fault or an unaligned access has no address.
        long address = code == Signals.SI_KERNEL || signal == Signals.SIGBUS ? 0 : task.registers().get(Registers.RIP);
        task.forceSignal(SignalInfo.fault(signal, code, address));
    }
}
