// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jvisor.api.abi.Clone;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Container;
import org.jvisor.api.kernel.Session;
import org.jvisor.api.kernel.SignalAction;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.kernel.Usage;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.wait.WaitQueue;
import org.jvisor.core.KernelImpl;
import org.jvisor.core.container.ContainerImpl;
import org.jvisor.core.signal.JobControl;
import org.jvisor.core.signal.SignalActions;
import org.jvisor.core.signal.SignalQueue;
import org.jvisor.core.signal.SignalSender;
import org.jvisor.core.time.IntervalTimers;
import org.jvisor.core.time.PosixTimersImpl;
import org.jvisor.core.time.ProcessTimes;

/**
 * A process. Who belongs to it and whom it belongs to is guarded by the tree's lock ({@link Processes}); signals, stops and ends
 * by {@link #lock}, which comes after the tree's. The list of tasks changes with both held.
 */
public final class ThreadGroupImpl implements ThreadGroup, Restorable {

    private static final int DEFAULT_COREDUMP_FILTER = 0x33;

    private static final TaskImpl[] NONE = {};
    private static final long ALL_SIGNALS = -1;

    /** Guards signal queues, masks, actions' use, job control, and the beginning of the end. */
    public final Mutex lock = new Mutex(LockRank.THREAD_GROUP);

    private final KernelImpl kernel;
    private final ContainerImpl container;
    private final Cgroup cgroup;
    private final int pid;

    // ---- guarded by the tree's lock where written
    private volatile TaskImpl[] tasks = NONE;
    private volatile TaskImpl leader;
    private volatile ThreadGroupImpl parent;
    private final List<ThreadGroupImpl> children = new ArrayList<>();
    private volatile ProcessGroupImpl processGroup;
    /** The thread that made it: whose end PR_SET_PDEATHSIG is about, and whose child it is for __WNOTHREAD. */
    TaskImpl creator;
    /** What the parent gets when it ends, or 0. */
    public int exitSignal = Signals.SIGCHLD;
    private volatile boolean zombie;
    /** Somebody has waited for it, or nobody will. */
    boolean reaped;

    // ---- guarded by lock
    public volatile SignalActions actions = new SignalActions();
    public final SignalQueue pending = new SignalQueue();
    public final JobControl job = new JobControl(this);
    /** exit_group(2) or a deadly signal: all tasks are on their way out. */
    public volatile boolean exiting;
    int exitStatus;
    /**
     * The first process of a container: of the signals of its own namespace it gets only those that it has a handler for
     * (pid_namespaces(7)). Signals of its container's operator pass, and a fault
     * of its own takes the shield away.
     */
    public boolean shielded;
    /** The task that replaces all the others by execve(2), or null. */
    public volatile TaskImpl execing;

    // ---- any thread
    private final Limits limits;
    private final ProcessTimes times = new ProcessTimes(this);
    private final IntervalTimers intervalTimers;
    private final PosixTimersImpl timers;
    private final WaitQueue childQueue = new WaitQueue();
    private final WaitQueue exitQueue = new WaitQueue();
    private volatile int dumpable = 1;
    private volatile boolean childSubreaper;
    private volatile boolean hasExecuted;
    private volatile int oomScoreAdjustment;
    private volatile int coredumpFilter = DEFAULT_COREDUMP_FILTER;

    public ThreadGroupImpl(KernelImpl kernel, ContainerImpl container, int pid, Limits limits) {
        this.kernel = kernel;
        this.container = container;
        this.cgroup = new Cgroup(container.cgroup());
        this.pid = pid;
        this.limits = limits;
        this.intervalTimers = new IntervalTimers(this, kernel.clock());
        this.timers = new PosixTimersImpl(this, kernel.clock());
    }

    public KernelImpl kernel() {
        return kernel;
    }

    // ---- identity and family

    @Override
    public int pid() {
        return pid;
    }

    @Override
    public TaskImpl leader() {
        return leader;
    }

    @Override
    public List<Task> tasks() {
        return new ArrayList<>(Arrays.asList(tasks));
    }

    /** The live tasks; not to be changed. */
    public TaskImpl[] liveTasks() {
        return tasks;
    }

