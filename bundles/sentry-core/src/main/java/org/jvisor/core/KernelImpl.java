// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import java.lang.System.Logger.Level;
import java.lang.System.Logger;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.host.RandomBytes;
import org.jvisor.api.kernel.Container;
import org.jvisor.api.kernel.ContainerSpec;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.kernel.NetNamespace;
import org.jvisor.api.kernel.StartException;
import org.jvisor.api.kernel.SysctlValues;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.mm.Vdso;
import org.jvisor.api.net.SocketFamily;
import org.jvisor.api.platform.Platform;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.syscall.SyscallFamily;
import org.jvisor.api.syscall.SyscallInterceptor;
import org.jvisor.api.vfs.Vfs;
import org.jvisor.core.container.Cgroups;
import org.jvisor.core.container.ContainerBuilder;
import org.jvisor.core.container.ContainerDevices;
import org.jvisor.core.container.ContainerImpl;
import org.jvisor.core.container.DonatedDescriptors;
import org.jvisor.core.dispatch.CallNames;
import org.jvisor.core.dispatch.Dispatcher;
import org.jvisor.core.dispatch.Strace;
import org.jvisor.core.futex.FutexTable;
import org.jvisor.core.handover.Gate;
import org.jvisor.core.handover.HandoverService;
import org.jvisor.core.handover.RestAtGate;
import org.jvisor.core.memory.HeapWatch;
import org.jvisor.core.memory.MemoryRelief;
import org.jvisor.core.memory.OomKiller;
import org.jvisor.core.net.FlightImpl;
import org.jvisor.core.process.BeginAgain;
import org.jvisor.core.process.Processes;
import org.jvisor.core.process.TaskImpl;
import org.jvisor.core.process.TaskThreads;
import org.jvisor.core.time.LoadAverage;

/** Ties the parts of the core together; what they do stands in them. */
public sealed class KernelImpl implements Kernel permits KernelComponent {

    private static final Logger LOG = System.getLogger("org.jvisor.core");

    private final HostKernel host;
    private final Memory memory;
    /** Asked once: a thread that a platform has bound to a CPU would be told that there is one. */
    private final int cpus = Runtime.getRuntime().availableProcessors();
    private final Vdso vdso;
    private final Vfs vfs;
    private final KernelClock clock;
    private final List<Platform> platforms = new CopyOnWriteArrayList<>();
    /** Those that were made ready before the Sentry was sealed. */
    private volatile List<Platform> prepared = List.of();
    private final ContainerDevices devices = new ContainerDevices();

    private final Processes processes = new Processes();
    private final Dispatcher dispatcher = new Dispatcher(processes::tasks);
    private final FutexTable futexes = new FutexTable();
    private final Gate gate;
    private final HandoverService handover;
    private final Cgroups cgroups = new Cgroups(Runtime.getRuntime().maxMemory());
    private final AtomicLong netNamespaces = new AtomicLong();
    private final SocketFamilyTable socketFamilies = new SocketFamilyTable();
    private final RandomBytes random;
    private final String bootId;
    private final SysctlValues sysctls = new SysctlValues();
    private final FlightImpl flight = new FlightImpl(task -> ((TaskImpl) task).groupImpl().containerImpl().users());
    private final NamespaceFilesImpl namespaceFiles = new NamespaceFilesImpl(this);
    private final HostTexts hostTexts = new HostTexts();
    private final KernelLogImpl log;
    private final HeapWatch heapWatch;
    private volatile Runnable lastResort = () -> Runtime.getRuntime().halt(1);
    private final LoadAverage load;
    /** The kernel is started, and containers are made one after the other, which asks file servers. */
    private final KillableLock creation = new KillableLock(LockRank.CONTAINER_CREATION);
    private final Mutex lock = new Mutex(LockRank.KERNEL);
    /** Guarded by the lock. */
    private final List<ContainerImpl> containers = new ArrayList<>();

    private volatile KernelOptions options;
    private volatile Platform platform;
    /** Null when nobody asked for it. */
    private volatile Strace strace;
    private final String beginAgain = System.getProperty(BeginAgain.PROPERTY);
    private volatile TaskThreads threads;
    private volatile HostTraits hostTraits;

