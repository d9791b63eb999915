// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** Requests, options and events of ptrace(2). Layout of the registers: {@link UserRegsLayout}. */
public final class Ptrace {
    // Requests
    public static final int PTRACE_TRACEME = 0x0;
    public static final int PTRACE_PEEKTEXT = 0x1;
    public static final int PTRACE_PEEKDATA = 0x2;
    public static final int PTRACE_PEEKUSR = 0x3;
    public static final int PTRACE_POKETEXT = 0x4;
    public static final int PTRACE_POKEDATA = 0x5;
    public static final int PTRACE_POKEUSR = 0x6;
    public static final int PTRACE_CONT = 0x7;
    public static final int PTRACE_KILL = 0x8;
    public static final int PTRACE_SINGLESTEP = 0x9;
    public static final int PTRACE_GETREGS = 0xc;
    public static final int PTRACE_SETREGS = 0xd;
    public static final int PTRACE_GETFPREGS = 0xe;
    public static final int PTRACE_SETFPREGS = 0xf;
    public static final int PTRACE_ATTACH = 0x10;
    public static final int PTRACE_DETACH = 0x11;
    public static final int PTRACE_SYSCALL = 0x18;
    public static final int PTRACE_ARCH_PRCTL = 0x1e;
    public static final int PTRACE_SYSEMU = 0x1f;
    public static final int PTRACE_SYSEMU_SINGLESTEP = 0x20;
    public static final int PTRACE_SETOPTIONS = 0x4200;
    public static final int PTRACE_GETEVENTMSG = 0x4201;
    public static final int PTRACE_GETSIGINFO = 0x4202;
    public static final int PTRACE_SETSIGINFO = 0x4203;
    public static final int PTRACE_GETREGSET = 0x4204;
    public static final int PTRACE_SETREGSET = 0x4205;
    public static final int PTRACE_SEIZE = 0x4206;
    public static final int PTRACE_INTERRUPT = 0x4207;
    public static final int PTRACE_LISTEN = 0x4208;
    public static final int PTRACE_PEEKSIGINFO = 0x4209;
    public static final int PTRACE_GETSIGMASK = 0x420a;
    public static final int PTRACE_SETSIGMASK = 0x420b;
    public static final int PTRACE_SECCOMP_GET_FILTER = 0x420c;
    public static final int PTRACE_SECCOMP_GET_METADATA = 0x420d;
    public static final int PTRACE_GET_SYSCALL_INFO = 0x420e;
    public static final int PTRACE_GET_RSEQ_CONFIGURATION = 0x420f;

    // Options
    public static final int PTRACE_O_TRACESYSGOOD = 0x1;
    public static final int PTRACE_O_TRACEFORK = 0x2;
    public static final int PTRACE_O_TRACEVFORK = 0x4;
    public static final int PTRACE_O_TRACECLONE = 0x8;
    public static final int PTRACE_O_TRACEEXEC = 0x10;
    public static final int PTRACE_O_TRACEVFORKDONE = 0x20;
    public static final int PTRACE_O_TRACEEXIT = 0x40;
    public static final int PTRACE_O_TRACESECCOMP = 0x80;
    public static final int PTRACE_O_EXITKILL = 0x100000;
    public static final int PTRACE_O_SUSPEND_SECCOMP = 0x200000;
    public static final int PTRACE_O_MASK = 0x3000ff;

    // Events
    public static final int PTRACE_EVENT_FORK = 1;
    public static final int PTRACE_EVENT_VFORK = 2;
    public static final int PTRACE_EVENT_CLONE = 3;
    public static final int PTRACE_EVENT_EXEC = 4;
    public static final int PTRACE_EVENT_VFORK_DONE = 5;
    public static final int PTRACE_EVENT_EXIT = 6;
    public static final int PTRACE_EVENT_SECCOMP = 7;
    public static final int PTRACE_EVENT_STOP = 128;

    // Others
    public static final int PTRACE_PEEKSIGINFO_SHARED = 1;
    public static final int PTRACE_EVENTMSG_SYSCALL_ENTRY = 1;
    public static final int PTRACE_EVENTMSG_SYSCALL_EXIT = 2;
    public static final int PTRACE_SYSCALL_INFO_NONE = 0;
    public static final int PTRACE_SYSCALL_INFO_ENTRY = 1;
    public static final int PTRACE_SYSCALL_INFO_EXIT = 2;
    public static final int PTRACE_SYSCALL_INFO_SECCOMP = 3;

    private Ptrace() {
    }
}
