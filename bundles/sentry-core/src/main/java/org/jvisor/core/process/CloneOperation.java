// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import static org.jvisor.api.abi.Clone.CLONE_CHILD_CLEARTID;
import static org.jvisor.api.abi.Clone.CLONE_CHILD_SETTID;
import static org.jvisor.api.abi.Clone.CLONE_CLEAR_SIGHAND;
import static org.jvisor.api.abi.Clone.CLONE_DETACHED;
import static org.jvisor.api.abi.Clone.CLONE_FILES;
import static org.jvisor.api.abi.Clone.CLONE_FS;
import static org.jvisor.api.abi.Clone.CLONE_IO;
import static org.jvisor.api.abi.Clone.CLONE_NEWIPC;
import static org.jvisor.api.abi.Clone.CLONE_NEWNS;
import static org.jvisor.api.abi.Clone.CLONE_NEWUTS;
import static org.jvisor.api.abi.Clone.CLONE_PARENT;
import static org.jvisor.api.abi.Clone.CLONE_PARENT_SETTID;
import static org.jvisor.api.abi.Clone.CLONE_PIDFD;
import static org.jvisor.api.abi.Clone.CLONE_PTRACE;
import static org.jvisor.api.abi.Clone.CLONE_SETTLS;
import static org.jvisor.api.abi.Clone.CLONE_SIGHAND;
import static org.jvisor.api.abi.Clone.CLONE_SYSVSEM;
import static org.jvisor.api.abi.Clone.CLONE_THREAD;
import static org.jvisor.api.abi.Clone.CLONE_UNTRACED;
import static org.jvisor.api.abi.Clone.CLONE_VFORK;
import static org.jvisor.api.abi.Clone.CLONE_VM;

import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Task.AltStack;
import org.jvisor.api.kernel.Task.CloneRequest;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Registers;
import org.jvisor.api.platform.UserSpace;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FsContext;
import org.jvisor.core.KernelImpl;
import org.jvisor.core.signal.ExtendedState;

/** clone(2), clone3(2), fork(2) and vfork(2). */
final class CloneOperation {

    private static final long KNOWN = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_PIDFD | CLONE_PTRACE | CLONE_VFORK
            | CLONE_PARENT | CLONE_THREAD | CLONE_NEWNS | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID
            | CLONE_CHILD_CLEARTID | CLONE_DETACHED
            | CLONE_UNTRACED | CLONE_CHILD_SETTID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_IO | CLONE_CLEAR_SIGHAND;

    private final KernelImpl kernel;
    private final TaskImpl parent;
    private final ThreadGroupImpl parentGroup;
    private final CloneRequest request;
    private final long flags;
    /** The thread that the child will live on; had first, since there may be none. */
    private TaskThreads.Server server;
    private boolean served;
    /** Of CLONE_PIDFD, once it is in the parent's table; null before. */
    private FileDescription pidfdFile;
    private int pidfd;
    /** Whose task the child is counted as. */
    private int user;

    CloneOperation(TaskImpl parent, CloneRequest request) {
        this.kernel = parent.kernelImpl();
        this.parent = parent;
        this.parentGroup = parent.groupImpl();
        this.request = request;
        this.flags = request.flags();
    }

    private boolean has(long flag) {
        return (flags & flag) != 0;
    }

    long run() {
        int error = checkFlags();
        if (error != 0) {
            return -error;
        }
        // Signals come first, as in Linux: a stop or an end must not miss the child.
        if (parent.work() != 0) {
            return -Errno.ERESTARTNOINTR;
        }
        error = countTask();
        if (error != 0) {
            return -error;
        }
        boolean made = false;
        try {
            long result = make();
            made = result >= 0;
            return result;
        } finally {
            if (!made) {
                parentGroup.containerImpl().users().removeTask(user);
            }
        }
    }

