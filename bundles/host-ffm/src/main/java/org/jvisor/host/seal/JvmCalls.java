// SPDX-License-Identifier: Apache-2.0
package org.jvisor.host.seal;

import static org.jvisor.api.abi.SyscallNr.*;

import java.util.List;
import org.jvisor.api.abi.Clone;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Prctl;
import org.jvisor.api.abi.Termios;
import org.jvisor.api.host.HostCall;

/** The system calls that a running JVM needs, whatever its program does. */
public final class JvmCalls {

    /** Threads, memory, time, signals, its messages, its end. */
    private static final List<HostCall> ANY = HostCall.listOf(
        FUTEX, SCHED_YIELD, SCHED_GETAFFINITY, GETTID, GETPID, SET_ROBUST_LIST, RSEQ, EXIT, EXIT_GROUP, MUNMAP, MADVISE, MREMAP,
        BRK, CLOCK_GETTIME, CLOCK_GETRES, CLOCK_NANOSLEEP, NANOSLEEP, GETTIMEOFDAY, GETRUSAGE, GETCPU, RT_SIGACTION,
        RT_SIGPROCMASK, RT_SIGRETURN, RT_SIGTIMEDWAIT, SIGALTSTACK, READ, WRITE, FSTAT, SYSINFO, UNAME, RESTART_SYSCALL,
        GETRANDOM, MEMBARRIER, GETUID, GETEUID, GETGID, GETEGID, POLL, MINCORE, CLOSE, LSEEK, PREAD64);

    private static final int PROTECTIONS = Mman.PROT_READ | Mman.PROT_WRITE | Mman.PROT_EXEC;
    private static final int MAPPINGS = Mman.MAP_TYPE | Mman.MAP_FIXED | Mman.MAP_ANONYMOUS | Mman.MAP_32BIT | Mman.MAP_DENYWRITE
        | Mman.MAP_NORESERVE | Mman.MAP_POPULATE | Mman.MAP_STACK | Mman.MAP_FIXED_NOREPLACE;
    private static final long THREAD = Clone.CLONE_VM | Clone.CLONE_FS | Clone.CLONE_FILES | Clone.CLONE_SIGHAND
        | Clone.CLONE_THREAD;
    private static final long NO_THREAD = Clone.CLONE_NEWNS | Clone.CLONE_NEWCGROUP | Clone.CLONE_NEWUTS | Clone.CLONE_NEWIPC
        | Clone.CLONE_NEWUSER | Clone.CLONE_NEWPID | Clone.CLONE_NEWNET | Clone.CLONE_PTRACE | Clone.CLONE_PIDFD
        | Clone.CLONE_VFORK | Clone.CLONE_PARENT | Clone.CLONE_IO;

    /**
     * Memory that can be executed is how a JVM works; it maps it as such, and shares none of it: what was mapped to be written to, the
     * applications' memory above all, never becomes code. No other process, no other namespace; limits are only asked for.
     */
    private static final List<HostCall> SOME = List.of(
        HostCall.of(MMAP).withBits(2, ~PROTECTIONS, 0).withBits(3, ~MAPPINGS | Mman.MAP_TYPE, Mman.MAP_PRIVATE),
        HostCall.of(MMAP).withBits(2, ~PROTECTIONS | Mman.PROT_EXEC, 0).withBits(3, ~MAPPINGS | Mman.MAP_TYPE, Mman.MAP_SHARED),
        HostCall.of(MPROTECT).withBits(2, ~PROTECTIONS | Mman.PROT_EXEC, 0),
        HostCall.of(PRLIMIT64).with(0, 0).withLong(2, 0),
        HostCall.of(CLONE).withBits(0, THREAD | NO_THREAD, THREAD),
        HostCall.of(PRCTL).with(0, Prctl.PR_SET_NAME, Prctl.PR_GET_NAME, Prctl.PR_SET_VMA),
        HostCall.of(FCNTL).with(1, Open.F_GETFD, Open.F_SETFD, Open.F_GETFL, Open.F_SETFL),
        HostCall.of(IOCTL).with(1, Termios.FIONREAD, Termios.TCGETS));

    /**
     * What it tries and can do without; clone3(2) so that the C library uses clone(2), whose arguments a filter can see.
     */
    private static final List<HostCall> REFUSED = HostCall.all(
        HostCall.refused(Errno.ENOSYS, CLONE3),
        HostCall.refused(Errno.EINVAL, PRCTL, FCNTL),
        HostCall.refused(Errno.ENOTTY, IOCTL),
        HostCall.refused(Errno.EPERM, PRLIMIT64, SOCKET, SCHED_SETSCHEDULER, SETPRIORITY, GETPRIORITY, MLOCK, MSYNC),
        HostCall.refused(Errno.ENOENT, OPEN, OPENAT, STAT, LSTAT, NEWFSTATAT, STATX, ACCESS, FACCESSAT, FACCESSAT2, READLINK,
            READLINKAT, STATFS, UNLINK, RENAME, MKDIR, RMDIR, CHMOD, GETCWD));

    private JvmCalls() {
    }

    /** @param self the process's id: signals for its own threads */
    public static List<HostCall> running(int self) {
        return HostCall.all(SOME, ANY, List.of(HostCall.of(TGKILL).with(0, self)), REFUSED);
    }
}
