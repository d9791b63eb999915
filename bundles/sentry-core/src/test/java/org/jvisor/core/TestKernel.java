// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.CgroupNamespace;
import org.jvisor.api.kernel.ContainerSpec;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.IpcNamespace;
import org.jvisor.api.kernel.Kernel.KernelOptions;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.kernel.Namespaces;
import org.jvisor.api.kernel.ProcessSpec;
import org.jvisor.api.kernel.Task.CloneRequest;
import org.jvisor.api.kernel.TimeNamespace;
import org.jvisor.api.kernel.UtsNamespace;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.mm.Vdso;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Platform;
import org.jvisor.api.platform.Registers;
import org.jvisor.api.syscall.CallTable;
import org.jvisor.api.syscall.SyscallFamily;
import org.jvisor.api.syscall.SyscallHandler;
import org.jvisor.api.vfs.FdTable;
import org.jvisor.api.vfs.FsContext;
import org.jvisor.api.vfs.MountNamespace;
import org.jvisor.api.vfs.Vfs;
import org.jvisor.core.container.ContainerDevices;
import org.jvisor.core.container.ContainerImpl;
import org.jvisor.core.container.StartedProcess;
import org.jvisor.core.process.Limits;
import org.jvisor.core.process.PidNamespaceImpl;
import org.jvisor.core.process.ProcessGroupImpl;
import org.jvisor.core.process.SessionImpl;
import org.jvisor.core.process.TaskImpl;
import org.jvisor.core.process.ThreadGroupImpl;

/**
 * A kernel without a machine: its applications make one system call again and again, and what that does is given by the test,
 * step by step. Handlers of steps run in the task's thread, with all of a task's interface at hand.
 */
public final class TestKernel {

    /** The call that takes the next step of its task. */
    public static final int STEP = 900;
    public static final long TIMEOUT_SECONDS = 300;

    /** Part of an application's life, as a system call. */
    public interface Step {
        public long run(TaskImpl task) throws Exception;
    }

    public final FakePlatform platform = new FakePlatform();
    public final FakeMemory memory = new FakeMemory();
    public final Fakes vfs = new Fakes();
    public final KernelImpl kernel;
    public final TestClock clock = new TestClock();
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();

    public TestKernel() {
        this("fake");
    }

    /** @param choice which platforms are to be made ready, of the fake one and {@code others} */
    public TestKernel(String choice, Platform... others) {
        HostKernel host = new Fakes().on("allocate", a -> 0L).on("syscall", a -> a.length > 2 ? a[2] : 0L).ignore("copyIn")
                .as(HostKernel.class);
        Vdso vdso = new Fakes().ignore("start").on("map", a -> 0x7ffe_0000_0000L).as(Vdso.class);
        kernel = new KernelImpl(host, memory, vdso, vfs.as(Vfs.class), clock);
        kernel.addPlatform(platform);
        List.of(others).forEach(kernel::addPlatform);
        kernel.dispatcher().addFamily(family(STEP, (task, arguments) -> -1), 0, 0);
        kernel.start(new KernelOptions(choice, "6.1.0-test", false, List.of(), 0));
        kernel.dispatcher().addFamily(family(STEP, (task, arguments) -> step((TaskImpl) task)), 1, 1);
    }

    public static SyscallFamily family(int number, SyscallHandler handler) {
        return new Fakes().on("name", a -> "test").on("calls", a -> new CallTable(handler).full(number))
                .as(SyscallFamily.class);
    }

    // ---- tasks

    /** An application that takes these steps, one a call, and then exits with status 0. */
    static final class Script implements FakePlatform.App {
        private final Queue<Step> steps;
        /** The result of the step before. */
        volatile long result;

        Script(Step... steps) {
            this.steps = new ArrayDeque<>(List.of(steps));
        }

        @Override
        public int run(Registers registers) {
            result = registers.get(Registers.RAX);
            registers.values[Registers.ORIG_RAX] = STEP;
            return Context.SYSCALL;
        }

        Step next() {
            return steps.peek();
        }

        void done() {
            steps.poll();
        }
    }

    private final Map<Context, Script> scripts = new ConcurrentHashMap<>();

    private long step(TaskImpl task) {
        Script script = scripts.get(task.context());
        Step step = script.next();
        if (step == null) {
            task.exitGroup(0);
            return 0;
        }
        try {
            long result = step.run(task);
            if (result > -512 || result < -516) {
                script.done();
            }
            return result;
        } catch (ErrnoException e) {
            script.done();
            throw e;
        } catch (Exception | AssertionError e) {
            failures.add(e);
            task.exitGroup(Wait.signaled(6, false));
            return 0;
        }
    }

    /** Of the first process. */
    public PidNamespaceImpl pids;

    public static ContainerSpec spec() {
        return new ContainerSpec("test", "", "", new ProcessSpec(List.of("init"), List.of(), "/",
                new ProcessSpec.User(0, 0, List.of(), 0), new ProcessSpec.Capabilities(0, 0, 0, 0, 0), List.of(), false,
                new int[] {-1, -1, -1}, false, -1, 0, 0, 0), new ContainerSpec.Root(-1, false, false, 0), List.of(), 0);
    }