    @Override
    public int taskCount() {
        return tasks.length;
    }

    @Override
    public Task task(int tid) {
        TaskImpl task = pidNamespace().task(tid);
        return task != null && task.group() == this ? task : null;
    }

    @Override
    public ThreadGroupImpl parent() {
        return parent;
    }

    @Override
    public List<ThreadGroup> children() {
        try (Mutex _ = kernel.processes().lock.take()) {
            return new ArrayList<>(children);
        }
    }

    @Override
    public Container container() {
        return container;
    }

    @Override
    public Cgroup cgroup() {
        return cgroup;
    }

    public ContainerImpl containerImpl() {
        return container;
    }

    PidNamespaceImpl pidNamespace() {
        return container.pidNamespace();
    }

    /** With both locks held. */
    public void addTask(TaskImpl task) {
        TaskImpl[] more = Arrays.copyOf(tasks, tasks.length + 1);
        more[tasks.length] = task;
        tasks = more;
        if (leader == null) {
            leader = task;
        }
    }

    /** With both locks held: it is gone from then on. What was pending for it goes, and with the last one what was pending for all. */
    void removeTask(TaskImpl task) {
        List<TaskImpl> less = new ArrayList<>(Arrays.asList(tasks));
        less.remove(task);
        tasks = less.toArray(NONE);
        task.setGone();
        task.pending.discard(ALL_SIGNALS);
        if (tasks.length == 0) {
            pending.discard(ALL_SIGNALS);
        }
    }

    /** With both locks held. */
    public void setLeader(TaskImpl task) {
        leader = task;
    }

    /** The children themselves, with the tree's lock held. */
    List<ThreadGroupImpl> childList() {
        return children;
    }

    /** With the tree's lock held. */
    void setParent(ThreadGroupImpl newParent) {
        if (parent != null) {
            parent.children.remove(this);
        }
        parent = newParent;
        if (newParent != null) {
            newParent.children.add(this);
        }
    }

    // ---- job control

    @Override
    public ProcessGroupImpl processGroup() {
        return processGroup;
    }

    @Override
    public Session session() {
        return processGroup.session();
    }

    /** With the tree's lock held. */
    public void enter(ProcessGroupImpl group) {
        ProcessGroupImpl old = processGroup;
        processGroup = group;
        group.add(this);
        if (old != null) {
            old.remove(this);
        }
    }

    /** Leaves its process group for good, with the tree's lock held. */
    void leaveProcessGroup() {
        processGroup.remove(this);
    }

    @Override
    public long setProcessGroup(ThreadGroup caller, int pgid) {
        return SessionChange.setProcessGroup(pidNamespace(), (ThreadGroupImpl) caller, this, pgid);
    }

    @Override
    public long newSession() {
        return SessionChange.newSession(pidNamespace(), this);
    }

    // ---- signals

    @Override
    public SignalAction action(int signal) {
        return actions.get(signal);
    }

    @Override
    public SignalAction setAction(int signal, SignalAction action) {
        try (Mutex _ = lock.take()) {
            SignalAction old = actions.set(signal, action);
            // sigaction(2): what is ignored from now on is dropped, even when it is pending and blocked.
            if (actions.ignores(signal)) {
                long set = Signals.bit(signal);
                pending.discard(set);
                for (TaskImpl task : tasks) {
                    task.pending.discard(set);
                    task.updateSignalWork();
                }
            }
            return old;
        }
    }

    @Override
    public void send(SignalInfo signal) {
        SignalSender.send(this, null, signal);
    }

    @Override
    public long queueSignal(SignalInfo signal) {
        return Math.min(0, SignalSender.send(this, null, signal));
    }

    @Override
    public long pendingSignals() {
        try (Mutex _ = lock.take()) {
            return pending.pending();
        }
    }

    @Override
    public boolean stopped() {
        return job.isStopped();
    }

    // ---- ends

    @Override
    public boolean zombie() {
        return zombie;
    }

    /** With the tree's lock held: the last task is gone. */
    void setZombie(int status) {
        exitStatus = status;
        zombie = true;
    }

    @Override
    public int exitStatus() {
        return exitStatus;
    }

