// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Call;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Container;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.kernel.PidNamespace;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.SysctlValues;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.kernel.Usage;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.DeviceDriver;
import org.jvisor.api.vfs.FdTable;
import org.jvisor.api.vfs.FileSystemType;
import org.jvisor.api.vfs.FsContext;
import org.jvisor.api.vfs.MountNamespace;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.api.wait.WaitQueue;
import org.jvisor.fs.tmpfs.TmpfsType;
import org.jvisor.host.ffm.FfmHostKernel;
import org.jvisor.mm.MemoryComponent;
import org.jvisor.vfs.Providers;
import org.jvisor.vfs.VfsImpl;

/**
 * A program that makes system calls on a real vfs with a tmpfs for its root; what the task is asked beyond that fails the
 * test.
 */
final class Program implements InvocationHandler, Providers {

    static final HostKernel HOST = new FfmHostKernel();
    static final Memory MEMORY = new MemoryComponent(HOST);

    final Arena memory = new Arena(HOST);
    final List<SignalInfo> signals = new ArrayList<>();
    /** Released each time the task goes to sleep. */
    final Semaphore slept = new Semaphore(0);
    volatile boolean interrupted;
    volatile long temporaryMask;
    long descriptorLimit = 1024;
    long fileSizeLimit = Rlimit.RLIM_INFINITY;

