// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.container;

import java.lang.System.Logger.Level;
import java.lang.System.Logger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Container;
import org.jvisor.api.kernel.ContainerProcess;
import org.jvisor.api.kernel.ContainerSpec;
import org.jvisor.api.kernel.Namespaces;
import org.jvisor.api.kernel.NetNamespace;
import org.jvisor.api.kernel.ProcessSpec;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.StartException;
import org.jvisor.api.kernel.Tty;
import org.jvisor.api.lock.LockOrder;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.HandleSource;
import org.jvisor.core.KernelImpl;
import org.jvisor.core.process.Attempt;
import org.jvisor.core.process.ExitOperation;
import org.jvisor.core.process.PidNamespaceImpl;
import org.jvisor.core.process.ProcessGroupImpl;
import org.jvisor.core.process.ThreadGroupImpl;
import org.jvisor.core.process.UserCounts;
import org.jvisor.core.signal.SignalSender;

/** A container: its namespaces, the processes that were started in it from outside, and what ends with the first of them. */
public final class ContainerImpl implements Container, HandleSource {

    private static final Logger LOG = System.getLogger("org.jvisor.core.container");

    private static final int TO_ALL = -1;
    private static final int TO_FOREGROUND = -2;
    private static final long DESTROY_SECONDS = 10;

    private final KernelImpl kernel;
    private final ContainerDevices devices;
    private final ContainerSpec spec;
    private final Cgroup cgroup;
    private final PidNamespaceImpl pidNamespace;
    private final UserCounts users = new UserCounts();
    private final NetNamespace netNamespace;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile ThreadGroupImpl init;
    private volatile StartedProcess first;
    /** Further processes from outside, by pid. */
    private final Map<Integer, StartedProcess> added = new ConcurrentHashMap<>();

    private final Mutex lock = new Mutex(LockRank.CONTAINER);
    // ---- guarded by the lock
    /** What further processes join, with a use of the mounts; null once nothing lives here any more. */
    private Namespaces namespaces;
    private boolean started;

    public ContainerImpl(KernelImpl kernel, ContainerDevices devices, ContainerSpec spec) {
        this.kernel = kernel;
        this.devices = devices;
        this.spec = spec;
        cgroup = kernel.cgroups().newContainer(spec.memoryLimitBytes());
        pidNamespace = new PidNamespaceImpl(kernel.processes(), cgroup);
        netNamespace = kernel.newNetNamespace();
    }

    /** Called once, by who builds it. */
    public void setInit(ThreadGroupImpl first) {
        init = first;
        try (Mutex _ = first.lock.take()) {
            first.shielded = true;
        }
    }

    public void setFirst(StartedProcess process) {
        first = process;
    }

    /** Takes the caller's use of the mounts over. */
    void setNamespaces(Namespaces made) {
        try (Mutex _ = lock.take()) {
            namespaces = made;
        }
    }

    /** Those of the container, with one more use of the mounts. */
    Namespaces useNamespaces() {
        try (Mutex _ = lock.take()) {
            if (namespaces == null) {
                throw notRunning();
            }
            namespaces.retain();
            return namespaces;
        }
    }

    /** With the tree's lock held: whether a process may still come. */
    void requireOpen() {
        if (init != null && init.zombie()) {
            throw notRunning();
        }
    }

    private StartException notRunning() {
        return new StartException("container \"" + spec.id() + "\" is not running", Errno.ESRCH);
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
        if (first != null) {
            first.forEachHandle(visitor);
        }
        added.values().forEach(process -> process.forEachHandle(visitor));
        netNamespace.forEachHandle(visitor);
    }

    @Override
    public Tty console() {
        return first == null ? null : first.tty();
    }

    /** Whether it was given to one of the processes from outside. */
    public boolean isOperators(Tty terminal) {
        return console() == terminal || added.values().stream().anyMatch(process -> process.tty() == terminal);
    }

    public PidNamespaceImpl pidNamespace() {
        return pidNamespace;
    }

    @Override
    public Cgroup cgroup() {
        return cgroup;
    }

    public UserCounts users() {
        return users;
    }

    public NetNamespace netNamespace() {
        return netNamespace;
    }

    @Override
    public ThreadGroupImpl init() {
        return init;
    }

    @Override
    public void start() {
        kernel.gate().enter();
        try {
            startFirst();
        } finally {
            kernel.gate().leave();
        }
    }

    private void startFirst() {
        try (Mutex _ = lock.take()) {
            if (started) {
                throw new IllegalStateException("container " + spec.id() + " was started already");
            }
            first.start();
            // Only now: there may be no thread for it, and then it is up to destroy to see it out.
            started = true;
        }
    }

