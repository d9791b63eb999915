// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

import java.util.Locale;

/** Signals, see signal(7), sigaction(2) and sigaltstack(2). A set of signals is a long: bit 0 is signal 1. */
public final class Signals {
    // Standard signals
    public static final int SIGHUP = 1;
    public static final int SIGINT = 2;
    public static final int SIGQUIT = 3;
    public static final int SIGILL = 4;
    public static final int SIGTRAP = 5;
    public static final int SIGABRT = 6;
    public static final int SIGBUS = 7;
    public static final int SIGFPE = 8;
    public static final int SIGKILL = 9;
    public static final int SIGUSR1 = 10;
    public static final int SIGSEGV = 11;
    public static final int SIGUSR2 = 12;
    public static final int SIGPIPE = 13;
    public static final int SIGALRM = 14;
    public static final int SIGTERM = 15;
    public static final int SIGSTKFLT = 16;
    public static final int SIGCHLD = 17;
    public static final int SIGCONT = 18;
    public static final int SIGSTOP = 19;
    public static final int SIGTSTP = 20;
    public static final int SIGTTIN = 21;
    public static final int SIGTTOU = 22;
    public static final int SIGURG = 23;
    public static final int SIGXCPU = 24;
    public static final int SIGXFSZ = 25;
    public static final int SIGVTALRM = 26;
    public static final int SIGPROF = 27;
    public static final int SIGWINCH = 28;
    public static final int SIGIO = 29;
    public static final int SIGPWR = 30;
    public static final int SIGSYS = 31;

    // Other names and bounds
    public static final int SIGPOLL = 29;
    public static final int SIGIOT = 6;
    public static final int SIGRTMIN = 32;
    public static final int SIGRTMAX = 64;
    public static final int NSIG = 64; // signals are numbered from 1 to NSIG
    public static final int MINSIGSTKSZ = 2048;

    // Handlers
    public static final long SIG_DFL = 0L;
    public static final long SIG_IGN = 1L;
    public static final long SIG_ERR = -1L;

    // How of rt_sigprocmask(2)
    public static final int SIG_BLOCK = 0;
    public static final int SIG_UNBLOCK = 1;
    public static final int SIG_SETMASK = 2;

    // Flags of sigaction(2)
    public static final int SA_NOCLDSTOP = 0x1;
    public static final int SA_NOCLDWAIT = 0x2;
    public static final int SA_SIGINFO = 0x4;
    public static final int SA_UNSUPPORTED = 0x400;
    public static final int SA_EXPOSE_TAGBITS = 0x800;
    public static final int SA_RESTORER = 0x4000000;
    public static final int SA_ONSTACK = 0x8000000;
    public static final int SA_RESTART = 0x10000000;
    public static final int SA_NODEFER = 0x40000000;
    public static final int SA_RESETHAND = 0x80000000;
    public static final int SA_NOMASK = 0x40000000;
    public static final int SA_ONESHOT = 0x80000000;

    // Flags of sigaltstack(2)
    public static final int SS_ONSTACK = 0x1;
    public static final int SS_DISABLE = 0x2;
    public static final int SS_AUTODISARM = 0x80000000;

    // Where a signal came from: si_code
    public static final int SI_USER = 0;
    public static final int SI_KERNEL = 128;
    public static final int SI_QUEUE = -1;
    public static final int SI_TIMER = -2;
    public static final int SI_MESGQ = -3;
    public static final int SI_ASYNCIO = -4;
    public static final int SI_SIGIO = -5;
    public static final int SI_TKILL = -6;
    public static final int SI_DETHREAD = -7;
    public static final int SI_ASYNCNL = -60;

    // si_code of SIGILL
    public static final int ILL_ILLOPC = 1;
    public static final int ILL_ILLOPN = 2;
    public static final int ILL_ILLADR = 3;
    public static final int ILL_ILLTRP = 4;
    public static final int ILL_PRVOPC = 5;
    public static final int ILL_PRVREG = 6;
    public static final int ILL_COPROC = 7;
    public static final int ILL_BADSTK = 8;

    // si_code of SIGFPE
    public static final int FPE_INTDIV = 1;
    public static final int FPE_INTOVF = 2;
    public static final int FPE_FLTDIV = 3;
    public static final int FPE_FLTOVF = 4;
    public static final int FPE_FLTUND = 5;
    public static final int FPE_FLTRES = 6;
    public static final int FPE_FLTINV = 7;
    public static final int FPE_FLTSUB = 8;
    public static final int FPE_FLTUNK = 14;

    // si_code of SIGSEGV
    public static final int SEGV_MAPERR = 1;
    public static final int SEGV_ACCERR = 2;
    public static final int SEGV_BNDERR = 3;
    public static final int SEGV_PKUERR = 4;

    // si_code of SIGBUS
    public static final int BUS_ADRALN = 1;
    public static final int BUS_ADRERR = 2;
    public static final int BUS_OBJERR = 3;
    public static final int BUS_MCEERR_AR = 4;
    public static final int BUS_MCEERR_AO = 5;