    public KernelImpl(HostKernel host, Memory memory, Vdso vdso, Vfs vfs, KernelClock clock) {
        this.host = host;
        this.memory = memory;
        this.vdso = vdso;
        this.vfs = vfs;
        this.clock = clock;
        this.gate = new Gate(processes, clock);
        handover = new HandoverService(new RestAtGate(gate), List.of(vfs, memory, new PlatformHandles(this), this::forEachHandle),
                this::restorables, this::callsInUse, line -> LOG.log(Level.WARNING, line));
        this.random = new RandomBytes(host);
        bootId = random.uuid();
        this.log = new KernelLogImpl(clock);
        OomKiller killer = new OomKiller(this::containers, log);
        heapWatch = new HeapWatch(killer, () -> lastResort.run());
        memory.onShortage(new MemoryRelief(killer, vfs, memory.file()));
        this.load = new LoadAverage(clock, processes::runnable);
    }

    @Override
    public void start(KernelOptions newOptions) {
        try (KillableLock _ = creation.take()) {
            if (options != null) {
                throw new IllegalStateException("started already");
            }
            List<Platform> chosen = PlatformChoice.choose(platforms, newOptions.platform());
            hostTraits = HostTraits.read();
            chosen.forEach(this::prepare);
            platform = chosen.getFirst();
            try {
                memory.start(platform);
                if (newOptions.memoryLimitBytes() > 0) {
                    memory.setLimit(newOptions.memoryLimitBytes());
                }
                vdso.start(memory);
            } catch (ErrnoException e) {
                throw new StartException("memory: " + e.getMessage(), e.errno());
            }
            threads = new TaskThreads(chosen.stream().mapToLong(Platform::taskStackBytes).max().getAsLong());
            if (newOptions.strace()) {
                strace = new Strace(newOptions.straceCalls());
            }
            options = newOptions;
            heapWatch.start();
            new BootMessages(this).log();
        }
    }

    private void prepare(Platform chosen) {
        try {
            chosen.start(memory.file().descriptor());
        } catch (ErrnoException e) {
            throw new StartException("platform " + chosen.name() + ": " + e.getMessage(), e.errno());
        }
        prepared = Stream.concat(prepared.stream(), Stream.of(chosen)).toList();
    }

    @Override
    public Container create(ContainerSpec spec) {
        dispatcher.awaitEssentials();
        try (KillableLock _ = creation.take()) {
            gate.enterForLong();
            try {
                if (container(spec.id()) != null) {
                    new DonatedDescriptors(host, spec).close();
                    throw new StartException("container \"" + spec.id() + "\" exists already", Errno.EEXIST);
                }
                ContainerImpl container = new ContainerBuilder(this, devices, spec).build();
                try (Mutex _ = lock.take()) {
                    containers.add(container);
                }
                return container;
            } finally {
                gate.leaveAfterLong();
            }
        }
    }

    private List<ContainerImpl> containers() {
        try (Mutex _ = lock.take()) {
            return List.copyOf(containers);
        }
    }

    public void forget(ContainerImpl container) {
        try (Mutex _ = lock.take()) {
            containers.remove(container);
        }
    }

    @Override
    public void outOfMemory() {
        heapWatch.exhausted();
    }

    /** See {@link HeapWatch#awaitRoom}. */
    public void awaitRoom() {
        heapWatch.awaitRoom();
    }

    @Override
    public void setLastResort(Runnable end) {
        lastResort = end;
    }

    @Override
    public void stop() {
        containers().forEach(ContainerImpl::destroy);
        if (threads != null) {
            threads.stop();
        }
        prepared.forEach(Platform::stop);
    }

    // ---- parts

    public final void addPlatform(Platform service) {
        platforms.add(service);
    }

    final void removePlatform(Platform service) {
        platforms.remove(service);
        List<Platform> before = prepared;
        if (service != platform && before.contains(service)) {
            prepared = before.stream().filter(other -> other != service).toList();
            service.stop();
        }
    }

    final ContainerDevices devices() {
        return devices;
    }

    public HostKernel host() {
        return host;
    }

    @Override
    public Vfs vfs() {
        return vfs;
    }

    @Override
    public Memory memory() {
        return memory;
    }

    public Vdso vdso() {
        return vdso;
    }

    @Override
    public FutexTable futexes() {
        return futexes;
    }

    @Override
    public KernelClock clock() {
        return clock;
    }