    /** exit_group(2), or the end by a signal; the first to come says the status. */
    public void exitGroup(int status) {
        try (Mutex _ = lock.take()) {
            beginExit(status);
        }
    }

    /** With {@link #lock} held. */
    public void beginExit(int status) {
        if (exiting) {
            return;
        }
        exiting = true;
        exitStatus = status;
        job.endStop();
        for (TaskImpl task : tasks) {
            task.addWork(TaskImpl.EXIT);
        }
    }

    @Override
    public long waitForChild(Task caller, int idType, int id, int options, WaitResult result) {
        return new WaitOperation(kernel.processes(), this, (TaskImpl) caller, idType, id, options, result).run();
    }

    /** Where {@link #waitForChild} waits. */
    public WaitQueue childQueue() {
        return childQueue;
    }

    @Override
    public WaitQueue exitQueue() {
        return exitQueue;
    }

    @Override
    public FileDescription newPidFd(int flags) {
        return kernel.vfs().newAnonymous(new PidFdFile(this), flags | Open.O_RDWR, "anon_inode:[pidfd]", 0600);
    }

    // ---- limits and accounts

    public Limits limits() {
        return limits;
    }

    @Override
    public long softLimit(int resource) {
        return limits.soft(resource);
    }

    @Override
    public long hardLimit(int resource) {
        return limits.hard(resource);
    }

    @Override
    public void setLimit(int resource, long soft, long hard) {
        limits.set(resource, soft, hard);
        if (resource == Rlimit.RLIMIT_CPU) {
            intervalTimers.cpuLimitChanged();
        }
    }

