// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import java.util.List;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Registers;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FdTable;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FsContext;
import org.jvisor.api.vfs.MountNamespace;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.api.wait.WaitQueue;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A thread of an application, and the Java thread that serves it. Methods are called by that thread, except those marked "any
 * thread".
 */
@ProviderType
public interface Task {

    // ---- identity; any thread

    int tid();

    ThreadGroup group();

    Kernel kernel();

    Container container();

    /** Its process's: what it makes is charged to this one. */
    default Cgroup cgroup() {
        return group().cgroup();
    }

    /** Whom it knows by id. */
    default PidNamespace pidNamespace() {
        return namespaces().pid();
    }

    /** Up to 15 bytes (prctl(2) PR_SET_NAME). */
    String name();

    void setName(String name);

    // ---- what it runs on

    Registers registers();

    /** The call being made. */
    Arguments arguments();

    /** What that call has done and until when it waits, for it may begin again. */
    Call call();

    Context context();

    /** The memory manager; null once the task has exited. Any thread. */
    MemoryManager mm();

    /** Copying to and from this task's application. */
    UserMemory memory();

    // ---- what it owns or shares; getters any thread

    FdTable files();

    void setFiles(FdTable files);

    FsContext fs();

    /** Takes the caller's use of {@code fs} over, and gives that of the former one back. */
    void setFs(FsContext fs);

    Namespaces namespaces();

    /**
     * Leaves namespaces for new ones that begin as copies of them, and moves the root and the working directory along (unshare(2)).
     *
     * @param flags CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC; others mean nothing here
     */
    void unshareNamespaces(long flags);

    default MountNamespace mounts() {
        return namespaces().mounts();
    }

    default UtsNamespace uts() {
        return namespaces().uts();
    }

    Credentials credentials();

    void setCredentials(Credentials credentials);

    /** Shorthand for {@code credentials().has(capability)}. */
    boolean hasCapability(int capability);

    // ---- scratch, so that calls need not allocate

    PathWalk walk();

    /** A second one, for calls with two paths. */
    PathWalk walk2();

    /** 4096 bytes to assemble a structure in; good until the next call that may use it. */
    byte[] scratch();

    // ---- waiting

    /** This task's places in wait queues; {@code index} from 0, up to some dozens. Reused; allocates only when there are more than ever before. */
    WaitQueue.Entry waitEntry(int index);

    /** One more, for a call that needs so many that the task should not keep them. */
    WaitQueue.Entry newWaitEntry();

    /**
     * Sleeps until an entry of this task is woken since the last sleep returned, or the deadline has passed, or the task is
     * interrupted: a signal that is not blocked, an exit, or a handler that is being replaced.
     *
     * @param deadlineNs in {@link System#nanoTime}'s terms, or Long.MAX_VALUE
     * @return 0 when woken, perhaps for nothing; -ETIMEDOUT; or -ERESTARTSYS when interrupted. What is waited for may have come
     *     with the signal: whoever sleeps looks once more before it gives up
     */
    long sleep(long deadlineNs);

    /** Wakes {@link #sleep} as an entry's wake-up does. Any thread. */
    void wake();

    /** Whether {@link #sleep} would return -ERESTARTSYS: asked by loops that move much without a wait. */
    boolean interrupted();

    // ---- signals

    /** Blocked signals; bit n-1 for signal n. Any thread. */
    long signalMask();

    /** SIGKILL and SIGSTOP stay unblocked. */
    void setSignalMask(long mask);

    /**
     * Sets the mask until the current call has ended; a handler that runs because of it sees the old mask as the one to go
     * back to (sigsuspend(2), ppoll(2)).
     */
    void setTemporaryMask(long mask);

    /**
     * From now on signals of {@code set} end this task's sleeps although it blocks them, for it waits to take them
     * ({@link #takeSignal}, sigtimedwait(2)); they are blocked all the same, so that none is dropped as ignored, and none is delivered
     * to a handler. 0: no longer.
     */
    void awaitSignals(long set);