    private final FsSyscalls calls = new FsSyscalls();
    private final VfsImpl vfs = new VfsImpl(MEMORY, new SystemClock(), HOST, this);
    private final List<FileSystemType> types = List.of(new TmpfsType(MEMORY, new SystemClock(), vfs));
    private final MountNamespace mounts = vfs.newNamespace(new Cgroup(null), "none", "tmpfs", 0, "mode=755", null);
    private final Task task = proxy(Task.class, this);
    private final ThreadGroup group = proxy(ThreadGroup.class, (p, method, arguments) -> groupCall(method, arguments));
    private final SysctlValues sysctls = new SysctlValues();
    private final Kernel kernel = proxy(Kernel.class, (p, method, arguments) -> kernelCall(method));
    private final PidNamespace pidNamespace = proxy(PidNamespace.class, (p, method, arguments) -> namespaceCall(method));
    private final FsContext fs = new FsContext(mounts.root(), mounts.root(), 022);
    private final PathWalk walk = vfs.newPathWalk();
    private final PathWalk walk2 = vfs.newPathWalk();
    private final Call call = new Call();
    private final Usage usage = new Usage();
    private final byte[] scratch = new byte[4096];
    private final List<WaitQueue.Entry> entries = new ArrayList<>();
    private final Semaphore awake = new Semaphore(0);
    private final Cgroup cgroup = new Cgroup(null);
    private final Container container = proxy(Container.class, (p, method, arguments) -> containerCall(method));
    private FdTable files = vfs.newFdTable(cgroup);
    private long top = memory.base();

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(Program.class.getClassLoader(), new Class<?>[] {type}, handler));
    }

    // ---- what a test does

    long call(int number, long... arguments) {
        Arguments a = new Arguments();
        a.number = number;
        a.a0 = arguments.length > 0 ? arguments[0] : 0;
        a.a1 = arguments.length > 1 ? arguments[1] : 0;
        a.a2 = arguments.length > 2 ? arguments[2] : 0;
        a.a3 = arguments.length > 3 ? arguments[3] : 0;
        a.a4 = arguments.length > 4 ? arguments[4] : 0;
        a.a5 = arguments.length > 5 ? arguments[5] : 0;
        call.begin();
        try {
            return call.outcome(calls.call(task, a));
        } catch (ErrnoException e) {
            return call.outcome(-e.errno());
        }
    }

    void fails(int errno, int number, long... arguments) {
        long result = call(number, arguments);
        assertEquals(Errno.name(errno), result < 0 ? Errno.name((int) -result) : Long.toString(result));
    }

    /** Zeroed memory. */
    long allocate(long bytes) {
        long address = top;
        top += bytes + 7 & ~7;
        return address;
    }

    long string(String text) {
        byte[] bytes = (text + '\0').getBytes(StandardCharsets.ISO_8859_1);
        long address = allocate(bytes.length);
        HOST.copyOut(bytes, 0, bytes.length, address);
        return address;
    }

    String text(long address, long length) {
        byte[] bytes = new byte[(int) length];
        memory.copyIn(address, bytes, 0, bytes.length);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** As a signal does. */
    void interrupt() {
        interrupted = true;
        awake.release();
    }

    // ---- what the calls ask

    private Object groupCall(Method method, Object[] arguments) {
        return switch (method.getName()) {
            case "softLimit" -> (Integer) arguments[0] == Rlimit.RLIMIT_NOFILE ? descriptorLimit : fileSizeLimit;
            case "pid" -> 1;
            default -> throw new UnsupportedOperationException(method.toString());
        };
    }

    private Object containerCall(Method method) {
        if (method.getName().equals("cgroup")) {
            return cgroup;
        }
        throw new UnsupportedOperationException(method.toString());
    }

    private Object kernelCall(Method method) {
        return switch (method.getName()) {
            case "vfs" -> vfs;
            case "memory" -> MEMORY;
            case "sysctls" -> sysctls;
            default -> throw new UnsupportedOperationException(method.toString());
        };
    }

    /** It sees no other process. */
    private static Object namespaceCall(Method method) {
        return switch (method.getName()) {
            case "task", "threadGroup", "processGroup" -> null;
            default -> throw new UnsupportedOperationException(method.toString());
        };
    }

    @Override
    public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
        return switch (method.getName()) {
            case "credentials" -> Credentials.ROOT;
            case "call" -> call;
            case "usage" -> usage;
            case "hasCapability" -> true;
            case "fs" -> fs;
            case "files" -> files;
            case "setFiles" -> {
                files = (FdTable) arguments[0];
                yield null;
            }
            case "mounts" -> mounts;
            case "memory" -> memory;
            case "walk" -> walk;
            case "walk2" -> walk2;
            case "scratch" -> scratch;
            case "group" -> group;
            case "kernel" -> kernel;
            case "container" -> container;
            case "cgroup" -> container.cgroup();
            case "pidNamespace" -> pidNamespace;
            case "waitEntry" -> entry((Integer) arguments[0]);
            case "newWaitEntry" -> new WaitQueue.Entry(events -> awake.release());
            case "sleep" -> sleep((Long) arguments[0]);
            case "interrupted" -> interrupted;
            case "setTemporaryMask" -> {
                temporaryMask = (Long) arguments[0];
                yield null;
            }
            case "signalMask", "pendingSignals" -> 0L;
            case "send" -> {
                signals.add((SignalInfo) arguments[0]);
                yield null;
            }
            case "toString" -> "program";
            default -> throw new UnsupportedOperationException(method.toString());
        };
    }

    Task task() {
        return task;
    }

    private WaitQueue.Entry entry(int index) {
        while (entries.size() <= index) {
            entries.add(new WaitQueue.Entry(events -> awake.release()));
        }
        return entries.get(index);
    }

    private long sleep(long deadlineNs) throws InterruptedException {
        call.interrupt(false);
        if (interrupted) {
            return -Errno.ERESTARTSYS;
        }
        slept.release();
        if (deadlineNs == Long.MAX_VALUE) {
            awake.acquire();
        } else if (!awake.tryAcquire(deadlineNs - System.nanoTime(), TimeUnit.NANOSECONDS)) {
            return -Errno.ETIMEDOUT;
        }
        return interrupted ? -Errno.ERESTARTSYS : 0;
    }

    @Override
    public FileSystemType type(String name) {
        return types.stream().filter(t -> t.name().equals(name)).findFirst().orElse(null);
    }

    @Override
    public List<FileSystemType> types() {
        return types;
    }

    @Override
    public DeviceDriver driver(int major, int minor) {
        return null;
    }

    private static final class SystemClock implements KernelClock {
        @Override
        public long monotonicNs() {
            return System.nanoTime();
        }

        @Override
        public long realtimeNs() {
            return System.currentTimeMillis() * 1_000_000;
        }

        @Override
        public Timer schedule(long deadlineNs, Target target) {
            return () -> { };
        }

        @Override
        public long nanoTimeOffsetNs() {
            return 0;
        }
    }
}
