// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.task;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Resource;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.abi.Sched;
import org.jvisor.api.abi.SchedAttrLayout;
import org.jvisor.api.abi.TimespecLayout;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.ProcessGroup;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.syscall.Arguments;

/** Scheduling as sched(7) describes it; the host schedules, so what is set is checked, kept and reported. */
final class SchedulingCalls {

    long yieldCpu() {
        Thread.yield();
        return 0;
    }

    private static Task target(Task t, int pid) {
        if (pid < 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        Task other = pid == 0 ? t : t.pidNamespace().task(pid);
        if (other == null) {
            throw ErrnoException.of(Errno.ESRCH);
        }
        return other;
    }

    /** May {@code t} change how {@code other} is scheduled? */
    private static boolean mayChange(Task t, Task other) {
        Credentials mine = t.credentials();
        Credentials its = other.credentials();
        return mine.euid() == its.uid() || mine.euid() == its.euid() || mine.has(Capability.CAP_SYS_NICE);
    }

    long getscheduler(Task t, Arguments a) {
        Task.Scheduling s = target(t, a.int0()).scheduling();
        return s.policy | (s.resetOnFork ? Sched.SCHED_RESET_ON_FORK : 0);
    }

    long setscheduler(Task t, Arguments a) {
        if (a.a2 == 0) {
            return -Errno.EINVAL;
        }
        Task other = target(t, a.int0());
        int priority = t.memory().getInt(a.a2);
        int policy = a.int1();
        boolean reset = (policy & Sched.SCHED_RESET_ON_FORK) != 0;
        return set(t, other, policy & ~Sched.SCHED_RESET_ON_FORK, priority, other.scheduling().nice, reset);
    }

    long setparam(Task t, Arguments a) {
        if (a.a1 == 0) {
            return -Errno.EINVAL;
        }
        Task other = target(t, a.int0());
        Task.Scheduling s = other.scheduling();
        return set(t, other, s.policy, t.memory().getInt(a.a1), s.nice, s.resetOnFork);
    }

    private static long set(Task t, Task other, int policy, int priority, int nice, boolean reset) {
        boolean realtime = policy == Sched.SCHED_FIFO || policy == Sched.SCHED_RR;
        if (!realtime && policy != Sched.SCHED_NORMAL && policy != Sched.SCHED_BATCH && policy != Sched.SCHED_IDLE) {
            return -Errno.EINVAL;
        }
        if (realtime ? priority < Sched.MIN_RT_PRIO || priority > Sched.MAX_RT_PRIO : priority != 0) {
            return -Errno.EINVAL;
        }
        if (!mayChange(t, other)) {
            return -Errno.EPERM;
        }
        if (!t.hasCapability(Capability.CAP_SYS_NICE)) {
            Task.Scheduling s = other.scheduling();
            long limit = other.group().softLimit(Rlimit.RLIMIT_RTPRIO);
            boolean raises = realtime && Long.compareUnsigned(priority, limit) > 0 && (priority > s.priority || policy != s.policy);
            if (raises || nice < s.nice && !mayBeNice(other, nice) || s.resetOnFork && !reset) {
                return -Errno.EPERM;
            }
        }
        Task.Scheduling s = other.scheduling();
        s.policy = policy;
        s.priority = priority;
        s.nice = nice;
        s.resetOnFork = reset;
        return 0;
    }

    /** RLIMIT_NICE: the ceiling 20 - limit. */
    private static boolean mayBeNice(Task other, int nice) {
        return Long.compareUnsigned(20 - nice, other.group().softLimit(Rlimit.RLIMIT_NICE)) <= 0;
    }

    long getparam(Task t, Arguments a) {
        if (a.a1 == 0) {
            return -Errno.EINVAL;
        }
        t.memory().putInt(a.a1, target(t, a.int0()).scheduling().priority);
        return 0;
    }

    long priorityLimit(int policy, boolean max) {
        return switch (policy) {
            case Sched.SCHED_FIFO, Sched.SCHED_RR -> max ? Sched.MAX_RT_PRIO : Sched.MIN_RT_PRIO;
            case Sched.SCHED_NORMAL, Sched.SCHED_BATCH, Sched.SCHED_IDLE, Sched.SCHED_DEADLINE -> 0;
            default -> -Errno.EINVAL;
        };
    }

    long rrGetInterval(Task t, Arguments a) {
        Task other = target(t, a.int0());
        long ns = other.scheduling().policy == Sched.SCHED_RR ? 100_000_000L : 0;
        byte[] b = t.scratch();
        TimespecLayout.putNs(b, 0, ns);
        t.memory().copyOut(b, 0, TimespecLayout.SIZE, a.a1);
        return 0;
    }

    long setattr(Task t, Arguments a) {
        if (a.a1 == 0 || a.int2() != 0) {
            return -Errno.EINVAL;
        }
        int size = t.memory().getInt(a.a1);
        if (size == 0) {
            size = Sched.SCHED_ATTR_SIZE_VER0;
        }
        if (size < Sched.SCHED_ATTR_SIZE_VER0 || size > 4096) {
            t.memory().putInt(a.a1, SchedAttrLayout.SIZE);
            return -Errno.E2BIG;
        }
        byte[] b = t.scratch();
        Bytes.zero(b, 0, SchedAttrLayout.SIZE);
        t.memory().copyIn(a.a1, b, 0, size);
        for (int i = SchedAttrLayout.SIZE; i < size; i++) {
            if (b[i] != 0) {
                t.memory().putInt(a.a1, SchedAttrLayout.SIZE);
                return -Errno.E2BIG;
            }
        }
        Task other = target(t, a.int0());
        long flags = SchedAttrLayout.flags(b, 0);
        if ((flags & ~(Sched.SCHED_FLAG_RESET_ON_FORK | Sched.SCHED_FLAG_KEEP_POLICY | Sched.SCHED_FLAG_KEEP_PARAMS)) != 0) {
            return -Errno.EINVAL;
        }
        int policy = (flags & Sched.SCHED_FLAG_KEEP_POLICY) != 0 ? other.scheduling().policy : SchedAttrLayout.policy(b, 0);
        int nice = Math.clamp(SchedAttrLayout.nice(b, 0), Resource.PRIO_MIN, Resource.PRIO_MAX - 1);
        int priority = SchedAttrLayout.priority(b, 0);
        if ((flags & Sched.SCHED_FLAG_KEEP_PARAMS) != 0) {
            nice = other.scheduling().nice;
            priority = other.scheduling().priority;
        }
        return set(t, other, policy, priority, nice, (flags & Sched.SCHED_FLAG_RESET_ON_FORK) != 0);
    }

    long getattr(Task t, Arguments a) {
        int size = a.int2();
        if (a.a1 == 0 || a.int3() != 0 || size < Sched.SCHED_ATTR_SIZE_VER0 || size > 4096) {
            return -Errno.EINVAL;
        }
        Task.Scheduling s = target(t, a.int0()).scheduling();
        byte[] b = t.scratch();
        int length = Math.min(size, SchedAttrLayout.SIZE);
        Bytes.zero(b, 0, SchedAttrLayout.SIZE);
        SchedAttrLayout.sizeBytes(b, 0, length);
        SchedAttrLayout.policy(b, 0, s.policy);
        SchedAttrLayout.flags(b, 0, s.resetOnFork ? Sched.SCHED_FLAG_RESET_ON_FORK : 0);
        SchedAttrLayout.nice(b, 0, s.nice);
        SchedAttrLayout.priority(b, 0, s.priority);
        t.memory().copyOut(b, 0, length, a.a1);
        return 0;
    }

    long setaffinity(Task t, Arguments a) {
        Task other = target(t, a.int0());
        if (!mayChange(t, other)) {
            return -Errno.EPERM;
        }
        int length = (int) Math.min(a.a1 & 0xffffffffL, 8);
        long mask = 0;
        for (int i = 0; i < length; i++) {
            mask |= (t.memory().getByte(a.a2 + i) & 0xffL) << 8 * i;
        }
        mask &= online(t);
        if (mask == 0) {
            return -Errno.EINVAL;
        }
        other.scheduling().affinity = mask;
        return 0;
    }

    long getaffinity(Task t, Arguments a) {
        long length = a.a1 & 0xffffffffL;
        if (length < 8 || (length & 7) != 0) {
            return -Errno.EINVAL;
        }
        t.memory().putLong(a.a2, target(t, a.int0()).scheduling().affinity & online(t));
        return 8;
    }

    private static long online(Task t) {
        int cpus = t.kernel().cpus();
        return cpus >= 64 ? -1 : (1L << cpus) - 1;
    }

    /** Which CPU the task is on is the host's affair and changes under it: the first that the task may use is one answer. */
    long getcpu(Task t, Arguments a) {
        if (a.a0 != 0) {
            t.memory().putInt(a.a0, Long.numberOfTrailingZeros(t.scheduling().affinity & online(t)));
        }
        if (a.a1 != 0) {
            t.memory().putInt(a.a1, 0);
        }
        return 0;
    }

    /** The kernel's answer is 20 - nice, so that it is never negative (getpriority(2)). */
    long getpriority(Task t, Arguments a) {
        long highest = -Errno.ESRCH;
        for (Task other : selected(t, a.int0(), a.int1())) {
            highest = Math.max(highest, 20 - other.scheduling().nice);
        }
        return highest;
    }

    long setpriority(Task t, Arguments a) {
        int nice = Math.clamp(a.int2(), Resource.PRIO_MIN, Resource.PRIO_MAX - 1);
        long result = -Errno.ESRCH;
        for (Task other : selected(t, a.int0(), a.int1())) {
            if (!mayChange(t, other)) {
                result = -Errno.EPERM;
            } else if (nice < other.scheduling().nice && !mayBeNice(other, nice) && !t.hasCapability(Capability.CAP_SYS_NICE)) {
                result = -Errno.EACCES;
            } else {
                other.scheduling().nice = nice;
                result = result == -Errno.ESRCH ? 0 : result;
            }
        }
        return result;
    }

    private static List<Task> selected(Task t, int which, int who) {
        List<Task> tasks = new ArrayList<>();
        switch (which) {
            case Resource.PRIO_PROCESS -> {
                Task other = who == 0 ? t : t.pidNamespace().task(who);
                if (other != null) {
                    tasks.add(other);
                }
            }
            case Resource.PRIO_PGRP -> {
                ProcessGroup group = who == 0 ? t.group().processGroup() : t.pidNamespace().processGroup(who);
                if (group != null) {
                    group.members().forEach(member -> tasks.addAll(member.tasks()));
                }
            }
            case Resource.PRIO_USER -> {
                int uid = who == 0 ? t.credentials().uid() : who;
                for (ThreadGroup group : t.pidNamespace().threadGroups()) {
                    for (Task other : group.tasks()) {
                        if (other.credentials().uid() == uid) {
                            tasks.add(other);
                        }
                    }
                }
            }
            default -> throw ErrnoException.of(Errno.EINVAL);
        }
        return tasks;
    }

    long ioprioGet(Task t, Arguments a) {
        long best = -Errno.ESRCH;
        for (Task other : selectedForIo(t, a.int0(), a.int1())) {
            int priority = other.scheduling().ioPriority;
            best = best < 0 || priority != 0 && (best == 0 || priority < best) ? priority : best;
        }
        return best;
    }

    long ioprioSet(Task t, Arguments a) {
        int priority = a.int2();
        int level = priority >>> Resource.IOPRIO_CLASS_SHIFT;
        int data = priority & (1 << Resource.IOPRIO_CLASS_SHIFT) - 1;
        switch (level) {
            case Resource.IOPRIO_CLASS_NONE -> {
                if (data != 0) {
                    return -Errno.EINVAL;
                }
            }
            case Resource.IOPRIO_CLASS_RT -> {
                if (!t.hasCapability(Capability.CAP_SYS_ADMIN) && !t.hasCapability(Capability.CAP_SYS_NICE)) {
                    return -Errno.EPERM;
                }
                if (data > 7) {
                    return -Errno.EINVAL;
                }
            }
            case Resource.IOPRIO_CLASS_BE -> {
                if (data > 7) {
                    return -Errno.EINVAL;
                }
            }
            case Resource.IOPRIO_CLASS_IDLE -> { }
            default -> {
                return -Errno.EINVAL;
            }
        }
        long result = -Errno.ESRCH;
        for (Task other : selectedForIo(t, a.int0(), a.int1())) {
            if (!mayChange(t, other)) {
                return -Errno.EPERM;
            }
            other.scheduling().ioPriority = priority;
            result = 0;
        }
        return result;
    }

    /** ioprio_get(2) counts who from 1 where getpriority(2) counts which from 0. */
    private static List<Task> selectedForIo(Task t, int which, int who) {
        return selected(t, which - 1, who);
    }
}
