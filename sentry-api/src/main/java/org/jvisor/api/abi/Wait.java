// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** Numbers and status words of wait4(2) and waitid(2). */
public final class Wait {
    // Options
    public static final int WNOHANG = 0x1;
    public static final int WUNTRACED = 0x2;
    public static final int WSTOPPED = 0x2; // waitid(2)'s name of WUNTRACED
    public static final int WEXITED = 0x4;
    public static final int WCONTINUED = 0x8;
    public static final int WNOWAIT = 0x1000000;
    public static final int WNOTHREAD = 0x20000000; // __WNOTHREAD: children of this thread only
    public static final int WALL = 0x40000000; // __WALL: children of any kind
    public static final int WCLONE = 0x80000000; // __WCLONE: clone children only

    // idtype of waitid(2)
    public static final int P_ALL = 0;
    public static final int P_PID = 1;
    public static final int P_PGID = 2;
    public static final int P_PIDFD = 3;

    // Parts of a status word
    public static final int CORE_FLAG = 0x80;
    public static final int CONTINUED = 0xffff; // the child went on after SIGCONT

    /** Status of a child that called exit(code). */
    public static int exited(int code) {
        return (code & 0xff) << 8;
    }

    /** Status of a child that a signal ended. */
    public static int signaled(int sig, boolean core) {
        return sig & 0x7f | (core ? CORE_FLAG : 0);
    }

    /** Status of a child that a signal stopped; for ptrace(2) events {@code sig} has the event above its low 8 bits. */
    public static int stopped(int sig) {
        return sig << 8 | 0x7f;
    }

    public static boolean isExited(int status) {
        return (status & 0x7f) == 0;
    }

    public static boolean isSignaled(int status) {
        return (status & 0x7f) != 0 && (status & 0x7f) != 0x7f;
    }

    public static boolean isStopped(int status) {
        return (status & 0xff) == 0x7f;
    }

    public static boolean isContinued(int status) {
        return status == CONTINUED;
    }

    public static int exitCode(int status) {
        return status >> 8 & 0xff;
    }

    public static int termSignal(int status) {
        return status & 0x7f;
    }

    public static int stopSignal(int status) {
        return status >> 8 & 0xff;
    }

    /** The PTRACE_EVENT_* of a stopped tracee, 0 if there is none. */
    public static int ptraceEvent(int status) {
        return status >>> 16;
    }

    private Wait() {
    }
}
