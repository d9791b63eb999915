// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.task;

import static org.jvisor.api.abi.SyscallNr.*;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.syscall.CallTable;
import org.jvisor.api.syscall.SyscallFamily;
import org.jvisor.api.syscall.SyscallHandler;
import org.osgi.service.component.annotations.Component;

/** The family of processes, threads, credentials, signals, time, limits and of what the system says of itself. */
@Component(service = SyscallFamily.class)
public final class TaskSyscalls implements SyscallFamily, SyscallHandler {

    private final ProcessCalls processes = new ProcessCalls();
    private final CredentialCalls credentials = new CredentialCalls();
    private final SignalCalls signals = new SignalCalls();
    private final TimeCalls times = new TimeCalls();
    private final ResourceCalls resources = new ResourceCalls();
    private final SchedulingCalls scheduling = new SchedulingCalls();
    private final SystemCalls system = new SystemCalls();

    @Override
    public String name() {
        return "task";
    }

    @Override
    public CallTable calls() {
        return new CallTable(this)
                .full(
                        FORK, VFORK, EXECVE, EXECVEAT, EXIT, EXIT_GROUP, WAIT4, WAITID, GETPID, GETTID, GETPPID, GETPGID,
                        GETPGRP, SETPGID, GETSID, SETSID, SET_TID_ADDRESS, SET_ROBUST_LIST, GET_ROBUST_LIST, PIDFD_GETFD,
                        GETUID, GETEUID, GETGID, GETEGID, SETUID, SETGID, SETREUID, SETREGID, SETRESUID, SETRESGID, GETRESUID,
                        GETRESGID, SETFSUID, SETFSGID, GETGROUPS, SETGROUPS, CAPGET, CAPSET, RT_SIGACTION, RT_SIGPROCMASK,
                        RT_SIGPENDING, RT_SIGSUSPEND, RT_SIGTIMEDWAIT, RT_SIGQUEUEINFO, RT_TGSIGQUEUEINFO, RT_SIGRETURN,
                        SIGALTSTACK, PAUSE, KILL, TKILL, TGKILL, CLOCK_GETTIME, CLOCK_GETRES, NANOSLEEP, CLOCK_NANOSLEEP, TIMER_CREATE, GETTIMEOFDAY, TIME,
                        TIMES, ALARM, GETITIMER, SETITIMER, TIMER_SETTIME, TIMER_GETTIME, TIMER_GETOVERRUN, TIMER_DELETE,
                        GETRLIMIT, SCHED_YIELD, SCHED_GETPARAM, SCHED_GETSCHEDULER, SCHED_GET_PRIORITY_MAX,
                        SCHED_GET_PRIORITY_MIN, SCHED_GETATTR, SCHED_GETAFFINITY, GETPRIORITY, IOPRIO_GET, GETCPU, UNAME,
                        SETHOSTNAME, SETDOMAINNAME, GETRANDOM)
                .partial(CLONE, "Of the namespaces only mount and UTS.")
                .partial(CLONE3, "Of the namespaces only mount and UTS; no set_tid, no cgroup.")
                .partial(UNSHARE, "Of the namespaces only mount and UTS.")
                .partial(FUTEX, "No FUTEX_WAIT_REQUEUE_PI, no FUTEX_CMP_REQUEUE_PI; no priority is inherited.")
                .partial(KCMP, "No KCMP_EPOLL_TFD.")
                .partial(PIDFD_OPEN, "No PIDFD_THREAD.")
                .partial(PIDFD_SEND_SIGNAL, "No flags.")
                .partial(CLOCK_SETTIME, "The time of the host cannot be set: EPERM.")
                .partial(SETTIMEOFDAY, "The time of the host cannot be set: EPERM.")
                .partial(SETRLIMIT, "Limits of memory locking, priority and the like are kept, not all enforced.")
                .partial(PRLIMIT64, "Limits of memory locking, priority and the like are kept, not all enforced.")
                .partial(GETRUSAGE, "No involuntary context switches and no input or output of blocks: those are the host's.")
                .partial(SCHED_SETPARAM, "Kept and reported; the host schedules.")
                .partial(SCHED_SETSCHEDULER, "Kept and reported; the host schedules. No SCHED_DEADLINE.")
                .partial(SCHED_RR_GET_INTERVAL, "Always 100 ms for SCHED_RR.")
                .partial(SCHED_SETATTR, "Kept and reported; the host schedules. No SCHED_DEADLINE.")
                .partial(SCHED_SETAFFINITY, "Kept and reported; the host schedules.")
                .partial(SETPRIORITY, "Kept and reported; the host schedules.")
                .partial(IOPRIO_SET, "Kept and reported; the host schedules.")
                .partial(SYSINFO, "No swap, no buffers.")
                .partial(SYSLOG, "The messages of the sandbox; there is no console to switch.")
                .partial(PRCTL, "No PR_SET_SECCOMP, PR_SET_TSC, PR_SET_VMA, PR_SCHED_CORE and speculation controls.")
                .partial(ARCH_PRCTL, "FS and GS bases; no ARCH_SET_CPUID, no requests for extended state.")
                .partial(PERSONALITY, "PER_LINUX, and ADDR_NO_RANDOMIZE without effect.")
                .partial(RESTART_SYSCALL, "No signal frame asks for it: EINTR.");
    }

