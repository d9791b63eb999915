// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** Options of prctl(2) and their arguments. */
public final class Prctl {
    // Options
    public static final int PR_SET_PDEATHSIG = 1;
    public static final int PR_GET_PDEATHSIG = 2;
    public static final int PR_GET_DUMPABLE = 3;
    public static final int PR_SET_DUMPABLE = 4;
    public static final int PR_GET_UNALIGN = 5;
    public static final int PR_SET_UNALIGN = 6;
    public static final int PR_GET_KEEPCAPS = 7;
    public static final int PR_SET_KEEPCAPS = 8;
    public static final int PR_GET_FPEMU = 9;
    public static final int PR_SET_FPEMU = 10;
    public static final int PR_GET_FPEXC = 11;
    public static final int PR_SET_FPEXC = 12;
    public static final int PR_GET_TIMING = 13;
    public static final int PR_SET_TIMING = 14;
    public static final int PR_SET_NAME = 15;
    public static final int PR_GET_NAME = 16;
    public static final int PR_GET_ENDIAN = 19;
    public static final int PR_SET_ENDIAN = 20;
    public static final int PR_GET_SECCOMP = 21;
    public static final int PR_SET_SECCOMP = 22;
    public static final int PR_CAPBSET_READ = 23;
    public static final int PR_CAPBSET_DROP = 24;
    public static final int PR_GET_TSC = 25;
    public static final int PR_SET_TSC = 26;
    public static final int PR_GET_SECUREBITS = 27;
    public static final int PR_SET_SECUREBITS = 28;
    public static final int PR_SET_TIMERSLACK = 29;
    public static final int PR_GET_TIMERSLACK = 30;
    public static final int PR_TASK_PERF_EVENTS_DISABLE = 31;
    public static final int PR_TASK_PERF_EVENTS_ENABLE = 32;
    public static final int PR_MCE_KILL = 33;
    public static final int PR_MCE_KILL_GET = 34;
    public static final int PR_SET_MM = 35;
    public static final int PR_SET_CHILD_SUBREAPER = 36;
    public static final int PR_GET_CHILD_SUBREAPER = 37;
    public static final int PR_SET_NO_NEW_PRIVS = 38;
    public static final int PR_GET_NO_NEW_PRIVS = 39;
    public static final int PR_GET_TID_ADDRESS = 40;
    public static final int PR_SET_THP_DISABLE = 41;
    public static final int PR_GET_THP_DISABLE = 42;
    public static final int PR_CAP_AMBIENT = 47;
    public static final int PR_GET_SPECULATION_CTRL = 52;
    public static final int PR_SET_SPECULATION_CTRL = 53;
    public static final int PR_SET_IO_FLUSHER = 57;
    public static final int PR_GET_IO_FLUSHER = 58;
    public static final int PR_SET_SYSCALL_USER_DISPATCH = 59;
    public static final int PR_SCHED_CORE = 62;
    public static final int PR_SET_MDWE = 65;
    public static final int PR_GET_MDWE = 66;
    public static final int PR_SET_PTRACER = 1499557217;
    public static final int PR_SET_VMA = 1398164801;

    // PR_SET_DUMPABLE
    public static final int SUID_DUMP_DISABLE = 0;
    public static final int SUID_DUMP_USER = 1;
    public static final int SUID_DUMP_ROOT = 2;

    // PR_SET_TSC
    public static final int PR_TSC_ENABLE = 1;
    public static final int PR_TSC_SIGSEGV = 2;

    // PR_CAP_AMBIENT
    public static final int PR_CAP_AMBIENT_IS_SET = 1;
    public static final int PR_CAP_AMBIENT_RAISE = 2;
    public static final int PR_CAP_AMBIENT_LOWER = 3;
    public static final int PR_CAP_AMBIENT_CLEAR_ALL = 4;

    // PR_SET_MM
    public static final int PR_SET_MM_START_CODE = 1;
    public static final int PR_SET_MM_END_CODE = 2;
    public static final int PR_SET_MM_START_DATA = 3;
    public static final int PR_SET_MM_END_DATA = 4;
    public static final int PR_SET_MM_START_STACK = 5;
    public static final int PR_SET_MM_START_BRK = 6;
    public static final int PR_SET_MM_BRK = 7;
    public static final int PR_SET_MM_ARG_START = 8;
    public static final int PR_SET_MM_ARG_END = 9;
    public static final int PR_SET_MM_ENV_START = 10;
    public static final int PR_SET_MM_ENV_END = 11;
    public static final int PR_SET_MM_AUXV = 12;
    public static final int PR_SET_MM_EXE_FILE = 13;
    public static final int PR_SET_MM_MAP = 14;
    public static final int PR_SET_MM_MAP_SIZE = 15;

    // PR_SET_SPECULATION_CTRL
    public static final int PR_SPEC_STORE_BYPASS = 0;
    public static final int PR_SPEC_INDIRECT_BRANCH = 1;
    public static final int PR_SPEC_L1D_FLUSH = 2;
    public static final int PR_SPEC_NOT_AFFECTED = 0;
    public static final int PR_SPEC_PRCTL = 1;
    public static final int PR_SPEC_ENABLE = 2;
    public static final int PR_SPEC_DISABLE = 4;
    public static final int PR_SPEC_FORCE_DISABLE = 8;
    public static final int PR_SPEC_DISABLE_NOEXEC = 16;

    // PR_SET_SYSCALL_USER_DISPATCH
    public static final int PR_SYS_DISPATCH_OFF = 0;
    public static final int PR_SYS_DISPATCH_ON = 1;
    public static final int SYSCALL_DISPATCH_FILTER_ALLOW = 0;
    public static final int SYSCALL_DISPATCH_FILTER_BLOCK = 1;

    // PR_SET_VMA
    public static final int PR_SET_VMA_ANON_NAME = 0;

    // PR_SET_PTRACER: any process
    public static final long PR_SET_PTRACER_ANY = -1L;

    // Length of a thread name with its NUL
    public static final int TASK_COMM_LEN = 16;

    private Prctl() {
    }
}