    private int checkFlags() {
        if ((flags & ~KNOWN) != 0
                || has(CLONE_SIGHAND) && !has(CLONE_VM)
                || has(CLONE_THREAD) && !has(CLONE_SIGHAND)
                || has(CLONE_NEWNS) && has(CLONE_FS)
                || has(CLONE_CLEAR_SIGHAND) && has(CLONE_SIGHAND)
                || has(CLONE_PIDFD) && (has(CLONE_THREAD) || has(CLONE_DETACHED))
                || has(CLONE_PARENT) && parentGroup == parentGroup.containerImpl().init()
                || request.exitSignal() != 0 && !Signals.isValid(request.exitSignal())) {
            return Errno.EINVAL;
        }
        // arch_prctl(2): a thread's base lies in its own half of the addresses.
        if (has(CLONE_SETTLS) && Long.compareUnsigned(request.tls(), UserSpace.END) >= 0) {
            return Errno.EPERM;
        }
        if (has(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC) && !parent.hasCapability(Capability.CAP_SYS_ADMIN)) {
            return Errno.EPERM;
        }
        return 0;
    }

    private int countTask() {
        Credentials who = parent.credentials();
        user = who.uid();
        int count = parentGroup.containerImpl().users().addTask(user);
        if (Long.compareUnsigned(count, parentGroup.softLimit(Rlimit.RLIMIT_NPROC)) > 0 && who.uid() != 0
                && !who.has(Capability.CAP_SYS_RESOURCE) && !who.has(Capability.CAP_SYS_ADMIN)) {
            parentGroup.containerImpl().users().removeTask(user);
            return Errno.EAGAIN;
        }
        return 0;
    }

    private long make() {
        try {
            return makeWithThread();
        } finally {
            if (server != null && !served) {
                kernel.threads().giveBack(server);
            }
        }
    }

    private long makeWithThread() {
        int groups = parent.credentials().chargedGroups();
        if (groups > 0 && parent.cgroup().room(Charge.SUPPLEMENTARY_GROUP) < groups) {
            return -Errno.EAGAIN;
        }
        int id;
        try (Mutex _ = kernel.processes().lock.take()) {
            id = parentGroup.pidNamespace().newId();
        }
        ThreadGroupImpl group = has(CLONE_THREAD) ? parentGroup : parentGroup.forked(id, flags);
        TaskImpl child = new TaskImpl(kernel, group, id);
        boolean entered = false;
        try {
            server = kernel.threads().acquire();
            copyMemory(child);
            copyState(child);
            server.prepare(child);
            tell(child, group);
            enter(child, group);
            entered = true;
        } finally {
            if (!entered) {
                undo(child, group);
            }
        }
        if (has(CLONE_VFORK)) {
            child.setVforkParent(parent);
        }
        server.serve();
        served = true;
        return id;
    }

    private void copyMemory(TaskImpl child) {
        Context context = parent.context();
        MemoryManager mm;
        if (has(CLONE_VM)) {
            mm = parent.mm();
            mm.retain();
        } else {
            mm = parent.mm().fork(parent, child.cgroup());
        }
        child.setMemory(mm, null);
        child.setContext(context.newContext(mm.space()));
        child.setMemory(mm, mm.newUserMemory(child));
    }

    /** The child comes to nothing: gives back what it has by now. */
    private void undo(TaskImpl child, ThreadGroupImpl group) {
        if (pidfdFile != null) {
            Attempt.to("close the descriptor of a process", () -> parent.files().closeIfStill(parent, pidfd, pidfdFile));
        }
        if (group != parentGroup) {
            group.endTimers(true);
        }
        if (child.files() != null) {
            Attempt.to("release descriptors", () -> child.files().release(parent));
        }
        Attempt.to("leave the working directory", () -> child.setFs(null));
        if (child.namespaces() != null) {
            Attempt.to("leave namespaces", () -> child.namespaces().release());
        }
        if (child.context() != null) {
            Attempt.to("release a context", () -> child.context().release());
        }
        if (child.mm() != null) {
            Attempt.to("release memory", () -> child.mm().release(parent));
        }
    }

