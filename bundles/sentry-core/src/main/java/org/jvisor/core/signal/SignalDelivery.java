// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.signal;

import java.util.Locale;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.kernel.SignalAction;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.platform.Registers;
import org.jvisor.core.process.TaskImpl;
import org.jvisor.core.process.ThreadGroupImpl;

/** Does the work that was left for a task, before it goes back to its application: signals, stops, its end. */
public final class SignalDelivery {

    /** The application can go on; a call that was interrupted is to be made anew. */
    public static final int GO_ON = 0;
    /** The registers are a handler's now. */
    static final int HANDLER = 1;
    /** The task must end. */
    public static final int END = 2;

    /** Length of the SYSCALL instruction, which the application goes back by when its call shall restart. */
    private static final int SYSCALL_LENGTH = 2;

    private SignalDelivery() {}

    /**
     * Serves {@code task}, in its thread.
     *
     * @param restart the ERESTART* that its call ended with, or 0
     */
    public static int serve(TaskImpl task, int restart) {
        ThreadGroupImpl group = task.groupImpl();
        task.removeWork(TaskImpl.SWAP);
        boolean settled = false;
        while (true) {
            if ((task.work() & TaskImpl.EXIT) != 0) {
                return END;
            }
            if ((task.work() & TaskImpl.STOP) != 0) {
                stop(group, task);
                continue;
            }
            SignalInfo info;
            SignalAction action;
            try (Mutex _ = group.lock.take()) {
                long fromOutside = group.pending.fromOutside();
                info = take(group, task);
                if (info == null) {
                    task.updateSignalWork();
                    break;
                }
                action = group.actions.get(info.signal());
                if (action.handler() == Signals.SIG_DFL && group.shielded
                        && !Signals.contains(Signals.UNBLOCKABLE | fromOutside, info.signal())) {
                    continue; // sent while it was blocked, or had a handler
                }
                boolean handled = action.handler() != Signals.SIG_DFL && action.handler() != Signals.SIG_IGN;
                if (handled && (action.flags() & Signals.SA_RESETHAND) != 0) {
                    group.actions.reset(info.signal());
                }
            }
            if (action.handler() == Signals.SIG_IGN) {
                continue;
            }
            if (action.handler() == Signals.SIG_DFL) {
                defaultAction(group, task, info);
                continue;
            }
            if (handle(task, info, action, settled ? 0 : restart)) {
                return HANDLER;
            }
            settled = true;
        }
        task.restoreSavedMask();
        return (task.work() & TaskImpl.EXIT) != 0 ? END : GO_ON;
    }

    private static SignalInfo take(ThreadGroupImpl group, TaskImpl task) {
        long unblocked = ~task.signalMask();
        SignalInfo info = task.pending.take(unblocked);
        if (info == null) {
            info = group.pending.take(unblocked);
        }
        if (info != null && Signals.contains(Signals.STOPPING, info.signal())) {
            group.job.stopTaken = true;
        }
        return info;
    }

    private static void defaultAction(ThreadGroupImpl group, TaskImpl task, SignalInfo info) {
        int signal = info.signal();
        if (Signals.contains(Signals.IGNORED_BY_DEFAULT, signal)) {
            return;
        }
        if (Signals.contains(Signals.STOPPING, signal)) {
            beginStop(group, signal);
            return;
        }
        boolean core = Signals.contains(Signals.CORE_DUMPING, signal) && group.softLimit(Rlimit.RLIMIT_CORE) != 0
                && group.dumpable() == 1;
        if (Signals.contains(Signals.SYNCHRONOUS, signal) && info.code() > 0) {
            logFault(task, info);
        }
        group.exitGroup(Wait.signaled(signal, core));
    }

    /** SIGSTOP always stops; the terminal's signals do not stop an orphaned process group (setpgid(2)). */
    private static void beginStop(ThreadGroupImpl group, int signal) {
        if (signal != Signals.SIGSTOP && group.processGroup().orphaned()) {
            return;
        }
        try (Mutex _ = group.lock.take()) {
            if (group.job.stopTaken && !group.exiting) {
                group.job.beginStop(signal);
            }
        }
    }

    private static void stop(ThreadGroupImpl group, TaskImpl task) {
        boolean complete;
        int signal;
        long number;
        try (Mutex _ = group.lock.take()) {
            if ((task.work() & TaskImpl.STOP) == 0) {
                return;
            }
            signal = group.job.stopSignal();
            number = group.job.stopNumber();
            complete = group.job.taskStopped(task);
        }
        if (complete) {
            JobControl.notifyParent(group, Signals.CLD_STOPPED, signal);
        }
        task.stayStopped(number);
    }

    /** Whether the handler can run; otherwise SIGSEGV is pending now. */
    private static boolean handle(TaskImpl task, SignalInfo info, SignalAction action, int restart) {
        if (restart != 0) {
            settleCall(task, action, restart);
        }
        if (!SignalFrame.push(task, info, action)) {
            // sigaction(2): a frame that cannot be written is a SIGSEGV; one for SIGSEGV itself is the end.
            if (info.signal() == Signals.SIGSEGV) {
                task.groupImpl().setAction(Signals.SIGSEGV, SignalAction.DEFAULT);
            }
            task.forceSignal(SignalInfo.kernel(Signals.SIGSEGV));
            return false;
        }
        long mask = task.signalMask() | action.mask();
        if ((action.flags() & Signals.SA_NODEFER) == 0) {
            mask |= Signals.bit(info.signal());
        }
        task.forgetSavedMask();
        task.setSignalMask(mask);
        return true;
    }

    /** A call was interrupted by a signal with a handler: it ends in EINTR, or begins again after the handler. */
    private static void settleCall(TaskImpl task, SignalAction action, int restart) {
        Registers registers = task.registers();
        boolean again = restart == Errno.ERESTARTNOINTR
                || restart == Errno.ERESTARTSYS && (action.flags() & Signals.SA_RESTART) != 0;
        if (again) {
            registers.set(Registers.RAX, registers.get(Registers.ORIG_RAX));
            registers.set(Registers.RIP, registers.get(Registers.RIP) - SYSCALL_LENGTH);
            task.suspendInterception();
        } else {
            registers.set(Registers.RAX, -Errno.EINTR);
        }
    }

    private static void logFault(TaskImpl task, SignalInfo info) {
        Registers r = task.registers();
        StringBuilder name = new StringBuilder();
        task.name().chars().forEach(c -> name.append(c < ' ' ? '?' : (char) c));
        task.kernelImpl().log().log(6, String.format(Locale.ROOT, "%s[%d]: %s at %x ip %x sp %x error %x", name, task.tid(),
                Signals.name(info.signal()), info.value(), r.get(Registers.RIP), r.get(Registers.RSP), task.trap.errorCode));
    }
}
