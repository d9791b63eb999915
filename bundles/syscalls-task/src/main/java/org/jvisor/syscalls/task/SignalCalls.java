// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.task;

import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.SigactionLayout;
import org.jvisor.api.abi.SigaltStackLayout;
import org.jvisor.api.abi.SiginfoLayout;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.PidFd;
import org.jvisor.api.kernel.ProcessGroup;
import org.jvisor.api.kernel.SignalAction;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.platform.Registers;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FileDescription;

/** Signals: signal(7). */
final class SignalCalls {

    private static final int SIGSET_BYTES = 8;
    private static final int NSIG = 64;
    private static final int MINSIGSTKSZ = 2048;
    private static final long UNBLOCKABLE = 1L << Signals.SIGKILL - 1 | 1L << Signals.SIGSTOP - 1;
    private static final long KNOWN_FLAGS = 0xdc000c07L | Signals.SA_RESTORER;

    long sigaction(Task t, Arguments a) {
        int signal = a.int0();
        if (a.a3 != SIGSET_BYTES || signal < 1 || signal > NSIG) {
            return -Errno.EINVAL;
        }
        byte[] b = t.scratch();
        SignalAction fresh = null;
        if (a.a1 != 0) {
            if (signal == Signals.SIGKILL || signal == Signals.SIGSTOP) {
                return -Errno.EINVAL;
            }
            t.memory().copyIn(a.a1, b, 0, SigactionLayout.SIZE);
            fresh = new SignalAction(SigactionLayout.handler(b, 0), SigactionLayout.flags(b, 0) & KNOWN_FLAGS,
                    SigactionLayout.restorer(b, 0), SigactionLayout.mask(b, 0) & ~UNBLOCKABLE);
        }
        SignalAction old = fresh == null ? t.group().action(signal) : t.group().setAction(signal, fresh);
        if (a.a2 != 0) {
            SigactionLayout.handler(b, 0, old.handler());
            SigactionLayout.flags(b, 0, old.flags());
            SigactionLayout.restorer(b, 0, old.restorer());
            SigactionLayout.mask(b, 0, old.mask());
            t.memory().copyOut(b, 0, SigactionLayout.SIZE, a.a2);
        }
        return 0;
    }

    long sigprocmask(Task t, Arguments a) {
        if (a.a3 != SIGSET_BYTES) {
            return -Errno.EINVAL;
        }
        long old = t.signalMask();
        if (a.a1 != 0) {
            long set = t.memory().getLong(a.a1);
            long mask;
            switch (a.int0()) {
                case Signals.SIG_BLOCK -> mask = old | set;
                case Signals.SIG_UNBLOCK -> mask = old & ~set;
                case Signals.SIG_SETMASK -> mask = set;
                default -> {
                    return -Errno.EINVAL;
                }
            }
            t.setSignalMask(mask & ~UNBLOCKABLE);
        }
        if (a.a2 != 0) {
            t.memory().putLong(a.a2, old);
        }
        return 0;
    }

    long sigpending(Task t, Arguments a) {
        if (Long.compareUnsigned(a.a1, SIGSET_BYTES) > 0) {
            return -Errno.EINVAL;
        }
        long pending = t.pendingSignals() & t.signalMask();
        for (int i = 0; i < a.a1; i++) {
            t.memory().putByte(a.a0 + i, (byte) (pending >>> 8 * i));
        }
        return 0;
    }

    long sigsuspend(Task t, Arguments a) {
        if (a.a1 != SIGSET_BYTES) {
            return -Errno.EINVAL;
        }
        t.setTemporaryMask(t.memory().getLong(a.a0) & ~UNBLOCKABLE);
        return sleepForSignal(t);
    }

    long pause(Task t) {
        return sleepForSignal(t);
    }

    private static long sleepForSignal(Task t) {
        while (t.sleep(Long.MAX_VALUE) == 0) {
            // Only an interruption ends it.
        }
        return -Errno.ERESTARTNOHAND;
    }