    /** Signals pending for this thread or its group. Any thread. */
    long pendingSignals();

    /** Sends to this very thread (tgkill(2)). No permission is asked. Any thread. */
    void send(SignalInfo signal);

    /** Like {@link #send}, for rt_tgsigqueueinfo(2): 0, or -EAGAIN when RLIMIT_SIGPENDING is reached. Any thread. */
    long queueSignal(SignalInfo signal);

    /** Sends a fault's signal: even when it is blocked or ignored the task does not go on. */
    void forceSignal(SignalInfo signal);

    /** Takes a pending signal that is in {@code mask} (sigtimedwait(2), signalfd(2)); null when there is none. */
    SignalInfo takeSignal(long mask);

    /** Woken with POLLIN when a signal is sent to this thread or its group. Any thread. */
    WaitQueue signalQueue();

    AltStack altStack();

    void setAltStack(AltStack stack);

    /** rt_sigreturn(2): restores what the frame on the stack says; the result to return. */
    long signalReturn();

    /** May this task send {@code signal} to {@code target} (kill(2))? 0 or -EPERM. */
    long maySignal(ThreadGroup target, int signal);

    // ---- life

    /** clone(2), fork(2) and vfork(2): the new task's id as this one sees it, or a negative errno. */
    long clone(CloneRequest request);

    /**
     * execve(2). On success the registers and memory are the new program's and the result is 0; on failure before the point of
     * no return a negative errno, after it the group is killed.
     *
     * @param path what the program was called by, for AT_EXECFN and scripts
     * @param pathEnds whether that leads through a descriptor that is closed on the way, so that no script's interpreter finds it
     */
    long exec(FileDescription file, String path, boolean pathEnds, List<byte[]> arguments, List<byte[]> environment);

    /** exit(2): ends this thread once the call has returned. {@code status} as wait(2) reports it. */
    void exit(int status);

    /** exit_group(2). */
    void exitGroup(int status);

    /** Any thread. */
    boolean exiting();

    /** set_tid_address(2), CLONE_CHILD_CLEARTID. */
    void setClearChildTid(long address);

    /** set_robust_list(2). */
    void setRobustList(long head);

    long robustList();

    /** Closes the window of vfork(2), marks (PR_SET_PDEATHSIG) and the like. */
    int parentDeathSignal();

    void setParentDeathSignal(int signal);

    // ---- scheduling, kept and reported; any thread

    Scheduling scheduling();

    /** What it has used beside time. */
    Usage usage();

    /** ns spent in application code. */
    long userTimeNs();

    /** ns spent in the Sentry. */
    long systemTimeNs();

    /** S (sleeping), R (running), T (stopped), t (stopped for a tracer), Z, D, X: for /proc/PID/stat. */
    char state();

    /** When it began, in ns since the sandbox booted. */
    long startTimeNs();

    /** Name and number of the call it is in, or -1. */
    int currentCall();

    /** sigaltstack(2). */
    record AltStack(long pointer, int flags, long size) {
        /** SS_DISABLE. */
        public static final AltStack NONE = new AltStack(0, 2, 0);
    }

    /** What sched(7) lets a task say; kept but for affinity not acted on. Fields are written by system calls only. */
    final class Scheduling {
        public volatile int policy;
        public volatile int priority;
        public volatile int nice;
        public volatile int ioPriority;
        public volatile long affinity = -1;
        public volatile long timerSlackNs = 50_000;
        public volatile boolean resetOnFork;
    }

    /**
     * What clone3(2) takes.
     *
     * @param flags CLONE_*, without the exit signal
     * @param exitSignal what the parent gets, or 0
     * @param stack the new stack pointer (already stack + size for clone3), or 0 for the same as the parent's
     */
    record CloneRequest(long flags, int exitSignal, long stack, long parentTid, long childTid, long tls, long pidfd) {}
}
