// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import static org.jvisor.api.abi.SyscallNr.*;

/** The system calls that a sealed gofer may make. One list: the filter is made of it, and a test holds it against the code. */
final class AllowedCalls {

    /** The gofer's own. */
    static final int[] OWN = {
        OPENAT, CLOSE, STATX, FCHOWNAT, FCHMODAT, UTIMENSAT, FTRUNCATE, READLINKAT, LINKAT, UNLINKAT, RENAMEAT2, MKDIRAT, MKNODAT,
        SYMLINKAT, GETDENTS64, LSEEK, PREAD64, PWRITE64, FSYNC, FDATASYNC, FSTATFS, FCNTL, FLISTXATTR, FGETXATTR, FSETXATTR,
        FREMOVEXATTR, SENDTO, SENDMSG, RECVFROM, RECVMSG, SHUTDOWN,
    };

    /**
     * The JVM's: threads, memory, time, signals, its messages, its end. Memory that can be executed is how a JVM works. Not among
     * them are clone3(2), for which the filter answers ENOSYS so that the C library uses clone(2), and tgkill(2), which the
     * filter lets through for this process only.
     */
    static final int[] JVM = {
        FUTEX, SCHED_YIELD, SCHED_GETAFFINITY, GETTID, GETPID, SET_ROBUST_LIST, RSEQ, EXIT, EXIT_GROUP, PRCTL, MMAP, MUNMAP,
        MPROTECT, MADVISE, MREMAP, BRK, CLOCK_GETTIME, CLOCK_GETRES, CLOCK_NANOSLEEP, NANOSLEEP, GETTIMEOFDAY, GETRUSAGE, GETCPU,
        RT_SIGACTION, RT_SIGPROCMASK, RT_SIGRETURN, RT_SIGTIMEDWAIT, SIGALTSTACK, READ, WRITE, FSTAT, NEWFSTATAT, READLINK,
        OPEN, ACCESS, SYSINFO, UNAME, RESTART_SYSCALL, GETRANDOM, MEMBARRIER, GETUID, GETEUID, GETGID, GETEGID, PRLIMIT64,
        POLL, MINCORE,
    };

    private AllowedCalls() {
    }
}
