// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Container;
import org.jvisor.api.kernel.ContainerSpec;
import org.jvisor.api.kernel.NetNamespace;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.Tty;
import org.jvisor.api.state.FieldHandle;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.HandleSource;
import org.jvisor.api.vfs.Ptys.Pty;

/** A container: its first process, and what ends with it. */
final class ContainerImpl implements Container, HandleSource {

    private static final Logger LOG = System.getLogger("org.jvisor.core.container");

    private static final int TO_ALL = -1;
    private static final int TO_FOREGROUND = -2;
    private static final long DESTROY_SECONDS = 10;

    private final KernelImpl kernel;
    private final ContainerSpec spec;
    private final Cgroup cgroup;
    private final PidNamespaceImpl pidNamespace;
    private final NetNamespace netNamespace;
    private final CountDownLatch ended = new CountDownLatch(1);
    private ThreadGroupImpl init;
    private volatile Pty pty;
    private boolean started;

    ContainerImpl(KernelImpl kernel, ContainerSpec spec) {
        this.kernel = kernel;
        this.spec = spec;
        cgroup = kernel.cgroups().newContainer();
        pidNamespace = new PidNamespaceImpl(kernel.processes());
        netNamespace = kernel.newNetNamespace();
    }

    /** Called once, by who builds it. */
    void setInit(ThreadGroupImpl first) {
        init = first;
        synchronized (first.lock) {
            first.shielded = true;
        }
    }

    void setPty(Pty terminal) {
        pty = terminal;
    }

    @Override
    public String id() {
        return spec.id();
    }

    @Override
    public ContainerSpec spec() {
        return spec;
    }

    @Override
    public void forEachHandle(Consumer<Handle> visitor) {
        FieldHandle.visit(visitor, "container's terminal", () -> 0, Pty.class, () -> pty, fresh -> pty = fresh);
        netNamespace.forEachHandle(visitor);
    }

    @Override
    public synchronized Tty console() {
        return pty == null ? null : pty.tty();
    }

    PidNamespaceImpl pidNamespace() {
        return pidNamespace;
    }

    @Override
    public Cgroup cgroup() {
        return cgroup;
    }

    NetNamespace netNamespace() {
        return netNamespace;
    }

    @Override
    public ThreadGroupImpl init() {
        return init;
    }

    @Override
    public synchronized void start() {
        if (started) {
            throw new IllegalStateException("container " + spec.id() + " was started already");
        }
        started = true;
        kernel.gate().enter();
        try {
            kernel.threads().acquire().serve(init.leader());
        } finally {
            kernel.gate().leave();
        }
    }

    @Override
    public int waitForExit() throws InterruptedException {
        ended.await();
        closeTerminal();
        return init.exitStatus();
    }

    private void closeTerminal() {
        kernel.gate().enter();
        try {
            Pty terminal;
            synchronized (this) {
                terminal = pty;
                pty = null;
            }
            if (terminal != null) {
                terminal.close();
            }
        } finally {
            kernel.gate().leave();
        }
    }

    /** One of the container's processes is a zombie now: with the first one the others go; with the tree's lock held. */
    void processEnded(ThreadGroupImpl group) {
        if (group == init) {
            killAll();
        }
    }

    /** Looks whether nothing lives here any more; without the tree's lock. */
    void endWhenEmpty() {
        synchronized (kernel.processes()) {
            if (!init.zombie() || hasLiveProcesses()) {
                return;
            }
        }
        ended.countDown();
    }

    private boolean hasLiveProcesses() {
        for (ThreadGroupImpl group : pidNamespace.groups()) {
            if (!group.zombie()) {
                return true;
            }
        }
        return false;
    }

    private void killAll() {
        for (ThreadGroupImpl group : pidNamespace.groups()) {
            group.exitGroup(Wait.signaled(Signals.SIGKILL, false));
        }
    }

    @Override
    public void signal(int signal, int target) {
        kernel.gate().enter();
        try {
            send(signal, target);
        } finally {
            kernel.gate().leave();
        }
    }

    private void send(int signal, int target) {
        SignalInfo info = new SignalInfo(signal, Signals.SI_USER, 0, 0, 0, 0, 0, 0);
        if (target == TO_ALL) {
            for (ThreadGroupImpl group : pidNamespace.groups()) {
                SignalSender.sendFromOutside(group, info);
            }
            return;
        }
        ProcessGroupImpl foreground = target == TO_FOREGROUND ? foreground() : null;
        if (foreground != null) {
            foreground.members().forEach(member -> SignalSender.sendFromOutside((ThreadGroupImpl) member, info));
        } else {
            SignalSender.sendFromOutside(init, info);
        }
    }

    private synchronized ProcessGroupImpl foreground() {
        return pty == null ? null : pidNamespace.processGroup(pty.tty().foreground());
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

    @Override
    public void destroy() {
        boolean running;
        synchronized (this) {
            running = started;
        }
        if (running) {
            killAndWait();
        } else {
            // The task has no thread: whoever destroys the container sees it out.
            kernel.gate().enter();
            try {
                abandon();
            } finally {
                kernel.gate().leave();
            }
        }
        closeTerminal();
        kernel.forget(this);
    }

    private void killAndWait() {
        kernel.gate().enter();
        try {
            synchronized (kernel.processes()) {
                killAll();
            }
        } finally {
            kernel.gate().leave();
        }
        try {
            if (!ended.await(DESTROY_SECONDS, TimeUnit.SECONDS)) {
                LOG.log(Level.WARNING, "container {0}: some of its tasks do not end", spec.id());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends the first task, which has never run, in the calling thread. */
    void abandon() {
        synchronized (this) {
            started = true;
        }
        init.exitGroup(Wait.signaled(Signals.SIGKILL, false));
        new ExitOperation(init.leader()).run();
    }
}
