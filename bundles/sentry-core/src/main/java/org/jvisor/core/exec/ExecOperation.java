// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.exec;

import java.lang.System.Logger.Level;
import java.lang.System.Logger;
import java.util.Arrays;
import java.util.List;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Task.AltStack;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.platform.Registers;
import org.jvisor.api.vfs.FdTable;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.core.process.TaskImpl;
import org.jvisor.core.process.ThreadFarewell;
import org.jvisor.core.process.ThreadGroupImpl;
import org.jvisor.core.signal.SignalFrame;

/** execve(2). */
public final class ExecOperation {

    private static final Logger LOG = System.getLogger("org.jvisor.core.task");

    private static final long INTERRUPTS_ENABLED = 0x202;

    private ExecOperation() {}

    public static long exec(TaskImpl task, FileDescription file, String path, boolean pathEnds, List<byte[]> arguments,
            List<byte[]> environment) {
        Credentials credentials = ExecCredentials.after(task.credentials());
        ProgramImage image;
        try (Program program = new Program(task, file, path, pathEnds, arguments)) {
            image = new ProgramImage(task, program, environment, path, credentials);
        }
        if (!becomeSingle(task)) {
            image.discard();
            return -Errno.ERESTARTNOINTR;
        }
        // The point of no return.
        boolean complete = false;
        try {
            become(task, image, path, credentials);
            complete = true;
            return 0;
        } catch (ErrnoException e) {
            // There is no program left that could be told.
            LOG.log(Level.DEBUG, "execve of task {0} past its point of no return: {1}", task.tid(), e.getMessage());
            return -e.errno();
        } finally {
            if (!complete) {
                perish(task, image);
            }
        }
    }

    private static void become(TaskImpl task, ProgramImage image, String path, Credentials credentials) {
        ThreadGroupImpl group = task.groupImpl();
        group.endTimers(false);
        try (Mutex _ = group.lock.take()) {
            group.actions = group.actions.copyWithoutHandlers();
        }
        FdTable files = task.files();
        FdTable own = files.copy(task.cgroup());
        task.setFiles(own);
        files.release(task);
        own.closeOnExec(task);
        replaceMemory(task, image);
        task.endVfork();
        adopt(task, path, credentials);
        enter(task.registers(), image);
    }

    /** The process dies as in Linux, by SIGSEGV; what it has of the old program and of the new one goes with it. */
    private static void perish(TaskImpl task, ProgramImage image) {
        task.groupImpl().exitGroup(Wait.signaled(Signals.SIGSEGV, false));
        if (task.mm() != image.mm()) {
            image.discard();
        }
    }

    /** The first program of a container: its task has nothing yet that would have to go. */
    public static void start(TaskImpl task, FileDescription file, String path, List<byte[]> arguments, List<byte[]> environment) {
        Credentials credentials = ExecCredentials.after(task.credentials());
        try (Program program = new Program(task, file, path, false, arguments)) {
            ProgramImage image = new ProgramImage(task, program, environment, path, credentials);
            task.setMemory(image.mm(), image.memory());
            task.setContext(task.kernelImpl().platform().newContext(image.mm().space()));
            adopt(task, path, credentials);
            enter(task.registers(), image);
        }
    }

    /** Ends all other threads; this one takes the leader's place. False when the process ends instead. */
    private static boolean becomeSingle(TaskImpl task) {
        ThreadGroupImpl group = task.groupImpl();
        try (Mutex _ = group.lock.take()) {
            if (group.exiting || group.execing != null) {
                return false;
            }
            group.execing = task;
            for (TaskImpl other : group.liveTasks()) {
                if (other != task) {
                    other.addWork(TaskImpl.EXIT);
                }
            }
        }
        while (group.taskCount() > 1) {
            if (task.sleepKillable() != 0) {
                group.execing = null;
                return false;
            }
        }
        try (Mutex _ = task.kernelImpl().processes().lock.take()) {
            try (Mutex _ = group.lock.take()) {
                if (group.exiting) {
                    group.execing = null;
                    return false;
                }
                if (group.leader() != task) {
                    task.pidNamespace().takeLeadersId(task, group.leader());
                    group.setLeader(task);
                }
                group.execing = null;
            }
        }
        return true;
    }

    private static void replaceMemory(TaskImpl task, ProgramImage image) {
        ThreadFarewell.leave(task);
        MemoryManager old = task.mm();
        task.groupImpl().times().sawResident(old.peakResidentBytes());
        task.context().switchTo(image.mm().space());
        task.setMemory(image.mm(), image.memory());
        old.release(task);
    }

    private static void adopt(TaskImpl task, String path, Credentials credentials) {
        ThreadGroupImpl group = task.groupImpl();
        task.setCredentials(credentials);
        task.setName(path.substring(path.lastIndexOf('/') + 1));
        task.setAltStack(AltStack.NONE);
        task.forgetInterruptedCalls();
        group.setDumpable(1);
        group.setExecuted();
        group.exitSignal = Signals.SIGCHLD;
    }

    private static void enter(Registers registers, ProgramImage image) {
        Arrays.fill(registers.values, 0);
        registers.set(Registers.RIP, image.entry());
        registers.set(Registers.RSP, image.stackPointer());
        registers.set(Registers.CS, SignalFrame.USER_CODE_SEGMENT);
        registers.set(Registers.SS, SignalFrame.USER_DATA_SEGMENT);
        registers.set(Registers.EFLAGS, INTERRUPTS_ENABLED);
        registers.set(Registers.ORIG_RAX, -1);
        registers.extended = null;
        registers.extendedModified = true;
    }
}
