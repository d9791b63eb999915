// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.kernel.Call;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Container;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.PidNamespace;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.SysctlValues;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.vfs.FdTable;
import org.jvisor.api.vfs.FsContext;
import org.jvisor.api.vfs.MountNamespace;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.api.wait.WaitQueue;

/** A process of one thread, as far as the vfs knows one. What it does not know fails the test. */
final class TestTask implements InvocationHandler {

    private static final AtomicInteger NEXT_ID = new AtomicInteger();

    final Task task = proxy(Task.class, this);
    final List<SignalInfo> signals = new ArrayList<>();
    final int id = NEXT_ID.incrementAndGet();
    volatile Credentials credentials = Credentials.ROOT;
    volatile MountNamespace mounts;
    FsContext fs;
    FdTable files;
    long fileSizeLimit = Rlimit.RLIM_INFINITY;
    volatile boolean interrupted;
    volatile boolean replaced;
    final Call call = new Call();
    /** Released each time the task goes to sleep. */
    final Semaphore slept = new Semaphore(0);

    private final PathWalk walk;
    private final PathWalk walk2;
    private final Semaphore awake = new Semaphore(0);
    private final WaitQueue.Entry entry = new WaitQueue.Entry(events -> awake.release());
    private final SysctlValues sysctls = new SysctlValues();
    private final Kernel kernel = proxy(Kernel.class, (p, method, arguments) -> kernelCall(method));
    private final ThreadGroup group = proxy(ThreadGroup.class, (p, method, arguments) -> groupCall(method, arguments));
    private final PidNamespace pidNamespace;
    final Cgroup cgroup = new Cgroup(null);
    private final Container container = proxy(Container.class, (p, method, arguments) -> containerCall(method));

    private Object containerCall(Method method) {
        if (method.getName().equals("cgroup")) {
            return cgroup;
        }
        throw new UnsupportedOperationException(method.toString());
    }

    TestTask(World world) {
        walk = world.vfs.newPathWalk();
        walk2 = world.vfs.newPathWalk();
        files = world.vfs.newFdTable(cgroup);
        mounts = world.namespace;
        fs = new FsContext(world.namespace.root(), world.namespace.root(), 022);
        pidNamespace = proxy(PidNamespace.class, (p, method, arguments) -> {
            if (method.getName().equals("threadGroups")) {
                return world.tasks.stream().map(t -> t.group).toList();
            }
            throw new UnsupportedOperationException(method.toString());
        });
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(TestTask.class.getClassLoader(), new Class<?>[] {type}, handler));
    }

    private Object kernelCall(Method method) {
        if (method.getName().equals("sysctls")) {
            return sysctls;
        }
        throw new UnsupportedOperationException(method.toString());
    }

    private Object groupCall(Method method, Object[] arguments) {
        return switch (method.getName()) {
            case "softLimit" -> fileSizeLimit;
            case "pid" -> id;
            case "tasks" -> List.of(task);
            default -> throw new UnsupportedOperationException(method.toString());
        };
    }

    @Override
    public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
        return switch (method.getName()) {
            case "kernel" -> kernel;
            case "credentials" -> credentials;
            case "hasCapability" -> credentials.has((Integer) arguments[0]);
            case "container" -> container;
            case "cgroup" -> container.cgroup();
            case "fs" -> fs;
            case "files" -> files;
            case "mounts" -> mounts;
            case "walk" -> walk;
            case "walk2" -> walk2;
            case "group" -> group;
            case "pidNamespace" -> pidNamespace;
            case "tid" -> id;
            case "waitEntry" -> entry;
            case "sleep" -> sleep((Long) arguments[0]);
            case "interrupted" -> interrupted && interruption() < 0;
            case "call" -> call;
            case "pendingSignals" -> interrupted ? 1L : 0L;
            case "signalMask" -> 0L;
            case "send" -> signals.add((SignalInfo) arguments[0]) ? null : null;
            case "toString" -> "task " + id;
            default -> throw new UnsupportedOperationException(method.toString());
        };
    }

    private long sleep(long deadlineNs) throws InterruptedException {
        slept.release();
        if (deadlineNs == Long.MAX_VALUE) {
            awake.acquire();
        } else if (!awake.tryAcquire(deadlineNs - System.nanoTime(), TimeUnit.NANOSECONDS)) {
            return -Errno.ETIMEDOUT;
        }
        return interrupted ? interruption() : 0;
    }

    private long interruption() {
        call.interrupt(replaced);
        return -Errno.ERESTARTSYS;
    }

    /** The call that was interrupted begins again. */
    void runAgain() {
        interrupted = false;
        replaced = false;
        call.runAgain();
    }

    /** As the replacement of the handler does that its call is in. */
    void replaceHandler() {
        replaced = true;
        interrupt();
    }

    /** As a signal does. */
    void interrupt() {
        interrupted = true;
        awake.release();
    }

    /** Becomes an ordinary user. */
    TestTask as(int uid, int gid, int... groups) {
        credentials = credentials.with(b -> {
            b.uid = b.euid = b.suid = b.fsuid = uid;
            b.gid = b.egid = b.sgid = b.fsgid = gid;
            b.groups = groups;
            b.effective = 0;
            b.permitted = 0;
        });
        return this;
    }
}
