// SPDX-License-Identifier: Apache-2.0
package org.jvisor.host.seal;

import static org.jvisor.api.abi.SyscallNr.*;

/** The system calls that a running JVM needs, whatever its program does. */
public final class JvmCalls {

    /**
     * Threads, memory, time, signals, its messages, its end. Memory that can be executed is how a JVM works. Not among them are
     * clone3(2), for which the filter answers ENOSYS so that the C library uses clone(2), and tgkill(2), which the filter lets
     * through for this process only.
     */
    private static final int[] RUNNING = {
        FUTEX, SCHED_YIELD, SCHED_GETAFFINITY, GETTID, GETPID, SET_ROBUST_LIST, RSEQ, EXIT, EXIT_GROUP, PRCTL, MMAP, MUNMAP, MPROTECT,
        MADVISE, MREMAP, BRK, CLOCK_GETTIME, CLOCK_GETRES, CLOCK_NANOSLEEP, NANOSLEEP, GETTIMEOFDAY, GETRUSAGE, GETCPU,
        RT_SIGACTION, RT_SIGPROCMASK, RT_SIGRETURN, RT_SIGTIMEDWAIT, SIGALTSTACK, READ, WRITE, FSTAT,
        SYSINFO, UNAME, RESTART_SYSCALL, GETRANDOM, MEMBARRIER, GETUID, GETEUID, GETGID, GETEGID, PRLIMIT64, POLL, MINCORE,
    };

    private JvmCalls() {
    }

    public static int[] running() {
        return RUNNING.clone();
    }
}
