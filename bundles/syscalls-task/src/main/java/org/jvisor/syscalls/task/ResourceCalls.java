// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.task;

import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Resource;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.abi.RlimitLayout;
import org.jvisor.api.abi.RusageLayout;
import org.jvisor.api.abi.TimevalLayout;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.kernel.Usage;
import org.jvisor.api.syscall.Arguments;

/** Limits and what was used: getrlimit(2), getrusage(2). */
final class ResourceCalls {

    /** fs.nr_open: what RLIMIT_NOFILE can be at most. */
    private static final long NR_OPEN = 1 << 20;

    long getrlimit(Task t, Arguments a) {
        return prlimit(t, t.group(), a.int0(), 0, a.a1);
    }

    long setrlimit(Task t, Arguments a) {
        return prlimit(t, t.group(), a.int0(), a.a1, 0);
    }

    long prlimit64(Task t, Arguments a) {
        ThreadGroup group = t.group();
        if (a.int0() != 0) {
            Task other = t.pidNamespace().task(a.int0());
            if (other == null) {
                return -Errno.ESRCH;
            }
            Credentials mine = t.credentials();
            Credentials its = other.credentials();
            boolean same = mine.uid() == its.euid() && mine.uid() == its.suid() && mine.uid() == its.uid()
                    && mine.gid() == its.egid() && mine.gid() == its.sgid() && mine.gid() == its.gid();
            if (other.group() != group && !same && !mine.has(Capability.CAP_SYS_RESOURCE)) {
                return -Errno.EPERM;
            }
            group = other.group();
        }
        return prlimit(t, group, a.int1(), a.a2, a.a3);
    }

    private static long prlimit(Task t, ThreadGroup group, int resource, long fresh, long old) {
        if (resource < 0 || resource >= Rlimit.RLIM_NLIMITS) {
            return -Errno.EINVAL;
        }
        byte[] b = t.scratch();
        long oldSoft = group.softLimit(resource);
        long oldHard = group.hardLimit(resource);
        if (fresh != 0) {
            t.memory().copyIn(fresh, b, 0, RlimitLayout.SIZE);
            long soft = Bytes.getLong(b, 0);
            long hard = Bytes.getLong(b, 8);
            if (Long.compareUnsigned(soft, hard) > 0) {
                return -Errno.EINVAL;
            }
            if (resource == Rlimit.RLIMIT_NOFILE && Long.compareUnsigned(hard, NR_OPEN) > 0) {
                return -Errno.EPERM;
            }
            if (Long.compareUnsigned(hard, oldHard) > 0 && !t.hasCapability(Capability.CAP_SYS_RESOURCE)) {
                return -Errno.EPERM;
            }
            group.setLimit(resource, soft, hard);
        }
        if (old != 0) {
            Bytes.putLong(b, 0, oldSoft);
            Bytes.putLong(b, 8, oldHard);
            t.memory().copyOut(b, 0, RlimitLayout.SIZE, old);
        }
        return 0;
    }

    long getrusage(Task t, Arguments a) {
        ThreadGroup group = t.group();
        byte[] b = t.scratch();
        Bytes.zero(b, 0, RusageLayout.SIZE);
        switch (a.int0()) {
            case Resource.RUSAGE_SELF -> {
                times(b, group.userTimeNs(), group.systemTimeNs());
                RusageLayout.maxrss(b, 0, group.peakResidentBytes(false) >> 10);
                putUsage(b, group.usage());
            }
            case Resource.RUSAGE_CHILDREN -> {
                times(b, group.childrenUserTimeNs(), group.childrenSystemTimeNs());
                RusageLayout.maxrss(b, 0, group.peakResidentBytes(true) >> 10);
                putUsage(b, group.childrenUsage());
            }
            case Resource.RUSAGE_THREAD -> {
                times(b, t.userTimeNs(), t.systemTimeNs());
                RusageLayout.maxrss(b, 0, group.peakResidentBytes(false) >> 10);
                putUsage(b, t.usage());
            }
            default -> {
                return -Errno.EINVAL;
            }
        }
        t.memory().copyOut(b, 0, RusageLayout.SIZE, a.a1);
        return 0;
    }

    static void putUsage(byte[] b, Usage usage) {
        RusageLayout.minflt(b, 0, usage.faults());
        RusageLayout.nvcsw(b, 0, usage.sleeps());
    }

    private static void times(byte[] b, long userNs, long systemNs) {
        TimevalLayout.putNs(b, RusageLayout.UTIME, userNs);
        TimevalLayout.putNs(b, RusageLayout.STIME, systemNs);
    }
}
