// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import org.jvisor.api.abi.Clock;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;

/**
 * The clock of the time that a process, or one of its tasks, has used: clock_getcpuclockid(3), pthread_getcpuclockid(3).
 *
 * @param task null: the whole process's
 * @param which CPUCLOCK_PROF, CPUCLOCK_VIRT (application code only), CPUCLOCK_SCHED
 */
public record CpuClock(ThreadGroup group, Task task, int which) {

    /** Whether a clock of this id is one of used time. */
    public static boolean isMeant(int id) {
        return id < 0 || id == Clock.CLOCK_PROCESS_CPUTIME_ID || id == Clock.CLOCK_THREAD_CPUTIME_ID;
    }

    /** The clock that {@code caller} means by an id: any process's, and a task's of its own process only. EINVAL where none is. */
    public static CpuClock of(Task caller, int id) {
        switch (id) {
            case Clock.CLOCK_PROCESS_CPUTIME_ID -> {
                return new CpuClock(caller.group(), null, Clock.CPUCLOCK_SCHED);
            }
            case Clock.CLOCK_THREAD_CPUTIME_ID -> {
                return new CpuClock(caller.group(), caller, Clock.CPUCLOCK_SCHED);
            }
            default -> {
                int who = ~(id >> 3);
                int which = id & Clock.CPUCLOCK_CLOCK_MASK;
                if (id >= 0 || which > Clock.CPUCLOCK_SCHED) {
                    throw ErrnoException.of(Errno.EINVAL);
                }
                boolean ofTask = (id & Clock.CPUCLOCK_PERTHREAD_MASK) != 0;
                return ofTask ? ofTask(caller, who, which) : ofProcess(caller, who, which);
            }
        }
    }

    private static CpuClock ofTask(Task caller, int tid, int which) {
        Task task = tid == 0 ? caller : caller.pidNamespace().task(tid);
        if (task == null || task.group() != caller.group()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return new CpuClock(task.group(), task, which);
    }

    private static CpuClock ofProcess(Task caller, int pid, int which) {
        ThreadGroup group = pid == 0 ? caller.group() : caller.pidNamespace().threadGroup(pid);
        if (group == null) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return new CpuClock(group, null, which);
    }

    /** Any thread. */
    public long ns() {
        boolean applicationOnly = which == Clock.CPUCLOCK_VIRT;
        if (task != null) {
            return task.userTimeNs() + (applicationOnly ? 0 : task.systemTimeNs());
        }
        return group.userTimeNs() + (applicationOnly ? 0 : group.systemTimeNs());
    }

    /** How many times faster than the time of day it runs at most, on so many processors. Any thread. */
    public int rate(int cpus) {
        return task != null ? 1 : Math.clamp(group.taskCount(), 1, cpus);
    }
}
