// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.Call;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.Container;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.Namespaces;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.kernel.Usage;
import org.jvisor.api.lock.LockOrder;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Registers;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FdTable;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FsContext;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.api.wait.WaitQueue;
import org.jvisor.api.wait.Waiter;
import org.jvisor.core.KernelImpl;
import org.jvisor.core.dispatch.Dispatcher;
import org.jvisor.core.dispatch.Interception;
import org.jvisor.core.dispatch.Interceptions;
import org.jvisor.core.exec.ExecOperation;
import org.jvisor.core.futex.FutexWaiter;
import org.jvisor.core.handover.Gate;
import org.jvisor.core.signal.SignalFrame;
import org.jvisor.core.signal.SignalQueue;
import org.jvisor.core.signal.SignalSender;
import org.jvisor.core.signal.TrapInfo;
import org.jvisor.core.time.CpuTimes;

/**
 * A task's state, and its side of waiting and waking. What is done with it stands in {@link TaskLoop}, {@code SignalDelivery},
 * {@link CloneOperation}, {@link ExecOperation} and {@link ExitOperation}.
 */
public final class TaskImpl implements Task, Waiter, Dispatcher.Caller, Restorable {

    // Work that others leave for the task, to be done before application code runs again; each bit also ends a sleep.
    /** A signal that is not blocked may be pending. */
    public static final int SIGNAL = 1;
    /** The process is being stopped. */
    public static final int STOP = 2;
    /** The task shall end. */
    public static final int EXIT = 4;
    /** The handler of its call is being replaced. */
    public static final int SWAP = 8;

    // What a call leaves to be seen to when its handler has returned.
    /** The result stands in the registers already, among all the others. */
    private static final int REGISTERS_REPLACED = 1;
    /** A temporary signal mask is in force. */
    private static final int MASK_SAVED = 2;
    /** The child of a vfork(2) has to go first. */
    private static final int VFORK = 4;
    /** Interceptors have seen the call, and are to be told its end. */
    private static final int INTERCEPTED = 8;
    /** It begins again, and has its place in a futex's queue meanwhile. */
    private static final int FUTEX_PLACE = 16;

    // Where the task is; above 0: in a call that was dispatched by the table of that generation.
    private static final long IN_KERNEL = 0;
    private static final long IN_USER = -1;
    /** Not begun, ended, stopped, at the gate: in code of the core that holds nothing and calls nothing of a bundle. */
    private static final long OUTSIDE = -2;

    // Hooks: what has to look at a task's calls, in one word, so that what is off costs nothing.
    /** The way into the Sentry is closed; see {@link Gate}. */
    public static final int GATE = 1;
    /** Its calls are logged; see {@code Strace}. */
    static final int STRACE = 2;
    // Nobody sets these yet; a call that finds one goes TaskLoop.callWatched's way.
    /** A filter decides about its calls (seccomp(2)). */
    static final int SECCOMP = 4;
    /** Another task is told of its calls (ptrace(2)). */
    static final int TRACED = 8;
    /** Its calls are recorded. */
    static final int AUDIT = 16;

    private static final WaitQueue.Entry[] NO_ENTRIES = {};

    private static final int COMM_MAX = 15;
    private static final int SCRATCH_BYTES = 4096;

    private static final VarHandle WORK;
    private static final VarHandle HOOKS;
    private static final VarHandle PLACE;
    private static final VarHandle TRACE_STOPPED;

