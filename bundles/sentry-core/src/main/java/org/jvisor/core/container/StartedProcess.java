// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.container;

import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.ContainerProcess;
import org.jvisor.api.kernel.Tty;
import org.jvisor.api.lock.LockOrder;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.FieldHandle;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.HandleSource;
import org.jvisor.api.vfs.Ptys.Pty;
import org.jvisor.api.wait.WaitQueue;
import org.jvisor.core.KernelImpl;
import org.jvisor.core.process.TaskThreads;
import org.jvisor.core.process.ThreadGroupImpl;

/** A process that was started from outside, and the terminal that it was given. */
public final class StartedProcess implements ContainerProcess, HandleSource {

    private final KernelImpl kernel;
    private final ThreadGroupImpl group;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final CountDownLatch terminalClosed = new CountDownLatch(1);
    /** Changed inside the gate. */
    private volatile Pty pty;
    private final Mutex lock = new Mutex(LockRank.CONTAINER);
    /** Guarded by the lock. */
    private boolean hungUp;

    /** @param group which has not run yet */
    public StartedProcess(KernelImpl kernel, ThreadGroupImpl group) {
        this.kernel = kernel;
        this.group = group;
        group.exitQueue().add(new WaitQueue.Entry(events -> ended.countDown()), Poll.POLLIN);
    }

    ThreadGroupImpl group() {
        return group;
    }

    @Override
    public int pid() {
        return group.pid();
    }

    void setPty(Pty terminal) {
        pty = terminal;
    }

    Tty tty() {
        Pty terminal = pty;
        return terminal == null ? null : terminal.tty();
    }

    @Override
    public void forEachHandle(Consumer<Handle> visitor) {
        FieldHandle.visit(visitor, "container's terminal", () -> 0, Pty.class, () -> pty, fresh -> pty = fresh);
    }

    /** Lets it run; inside the gate. */
    void start() {
        TaskThreads.Server server = kernel.threads().acquire();
        server.prepare(group.leader());
        server.serve();
    }

    @Override
    public int waitForExit() throws InterruptedException {
        LockOrder.mayWait("a process's end");
        ended.await();
        int status;
        kernel.gate().enter();
        try {
            hangUp();
            status = group.exitStatus();
        } finally {
            kernel.gate().leave();
        }
        awaitTerminal();
        return status;
    }

    /**
     * Has the terminal, if there is one, closed when all that was written there has gone out, which takes as long as it takes the
     * host's terminal; inside the gate.
     */
    void hangUp() {
        Pty terminal;
        try (Mutex _ = lock.take()) {
            if (hungUp) {
                return;
            }
            hungUp = true;
            terminal = pty;
        }
        boolean asked = false;
        try {
            if (terminal != null) {
                terminal.close(this::terminalClosed);
                asked = true;
            }
        } finally {
            if (!asked) {
                terminalClosed();
            }
        }
    }

    /** By whoever has closed it, inside the gate. */
    private void terminalClosed() {
        pty = null;
        group.containerImpl().forget(this);
        terminalClosed.countDown();
    }

    /** Not inside the gate: what has to go out is carried by a thread that comes in for each step. */
    void awaitTerminal() throws InterruptedException {
        LockOrder.mayWait("a terminal's output");
        terminalClosed.await();
    }

    @Override
    public void resize(int rows, int columns) {
        kernel.gate().enter();
        try {
            Pty terminal = pty;
            if (terminal != null) {
                terminal.resize(rows, columns);
            }
        } finally {
            kernel.gate().leave();
        }
    }
}
