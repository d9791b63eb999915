// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** Clocks and timers: clock_gettime(2), clock_nanosleep(2), timerfd_create(2), setitimer(2), adjtimex(2). */
public final class Clock {
    // Clocks
    public static final int CLOCK_REALTIME = 0;
    public static final int CLOCK_MONOTONIC = 1;
    public static final int CLOCK_PROCESS_CPUTIME_ID = 2;
    public static final int CLOCK_THREAD_CPUTIME_ID = 3;
    public static final int CLOCK_MONOTONIC_RAW = 4;
    public static final int CLOCK_REALTIME_COARSE = 5;
    public static final int CLOCK_MONOTONIC_COARSE = 6;
    public static final int CLOCK_BOOTTIME = 7;
    public static final int CLOCK_REALTIME_ALARM = 8;
    public static final int CLOCK_BOOTTIME_ALARM = 9;
    public static final int CLOCK_TAI = 11;

    // Clock ids of other processes and threads: ~pid << 3 | which, with the thread bit for a thread id
    public static final int CPUCLOCK_PERTHREAD_MASK = 4;
    public static final int CPUCLOCK_CLOCK_MASK = 3;
    public static final int CPUCLOCK_PROF = 0;
    public static final int CPUCLOCK_VIRT = 1;
    public static final int CPUCLOCK_SCHED = 2;

    // Flags of clock_nanosleep(2) and timer_settime(2)
    public static final int TIMER_ABSTIME = 0x1;

    // Flags of timerfd_create(2) and timerfd_settime(2)
    public static final int TFD_TIMER_ABSTIME = 0x1;
    public static final int TFD_TIMER_CANCEL_ON_SET = 0x2;
    public static final int TFD_CLOEXEC = 0x80000;
    public static final int TFD_NONBLOCK = 0x800;

    // Timers of setitimer(2)
    public static final int ITIMER_REAL = 0;
    public static final int ITIMER_VIRTUAL = 1;
    public static final int ITIMER_PROF = 2;

    // Special nanoseconds of utimensat(2)
    public static final long UTIME_NOW = 1073741823L;
    public static final long UTIME_OMIT = 1073741822L;

    // Modes and states of adjtimex(2)
    public static final int ADJ_OFFSET = 0x1;
    public static final int ADJ_FREQUENCY = 0x2;
    public static final int ADJ_MAXERROR = 0x4;
    public static final int ADJ_ESTERROR = 0x8;
    public static final int ADJ_STATUS = 0x10;
    public static final int ADJ_TIMECONST = 0x20;
    public static final int ADJ_TAI = 0x80;
    public static final int ADJ_SETOFFSET = 0x100;
    public static final int ADJ_MICRO = 0x1000;
    public static final int ADJ_NANO = 0x2000;
    public static final int ADJ_TICK = 0x4000;
    public static final int ADJ_OFFSET_SINGLESHOT = 0x8001;
    public static final int ADJ_OFFSET_SS_READ = 0xa001;
    public static final int STA_UNSYNC = 0x40;
    public static final int STA_NANO = 0x2000;
    public static final int TIME_OK = 0x0;
    public static final int TIME_ERROR = 0x5;

    // Ticks of times(2) and of jiffies in /proc: a second has USER_HZ
    public static final long USER_HZ = 100L;
    public static final long NSEC_PER_SEC = 1000000000L;
    public static final long USEC_PER_SEC = 1000000L;
    public static final long NSEC_PER_USEC = 1000L;
    public static final long NSEC_PER_MSEC = 1000000L;

    private Clock() {
    }
}
