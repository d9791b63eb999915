// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import java.util.List;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.wait.WaitQueue;
import org.osgi.annotation.versioning.ProviderType;

/** A process. Any thread. */
@ProviderType
public interface ThreadGroup {

    int pid();

    /** The first task, or the one that took its place by execve(2). */
    Task leader();

    /** Live tasks; allocates. */
    List<Task> tasks();

    int taskCount();

    Task task(int tid);

    /** Null for the first process of a container. */
    ThreadGroup parent();

    /** Children, zombies among them; allocates. */
    List<ThreadGroup> children();

    Container container();

    /** What the process makes is charged to this one, below its container's. */
    Cgroup cgroup();

    // ---- job control

    ProcessGroup processGroup();

    Session session();

    /** setpgid(2): checks and all. */
    long setProcessGroup(ThreadGroup caller, int pgid);

    /** setsid(2): the new session's id or -EPERM. */
    long newSession();

    // ---- signals

    /** @param signal 1 to 64 */
    SignalAction action(int signal);

    /** @return the one before */
    SignalAction setAction(int signal, SignalAction action);

    /** Sends to the process: one of its threads takes it (kill(2)). No permission is asked. */
    void send(SignalInfo signal);

    /** Like {@link #send}, for rt_sigqueueinfo(2): 0, or -EAGAIN when RLIMIT_SIGPENDING is reached. */
    long queueSignal(SignalInfo signal);

    /** Pending for the process as a whole. */
    long pendingSignals();

    boolean stopped();

    // ---- ends

    /** Whether all its tasks are gone and it waits to be waited for. */
    boolean zombie();

    /** As wait(2) reports it, once {@link #zombie}. */
    int exitStatus();

    /**
     * waitid(2) and wait4(2) for children of {@code caller}'s thread group; blocks.
     *
     * @return the child's pid, 0 (WNOHANG and none), or a negative errno; {@code result} is filled in for a pid above 0
     */
    long waitForChild(Task caller, int idType, int id, int options, WaitResult result);

    /** Woken with POLLIN when the process ends: pidfd. */
    WaitQueue exitQueue();

    /**
     * What pidfd_open(2) gives: its operations are a {@link PidFd}.
     *
     * @param flags O_NONBLOCK or 0
     */
    FileDescription newPidFd(int flags);

    // ---- limits and accounts

    /** @param resource RLIMIT_* */
    long softLimit(int resource);

    long hardLimit(int resource);

    void setLimit(int resource, long soft, long hard);

    long userTimeNs();

    long systemTimeNs();

    /** Those of children that were waited for, and theirs. */
    long childrenUserTimeNs();

    long childrenSystemTimeNs();

    /** What its tasks have used beside time: a sum of its own for the caller. */
    Usage usage();

    /** The same of children that were waited for, and theirs. */
    Usage childrenUsage();

    /** Largest resident size so far of it, or of its waited-for children, in bytes. */
    long peakResidentBytes(boolean children);

    /** PR_SET_DUMPABLE: 0, 1 or 2. */
    int dumpable();

    void setDumpable(int value);

    boolean childSubreaper();

    void setChildSubreaper(boolean on);

    /** Whether it has executed a program since fork (setpgid(2) EACCES). */
    boolean hasExecuted();

    /** Bits of core(5), "Controlling which mappings are written to the core dump". */
    int coredumpFilter();

    void setCoredumpFilter(int bits);

    int oomScoreAdjustment();

    void setOomScoreAdjustment(int value);

    /** Timers: setitimer(2) by ITIMER_*; value and interval in ns. */
    void setIntervalTimer(int which, long valueNs, long intervalNs, long[] old);

    void getIntervalTimer(int which, long[] current);

    PosixTimers timers();

    /** What happened to a child. */
    final class WaitResult {
        public int pid;
        public int uid;
        /** wait(2) form. */
        public int status;
        /** CLD_* and what si_status says. */
        public int code;
        public int signalStatus;
        public long userTimeNs;
        public long systemTimeNs;
        public long peakResidentBytes;
        public final Usage usage = new Usage();
    }

    /** timer_create(2) and its kin, for one process. */
    @ProviderType
    interface PosixTimers {
        /**
         * @param used what {@code clock} means, where that is a clock of used time; else null
         * @param notify SIGEV_SIGNAL, NONE, THREAD_ID
         * @param value sigval; Long.MIN_VALUE for the timer's own id
         * @return the id or a negative errno
         */
        long create(int clock, CpuClock used, int notify, int signal, long value, int tid);

        /** @return 0, or -EINVAL for an unknown id */
        long settime(int id, int flags, long valueNs, long intervalNs, long[] old);

        long gettime(int id, long[] current);

        long overrun(int id);

        long delete(int id);
    }
}
