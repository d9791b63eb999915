// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.container;

import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.ContainerProcess;
import org.jvisor.api.kernel.Tty;
import org.jvisor.api.state.FieldHandle;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.HandleSource;
import org.jvisor.api.vfs.Ptys.Pty;
import org.jvisor.api.wait.WaitQueue;
import org.jvisor.core.KernelImpl;
import org.jvisor.core.process.ThreadGroupImpl;

/** A process that was started from outside, and the terminal that it was given. */
public final class StartedProcess implements ContainerProcess, HandleSource {

    private final KernelImpl kernel;
    private final ThreadGroupImpl group;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile Pty pty;

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

    synchronized Tty tty() {
        return pty == null ? null : pty.tty();
    }

    @Override
    public void forEachHandle(Consumer<Handle> visitor) {
        FieldHandle.visit(visitor, "container's terminal", () -> 0, Pty.class, () -> pty, fresh -> pty = fresh);
    }

    /** Lets it run; inside the gate. */
    void start() {
        kernel.threads().acquire().serve(group.leader());
    }

    @Override
    public int waitForExit() throws InterruptedException {
        ended.await();
        int status;
        kernel.gate().enter();
        try {
            closeTerminal();
            status = group.exitStatus();
        } finally {
            kernel.gate().leave();
        }
        group.containerImpl().forget(this);
        return status;
    }

    /** Inside the gate. */
    void closeTerminal() {
        Pty terminal;
        synchronized (this) {
            terminal = pty;
            pty = null;
        }
        if (terminal != null) {
            terminal.close();
        }
    }

    @Override
    public void resize(int rows, int columns) {
        Pty terminal;
        synchronized (this) {
            terminal = pty;
        }
        if (terminal == null) {
            return;
        }
        kernel.gate().enter();
        try {
            terminal.resize(rows, columns);
        } finally {
            kernel.gate().leave();
        }
    }
}