    // si_code of SIGTRAP
    public static final int TRAP_BRKPT = 1;
    public static final int TRAP_TRACE = 2;
    public static final int TRAP_BRANCH = 3;
    public static final int TRAP_HWBKPT = 4;
    public static final int TRAP_UNK = 5;
    public static final int TRAP_PERF = 6;

    // si_code of SIGCHLD
    public static final int CLD_EXITED = 1;
    public static final int CLD_KILLED = 2;
    public static final int CLD_DUMPED = 3;
    public static final int CLD_TRAPPED = 4;
    public static final int CLD_STOPPED = 5;
    public static final int CLD_CONTINUED = 6;

    // si_code of SIGPOLL
    public static final int POLL_IN = 1;
    public static final int POLL_OUT = 2;
    public static final int POLL_MSG = 3;
    public static final int POLL_ERR = 4;
    public static final int POLL_PRI = 5;
    public static final int POLL_HUP = 6;

    // si_code of SIGSYS
    public static final int SYS_SECCOMP = 1;
    public static final int SYS_USER_DISPATCH = 2;

    // sigev_notify of timer_create(2) and mq_notify(2)
    public static final int SIGEV_SIGNAL = 0;
    public static final int SIGEV_NONE = 1;
    public static final int SIGEV_THREAD = 2;
    public static final int SIGEV_THREAD_ID = 4;

    // uc_flags of a signal frame
    public static final int UC_FP_XSTATE = 0x1;
    public static final int UC_SIGCONTEXT_SS = 0x2;
    public static final int UC_STRICT_RESTORE_SS = 0x4;

    // Flags of signalfd4(2)
    public static final int SFD_CLOEXEC = 02000000;
    public static final int SFD_NONBLOCK = 04000;

    /** Signals that can be neither caught, blocked nor ignored. */
    public static final long UNBLOCKABLE = bit(SIGKILL) | bit(SIGSTOP);

    /** Signals whose default action is to stop the process. */
    public static final long STOPPING = bit(SIGSTOP) | bit(SIGTSTP) | bit(SIGTTIN) | bit(SIGTTOU);

    /** Signals whose default action is nothing (SIGCONT continues the process before it comes to that). */
    public static final long IGNORED_BY_DEFAULT = bit(SIGCHLD) | bit(SIGCONT) | bit(SIGURG) | bit(SIGWINCH);

    /** Signals whose default action is to end the process with a core dump. */
    public static final long CORE_DUMPING = bit(SIGQUIT) | bit(SIGILL) | bit(SIGTRAP) | bit(SIGABRT) | bit(SIGBUS)
            | bit(SIGFPE) | bit(SIGSEGV) | bit(SIGXCPU) | bit(SIGXFSZ) | bit(SIGSYS);

    /** Signals an instruction of the thread itself raises; they are delivered before all others. */
    public static final long SYNCHRONOUS = bit(SIGSEGV) | bit(SIGBUS) | bit(SIGILL) | bit(SIGTRAP) | bit(SIGFPE) | bit(SIGSYS);

    private static final String[] NAMES = ("HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT"
            + " CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS").split(" ");

    /** Whether {@code sig} is from 1 to {@link #NSIG}. */
    public static boolean isValid(int sig) {
        return sig >= 1 && sig <= NSIG;
    }

    /** The set that holds only this signal. Takes a valid signal. */
    public static long bit(int sig) {
        return 1L << sig - 1;
    }

    public static boolean contains(long set, int sig) {
        return (set & bit(sig)) != 0;
    }

    /** The lowest signal in the set, or 0 if it is empty. */
    public static int lowest(long set) {
        return set == 0 ? 0 : Long.numberOfTrailingZeros(set) + 1;
    }

    /** Such as {@code "SIGTERM"}, {@code "SIGRTMIN+3"}; the number itself for what is not a signal. */
    public static String name(int sig) {
        if (sig >= 1 && sig <= NAMES.length) {
            return "SIG" + NAMES[sig - 1];
        }
        if (sig >= SIGRTMIN && sig <= SIGRTMAX) {
            return sig == SIGRTMIN ? "SIGRTMIN" : "SIGRTMIN+" + (sig - SIGRTMIN);
        }
        return Integer.toString(sig);
    }

    /**
     * The signal that {@code text} names, as kill(1) takes it: a number, or a name with or without SIG, in either case.
     * -1 if it names none.
     */
    public static int parse(String text) {
        String upper = text.toUpperCase(Locale.ROOT);
        String name = upper.startsWith("SIG") ? upper.substring(3) : upper;
        for (int i = 0; i < NAMES.length; i++) {
            if (NAMES[i].equals(name)) {
                return i + 1;
            }
        }
        int base = 0;
        String number = name;
        if (name.startsWith("RTMIN")) {
            base = SIGRTMIN;
            number = name.length() == 5 ? "0" : name.substring(5);
        } else if (name.startsWith("RTMAX")) {
            base = SIGRTMAX;
            number = name.length() == 5 ? "0" : name.substring(5);
        }
        try {
            int sig = base + Integer.parseInt(number);
            return isValid(sig) ? sig : -1;
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    private Signals() {
    }
}