    static {
        try {
            WORK = MethodHandles.lookup().findVarHandle(TaskImpl.class, "work", int.class);
            HOOKS = MethodHandles.lookup().findVarHandle(TaskImpl.class, "hooks", int.class);
            PLACE = MethodHandles.lookup().findVarHandle(TaskImpl.class, "place", long.class);
            TRACE_STOPPED = MethodHandles.lookup().findVarHandle(TaskImpl.class, "traceStopped", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final KernelImpl kernel;
    private final ThreadGroupImpl group;
    private final long startTimeNs;
    private volatile int tid;
    private volatile String name = "";

    // ---- read at every call
    private final Registers registers = new Registers();
    private final Arguments arguments = new Arguments();
    private final Call call = new Call();
    /** Null but in tests. */
    private final BeginAgain beginAgain;
    private volatile int work;
    private volatile int hooks;
    private volatile long place = OUTSIDE;
    private volatile Context context;
    private MemoryFile.Epoch epoch;
    private UserMemory memory;
    final CpuTimes times = new CpuTimes();
    private final Usage usage = new Usage();

    // ---- what it has or shares
    private volatile MemoryManager mm;
    private volatile FdTable files;
    private volatile FsContext fs;
    private volatile Namespaces namespaces;
    private volatile Credentials credentials;
    private final Scheduling scheduling = new Scheduling();

    // ---- waiting
    private volatile Thread thread;
    private volatile boolean sleeping;
    private volatile boolean woken;
    private WaitQueue.Entry[] entries = NO_ENTRIES;
    /** Where waits of the core itself are entered; handlers use {@link #entries}. */
    private final WaitQueue.Entry ownEntry = new WaitQueue.Entry(this);
    private final FutexWaiter futexWaiter = new FutexWaiter(this);
    private int rest;

    // ---- signals; the mask and the queue are guarded by the group's lock
    private volatile long signalMask;
    private long savedMask;
    /** Blocked signals that it waits for all the same (sigtimedwait(2)). */
    private volatile long awaitedSignals;
    public final SignalQueue pending = new SignalQueue();
    private final WaitQueue signalQueue = new WaitQueue();
    private AltStack altStack = AltStack.NONE;
    /** For the frame of a fault's signal. */
    public final TrapInfo trap = new TrapInfo();
    /** A frame is being put together here. */
    public byte[] frameBuffer = new byte[0];
    private boolean stoppedNow;
    /** It stands still for its tracer; see {@link #stopForTracer}. */
    private volatile boolean traceStopped;
    /** The last of the process's stops that it was counted in; guarded by the group's lock. */
    public long lastStop;

    // ---- life
    private volatile boolean exiting;
    private volatile boolean gone;
    private volatile int exitStatus;
    long clearChildTid;
    /** CLONE_CHILD_SETTID: where the new task writes its id before anything else; 0 for nowhere. */
    long setChildTid;
    private long robustList;
    private volatile int parentDeathSignal;
    /** The vfork(2) that this task's exec or exit ends; that which it waits for itself. */
    private Vfork window;
    private Vfork awaited;

    /** Made when an interceptor sees its first call. */
    private Interceptions interceptions;

    private PathWalk walk;
    private PathWalk walk2;
    private byte[] scratch;

    public TaskImpl(KernelImpl kernel, ThreadGroupImpl group, int tid) {
        this.kernel = kernel;
        this.group = group;
        this.tid = tid;
        this.startTimeNs = kernel.clock().monotonicNs();
        this.beginAgain = BeginAgain.of(kernel.beginAgain(), tid, call);
        this.hooks = kernel.strace() == null ? 0 : STRACE;
    }

    // ---- identity

    @Override
    public int tid() {
        return tid;
    }

    /** With the tree's lock held, by {@link PidNamespaceImpl#takeLeadersId}. */
    void setTid(int newTid) {
        tid = newTid;
    }

    @Override
    public ThreadGroup group() {
        return group;
    }

    public ThreadGroupImpl groupImpl() {
        return group;
    }

    @Override
    public Kernel kernel() {
        return kernel;
    }

    public KernelImpl kernelImpl() {
        return kernel;
    }

    @Override
    public Container container() {
        return group.container();
    }

    @Override
    public PidNamespaceImpl pidNamespace() {
        return group.pidNamespace();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void setName(String newName) {
        name = newName.length() > COMM_MAX ? newName.substring(0, COMM_MAX) : newName;
    }

    // ---- what it runs on

    @Override
    public Registers registers() {
        if (registers.filled != Registers.FILLED_ALL) {
            context.fill(registers, Registers.FILLED_ALL);
        }
        return registers;
    }

    /** The same, as far as the platform has filled them in. */
    Registers registersOfCall() {
        return registers;
    }

    @Override
    public Arguments arguments() {
        return arguments;
    }

    @Override
    public Call call() {
        return call;
    }

    @Override
    public Context context() {
        return context;
    }

    public void setContext(Context newContext) {
        context = newContext;
    }

    @Override
    public MemoryManager mm() {
        return mm;
    }

    @Override
    public UserMemory memory() {
        return memory;
    }

    /** From now on memory is read and written by another way, until that is taken back. */
    public void useMemory(UserMemory newMemory) {
        memory = newMemory;
    }

    public void setMemory(MemoryManager newMm, UserMemory newMemory) {
        memory = newMemory;
        mm = newMm;
    }

    // ---- what it owns or shares

    @Override
    public FdTable files() {
        return files;
    }

    @Override
    public void setFiles(FdTable newFiles) {
        files = newFiles;
    }

    @Override
    public FsContext fs() {
        return fs;
    }

    @Override
    public void setFs(FsContext newFs) {
        FsContext old = fs;
        fs = newFs;
        if (old != null) {
            old.release();
        }
    }

    @Override
    public Namespaces namespaces() {
        return namespaces;
    }

    /** Takes the caller's use of them over. */
    public void setNamespaces(Namespaces newNamespaces) {
        namespaces = newNamespaces;
    }

    @Override
    public void unshareNamespaces(long flags) {
        Namespaces old = namespaces;
        namespaces = NamespaceCopy.of(old, flags, fs, cgroup());
        old.release();
    }

    @Override
    public Credentials credentials() {
        return credentials;
    }

    @Override
    public void setCredentials(Credentials newCredentials) {
        Credentials old = credentials;
        if (old != null) {
            chargeGroups(newCredentials.chargedGroups() - old.chargedGroups());
        }
        credentials = newCredentials;
        if (old != null && old.uid() != newCredentials.uid()) {
            group.containerImpl().users().removeTask(old.uid());
            group.containerImpl().users().addTask(newCredentials.uid());
        }
    }

    private void chargeGroups(int more) {
        if (more > 0) {
            cgroup().requireCharge(Charge.SUPPLEMENTARY_GROUP, more);
        } else if (more < 0) {
            cgroup().uncharge(Charge.SUPPLEMENTARY_GROUP, -more);
        }
    }

    @Override
    public boolean hasCapability(int capability) {
        return credentials.has(capability);
    }

    // ---- scratch

    @Override
    public PathWalk walk() {
        if (walk == null) {
            walk = kernel.vfs().newPathWalk();
        }
        return walk;
    }

    @Override
    public PathWalk walk2() {
        if (walk2 == null) {
            walk2 = kernel.vfs().newPathWalk();
        }
        return walk2;
    }

    @Override
    public byte[] scratch() {
        if (scratch == null) {
            scratch = new byte[SCRATCH_BYTES];
        }
        return scratch;
    }

    /**
     * The task makes no more calls: what it worked with goes, though it may be known for long, as a zombie or by
     * who has a file about it open.
     */
    void dropTools() {
        walk = null;
        walk2 = null;
        scratch = null;
        entries = NO_ENTRIES;
        frameBuffer = new byte[0];
        interceptions = null;
    }

    // ---- where it is; by its own thread

    /**
     * From now on application code may run: who has work for the task must interrupt its context. A full fence, because work is
     * left first and the place looked at then ({@link #kick}), while the task says its place first and looks for work then.
     */
    void enterUser() {
        place = IN_USER;
    }

    /** From now on code of the Sentry is run for this task, other than a call's handler; waits as long as the gate is closed. */
    void enterKernel() {
        place = IN_KERNEL;
        if ((hooks & GATE) != 0) {
            waitAtGate();
        }
    }

    /** Nothing of the Sentry's is held, and nothing of a bundle is called, until {@link #enterKernel}. */
    void stepOut() {
        place = OUTSIDE;
    }

    private void waitAtGate() {
        Gate gate = kernel.gate();
        LockOrder.holdsNothing("at the gate");
        times.fallAsleep();
        do {
            place = OUTSIDE;
            sleeping = true;
            gate.arrived();
            while (gate.holds(this)) {
                LockSupport.park(gate);
            }
            sleeping = false;
            place = IN_KERNEL;
        } while (gate.holds(this));
        times.wakeUp();
    }

    /**
     * The handler of the current call is taken from the table of this generation, if that still is the current one and no
     * {@link #hooks} say otherwise.
     *
     * <p>The fence is the one full fence of a call's dispatch, for three questions that others ask crosswise: they change the
     * table ({@link Dispatcher}), set a hook ({@link Gate}) or unlink a frame ({@link MemoryFile.Epoch}) first and look at this
     * task's place or epoch then, and the task has to say both before it looks at table, hooks and page tables. Loads may
     * overtake stores on all CPUs, so that no weaker order will do; one fence orders all that was stored before it.
     */
    void enterCall(long generation) {
        PLACE.setOpaque(this, generation);
        VarHandle.fullFence();
    }

    /** After all that the call did; who looks before that is seen only waits a little longer ({@link #isInside}). */
    void leaveCall() {
        PLACE.setRelease(this, IN_KERNEL);
    }

    /** Whether code of the Sentry is being run for this task. Any thread; true for a while longer than it is so. */
    public boolean isInside() {
        long now = place;
        return now != IN_USER && now != OUTSIDE;
    }

    /** Whether its thread writes nothing of it while the gate is closed, and will not. Any thread. */
    public boolean isOut() {
        return place == OUTSIDE;
    }

    /** Makes the application come to the gate. Any thread, while that is closed. */
    public void callOut() {
        if (place == IN_USER) {
            context.interrupt();
        }
    }

    @Override
    public long generation() {
        return place;
    }

    @Override
    public int callNumber() {
        return arguments.number;
    }

    @Override
    public int currentCall() {
        return place > 0 ? arguments.number : -1;
    }

    // ---- hooks

    public int hooks() {
        return hooks;
    }

    /** Any thread. */
    public void addHooks(int bits) {
        HOOKS.getAndBitwiseOr(this, bits);
    }

    public void removeHooks(int bits) {
        HOOKS.getAndBitwiseAnd(this, ~bits);
    }

    // ---- work

    public int work() {
        return work;
    }

    /** Leaves work and makes the task see it soon. Any thread. */
    public void addWork(int bits) {
        if (((int) WORK.getAndBitwiseOr(this, bits) & bits) == bits) {
            return;
        }
        kick((bits & EXIT) != 0);
    }

    public void removeWork(int bits) {
        WORK.getAndBitwiseAnd(this, ~bits);
    }

    /** @param killed it gives up waiting for locks, too ({@link org.jvisor.api.lock.KillableLock}), which is no sleep */
    private void kick(boolean killed) {
        if (place == IN_USER) {
            context.interrupt();
        } else if (sleeping || killed) {
            LockSupport.unpark(thread);
        }
    }

    @Override
    public void restartCall() {
        addWork(SWAP);
    }

    // ---- waiting

    /** By the thread that builds this task, and by the one that serves it, which is not let in yet: it writes nothing else. */
    public void adopt(Thread server) {
        thread = server;
    }

    public void setEpoch(MemoryFile.Epoch newEpoch) {
        epoch = newEpoch;
    }

    public boolean isServedBy(Thread candidate) {
        return thread == candidate;
    }

    @Override
    public WaitQueue.Entry waitEntry(int index) {
        if (index >= entries.length) {
            growEntries(index);
        }
        return entries[index];
    }

    @Override
    public WaitQueue.Entry newWaitEntry() {
        return new WaitQueue.Entry(this);
    }

    private void growEntries(int index) {
        int old = entries.length;
        entries = Arrays.copyOf(entries, Math.max(index + 1, old * 2));
        for (int i = old; i < entries.length; i++) {
            entries[i] = new WaitQueue.Entry(this);
        }
    }

    WaitQueue.Entry ownEntry() {
        return ownEntry;
    }

    public FutexWaiter futexWaiter() {
        return futexWaiter;
    }

    @Override
    public long sleep(long deadlineNs) {
        return sleepUntil(deadlineNs, SIGNAL | STOP | EXIT | SWAP);
    }

    /** A sleep that only the task's end interrupts. */
    public long sleepKillable() {
        return sleepUntil(Long.MAX_VALUE, EXIT);
    }

    private long sleepUntil(long deadlineNs, int interruptions) {
        LockOrder.mayWait("a sleep");
        comeOutIfDue();
        if ((work & EXIT) != 0) {
            return interruption();
        }
        if (woken) {
            woken = false;
            return 0;
        }
        // What has come to its end, is not interrupted any more: time first, then signals.
        if (deadlineNs != Long.MAX_VALUE && deadlineNs - System.nanoTime() <= 0) {
            return -Errno.ETIMEDOUT;
        }
        if ((work & interruptions) != 0) {
            return interruption();
        }
        epoch.leave();
        times.fallAsleep();
        usage.countSleep();
        long result = park(deadlineNs, interruptions);
        times.wakeUp();
        epoch.enter();
        return result;
    }

    private long park(long deadlineNs, int interruptions) {
        long result;
        sleeping = true;
        while (true) {
            if (woken) {
                woken = false;
                result = 0;
                break;
            }
            long left = deadlineNs == Long.MAX_VALUE ? Long.MAX_VALUE : deadlineNs - System.nanoTime();
            if (left <= 0) {
                result = -Errno.ETIMEDOUT;
                break;
            }
            if ((work & interruptions) != 0) {
                result = interruption();
                break;
            }
            if (left == Long.MAX_VALUE) {
                LockSupport.park();
            } else {
                LockSupport.parkNanos(left);
            }
        }
        sleeping = false;
        return result;
    }

    /** The bit of a replacement is set as if there were one, and what comes of it is what would. */
    private void comeOutIfDue() {
        if (beginAgain != null && place > 0 && beginAgain.isDue()) {
            addWork(SWAP);
        }
    }

    private long interruption() {
        call.interrupt(work == SWAP);
        return -Errno.ERESTARTSYS;
    }

    @Override
    public void wake() {
        woken = true;
        if (sleeping) {
            LockSupport.unpark(thread);
        }
    }

    @Override
    public void wake(int events) {
        wake();
    }

    /** A task that is about to end does not see to the event either. */
    @Override
    public boolean wakeIfAsleep(int events) {
        boolean asleep = !woken && (work & EXIT) == 0;
        wake();
        return asleep;
    }

    @Override
    public boolean interrupted() {
        comeOutIfDue();
        if (work == 0) {
            return false;
        }
        call.interrupt(work == SWAP);
        return true;
    }

    /** A call begins that is no restarted one. */
    void beginCall() {
        call.begin();
        rest = 0;
    }

    /** Whether there is anything of {@link #registersReplaced}, {@link #maskSaved} and {@link #awaitsVfork}. */
    boolean hasRest() {
        return rest != 0;
    }

    public boolean registersReplaced() {
        return (rest & REGISTERS_REPLACED) != 0;
    }

    public void setRegistersReplaced() {
        rest |= REGISTERS_REPLACED;
    }

    /** Whether interceptors that have seen the call have not been told its end. */
    boolean intercepted() {
        return (rest & INTERCEPTED) != 0;
    }

    /** What interceptors have to do with the current call, whether it just begins or begins again. */
    public Interception beginInterception() {
        if ((rest & INTERCEPTED) != 0) {
            return interceptions.current();
        }
        rest |= INTERCEPTED;
        if (interceptions == null) {
            interceptions = new Interceptions(kernel.memory());
        }
        return interceptions.begin(arguments);
    }

    public void endInterception() {
        rest &= ~INTERCEPTED;
        interceptions.current().clear();
    }

    /** A signal's handler comes in between, after which the program makes the call anew, with the registers as they are now. */
    public void suspendInterception() {
        if (intercepted()) {
            rest &= ~INTERCEPTED;
            interceptions.suspend(arguments, registers);
        }
    }

    /** A handler has returned; the registers say to where. */
    public void returnedFromHandler() {
        if (interceptions != null) {
            interceptions.returnTo(registers);
        }
    }

    public void forgetInterruptedCalls() {
        if (interceptions != null) {
            interceptions.forgetSuspended();
        }
    }

    boolean hasFutexPlace() {
        return (rest & FUTEX_PLACE) != 0;
    }

    public void keepFutexPlace() {
        rest |= FUTEX_PLACE;
    }

    public void endFutexPlace() {
        rest &= ~FUTEX_PLACE;
    }

    boolean maskSaved() {
        return (rest & MASK_SAVED) != 0;
    }

    boolean awaitsVfork() {
        return (rest & VFORK) != 0;
    }

    // ---- stopping

    /** Sleeps as long as the process is in this stop, in which the task was counted by {@code JobControl.taskStopped}. */
    public void stayStopped(long stopNumber) {
        stoppedNow = true;
        standStill(() -> (work & (STOP | EXIT)) == STOP && group.job.stopNumber() == stopNumber);
    }

    /**
     * Stands still for a tracer (ptrace(2)) until {@link #endTraceStop} or SIGKILL, whatever becomes of the process meanwhile: a stop
     * of the whole group, which SIGCONT ends, is another state. By the task's own thread, in the Sentry's code.
     *
     * @param announce tells the tracer, which may end the stop at once
     */
    void stopForTracer(Runnable announce) {
        traceStopped = true;
        announce.run();
        standStill(() -> traceStopped && (work & EXIT) == 0);
        traceStopped = false;
    }

    /** Whether the task was in a stop for its tracer, which is over by that. Any thread. */
    boolean endTraceStop() {
        boolean was = TRACE_STOPPED.compareAndSet(this, true, false);
        if (was) {
            unpark();
        }
        return was;
    }

    private void standStill(BooleanSupplier asLongAs) {
        LockOrder.holdsNothing("where a task stands still");
        epoch.leave();
        times.fallAsleep();
        sleeping = true;
        stepOut();
        while (asLongAs.getAsBoolean()) {
            LockSupport.park();
        }
        sleeping = false;
        // Only what is no state is written before the task may come in.
        enterKernel();
        stoppedNow = false;
        times.wakeUp();
        epoch.enter();
    }

    public void unpark() {
        LockSupport.unpark(thread);
    }

    // ---- signals

    @Override
    public long signalMask() {
        return signalMask;
    }

    @Override
    public void setSignalMask(long mask) {
        try (Mutex _ = group.lock.take()) {
            long wanted = mask & ~Signals.UNBLOCKABLE;
            if (wanted == signalMask) {
                return;
            }
            long newlyBlocked = wanted & ~signalMask;
            signalMask = wanted;
            updateSignalWork();
            SignalSender.retarget(group, this, newlyBlocked);
        }
    }

    /** For a task that nobody knows yet. */
    void copySignalMask(TaskImpl from) {
        signalMask = from.maskForFrame();
    }

    /** With the group's lock held. */
    public void unblock(long set) {
        signalMask &= ~set;
    }

    /** With the group's lock held: sets or clears the mark of pending signals. */
    public void updateSignalWork() {
        if (((pending.pending() | group.pending.pending()) & wantedSignals()) != 0) {
            addWork(SIGNAL);
        } else {
            removeWork(SIGNAL);
        }
    }

    /** Those that it takes when they are sent: what it does not block, or waits for. Any thread. */
    public long wantedSignals() {
        return ~signalMask | awaitedSignals;
    }

    public boolean wants(int signal) {
        return Signals.contains(wantedSignals(), signal);
    }

    @Override
    public void awaitSignals(long set) {
        try (Mutex _ = group.lock.take()) {
            long given = awaitedSignals & ~set & signalMask;
            awaitedSignals = set;
            updateSignalWork();
            SignalSender.retarget(group, this, given);
        }
    }

    @Override
    public void setTemporaryMask(long mask) {
        if (!maskSaved()) {
            rest |= MASK_SAVED;
            savedMask = signalMask;
        }
        setSignalMask(mask);
    }

    /** The mask that a signal frame says to go back to. */
    public long maskForFrame() {
        return maskSaved() ? savedMask : signalMask;
    }

    /** A handler runs: the temporary mask's place is taken by the frame's. */
    public void forgetSavedMask() {
        rest &= ~MASK_SAVED;
    }

    public void restoreSavedMask() {
        if (maskSaved()) {
            rest &= ~MASK_SAVED;
            setSignalMask(savedMask);
        }
    }

    @Override
    public long pendingSignals() {
        try (Mutex _ = group.lock.take()) {
            return pending.pending() | group.pending.pending();
        }
    }

    @Override
    public void send(SignalInfo signal) {
        SignalSender.send(group, this, signal);
    }

    @Override
    public long queueSignal(SignalInfo signal) {
        return Math.min(0, SignalSender.send(group, this, signal));
    }

    @Override
    public void forceSignal(SignalInfo signal) {
        SignalSender.force(this, signal);
    }

    @Override
    public SignalInfo takeSignal(long mask) {
        try (Mutex _ = group.lock.take()) {
            SignalInfo info = pending.take(mask);
            if (info == null) {
                info = group.pending.take(mask);
            }
            updateSignalWork();
            return info;
        }
    }

    @Override
    public WaitQueue signalQueue() {
        return signalQueue;
    }

    @Override
    public AltStack altStack() {
        return altStack;
    }

    @Override
    public void setAltStack(AltStack stack) {
        altStack = stack;
    }

    @Override
    public long signalReturn() {
        return SignalFrame.restore(this);
    }

    @Override
    public long maySignal(ThreadGroup target, int signal) {
        return SignalSender.mayKill(this, (ThreadGroupImpl) target, signal);
    }

    // ---- life

    @Override
    public long clone(CloneRequest request) {
        return new CloneOperation(this, request).run();
    }

    @Override
    public long exec(FileDescription file, String path, boolean pathEnds, List<byte[]> args, List<byte[]> environment) {
        return ExecOperation.exec(this, file, path, pathEnds, args, environment);
    }

    @Override
    public void exit(int status) {
        exitStatus = status;
        addWork(EXIT);
    }

    @Override
    public void exitGroup(int status) {
        group.exitGroup(status);
    }

    @Override
    public boolean exiting() {
        return exiting || (work & EXIT) != 0;
    }

    /** It shall end, and does not yet give back what it has, which may take locks that others hold. Any thread. */
    boolean killed() {
        return !exiting && (work & EXIT) != 0;
    }

    void setExiting() {
        exiting = true;
    }

    void setGone() {
        gone = true;
        times.fallAsleep();
    }

    public boolean isGone() {
        return gone;
    }

    /** As wait(2) reports it, when no other has ended the process. */
    int exitStatus() {
        return exitStatus;
    }

    @Override
    public void setClearChildTid(long address) {
        clearChildTid = address;
    }

    @Override
    public void setRobustList(long head) {
        robustList = head;
    }

    @Override
    public long robustList() {
        return robustList;
    }

    @Override
    public int parentDeathSignal() {
        return parentDeathSignal;
    }

    @Override
    public void setParentDeathSignal(int signal) {
        parentDeathSignal = signal;
    }

    /** This task is the child of a vfork(2): its parent, in whose thread this is called, waits when its call has ended. */
    void setVforkParent(TaskImpl parent) {
        Vfork vfork = new Vfork(parent);
        parent.rest |= VFORK;
        parent.awaited = vfork;
        window = vfork;
    }

    void awaitVfork() {
        awaited.await();
    }

    void endAwaitVfork() {
        rest &= ~VFORK;
        awaited = null;
    }

    /** The parent of a vfork(2) can go on. */
    public void endVfork() {
        if (window != null) {
            window.end();
            window = null;
        }
    }

    // ---- accounts

    @Override
    public Scheduling scheduling() {
        return scheduling;
    }

    @Override
    public Usage usage() {
        return usage;
    }

    @Override
    public long userTimeNs() {
        return times.userNs();
    }

    @Override
    public long systemTimeNs() {
        return times.systemNs();
    }

    @Override
    public char state() {
        if (gone) {
            return group.zombie() ? 'Z' : 'X';
        }
        if (traceStopped) {
            return 't';
        }
        if (stoppedNow) {
            return 'T';
        }
        return sleeping ? 'S' : 'R';
    }

    @Override
    public long startTimeNs() {
        return startTimeNs;
    }

    // ---- Restorable

    /**
     * Extended registers stay where the platform has them, unless they were fetched. Work and a stop for a tracer stand in the
     * record and are not forgotten, for a task that stands still may look at them at any time. Left out is where the task is, who
     * serves it, and what it waits by: a wait is part of a call, which begins again.
     */
    @Override
    public StateRecord save() {
        StateRecord record = new StateRecord("task", 1).putCore("process", group).put("startTime", startTimeNs).put("tid", tid)
                .put("name", name).put("work", work).put("hooks", hooks & ~GATE).putCore("context", context)
                .putCore("memory", memory).putCore("mm", mm).putCore("files", files).putCore("fs", fs).put("rest", rest).put("signalMask", signalMask)
                .put("savedMask", savedMask).put("awaitedSignals", awaitedSignals).put("stopped", stoppedNow).put("traceStopped", traceStopped)
                .put("lastStop", lastStop).put("exiting", exiting).put("gone", gone).put("exitStatus", exitStatus)
                .put("clearChildTid", clearChildTid)
                .put("setChildTid", setChildTid).put("robustList", robustList).put("parentDeathSignal", parentDeathSignal)
                .putCore("window", window).putCore("awaited", awaited).putCore("interceptions", interceptions)
                .put("altStack", new long[] {altStack.pointer(), altStack.flags(), altStack.size()})
                .put("trap", new long[] {trap.vector, trap.errorCode, trap.faultAddress});
        TaskRecords.save(record, registers);
        TaskRecords.save(record, arguments);
        TaskRecords.save(record, scheduling);
        TaskRecords.save(record, credentials);
        TaskRecords.save(record, namespaces);
        return record;
    }

    @Override
    public void forget() {
        tid = 0;
        name = null;
        removeHooks(~GATE);
        context = null;
        memory = null;
        mm = null;
        files = null;
        fs = null;
        namespaces = null;
        credentials = null;
        rest = 0;
        signalMask = 0;
        savedMask = 0;
        awaitedSignals = 0;
        altStack = null;
        trap.copyFrom(new TrapInfo());
        stoppedNow = false;
        lastStop = 0;
        exiting = false;
        gone = false;
        exitStatus = 0;
        clearChildTid = 0;
        setChildTid = 0;
        robustList = 0;
        parentDeathSignal = 0;
        window = null;
        awaited = null;
        interceptions = null;
        TaskRecords.forget(registers);
        TaskRecords.forget(arguments);
        TaskRecords.forget(scheduling);
    }

    @Override
    public void restore(StateRecord record) {
        record.expectCore("process", group);
        record.expect("startTime", startTimeNs);
        tid = record.requireInt("tid");
        name = record.requireString("name");
        WORK.getAndBitwiseOr(this, record.requireInt("work"));
        addHooks(record.requireInt("hooks"));
        context = record.core("context", Context.class);
        memory = record.core("memory", UserMemory.class);
        mm = record.core("mm", MemoryManager.class);
        files = record.core("files", FdTable.class);
        fs = record.core("fs", FsContext.class);
        rest = record.requireInt("rest");
        signalMask = record.requireLong("signalMask");
        savedMask = record.requireLong("savedMask");
        awaitedSignals = record.requireLong("awaitedSignals");
        stoppedNow = record.getBoolean("stopped", false);
        traceStopped = record.getBoolean("traceStopped", false);
        lastStop = record.requireLong("lastStop");
        exiting = record.getBoolean("exiting", false);
        gone = record.getBoolean("gone", false);
        exitStatus = record.requireInt("exitStatus");
        clearChildTid = record.requireLong("clearChildTid");
        setChildTid = record.requireLong("setChildTid");
        robustList = record.requireLong("robustList");
        parentDeathSignal = record.requireInt("parentDeathSignal");
        window = record.core("window", Vfork.class);
        awaited = record.core("awaited", Vfork.class);
        interceptions = record.core("interceptions", Interceptions.class);
        long[] stack = TaskRecords.numbers(record, "altStack", 3);
        altStack = new AltStack(stack[0], (int) stack[1], stack[2]);
        long[] last = TaskRecords.numbers(record, "trap", 3);
        trap.vector = last[0];
        trap.errorCode = last[1];
        trap.faultAddress = last[2];
        TaskRecords.restore(record, registers);
        TaskRecords.restore(record, arguments);
        TaskRecords.restore(record, scheduling);
        credentials = TaskRecords.credentials(record);
        namespaces = TaskRecords.namespaces(record);
    }

    @Override
    public void forEachPart(Consumer<? super Restorable> visitor) {
        visitor.accept(call);
        visitor.accept(times);
        visitor.accept(usage);
        visitor.accept(pending);
        if (namespaces != null) {
            // How mounts are kept is the vfs's affair.
            for (Object namespace : new Object[] {namespaces.mounts(), namespaces.uts(), namespaces.cgroup()}) {
                if (namespace instanceof Restorable part) {
                    visitor.accept(part);
                }
            }
        }
        if (files instanceof Restorable table) {
            visitor.accept(table);
        }
        if (fs != null) {
            visitor.accept(fs);
        }
    }
}