    @Override
    public Platform platform() {
        return platform;
    }

    @Override
    public List<Platform> preparedPlatforms() {
        return prepared;
    }

    /** Another version of it has taken over. */
    void setPlatform(Platform successor, List<Platform> allPrepared) {
        memory.start(successor);
        prepared = allPrepared;
        platform = successor;
    }

    public TaskThreads threads() {
        return threads;
    }

    public Processes processes() {
        return processes;
    }

    public Dispatcher dispatcher() {
        return dispatcher;
    }

    public Strace strace() {
        return strace;
    }

    /** For tests: see {@link BeginAgain}. */
    public String beginAgain() {
        return beginAgain;
    }

    /** The core's own. */
    private void forEachHandle(Consumer<Handle> visitor) {
        for (ContainerImpl container : containers()) {
            container.pidNamespace().sessions().forEach(session -> session.forEachHandle(visitor));
            container.forEachHandle(visitor);
        }
    }

    /** What a checkpoint of the core begins with. */
    private List<Restorable> restorables() {
        List<Restorable> roots = new ArrayList<>();
        vfs.forEachRestorable(roots::add);
        memory.forEachRestorable(roots::add);
        containers().forEach(container -> roots.add(container.pidNamespace()));
        return roots;
    }

    private List<String> callsInUse(Predicate<Object> leaving) {
        String calls = CallNames.text(dispatcher.lostShipped(leaving));
        return calls.isEmpty() ? List.of() : List.of(calls);
    }

    public Gate gate() {
        return gate;
    }

    final HandoverService handover() {
        return handover;
    }

    final SocketFamilyTable socketFamilies() {
        return socketFamilies;
    }

    public NetNamespace newNetNamespace() {
        return new NetNamespace(netNamespaces.incrementAndGet(), socketFamilies);
    }

    public Cgroups cgroups() {
        return cgroups;
    }

    public RandomBytes randomBytes() {
        return random;
    }

    public HostTraits hostTraits() {
        return hostTraits;
    }

    @Override
    public KernelOptions options() {
        return options;
    }

    @Override
    public KernelLog log() {
        return log;
    }

    // ---- processes

    @Override
    public Container container(String id) {
        try (Mutex _ = lock.take()) {
            for (ContainerImpl container : containers) {
                if (container.id().equals(id)) {
                    return container;
                }
            }
            return null;
        }
    }

    // ---- figures

    @Override
    public long userTimeNs() {
        return processes.userTimeNs();
    }

    @Override
    public long systemTimeNs() {
        return processes.systemTimeNs();
    }

    @Override
    public long forks() {
        return processes.forks();
    }

    @Override
    public int runnableTasks() {
        return processes.runnable();
    }

    @Override
    public long[] loadAverages() {
        return load.fixedPoint();
    }

    @Override
    public int cpus() {
        return cpus;
    }

    @Override
    public long[] missingCalls() {
        return dispatcher.missingCalls();
    }

    @Override
    public String unanswered(Predicate<Object> leaving) {
        return CallNames.text(dispatcher.lost(leaving));
    }

    @Override
    public boolean refuses(String type, Object service) {
        if (type.equals(SyscallFamily.class.getName())) {
            return !dispatcher.hasFamily(service);
        }
        if (type.equals(SyscallInterceptor.class.getName())) {
            return !dispatcher.hasInterceptor(service);
        }
        if (type.equals(SocketFamily.class.getName())) {
            return !socketFamilies.has(service);
        }
        return type.equals(Platform.class.getName()) && platforms.stream().noneMatch(platform -> platform == service);
    }

    @Override
    public SysctlValues sysctls() {
        return sysctls;
    }

    @Override
    public String randomUuid() {
        return random.uuid();
    }

    @Override
    public String bootId() {
        return bootId;
    }

    @Override
    public FlightImpl flight() {
        return flight;
    }

    @Override
    public NamespaceFilesImpl namespaceFiles() {
        return namespaceFiles;
    }

    @Override
    public String hostText(String path) {
        return hostTexts.get(path);
    }

    @Override
    public boolean visit(BooleanSupplier step) {
        gate.enter();
        try {
            return step.getAsBoolean();
        } finally {
            gate.leave();
        }
    }

    @Override
    public void random(byte[] target, int offset, int length) {
        random.fill(target, offset, length);
    }
}