    @Override
    public ContainerProcess exec(ProcessSpec process) {
        kernel.gate().enterForLong();
        try (DonatedDescriptors donated = new DonatedDescriptors(kernel.host(), process)) {
            try (Mutex _ = lock.take()) {
                if (!started) {
                    throw notRunning();
                }
            }
            ContainerStdio stdio = new ContainerStdio(devices, process, donated);
            StartedProcess made = new ProcessStart(kernel, this, process, stdio).make(useNamespaces(), task -> { });
            added.put(made.pid(), made);
            start(made);
            return made;
        } finally {
            kernel.gate().leaveAfterLong();
        }
    }

    /** There may be no thread for it. */
    private void start(StartedProcess process) {
        boolean running = false;
        try {
            process.start();
            running = true;
        } catch (ErrnoException e) {
            throw new StartException("starting a process: " + Failures.text(e), e.errno());
        } finally {
            if (!running) {
                abandon(process);
            }
        }
    }

    @Override
    public ContainerProcess process(int pid) {
        return first != null && pid == first.pid() ? first : added.get(pid);
    }

    void forget(StartedProcess process) {
        added.remove(process.pid(), process);
    }

    @Override
    public int waitForExit() throws InterruptedException {
        LockOrder.mayWait("a container's end");
        ended.await();
        return first.waitForExit();
    }

    /** One of the container's processes is a zombie now: with the first one the others go; with the tree's lock held. */
    public void processEnded(ThreadGroupImpl group) {
        if (group == init) {
            killAll();
        }
    }

    /** Looks whether nothing lives here any more; without the tree's lock. */
    public void endWhenEmpty() {
        try (Mutex _ = kernel.processes().lock.take()) {
            if (init == null || !init.zombie() || hasLiveProcesses()) {
                return;
            }
        }
        leaveNamespaces();
        ended.countDown();
    }

    /** No process comes any more. */
    void leaveNamespaces() {
        Namespaces unused;
        try (Mutex _ = lock.take()) {
            unused = namespaces;
            namespaces = null;
        }
        if (unused != null) {
            Attempt.to("leave namespaces", unused::release);
            Attempt.to("close what nobody can receive", kernel.flight()::collect);
        }
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
            // At once: so that no child is left out that one of them makes meanwhile.
            try (Mutex _ = kernel.processes().lock.take()) {
                pidNamespace.groups().forEach(group -> SignalSender.sendFromOutside(group, info));
            }
            return;
        }
        if (target > 0) {
            ThreadGroupImpl group = pidNamespace.threadGroup(target);
            if (group != null) {
                SignalSender.sendFromOutside(group, info);
            }
            return;
        }
        ProcessGroupImpl foreground = target == TO_FOREGROUND ? foreground() : null;
        if (foreground != null) {
            foreground.sendFromOutside(info);
        } else {
            SignalSender.sendFromOutside(init, info);
        }
    }

    private ProcessGroupImpl foreground() {
        Tty console = console();
        return console == null ? null : pidNamespace.processGroup(console.foreground());
    }

    @Override
    public void resize(int rows, int columns) {
        if (first != null) {
            first.resize(rows, columns);
        }
    }

    @Override
    public void destroy() {
        boolean running;
        try (Mutex _ = lock.take()) {
            running = started;
        }
        if (running) {
            killAndWait();
        }
        List<StartedProcess> processes = new ArrayList<>(added.values());
        processes.add(first);
        kernel.gate().enterForLong();
        try {
            if (!running) {
                // The task has no thread: whoever destroys the container sees it out.
                abandon(first);
            }
            processes.forEach(process -> Attempt.to("close a terminal", process::hangUp));
        } finally {
            kernel.gate().leaveAfterLong();
        }
        awaitTerminals(processes);
        kernel.forget(this);
    }

    private static void awaitTerminals(List<StartedProcess> processes) {
        try {
            for (StartedProcess process : processes) {
                process.awaitTerminal();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void killAndWait() {
        LockOrder.mayWait("a container's end");
        kernel.gate().enter();
        try {
            try (Mutex _ = kernel.processes().lock.take()) {
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

    /** Ends a process which has never run, in the calling thread. */
    void abandon(StartedProcess process) {
        if (process.group() == init) {
            try (Mutex _ = lock.take()) {
                started = true;
            }
        }
        process.group().exitGroup(Wait.signaled(Signals.SIGKILL, false));
        new ExitOperation(process.group().leader()).run();
        process.hangUp();
    }
}
