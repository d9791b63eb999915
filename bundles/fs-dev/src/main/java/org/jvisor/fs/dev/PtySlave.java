// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import static org.jvisor.api.abi.Termios.*;

import org.jvisor.api.abi.Clock;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.wait.WaitQueue;

/** The slave of a pseudoterminal, open: what programs know as their terminal. Any thread. */
final class PtySlave implements FileOperations, Stateful {

    private static final long TENTH_NS = Clock.NSEC_PER_SEC / 10;

    private final Terminal terminal;

    PtySlave(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public StateRecord save() {
        return new StateRecord(DevDriver.SLAVE, DevDriver.SCHEMA).putOwn("terminal", terminal);
    }

    /** Cases A to D of noncanonical reads: termios(3). */
    @Override
    public long read(Task task, FileDescription file, IoBuffer target, long offset) {
        long refused = JobControl.check(terminal, task, Signals.SIGTTIN);
        if (refused != 0) {
            return refused;
        }
        if (terminal.canonical()) {
            return terminal.slave().read(target, 1);
        }
        int minimum = terminal.setting(VMIN);
        int tenths = terminal.setting(VTIME);
        if (minimum == 0 && tenths == 0) {
            long moved = terminal.slave().read(target, 1);
            return moved == -Errno.EAGAIN ? 0 : moved;
        }
        boolean nonBlocking = (file.flags() & Open.O_NONBLOCK) != 0;
        if (nonBlocking || task == null || tenths == 0) {
            return terminal.slave().read(target, nonBlocking ? 1 : minimum);
        }
        return readWithTimer(task, target, minimum, tenths * TENTH_NS);
    }

    /**
     * A read whose waiting has a time limit in the middle, which the description cannot know of: so it waits here. The second of
     * the task's entries is used, as the description may hold the first.
     */
    private long readWithTimer(Task task, IoBuffer target, int minimum, long timeoutNs) {
        WaitQueue.Entry entry = task.waitEntry(1);
        terminal.slaveQueue().add(entry, Poll.POLLIN | Poll.POLLHUP);
        try {
            long wanted = Math.min(Math.max(minimum, 1), target.remaining());
            while (terminal.rawCount() < wanted && !terminal.isHungUp()) {
                long slept = task.sleep(deadline(task, minimum, timeoutNs));
                if (slept == -Errno.ETIMEDOUT) {
                    break;
                }
                if (slept < 0 && (terminal.rawCount() == 0 || !hasSignal(task))) {
                    return slept;
                }
                if (slept < 0) {
                    break;
                }
            }
            long moved = terminal.slave().read(target, 1);
            return moved == -Errno.EAGAIN ? 0 : moved;
        } finally {
            terminal.slaveQueue().remove(entry);
        }
    }

    /**
     * Without a minimum the timer runs from the call's beginning; with one between bytes only, or from the beginning when there are
     * some. A call that starts again, since a bundle is replaced, waits no longer for that.
     */
    private long deadline(Task task, int minimum, long timeoutNs) {
        if (minimum == 0) {
            return task.call().deadline(timeoutNs);
        }
        return terminal.rawCount() == 0 ? Long.MAX_VALUE : Math.max(task.call().deadline(timeoutNs), terminal.lastTypedNs() + timeoutNs);
    }

    /** A signal ends the wait for more bytes; what else interrupts it lets the call start again, and the bytes stay meanwhile. */
    private static boolean hasSignal(Task task) {
        return (task.pendingSignals() & ~task.signalMask()) != 0;
    }

    @Override
    public long write(Task task, FileDescription file, IoBuffer source, long offset) {
        if (terminal.stopsBackgroundOutput()) {
            long refused = JobControl.check(terminal, task, Signals.SIGTTOU);
            if (refused != 0) {
                return refused;
            }
        }
        return terminal.slave().write(source);
    }

    @Override
    public int poll(FileDescription file) {
        return terminal.pollSlave();
    }

    @Override
    public WaitQueue waitQueue() {
        return terminal.slaveQueue();
    }

    @Override
    public long ioctl(Task task, FileDescription file, int command, long argument) {
        if (terminal.isHungUp()) {
            return -Errno.EIO;
        }
        switch (command) {
            case FIONREAD -> {
                task.memory().putInt(argument, terminal.readable());
                return 0;
            }
            case TIOCOUTQ -> {
                task.memory().putInt(argument, 0);
                return 0;
            }
            default -> {
                return TerminalIoctl.call(terminal, task, command, argument, false);
            }
        }
    }

    @Override
    public void release(FileDescription file) {
        terminal.slaveClosed();
    }
}