    public ProcessTimes times() {
        return times;
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
    public long childrenUserTimeNs() {
        return times.childrenUserNs();
    }

    @Override
    public long childrenSystemTimeNs() {
        return times.childrenSystemNs();
    }

    @Override
    public Usage usage() {
        return times.usage();
    }

    @Override
    public Usage childrenUsage() {
        return times.childrenUsage();
    }

    @Override
    public long peakResidentBytes(boolean ofChildren) {
        return ofChildren ? times.childrenPeakResident() : times.peakResident();
    }

    @Override
    public int dumpable() {
        return dumpable;
    }

    @Override
    public void setDumpable(int value) {
        dumpable = value;
    }

    @Override
    public boolean childSubreaper() {
        return childSubreaper;
    }

    @Override
    public void setChildSubreaper(boolean on) {
        childSubreaper = on;
    }

    @Override
    public boolean hasExecuted() {
        return hasExecuted;
    }

    public void setExecuted() {
        hasExecuted = true;
    }

    @Override
    public int coredumpFilter() {
        return coredumpFilter;
    }

    @Override
    public void setCoredumpFilter(int bits) {
        coredumpFilter = bits;
    }

    @Override
    public int oomScoreAdjustment() {
        return oomScoreAdjustment;
    }

    @Override
    public void setOomScoreAdjustment(int value) {
        oomScoreAdjustment = value;
    }

    @Override
    public void setIntervalTimer(int which, long valueNs, long intervalNs, long[] old) {
        intervalTimers.set(which, valueNs, intervalNs, old);
    }

    @Override
    public void getIntervalTimer(int which, long[] current) {
        intervalTimers.get(which, current);
    }

    @Override
    public PosixTimersImpl timers() {
        return timers;
    }

    /** Its last task is gone, or it executes another program, which keeps only the interval timers. */
    public void endTimers(boolean all) {
        timers.deleteAll();
        if (all) {
            intervalTimers.cancelAll();
        }
    }

    /** What a fork inherits: not pending signals, timers or times. */
    ThreadGroupImpl forked(int childPid, long cloneFlags) {
        ThreadGroupImpl child = new ThreadGroupImpl(kernel, container, childPid, limits.copy());
        if ((cloneFlags & Clone.CLONE_SIGHAND) != 0) {
            child.actions = actions;
        } else if ((cloneFlags & Clone.CLONE_CLEAR_SIGHAND) != 0) {
            child.actions = actions.copyWithoutHandlers();
        } else {
            child.actions = actions.copy();
        }
        if (limits.soft(Rlimit.RLIMIT_CPU) != Rlimit.RLIM_INFINITY) {
            child.intervalTimers.cpuLimitChanged();
        }
        child.dumpable = dumpable;
        child.oomScoreAdjustment = oomScoreAdjustment;
        child.coredumpFilter = coredumpFilter;
        return child;
    }

    /** The status of a process whose threads all ended by themselves is the leader's. */
    int statusAtEnd() {
        return exiting ? exitStatus : leader.exitStatus();
    }

    /** SIGCHLD in its own words: CLD_* and status for a process that has ended. */
    SignalInfo endInfo(int signal) {
        int status = exitStatus;
        boolean exited = Wait.isExited(status);
        int code = exited ? Signals.CLD_EXITED : (status & Wait.CORE_FLAG) != 0 ? Signals.CLD_DUMPED : Signals.CLD_KILLED;
        return childInfo(signal, code, exited ? Wait.exitCode(status) : Wait.termSignal(status));
    }

    public SignalInfo childInfo(int signal, int code, int status) {
        return new SignalInfo(signal, code, pid, leader.credentials().uid(), status, 0,
                ProcessTimes.ticks(userTimeNs()), ProcessTimes.ticks(systemTimeNs()));
    }

    // ---- Restorable

    @Override
    public StateRecord save() {
        return new StateRecord("process", 1).put("pid", pid).putCore("container", container).putCore("cgroup", cgroup).putCores("tasks", List.of(tasks))
                .putCore("leader", leader).putCore("parent", parent).putCores("children", List.copyOf(children))
                .putCore("processGroup", processGroup).putCore("creator", creator).put("exitSignal", exitSignal).put("zombie", zombie)
                .put("reaped", reaped).putCore("actions", actions).put("exiting", exiting).put("exitStatus", exitStatus)
                .put("shielded", shielded).putCore("execing", execing).put("dumpable", dumpable)
                .put("childSubreaper", childSubreaper).put("hasExecuted", hasExecuted)
                .put("oomScoreAdjustment", oomScoreAdjustment).put("coredumpFilter", coredumpFilter);
    }

    @Override
    public void forget() {
        tasks = NONE;
        leader = null;
        parent = null;
        children.clear();
        processGroup = null;
        creator = null;
        exitSignal = 0;
        zombie = false;
        reaped = false;
        actions = null;
        exiting = false;
        exitStatus = 0;
        shielded = false;
        execing = null;
        dumpable = 0;
        childSubreaper = false;
        hasExecuted = false;
        oomScoreAdjustment = 0;
        coredumpFilter = 0;
    }

    @Override
    public void restore(StateRecord record) {
        record.expect("pid", pid);
        record.expectCore("container", container);
        record.expectCore("cgroup", cgroup);
        tasks = record.cores("tasks").toArray(NONE);
        leader = record.core("leader", TaskImpl.class);
        parent = record.core("parent", ThreadGroupImpl.class);
        record.cores("children").forEach(child -> children.add((ThreadGroupImpl) child));
        processGroup = record.core("processGroup", ProcessGroupImpl.class);
        creator = record.core("creator", TaskImpl.class);
        exitSignal = record.requireInt("exitSignal");
        zombie = record.getBoolean("zombie", false);
        reaped = record.getBoolean("reaped", false);
        actions = record.requireCore("actions", SignalActions.class);
        exiting = record.getBoolean("exiting", false);
        exitStatus = record.requireInt("exitStatus");
        shielded = record.getBoolean("shielded", false);
        execing = record.core("execing", TaskImpl.class);
        dumpable = record.requireInt("dumpable");
        childSubreaper = record.getBoolean("childSubreaper", false);
        hasExecuted = record.getBoolean("hasExecuted", false);
        oomScoreAdjustment = record.requireInt("oomScoreAdjustment");
        coredumpFilter = record.requireInt("coredumpFilter");
    }

    @Override
    public void forEachPart(Consumer<? super Restorable> visitor) {
        for (Restorable part : List.of(cgroup, actions, pending, job, limits, times, intervalTimers, timers)) {
            visitor.accept(part);
        }
        visitor.accept(container.users());
        for (TaskImpl task : tasks) {
            visitor.accept(task);
        }
        if (processGroup != null) {
            visitor.accept(processGroup);
        }
    }
}
