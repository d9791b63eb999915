// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.task;

import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Clock;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.ItimerspecLayout;
import org.jvisor.api.abi.ItimervalLayout;
import org.jvisor.api.abi.SigeventLayout;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.TimespecLayout;
import org.jvisor.api.abi.TimevalLayout;
import org.jvisor.api.abi.TmsLayout;
import org.jvisor.api.kernel.CpuClock;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.syscall.Arguments;

/** Clocks and timers: time(7). */
final class TimeCalls {

    private static final long NS_PER_TICK = 1_000_000_000L / Clock.USER_HZ;
    private static final long COARSE_NS = 4_000_000;

    /** The struct timespec at {@code address} in ns; EINVAL when it is none. What does not fit is as good as for ever. */
    static long duration(Task t, long address) {
        byte[] b = t.scratch();
        t.memory().copyIn(address, b, 0, TimespecLayout.SIZE);
        if (!TimespecLayout.isValid(b, 0)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return TimespecLayout.toNs(b, 0);
    }

    /** The moment {@code ns} of {@code clock} in {@link System#nanoTime}'s terms. */
    static long nanoTimeOf(Task t, int clock, long ns) {
        KernelClock clocks = t.kernel().clock();
        long monotonic = clock == Clock.CLOCK_REALTIME || clock == Clock.CLOCK_TAI || clock == Clock.CLOCK_REALTIME_ALARM
                ? ns - (clocks.realtimeNs() - clocks.monotonicNs())
                : ns;
        long sum = monotonic + clocks.nanoTimeOffsetNs();
        return ns > Long.MAX_VALUE / 2 ? Long.MAX_VALUE : sum;
    }

    /** The time of {@code clock} in ns; EINVAL for one that is not there. */
    static long read(Task t, int clock) {
        KernelClock clocks = t.kernel().clock();
        return switch (clock) {
            case Clock.CLOCK_REALTIME, Clock.CLOCK_REALTIME_COARSE, Clock.CLOCK_TAI, Clock.CLOCK_REALTIME_ALARM ->
                clocks.realtimeNs();
            case Clock.CLOCK_MONOTONIC, Clock.CLOCK_MONOTONIC_RAW, Clock.CLOCK_MONOTONIC_COARSE, Clock.CLOCK_BOOTTIME,
                    Clock.CLOCK_BOOTTIME_ALARM -> clocks.monotonicNs();
            case Clock.CLOCK_PROCESS_CPUTIME_ID -> t.group().userTimeNs() + t.group().systemTimeNs();
            case Clock.CLOCK_THREAD_CPUTIME_ID -> t.userTimeNs() + t.systemTimeNs();
            default -> CpuClock.of(t, clock).ns();
        };
    }

    long clockGettime(Task t, Arguments a) {
        long ns = read(t, a.int0());
        byte[] b = t.scratch();
        TimespecLayout.putNs(b, 0, ns);
        t.memory().copyOut(b, 0, TimespecLayout.SIZE, a.a1);
        return 0;
    }

    long clockGetres(Task t, Arguments a) {
        int clock = a.int0();
        read(t, clock);
        if (a.a1 != 0) {
            boolean coarse = clock == Clock.CLOCK_REALTIME_COARSE || clock == Clock.CLOCK_MONOTONIC_COARSE;
            byte[] b = t.scratch();
            TimespecLayout.putNs(b, 0, coarse ? COARSE_NS : 1);
            t.memory().copyOut(b, 0, TimespecLayout.SIZE, a.a1);
        }
        return 0;
    }

    /** The sandbox's clocks are the host's: nobody inside may set them, CAP_SYS_TIME or not. */
    long clockSettime(Task t, Arguments a) {
        if (a.int0() != Clock.CLOCK_REALTIME) {
            return -Errno.EINVAL;
        }
        duration(t, a.a1);
        return -Errno.EPERM;
    }

    long settimeofday(Task t, Arguments a) {
        if (a.a0 != 0) {
            byte[] b = t.scratch();
            t.memory().copyIn(a.a0, b, 0, TimevalLayout.SIZE);
            if (!TimevalLayout.isValid(b, 0)) {
                return -Errno.EINVAL;
            }
        }
        return -Errno.EPERM;
    }

    long gettimeofday(Task t, Arguments a) {
        byte[] b = t.scratch();
        if (a.a0 != 0) {
            TimevalLayout.putNs(b, 0, t.kernel().clock().realtimeNs());
            t.memory().copyOut(b, 0, TimevalLayout.SIZE, a.a0);
        }
        if (a.a1 != 0) {
            t.memory().putLong(a.a1, 0);
        }
        return 0;
    }

    long time(Task t, Arguments a) {
        long seconds = t.kernel().clock().realtimeNs() / Clock.NSEC_PER_SEC;
        if (a.a0 != 0) {
            t.memory().putLong(a.a0, seconds);
        }
        return seconds;
    }

    long times(Task t, Arguments a) {
        if (a.a0 != 0) {
            ThreadGroup group = t.group();
            byte[] b = t.scratch();
            TmsLayout.utime(b, 0, group.userTimeNs() / NS_PER_TICK);
            TmsLayout.stime(b, 0, group.systemTimeNs() / NS_PER_TICK);
            TmsLayout.cutime(b, 0, group.childrenUserTimeNs() / NS_PER_TICK);
            TmsLayout.cstime(b, 0, group.childrenSystemTimeNs() / NS_PER_TICK);
            t.memory().copyOut(b, 0, TmsLayout.SIZE, a.a0);
        }
        return t.kernel().clock().monotonicNs() / NS_PER_TICK;
    }

    /** alarm(2): the seconds that were left, rounded to the nearest, never 0 for a timer that ran. */
    long alarm(Task t, Arguments a) {
        long[] old = new long[2];
        t.group().setIntervalTimer(Clock.ITIMER_REAL, (a.a0 & 0xffffffffL) * Clock.NSEC_PER_SEC, 0, old);
        return old[0] == 0 ? 0 : Math.max(1, (old[0] + Clock.NSEC_PER_SEC / 2) / Clock.NSEC_PER_SEC);
    }

    long getitimer(Task t, Arguments a) {
        int which = a.int0();
        if (which < Clock.ITIMER_REAL || which > Clock.ITIMER_PROF) {
            return -Errno.EINVAL;
        }
        long[] current = new long[2];
        t.group().getIntervalTimer(which, current);
        putItimerval(t, a.a1, current);
        return 0;
    }

    long setitimer(Task t, Arguments a) {
        int which = a.int0();
        byte[] b = t.scratch();
        Bytes.zero(b, 0, ItimervalLayout.SIZE);
        if (a.a1 != 0) {
            t.memory().copyIn(a.a1, b, 0, ItimervalLayout.SIZE);
        }
        if (which < Clock.ITIMER_REAL || which > Clock.ITIMER_PROF || !TimevalLayout.isValid(b, ItimervalLayout.VALUE)
                || !TimevalLayout.isValid(b, ItimervalLayout.INTERVAL)) {
            return -Errno.EINVAL;
        }
        long[] old = new long[2];
        t.group().setIntervalTimer(which, TimevalLayout.toNs(b, ItimervalLayout.VALUE),
                TimevalLayout.toNs(b, ItimervalLayout.INTERVAL), old);
        if (a.a2 != 0) {
            putItimerval(t, a.a2, old);
        }
        return 0;
    }

    private static void putItimerval(Task t, long address, long[] valueAndInterval) {
        byte[] b = t.scratch();
        TimevalLayout.putNs(b, ItimervalLayout.VALUE, valueAndInterval[0]);
        TimevalLayout.putNs(b, ItimervalLayout.INTERVAL, valueAndInterval[1]);
        t.memory().copyOut(b, 0, ItimervalLayout.SIZE, address);
    }

    long timerCreate(Task t, Arguments a) {
        int clock = a.int0();
        read(t, clock);
        if (clock == Clock.CLOCK_MONOTONIC_RAW || clock == Clock.CLOCK_REALTIME_COARSE || clock == Clock.CLOCK_MONOTONIC_COARSE) {
            return -Errno.EOPNOTSUPP;
        }
        CpuClock used = CpuClock.isMeant(clock) ? CpuClock.of(t, clock) : null;
        int notify = Signals.SIGEV_SIGNAL;
        int signal = Signals.SIGALRM;
        int tid = 0;
        long value = 0;
        boolean valueIsId = a.a1 == 0;
        if (a.a1 != 0) {
            byte[] b = t.scratch();
            t.memory().copyIn(a.a1, b, 0, SigeventLayout.SIZE);
            notify = SigeventLayout.notify(b, 0);
            signal = SigeventLayout.signo(b, 0);
            value = Bytes.getLong(b, SigeventLayout.VALUE);
            if (notify == Signals.SIGEV_THREAD_ID) {
                tid = SigeventLayout.tid(b, 0);
                Task target = t.pidNamespace().task(tid);
                if (target == null || target.group() != t.group()) {
                    return -Errno.EINVAL;
                }
            } else if (notify != Signals.SIGEV_SIGNAL && notify != Signals.SIGEV_NONE && notify != Signals.SIGEV_THREAD) {
                return -Errno.EINVAL;
            }
            if (notify != Signals.SIGEV_NONE && (signal < 1 || signal > 64)) {
                return -Errno.EINVAL;
            }
        }
        ThreadGroup.PosixTimers timers = t.group().timers();
        long id = timers.create(clock, used, notify, signal, valueIsId ? Long.MIN_VALUE : value, tid);
        if (id >= 0) {
            try {
                t.memory().putInt(a.a2, (int) id);
            } catch (ErrnoException e) {
                timers.delete((int) id);
                throw e;
            }
            return 0;
        }
        return id;
    }

    long timerSettime(Task t, Arguments a) {
        if (a.a2 == 0) {
            return -Errno.EINVAL;
        }
        byte[] b = t.scratch();
        t.memory().copyIn(a.a2, b, 0, ItimerspecLayout.SIZE);
        if (!TimespecLayout.isValid(b, ItimerspecLayout.VALUE) || !TimespecLayout.isValid(b, ItimerspecLayout.INTERVAL)) {
            return -Errno.EINVAL;
        }
        long[] old = new long[2];
        long result = t.group().timers().settime(a.int0(), a.int1(), TimespecLayout.toNs(b, ItimerspecLayout.VALUE),
                TimespecLayout.toNs(b, ItimerspecLayout.INTERVAL), old);
        if (result == 0 && a.a3 != 0) {
            putItimerspec(t, a.a3, old);
        }
        return result;
    }

    long timerGettime(Task t, Arguments a) {
        long[] current = new long[2];
        long result = t.group().timers().gettime(a.int0(), current);
        if (result == 0) {
            putItimerspec(t, a.a1, current);
        }
        return result;
    }

    private static void putItimerspec(Task t, long address, long[] valueAndInterval) {
        byte[] b = t.scratch();
        TimespecLayout.putNs(b, ItimerspecLayout.VALUE, valueAndInterval[0]);
        TimespecLayout.putNs(b, ItimerspecLayout.INTERVAL, valueAndInterval[1]);
        t.memory().copyOut(b, 0, ItimerspecLayout.SIZE, address);
    }
}
