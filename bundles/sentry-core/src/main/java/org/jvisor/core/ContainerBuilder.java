// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.CgroupNamespace;
import org.jvisor.api.kernel.ContainerSpec;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.IpcNamespace;
import org.jvisor.api.kernel.Namespaces;
import org.jvisor.api.kernel.ProcessSpec;
import org.jvisor.api.kernel.StartException;
import org.jvisor.api.kernel.TimeNamespace;
import org.jvisor.api.kernel.UtsNamespace;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FsContext;
import org.jvisor.api.vfs.MountNamespace;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.api.vfs.Vfs;

/**
 * Makes a container as its specification says: first as root with everything, since mounts are to be made, then as the user that
 * the program runs as.
 */
final class ContainerBuilder {

    private static final int NO_ID = -1;
    private static final String DEFAULT_HOSTNAME = "jvisor";
    private static final String DEFAULT_DOMAIN = "(none)";

    private final KernelImpl kernel;
    private final ContainerDevices devices;
    private final ContainerSpec spec;
    private final ProcessSpec process;

    ContainerBuilder(KernelImpl kernel, ContainerDevices devices, ContainerSpec spec) {
        this.kernel = kernel;
        this.devices = devices;
        this.spec = spec;
        this.process = spec.process();
    }

    ContainerImpl build() {
        if (process.arguments().isEmpty()) {
            throw new StartException("process.args is empty", Errno.EINVAL);
        }
        ContainerImpl container = new ContainerImpl(kernel, spec);
        TaskImpl task = firstTask(container);
        boolean complete = false;
        MemoryFile.Epoch epoch = kernel.memory().file().newEpoch();
        task.adopt(Thread.currentThread());
        task.setEpoch(epoch);
        epoch.enter();
        try {
            furnish(container, task);
            complete = true;
        } finally {
            if (!complete) {
                container.abandon();
                kernel.forget(container);
            }
            epoch.leave();
            epoch.close();
        }
        return container;
    }

    private TaskImpl firstTask(ContainerImpl container) {
        ContainerMounts mounts = new ContainerMounts(kernel, spec, container.cgroup());
        MountNamespace namespace = mounts.root();
        PidNamespaceImpl pids = container.pidNamespace();
        ThreadGroupImpl group;
        TaskImpl task;
        synchronized (kernel.processes()) {
            int id = pids.newId();
            group = new ThreadGroupImpl(kernel, container, id, limits());
            task = new TaskImpl(kernel, group, id);
            task.setCredentials(Credentials.ROOT);
            task.setFiles(kernel.vfs().newFdTable());
            task.setNamespaces(namespaces(container, namespace));
            task.setFs(new FsContext(namespace.root(), namespace.root(), 0));
            synchronized (group.lock) {
                group.addTask(task);
            }
            container.setInit(group);
            SessionImpl session = new SessionImpl(pids, group);
            pids.add(session);
            pids.add(task);
            pids.add(group);
            group.enter(new ProcessGroupImpl(pids, id, session));
            kernel.users().addTask(task.credentials().uid());
        }
        return task;
    }

    private Namespaces namespaces(ContainerImpl container, MountNamespace mounts) {
        UtsNamespace uts = new UtsNamespace(orDefault(spec.hostname(), DEFAULT_HOSTNAME), orDefault(spec.domainname(), DEFAULT_DOMAIN));
        Namespaces made = new Namespaces(mounts, uts, new IpcNamespace(), container.pidNamespace(), container.netNamespace(),
                new CgroupNamespace(container.cgroup()), TimeNamespace.INITIAL);
        kernel.namespaceFiles().nameInitial(made);
        return made;
    }

    private static String orDefault(String value, String other) {
        return value == null || value.isEmpty() ? other : value;
    }

    private Limits limits() {
        Limits limits = Limits.initial();
        for (ProcessSpec.Rlimit limit : process.rlimits()) {
            limits.set(limit.type(), limit.soft(), limit.hard());
        }
        return limits;
    }

    private void furnish(ContainerImpl container, TaskImpl task) {
        ContainerMounts mounts = new ContainerMounts(kernel, spec, container.cgroup());
        mounts.mountAll(task);
        makeWorkingDirectory(task);
        mounts.protectRoot(task);
        new ContainerStdio(devices, process).open(container, task);
        task.setCredentials(userCredentials());
        enterWorkingDirectory(task);
        task.fs().setUmask(process.user().umask());
        execute(task);
    }

    /** As runc does, a missing one is made. */
    private void makeWorkingDirectory(TaskImpl task) {
        try {
            new PathMaker(kernel, task).makeDirectories(directory());
        } catch (ErrnoException e) {
            throw new StartException("mkdir \"" + directory() + "\": " + Failures.text(e), e.errno());
        }
    }

    private void enterWorkingDirectory(TaskImpl task) {
        try {
            PathWalk walk = task.walk().load(directory());
            walk.resolve(task, Open.AT_FDCWD, PathWalk.FOLLOW | PathWalk.DIRECTORY);
            kernel.vfs().chdir(task, walk.path());
        } catch (ErrnoException e) {
            throw new StartException("chdir to cwd (\"" + directory() + "\") set in config.json failed: " + Failures.text(e),
                    e.errno());
        }
    }

    private String directory() {
        return orDefault(process.workingDirectory(), "/");
    }

    private Credentials userCredentials() {
        ProcessSpec.User user = process.user();
        ProcessSpec.Capabilities c = process.capabilities();
        return Credentials.ROOT.with(b -> {
            b.uid = user.uid();
            b.euid = user.uid();
            b.suid = user.uid();
            b.fsuid = user.uid();
            b.gid = user.gid();
            b.egid = user.gid();
            b.sgid = user.gid();
            b.fsgid = user.gid();
            b.groups = user.additionalGids().stream().filter(gid -> gid != NO_ID).mapToInt(Integer::intValue).toArray();
            b.bounding = c.bounding() & Credentials.ALL_CAPABILITIES;
            b.permitted = c.permitted() & Credentials.ALL_CAPABILITIES;
            b.effective = c.effective() & b.permitted;
            b.inheritable = c.inheritable() & Credentials.ALL_CAPABILITIES;
            b.ambient = c.ambient() & b.permitted & b.inheritable;
            b.noNewPrivileges = process.noNewPrivileges();
        });
    }

    private void execute(TaskImpl task) {
        List<String> environment = new ArrayList<>(process.environment());
        HomeDirectory.add(kernel, task, environment);
        String name = process.arguments().getFirst();
        String path = new ProgramLookup(kernel, task, environment).find(name);
        FileDescription file = null;
        try {
            PathWalk walk = task.walk().load(path);
            walk.resolve(task, Open.AT_FDCWD, PathWalk.FOLLOW);
            file = kernel.vfs().open(task, walk.path(), Vfs.OPEN_EXEC);
            ExecOperation.start(task, file, path, bytes(process.arguments()), bytes(environment));
        } catch (ErrnoException e) {
            throw new StartException("exec: \"" + name + "\": " + Failures.text(e), e.errno());
        } finally {
            if (file != null) {
                file.release(task);
            }
        }
    }

    private static List<byte[]> bytes(List<String> strings) {
        List<byte[]> all = new ArrayList<>();
        for (String s : strings) {
            all.add(s.getBytes(StandardCharsets.ISO_8859_1));
        }
        return all;
    }
}