    private void copyState(TaskImpl child) {
        Registers registers = child.registers();
        Registers own = parent.registers();
        // A new thread begins with its maker's floating-point state, too.
        ExtendedState.of(parent.context(), own);
        registers.copyFrom(own);
        registers.set(Registers.RAX, 0);
        registers.set(Registers.ORIG_RAX, -1);
        if (request.stack() != 0) {
            registers.set(Registers.RSP, request.stack());
        }
        if (has(CLONE_SETTLS)) {
            registers.set(Registers.FS_BASE, request.tls());
        }
        child.setName(parent.name());
        child.setFs(has(CLONE_FS) ? shared(parent.fs()) : parent.fs().copy());
        child.setNamespaces(NamespaceCopy.of(parent.namespaces(), flags, child.fs(), child.cgroup()));
        child.setCredentials(parent.credentials());
        child.copySignalMask(parent);
        boolean sharesStack = has(CLONE_VM) && !has(CLONE_VFORK);
        child.setAltStack(sharesStack ? AltStack.NONE : parent.altStack());
        child.clearChildTid = has(CLONE_CHILD_CLEARTID) ? request.childTid() : 0;
        child.setChildTid = has(CLONE_CHILD_SETTID) ? request.childTid() : 0;
        child.trap.copyFrom(parent.trap);
        copyScheduling(child);
        if (has(CLONE_FILES)) {
            parent.files().retain();
            child.setFiles(parent.files());
        } else {
            child.setFiles(parent.files().copy(child.cgroup()));
        }
    }

    private static FsContext shared(FsContext fs) {
        fs.retain();
        return fs;
    }

    private void copyScheduling(TaskImpl child) {
        var from = parent.scheduling();
        var to = child.scheduling();
        boolean reset = from.resetOnFork;
        to.policy = reset && from.policy != 0 ? 0 : from.policy;
        to.priority = reset ? 0 : from.priority;
        to.nice = reset && from.nice < 0 ? 0 : from.nice;
        to.ioPriority = from.ioPriority;
        to.affinity = from.affinity;
        to.timerSlackNs = from.timerSlackNs;
    }

    /** CLONE_PARENT_SETTID and CLONE_PIDFD. */
    private void tell(TaskImpl child, ThreadGroupImpl group) {
        if (has(CLONE_PARENT_SETTID)) {
            tellTid(child);
        }
        if (!has(CLONE_PIDFD)) {
            return;
        }
        FileDescription file = group.newPidFd(0);
        int fd = parent.files().add(file, 0, parentGroup.softLimit(Rlimit.RLIMIT_NOFILE), true);
        if (fd < 0) {
            file.release(parent);
            throw ErrnoException.of(-fd);
        }
        pidfd = fd;
        pidfdFile = file;
        parent.memory().putInt(request.pidfd(), fd);
    }

    private void tellTid(TaskImpl child) {
        try {
            parent.memory().putInt(request.parentTid(), child.tid());
        } catch (ErrnoException e) {
            // As in Linux, a bad address does not make clone(2) fail.
            return;
        }
    }

    /** Makes the child known; from here on signals reach it. */
    private void enter(TaskImpl child, ThreadGroupImpl group) {
        try (Mutex _ = kernel.processes().lock.take()) {
            try (Mutex _ = parentGroup.lock.take()) {
                if (parentGroup.exiting || parentGroup.execing != null || (parent.work() & ~TaskImpl.SWAP) != 0) {
                    throw ErrnoException.of(Errno.ERESTARTNOINTR);
                }
                try (Mutex _ = group.lock.take()) {
                    group.addTask(child);
                }
            }
            // The gate is closed with this lock held: either it finds the child, or its maker's hook says that it should have.
            child.addHooks(parent.hooks() & TaskImpl.GATE);
            group.pidNamespace().add(child);
            if (has(CLONE_THREAD)) {
                return;
            }
            group.pidNamespace().add(group);
            boolean sibling = has(CLONE_PARENT);
            group.exitSignal = sibling ? parentGroup.exitSignal : request.exitSignal();
            group.creator = sibling ? parentGroup.creator : parent;
            group.setParent(sibling ? parentGroup.parent() : parentGroup);
            group.enter(parentGroup.processGroup());
        }
    }
}