    long sigtimedwait(Task t, Arguments a) {
        if (a.a3 != SIGSET_BYTES) {
            return -Errno.EINVAL;
        }
        long set = t.memory().getLong(a.a0) & ~UNBLOCKABLE;
        long deadline = Long.MAX_VALUE;
        if (a.a2 != 0) {
            deadline = t.call().deadline(TimeCalls.duration(t, a.a2));
        }
        SignalInfo signal = t.takeSignal(set);
        if (signal == null) {
            long slept = 0;
            t.awaitSignals(set);
            try {
                while ((signal = t.takeSignal(set)) == null && slept == 0) {
                    slept = t.sleep(deadline);
                }
            } finally {
                t.awaitSignals(0);
            }
            if (signal == null) {
                // signal(7): what else interrupts it is not restarted, SA_RESTART or not, nor after a stop.
                return slept == -Errno.ETIMEDOUT ? -Errno.EAGAIN : -Errno.EINTR;
            }
        }
        if (a.a1 != 0) {
            byte[] b = t.scratch();
            putSignalInfo(b, signal);
            t.memory().copyOut(b, 0, SiginfoLayout.SIZE, a.a1);
        }
        return signal.signal();
    }

    /** siginfo_t of a signal that did not come from a fault. */
    private static void putSignalInfo(byte[] b, SignalInfo s) {
        Bytes.zero(b, 0, SiginfoLayout.SIZE);
        SiginfoLayout.signo(b, 0, s.signal());
        SiginfoLayout.code(b, 0, s.code());
        if (s.signal() == Signals.SIGCHLD && s.code() > 0) {
            SiginfoLayout.pid(b, 0, s.pid());
            SiginfoLayout.uid(b, 0, s.uid());
            SiginfoLayout.status(b, 0, s.status());
            SiginfoLayout.utime(b, 0, s.userTime());
            SiginfoLayout.stime(b, 0, s.systemTime());
        } else if (s.code() > 0 && s.code() != Signals.SI_KERNEL) {
            SiginfoLayout.addr(b, 0, s.value());
            SiginfoLayout.fd(b, 0, s.status());
        } else {
            SiginfoLayout.pid(b, 0, s.pid());
            SiginfoLayout.uid(b, 0, s.uid());
            SiginfoLayout.value(b, 0, s.value());
        }
    }

    long sigaltstack(Task t, Arguments a) {
        Task.AltStack old = t.altStack();
        byte[] b = t.scratch();
        long stackPointer = t.registers().get(Registers.RSP);
        boolean onStack = (old.flags() & Signals.SS_DISABLE) == 0 && (old.flags() & Signals.SS_AUTODISARM) == 0
                && Long.compareUnsigned(stackPointer - old.pointer(), old.size()) <= 0
                && stackPointer != old.pointer();
        if (a.a0 != 0) {
            t.memory().copyIn(a.a0, b, 0, SigaltStackLayout.SIZE);
            int flags = SigaltStackLayout.flags(b, 0);
            int mode = flags & ~Signals.SS_AUTODISARM;
            if (onStack) {
                return -Errno.EPERM;
            }
            if (mode != 0 && mode != Signals.SS_ONSTACK && mode != Signals.SS_DISABLE) {
                return -Errno.EINVAL;
            }
            if (mode == Signals.SS_DISABLE) {
                t.setAltStack(new Task.AltStack(0, flags, 0));
            } else {
                long size = SigaltStackLayout.sizeBytes(b, 0);
                if (Long.compareUnsigned(size, MINSIGSTKSZ) < 0) {
                    return -Errno.ENOMEM;
                }
                t.setAltStack(new Task.AltStack(SigaltStackLayout.sp(b, 0), flags & Signals.SS_AUTODISARM, size));
            }
        }
        if (a.a1 != 0) {
            Bytes.zero(b, 0, SigaltStackLayout.SIZE);
            SigaltStackLayout.sp(b, 0, old.pointer());
            SigaltStackLayout.flags(b, 0, old.flags() | (onStack ? Signals.SS_ONSTACK : 0));
            SigaltStackLayout.sizeBytes(b, 0, old.size());
            t.memory().copyOut(b, 0, SigaltStackLayout.SIZE, a.a1);
        }
        return 0;
    }

    long kill(Task t, Arguments a) {
        int pid = a.int0();
        int signal = a.int1();
        if (signal < 0 || signal > NSIG) {
            return -Errno.EINVAL;
        }
        if (pid > 0) {
            ThreadGroup group = groupOf(t, pid);
            return group == null ? -Errno.ESRCH : send(t, group, signal);
        }
        if (pid == Integer.MIN_VALUE) {
            return -Errno.ESRCH;
        }
        return t.pidNamespace().kill(t, pid, signal);
    }

