// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.container;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Namespaces;
import org.jvisor.api.kernel.ProcessSpec;
import org.jvisor.api.kernel.StartException;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FsContext;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.api.vfs.Vfs;
import org.jvisor.core.KernelImpl;
import org.jvisor.core.exec.ExecOperation;
import org.jvisor.core.process.Limits;
import org.jvisor.core.process.PidNamespaceImpl;
import org.jvisor.core.process.ProcessGroupImpl;
import org.jvisor.core.process.SessionImpl;
import org.jvisor.core.process.TaskImpl;
import org.jvisor.core.process.ThreadGroupImpl;

/**
 * Makes a process from outside, a container's first or a further one, as its specification says: first as root with everything,
 * then as the user that the program runs as. It has a session of its own and no parent that the container knows.
 */
final class ProcessStart {

    private static final int NO_ID = -1;

    private final KernelImpl kernel;
    private final ContainerImpl container;
    private final ProcessSpec spec;
    private final ContainerStdio stdio;

    ProcessStart(KernelImpl kernel, ContainerImpl container, ProcessSpec spec, ContainerStdio stdio) {
        this.kernel = kernel;
        this.container = container;
        this.spec = spec;
        this.stdio = stdio;
    }

    /**
     * @param namespaces with a use of the mount namespace that is the process's from here on
     * @param preparation what is to be done in the new task before it has standard streams and is somebody
     * @return with everything in place, not running yet
     */
    StartedProcess make(Namespaces namespaces, Consumer<TaskImpl> preparation) {
        TaskImpl task = newTask(namespaces);
        StartedProcess process = new StartedProcess(kernel, task.groupImpl());
        boolean complete = false;
        MemoryFile.Epoch epoch = kernel.memory().file().newEpoch();
        task.adopt(Thread.currentThread());
        task.setEpoch(epoch);
        epoch.enter();
        try {
            preparation.accept(task);
            furnish(process, task);
            complete = true;
        } finally {
            if (!complete) {
                container.abandon(process);
            }
            epoch.leave();
            epoch.close();
        }
        return process;
    }

    private TaskImpl newTask(Namespaces namespaces) {
        boolean known = false;
        try {
            if (spec.arguments().isEmpty()) {
                throw new StartException("process.args is empty", Errno.EINVAL);
            }
            TaskImpl task = enter(namespaces);
            known = true;
            return task;
        } catch (ErrnoException e) {
            throw new StartException("making a process: " + Failures.text(e), e.errno());
        } finally {
            if (!known) {
                namespaces.release();
            }
        }
    }

    private TaskImpl enter(Namespaces namespaces) {
        PidNamespaceImpl pids = container.pidNamespace();
        try (Mutex _ = kernel.processes().lock.take()) {
            container.requireOpen();
            int id = pids.newId();
            ThreadGroupImpl group = new ThreadGroupImpl(kernel, container, id, limits());
            TaskImpl task = new TaskImpl(kernel, group, id);
            task.setCredentials(Credentials.ROOT);
            task.setFiles(kernel.vfs().newFdTable(group.cgroup()));
            task.setNamespaces(namespaces);
            task.setFs(new FsContext(namespaces.mounts().root(), namespaces.mounts().root(), 0));
            try (Mutex _ = group.lock.take()) {
                group.addTask(task);
            }
            if (container.init() == null) {
                container.setInit(group);
            }
            SessionImpl session = new SessionImpl(pids, group);
            pids.add(session);
            pids.add(task);
            pids.add(group);
            group.enter(new ProcessGroupImpl(pids, id, session));
            container.users().addTask(task.credentials().uid());
            return task;
        }
    }

    private Limits limits() {
        Limits limits = Limits.initial();
        for (ProcessSpec.Rlimit limit : spec.rlimits()) {
            limits.set(limit.type(), limit.soft(), limit.hard());
        }
        return limits;
    }

    private void furnish(StartedProcess process, TaskImpl task) {
        stdio.open(process, task);
        task.setCredentials(userCredentials());
        enterWorkingDirectory(task);
        task.fs().setUmask(spec.user().umask());
        execute(task);
    }

    static String directory(ProcessSpec spec) {
        String directory = spec.workingDirectory();
        return directory == null || directory.isEmpty() ? "/" : directory;
    }

    private void enterWorkingDirectory(TaskImpl task) {
        String directory = directory(spec);
        try {
            PathWalk walk = task.walk().load(directory);
            walk.resolve(task, Open.AT_FDCWD, PathWalk.FOLLOW | PathWalk.DIRECTORY);
            kernel.vfs().chdir(task, walk.path());
        } catch (ErrnoException e) {
            throw new StartException("chdir to cwd (\"" + directory + "\") set in config.json failed: " + Failures.text(e), e.errno());
        }
    }

    private Credentials userCredentials() {
        ProcessSpec.User user = spec.user();
        ProcessSpec.Capabilities c = spec.capabilities();
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
            b.noNewPrivileges = spec.noNewPrivileges();
        });
    }

    private void execute(TaskImpl task) {
        List<String> environment = new ArrayList<>(spec.environment());
        HomeDirectory.add(kernel, task, environment);
        String name = spec.arguments().getFirst();
        String path = new ProgramLookup(kernel, task, environment).find(name);
        FileDescription file = null;
        try {
            PathWalk walk = task.walk().load(path);
            walk.resolve(task, Open.AT_FDCWD, PathWalk.FOLLOW);
            file = kernel.vfs().open(task, walk.path(), Vfs.OPEN_EXEC);
            ExecOperation.start(task, file, path, bytes(spec.arguments()), bytes(environment));
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