    /** The first process; it does not run yet. */
    public ThreadGroupImpl init(Step... steps) {
        ContainerImpl container = new ContainerImpl(kernel, new ContainerDevices(), spec());
        pids = container.pidNamespace();
        try (Mutex _ = kernel.processes().lock.take()) {
            int id = pids.newId();
            ThreadGroupImpl group = new ThreadGroupImpl(kernel, container, id, Limits.initial());
            TaskImpl task = new TaskImpl(kernel, group, id);
            task.setCredentials(Credentials.ROOT);
            task.setFiles(files());
            task.setNamespaces(new Namespaces(new Fakes().ignore("retain", "release").as(MountNamespace.class),
                    new UtsNamespace("test", ""), new IpcNamespace(), pids, container.netNamespace(), new CgroupNamespace(container.cgroup()),
                    TimeNamespace.INITIAL));
            task.setFs(new FsContext(null, null, 0));
            MemoryManager mm = memory.newManager(new Cgroup(null));
            task.setMemory(mm, mm.newUserMemory(task));
            task.setContext(context(new Script(steps)));
            task.setName("init");
            try (Mutex _ = group.lock.take()) {
                group.addTask(task);
            }
            container.setInit(group);
            container.setFirst(new StartedProcess(kernel, group));
            SessionImpl session = new SessionImpl(pids, group);
            pids.add(session);
            pids.add(task);
            pids.add(group);
            group.enter(new ProcessGroupImpl(pids, id, session));
            return group;
        }
    }

    private Context context(Script script) {
        platform.next = script;
        Context context = platform.newContext(null);
        scripts.put(context, script);
        return context;
    }

    public static FdTable files() {
        return new Fakes().on("copy", a -> files()).ignore("retain", "release", "closeOnExec").as(FdTable.class);
    }

    /** clone(2) by {@code parent}, in one of its steps; the child takes {@code steps}. */
    public long clone(TaskImpl parent, long flags, int exitSignal, Step... steps) {
        synchronized (platform) {
            Script script = new Script(steps);
            platform.next = registers -> {
                TaskImpl self = current();
                scripts.putIfAbsent(self.context(), script);
                return script.run(registers);
            };
            return parent.clone(new CloneRequest(flags, exitSignal, 0, 0, 0, 0, 0));
        }
    }

    private TaskImpl current() {
        // A thread outlives its task: one that is gone may be a zombie that it has served before.
        return kernel.processes().tasks().stream().filter(t -> !t.isGone() && t.isServedBy(Thread.currentThread()))
                .findFirst().orElseThrow();
    }

    /** Runs the first process to its end, and everything with it; its status. */
    public int run(ThreadGroupImpl init) {
        init.containerImpl().start();
        return await(init);
    }

    public int await(ThreadGroupImpl init) {
        CountDownLatch done = new CountDownLatch(1);
        int[] status = new int[1];
        Thread waiter = new Thread(() -> {
            try {
                status[0] = init.container().waitForExit();
                done.countDown();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        waiter.setDaemon(true);
        waiter.start();
        try {
            if (!done.await(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError("the container does not end: " + failures);
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        Throwable failure = failures.poll();
        if (failure != null) {
            throw new AssertionError(failure);
        }
        return status[0];
    }

    /** Waits until {@code condition} holds. */
    public static void until(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("waited in vain");
            }
            Thread.onSpinWait();
            Thread.yield();
        }
    }

    /** The target of a test's own timer. */
    public record Told(Runnable action) implements KernelClock.Target {
        @Override
        public String kind() {
            return KernelClock.Target.CLOCK;
        }

        @Override
        public long object() {
            return 0;
        }

        @Override
        public int index() {
            return 0;
        }

        @Override
        public long intervalNs() {
            return 0;
        }

        @Override
        public void expired(KernelClock.Timer timer) {
            action.run();
        }
    }

    /** Real time, on one thread. */
    public static final class TestClock implements KernelClock {
        private final long start = System.nanoTime();
        private final Semaphore running = new Semaphore(1);
        private final ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1, runnable -> {
            Thread thread = new Thread(runnable);
            thread.setDaemon(true);
            return thread;
        });

        @Override
        public long monotonicNs() {
            return System.nanoTime() - start;
        }

        @Override
        public long realtimeNs() {
            return System.currentTimeMillis() * 1_000_000;
        }

        @Override
        public Timer schedule(long deadlineNs, Target target) {
            Future<?>[] future = new Future<?>[1];
            Timer timer = () -> future[0].cancel(false);
            future[0] = executor.schedule(() -> tell(target, timer), Math.max(0, deadlineNs - System.nanoTime()),
                    TimeUnit.NANOSECONDS);
            return timer;
        }

        private void tell(Target target, Timer timer) {
            running.acquireUninterruptibly();
            try {
                target.expired(timer);
            } finally {
                running.release();
            }
        }

        @Override
        public boolean pause(long deadlineNs) {
            try {
                return running.tryAcquire(deadlineNs - System.nanoTime(), TimeUnit.NANOSECONDS);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public void resume() {
            running.release();
        }

        @Override
        public long nanoTimeOffsetNs() {
            return start;
        }
    }
}