    private static ThreadGroup groupOf(Task t, int id) {
        ThreadGroup group = t.pidNamespace().threadGroup(id);
        if (group != null) {
            return group;
        }
        // Linux takes the id of any thread for its process here.
        Task thread = t.pidNamespace().task(id);
        return thread == null ? null : thread.group();
    }

    private static long send(Task t, ThreadGroup group, int signal) {
        long allowed = t.maySignal(group, signal);
        if (allowed == 0 && signal != 0) {
            group.send(SignalInfo.user(signal, t));
        }
        return allowed;
    }

    long tkill(Task t, int tgid, int tid, int signal) {
        if (tid <= 0 || signal < 0 || signal > NSIG) {
            return -Errno.EINVAL;
        }
        Task target = t.pidNamespace().task(tid);
        if (target == null || tgid != -1 && target.group().pid() != tgid) {
            return -Errno.ESRCH;
        }
        long allowed = t.maySignal(target.group(), signal);
        if (allowed == 0 && signal != 0) {
            target.send(new SignalInfo(signal, Signals.SI_TKILL, t.group().pid(), t.credentials().uid(), 0, 0, 0, 0));
        }
        return allowed;
    }

    long sigqueueinfo(Task t, Arguments a) {
        ThreadGroup group = groupOf(t, a.int0());
        if (group == null) {
            return -Errno.ESRCH;
        }
        SignalInfo signal = queued(t, a.int1(), a.a2, group == t.group());
        long allowed = t.maySignal(group, a.int1());
        return allowed == 0 && signal != null ? group.queueSignal(signal) : allowed;
    }

    long tgsigqueueinfo(Task t, Arguments a) {
        if (a.int0() <= 0 || a.int1() <= 0) {
            return -Errno.EINVAL;
        }
        Task target = t.pidNamespace().task(a.int1());
        if (target == null || target.group().pid() != a.int0()) {
            return -Errno.ESRCH;
        }
        SignalInfo signal = queued(t, a.int2(), a.a3, target.group() == t.group());
        long allowed = t.maySignal(target.group(), a.int2());
        return allowed == 0 && signal != null ? target.queueSignal(signal) : allowed;
    }

    /** pidfd_send_signal(2). */
    long pidfdSendSignal(Task t, Arguments a) {
        if (a.int3() != 0) {
            return -Errno.EINVAL;
        }
        FileDescription file = t.files().acquire(a.int0());
        if (file == null) {
            return -Errno.EBADF;
        }
        try {
            if (!(file.operations() instanceof PidFd pidfd)) {
                return -Errno.EBADF;
            }
            ThreadGroup group = pidfd.group();
            int signal = a.int1();
            if (signal < 0 || signal > NSIG) {
                return -Errno.EINVAL;
            }
            if (t.pidNamespace().threadGroup(group.pid()) != group) {
                return -Errno.ESRCH;
            }
            if (a.a2 == 0) {
                return send(t, group, signal);
            }
            SignalInfo queued = queued(t, signal, a.a2, group == t.group());
            if (queued != null && SiginfoLayout.signo(t.scratch(), 0) != signal) {
                return -Errno.EINVAL;
            }
            long allowed = t.maySignal(group, signal);
            return allowed == 0 && queued != null ? group.queueSignal(queued) : allowed;
        } finally {
            file.release(t);
        }
    }

    /** The signal that the caller made up: only to itself may it look like one from kill(2) or the kernel. Null for 0. */
    private static SignalInfo queued(Task t, int signal, long info, boolean toSelf) {
        byte[] b = t.scratch();
        t.memory().copyIn(info, b, 0, SiginfoLayout.SIZE);
        if (signal < 0 || signal > NSIG) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        int code = SiginfoLayout.code(b, 0);
        if (!toSelf && (code >= 0 || code == Signals.SI_TKILL)) {
            throw ErrnoException.of(Errno.EPERM);
        }
        return signal == 0 ? null : new SignalInfo(signal, code, SiginfoLayout.pid(b, 0), SiginfoLayout.uid(b, 0), 0,
                SiginfoLayout.value(b, 0), 0, 0);
    }

    /** Whether {@code other} runs wholly as the caller's real user: the plain case of ptrace(2)'s access check. */
    static boolean sameUser(Task t, Task other) {
        Credentials mine = t.credentials();
        Credentials its = other.credentials();
        return mine.uid() == its.uid() && mine.uid() == its.euid() && mine.uid() == its.suid() && mine.gid() == its.gid()
                && mine.gid() == its.egid() && mine.gid() == its.sgid();
    }
}