    @Override
    public long call(Task t, Arguments a) {
        return switch (a.number) {
            case CLONE -> processes.clone(t, a);
            case CLONE3 -> processes.clone3(t, a);
            case FORK -> processes.fork(t);
            case VFORK -> processes.vfork(t);
            case EXECVE -> processes.execve(t, a);
            case EXECVEAT -> processes.execveat(t, a);
            case EXIT -> processes.exit(t, a);
            case EXIT_GROUP -> processes.exitGroup(t, a);
            case WAIT4 -> processes.wait4(t, a);
            case WAITID -> processes.waitid(t, a);
            case GETPID -> t.group().pid();
            case GETTID -> t.tid();
            case GETPPID -> processes.getppid(t);
            case GETPGID -> processes.getpgid(t, a.int0());
            case GETPGRP -> t.group().processGroup().id();
            case SETPGID -> processes.setpgid(t, a);
            case GETSID -> processes.getsid(t, a.int0());
            case SETSID -> t.group().newSession();
            case SET_TID_ADDRESS -> processes.setTidAddress(t, a);
            case SET_ROBUST_LIST -> processes.setRobustList(t, a);
            case GET_ROBUST_LIST -> processes.getRobustList(t, a);
            case UNSHARE -> processes.unshare(t, a);
            case FUTEX -> FutexCall.futex(t, a);
            case KCMP -> processes.kcmp(t, a);
            case PIDFD_OPEN -> processes.pidfdOpen(t, a);
            case PIDFD_GETFD -> processes.pidfdGetfd(t, a);
            case PIDFD_SEND_SIGNAL -> signals.pidfdSendSignal(t, a);

            case GETUID -> t.credentials().uid() & 0xffffffffL;
            case GETEUID -> t.credentials().euid() & 0xffffffffL;
            case GETGID -> t.credentials().gid() & 0xffffffffL;
            case GETEGID -> t.credentials().egid() & 0xffffffffL;
            case SETUID -> credentials.setuid(t, a.int0());
            case SETGID -> credentials.setgid(t, a.int0());
            case SETREUID -> credentials.setreuid(t, a.int0(), a.int1());
            case SETREGID -> credentials.setregid(t, a.int0(), a.int1());
            case SETRESUID -> credentials.setresuid(t, a.int0(), a.int1(), a.int2());
            case SETRESGID -> credentials.setresgid(t, a.int0(), a.int1(), a.int2());
            case GETRESUID -> credentials.getresuid(t, a);
            case GETRESGID -> credentials.getresgid(t, a);
            case SETFSUID -> credentials.setfsuid(t, a.int0());
            case SETFSGID -> credentials.setfsgid(t, a.int0());
            case GETGROUPS -> credentials.getgroups(t, a);
            case SETGROUPS -> credentials.setgroups(t, a);
            case CAPGET -> credentials.capget(t, a);
            case CAPSET -> credentials.capset(t, a);

            case RT_SIGACTION -> signals.sigaction(t, a);
            case RT_SIGPROCMASK -> signals.sigprocmask(t, a);
            case RT_SIGPENDING -> signals.sigpending(t, a);
            case RT_SIGSUSPEND -> signals.sigsuspend(t, a);
            case RT_SIGTIMEDWAIT -> signals.sigtimedwait(t, a);
            case RT_SIGQUEUEINFO -> signals.sigqueueinfo(t, a);
            case RT_TGSIGQUEUEINFO -> signals.tgsigqueueinfo(t, a);
            case RT_SIGRETURN -> t.signalReturn();
            case SIGALTSTACK -> signals.sigaltstack(t, a);
            case PAUSE -> signals.pause(t);
            case KILL -> signals.kill(t, a);
            case TKILL -> signals.tkill(t, -1, a.int0(), a.int1());
            case TGKILL -> a.int0() <= 0 ? -Errno.EINVAL : signals.tkill(t, a.int0(), a.int1(), a.int2());

            case CLOCK_GETTIME -> times.clockGettime(t, a);
            case CLOCK_GETRES -> times.clockGetres(t, a);
            case CLOCK_SETTIME -> times.clockSettime(t, a);
            case CLOCK_NANOSLEEP -> SleepCalls.clockNanosleep(t, a);
            case NANOSLEEP -> SleepCalls.nanosleep(t, a);
            case GETTIMEOFDAY -> times.gettimeofday(t, a);
            case SETTIMEOFDAY -> times.settimeofday(t, a);
            case TIME -> times.time(t, a);
            case TIMES -> times.times(t, a);
            case ALARM -> times.alarm(t, a);
            case GETITIMER -> times.getitimer(t, a);
            case SETITIMER -> times.setitimer(t, a);
            case TIMER_CREATE -> times.timerCreate(t, a);
            case TIMER_SETTIME -> times.timerSettime(t, a);
            case TIMER_GETTIME -> times.timerGettime(t, a);
            case TIMER_GETOVERRUN -> t.group().timers().overrun(a.int0());
            case TIMER_DELETE -> t.group().timers().delete(a.int0());

            case GETRLIMIT -> resources.getrlimit(t, a);
            case SETRLIMIT -> resources.setrlimit(t, a);
            case PRLIMIT64 -> resources.prlimit64(t, a);
            case GETRUSAGE -> resources.getrusage(t, a);

            case SCHED_YIELD -> scheduling.yieldCpu();
            case SCHED_SETPARAM -> scheduling.setparam(t, a);
            case SCHED_GETPARAM -> scheduling.getparam(t, a);
            case SCHED_SETSCHEDULER -> scheduling.setscheduler(t, a);
            case SCHED_GETSCHEDULER -> scheduling.getscheduler(t, a);
            case SCHED_GET_PRIORITY_MAX -> scheduling.priorityLimit(a.int0(), true);
            case SCHED_GET_PRIORITY_MIN -> scheduling.priorityLimit(a.int0(), false);
            case SCHED_RR_GET_INTERVAL -> scheduling.rrGetInterval(t, a);
            case SCHED_SETATTR -> scheduling.setattr(t, a);
            case SCHED_GETATTR -> scheduling.getattr(t, a);
            case SCHED_SETAFFINITY -> scheduling.setaffinity(t, a);
            case SCHED_GETAFFINITY -> scheduling.getaffinity(t, a);
            case GETPRIORITY -> scheduling.getpriority(t, a);
            case SETPRIORITY -> scheduling.setpriority(t, a);
            case IOPRIO_GET -> scheduling.ioprioGet(t, a);
            case IOPRIO_SET -> scheduling.ioprioSet(t, a);
            case GETCPU -> scheduling.getcpu(t, a);

            case UNAME -> system.uname(t, a);
            case SETHOSTNAME -> system.sethostname(t, a, false);
            case SETDOMAINNAME -> system.sethostname(t, a, true);
            case SYSINFO -> system.sysinfo(t, a);
            case SYSLOG -> system.syslog(t, a);
            case GETRANDOM -> system.getrandom(t, a);
            case PRCTL -> PrctlCall.prctl(t, a);
            case ARCH_PRCTL -> PrctlCall.archPrctl(t, a);
            case PERSONALITY -> system.personality(a);
            // Only a return from a signal handler's frame could ask for it, and no frame of ours does (restart_syscall(2)).
            case RESTART_SYSCALL -> -Errno.EINTR;
            default -> -Errno.ENOSYS;
        };
    }
}
