// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.IovecLayout;
import org.jvisor.api.abi.Ptrace;
import org.jvisor.api.abi.SiginfoLayout;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.platform.AddressSpace;
import org.jvisor.api.platform.Registers;
import org.jvisor.api.state.StateRecord;

/**
 * A stub thread as its tracer sees it: ptrace(2) and wait4(2). All methods are for the tracer, the one thread that called
 * {@link #attach}, except where said. Whatever the stub has done, none of them waits for more than its next stop or its end.
 */
final class Tracee {
    /** What {@link #await} returns when the stub thread has ended. */
    static final int ENDED = 0;
    /** Status of a stop at a system call, shifted right by 8 (PTRACE_O_TRACESYSGOOD). */
    static final int SYSCALL_STOP = Signals.SIGTRAP | 0x80;

    /** All that is ever asked for, the most frequent first. */
    static final long[] REQUESTS = {Ptrace.PTRACE_SYSEMU, Ptrace.PTRACE_GETREGS, Ptrace.PTRACE_SETREGS, Ptrace.PTRACE_POKEUSR,
        Ptrace.PTRACE_PEEKUSR, Ptrace.PTRACE_CONT, Ptrace.PTRACE_GETREGSET, Ptrace.PTRACE_SETREGSET, Ptrace.PTRACE_GETSIGINFO,
        Ptrace.PTRACE_INTERRUPT, Ptrace.PTRACE_SETOPTIONS, Ptrace.PTRACE_SEIZE};

    private static final long OPTIONS = Ptrace.PTRACE_O_TRACESYSGOOD | Ptrace.PTRACE_O_EXITKILL;
    private static final long NT_X86_XSTATE = 0x202;
    private static final long USER_CODE_SEGMENT = 0x33;
    private static final long USER_STACK_SEGMENT = 0x2b;
    /** Interrupts enabled, and the bit that is always set. */
    private static final long INITIAL_FLAGS = 0x202;

    private static final long EXCEPTIONS = 1L << Signals.SIGSEGV | 1L << Signals.SIGBUS | 1L << Signals.SIGFPE
        | 1L << Signals.SIGILL | 1L << Signals.SIGTRAP | 1L << Signals.SIGSYS;

    /** The registers of {@link StubImage#pack} and {@link StubImage#packRange}. */
    private static final int[] PACKED_CALL = {Registers.RBX, Registers.R12, Registers.R14};
    private static final int[] PACKED_RANGE = {Registers.RBP, Registers.R13, Registers.R15};

    // Native memory of the tracee: arguments of requests.
    private static final int REGISTERS = 0;
    private static final int STATUS = 216;
    private static final int IOVEC = 224;
    private static final int SIGINFO = 256;
    static final int MEMORY_BYTES = SIGINFO + SiginfoLayout.SIZE;

    private final HostKernel host;
    /** The stub's page moves once, in the first stub. */
    private StubEntries entries;
    /** 0: given back. */
    private long memory;
    private final long[] injected = new long[Registers.COUNT];
    private volatile int process;
    private volatile int thread;
    private volatile boolean leader;

    /** {@link #free} gives the native memory back. */
    Tracee(HostKernel host, StubEntries entries) {
        this.host = host;
        this.entries = entries;
        memory = host.allocate(MEMORY_BYTES);
    }

    void free() {
        if (memory != 0) {
            host.free(memory);
            memory = 0;
        }
    }

    void save(StateRecord record) {
        record.put("process", process).put("thread", thread).put("leader", leader);
    }

    /** Goes on with what another Tracee has attached; the thread that did that stays the tracer. */
    void adopt(StateRecord record) {
        process = record.requireInt("process");
        thread = record.requireInt("thread");
        leader = record.getBoolean("leader", thread == process);
    }

    /** Any thread. */
    boolean isAttached() {
        return thread != 0;
    }

    /** Whether the stub thread is, or was, the one whose id is the process's. */
    boolean isLeader() {
        return leader;
    }

    int process() {
        return process;
    }

    /** 0: none is attached. */
    int thread() {
        return thread;
    }

    /** Where the stub's page is, while it is not in its place yet. */
    void pageAt(long address) {
        entries = entries.at(address);
    }

    /**
     * Makes the calling thread the tracer of a stub thread that runs freely, and stops it.
     *
     * @return 0 or a negative errno
     */
    int attach(int process, int thread) {
        long result = host.syscall(SyscallNr.PTRACE, Ptrace.PTRACE_SEIZE, thread, 0, OPTIONS);
        if (result < 0) {
            return (int) result;
        }
        this.process = process;
        this.thread = thread;
        leader = thread == process;
        result = request(Ptrace.PTRACE_INTERRUPT, 0, 0);
        if (result < 0) {
            return (int) result;
        }
        return await() == ENDED ? -Errno.ESRCH : 0;
    }

    /** Resumes the stub thread until its next system call or signal, without the system call. */
    long runToSystemCall() {
        return request(Ptrace.PTRACE_SYSEMU, 0, 0);
    }

    /** Waits for the next stop. Returns the status word of wait4(2), or {@link #ENDED}, from when on nothing is attached. */
    int await() {
        while (isAttached()) {
            long result = host.syscall(SyscallNr.WAIT4, thread, memory + STATUS, Wait.WALL | Wait.WNOTHREAD, 0);
            if (result == thread) {
                int status = host.getInt(memory + STATUS);
                if (Wait.isStopped(status)) {
                    return status;
                }
                thread = 0;
                return ENDED;
            }
            if (result != -Errno.EINTR) {
                thread = 0;
            }
        }
        return ENDED;
    }

    /**
     * Takes note of the stub thread's end in the tracer's place, so that the end of its process's leader can be reported. Leaves
     * the thread alone when it lives. Any thread.
     *
     * @param siginfo the address of a siginfo_t
     */
    void reapIfEnded(long siginfo) {
        int ended = thread;
        if (ended == 0) {
            return;
        }
        host.putInt(siginfo + SiginfoLayout.CODE, 0);
        // WNOWAIT: this call reports the stops of tracees, too, which are their tracers' to see.
        int options = Wait.WEXITED | Wait.WNOHANG | Wait.WNOWAIT | Wait.WALL;
        host.syscall(SyscallNr.WAITID, Wait.P_PID, ended, siginfo, options, 0, 0);
        int code = host.getInt(siginfo + SiginfoLayout.CODE);
        if (code == Signals.CLD_EXITED || code == Signals.CLD_KILLED || code == Signals.CLD_DUMPED) {
            host.syscall(SyscallNr.WAIT4, ended, 0, Wait.WNOHANG | Wait.WALL, 0);
        }
    }

    long getRegisters(long[] to) {
        long result = request(Ptrace.PTRACE_GETREGS, 0, memory + REGISTERS);
        if (result >= 0) {
            host.copyIn(memory + REGISTERS, to, 0, Registers.COUNT);
        }
        return result;
    }

    long setRegisters(long[] from) {
        host.copyOut(from, 0, Registers.COUNT, memory + REGISTERS);
        host.putLong(memory + REGISTERS + Long.BYTES * Registers.ORIG_RAX, -1);
        host.putLong(memory + REGISTERS + Long.BYTES * Registers.CS, USER_CODE_SEGMENT);
        host.putLong(memory + REGISTERS + Long.BYTES * Registers.SS, USER_STACK_SEGMENT);
        return request(Ptrace.PTRACE_SETREGS, 0, memory + REGISTERS);
    }

    long setResult(long value) {
        return request(Ptrace.PTRACE_POKEUSR, Long.BYTES * Registers.RAX, value);
    }

    /** Four bytes of native memory that hold nothing between two calls. Guarded as the rest is: for the tracer. */
    long scratch() {
        return memory + STATUS;
    }

    /** Fetches the siginfo of the signal that the stub is stopped at; the accessors below read it. */
    long fetchSignal() {
        return request(Ptrace.PTRACE_GETSIGINFO, 0, memory + SIGINFO);
    }

    int signalCode() {
        return host.getInt(memory + SIGINFO + SiginfoLayout.CODE);
    }

    long signalAddress() {
        return host.getLong(memory + SIGINFO + SiginfoLayout.ADDR);
    }

    int signalSystemCall() {
        return host.getInt(memory + SIGINFO + SiginfoLayout.SYSCALL);
    }

    /** Stores the extended state at an address. Returns its size or a negative errno. */
    long getExtended(long to, long bytes) {
        host.putLong(memory + IOVEC + IovecLayout.BASE, to);
        host.putLong(memory + IOVEC + IovecLayout.LEN, bytes);
        long result = request(Ptrace.PTRACE_GETREGSET, NT_X86_XSTATE, memory + IOVEC);
        return result < 0 ? result : host.getLong(memory + IOVEC + IovecLayout.LEN);
    }

    long setExtended(long from, long bytes) {
        host.putLong(memory + IOVEC + IovecLayout.BASE, from);
        host.putLong(memory + IOVEC + IovecLayout.LEN, bytes);
        return request(Ptrace.PTRACE_SETREGSET, NT_X86_XSTATE, memory + IOVEC);
    }

    /**
     * Has the stub thread make a system call on the host. Its registers are lost, except the extended state.
     *
     * @return the result or a negative errno, {@code -ESRCH} when the stub ended
     */
    long call(int number, long a0, long a1, long a2, long a3, long a4, long a5) {
        setCall(entries.call(), number, a0, a1, a2, a3, a4, a5);
        return runTo(entries.callDone());
    }

    /**
     * Has the stub thread make several calls that change mappings, up to {@link StubImage#BATCH}.
     *
     * @param number of all calls
     * @param ranges for each call address, length, offset and protection, from {@code at} on
     * @return how many were made without error
     */
    int callBatch(int number, long[] ranges, int at, int count, long flags) {
        for (int i = 1; i < StubImage.BATCH; i++) {
            int from = at + i * AddressSpace.RANGE_LONGS;
            boolean present = i < count;
            injected[PACKED_CALL[i - 1]] = present ? StubImage.pack(ranges[from], number, ranges[from + 3]) : 0;
            injected[PACKED_RANGE[i - 1]] = present ? StubImage.packRange(ranges[from + 1], ranges[from + 2]) : 0;
        }
        setCall(entries.batch(), number, ranges[at], ranges[at + 1], ranges[at + 3], flags, StubFilter.MEMORY_FD, ranges[at + 2]);
        if (runTo(entries.batchDone()) >= 0) {
            return count;
        }
        return isAttached() ? entries.batchIndex(getRegister(Registers.RCX)) : 0;
    }

    /**
     * Has the stub make a new stub thread or process, which waits to be attached.
     *
     * @param parent what getppid(2) must give there; otherwise it ends
     * @return its thread id or a negative errno
     */
    int fork(long flags, int parent) {
        injected[Registers.R12] = parent;
        setCall(entries.fork(), SyscallNr.CLONE, flags, 0, 0, 0, 0, 0);
        return (int) runTo(entries.forkDone());
    }

    /**
     * Ends the stub thread. The leader of others becomes a zombie that is not to be waited for, so it is let go without
     * PTRACE_O_EXITKILL, which would end all of them together with the calling thread.
     */
    void exit() {
        if (!isAttached()) {
            return;
        }
        setCall(entries.call(), SyscallNr.EXIT, 0, 0, 0, 0, 0, 0);
        if (leader) {
            request(Ptrace.PTRACE_SETOPTIONS, 0, Ptrace.PTRACE_O_TRACESYSGOOD);
        }
        resume();
        if (leader) {
            abandon();
        } else {
            while (await() != ENDED) {
                resume();
            }
        }
    }

    /** Has nothing attached any more. The calling thread stays the tracer of the stub thread until it, or the space, ends. */
    void abandon() {
        thread = 0;
    }

    private void setCall(int entry, int number, long a0, long a1, long a2, long a3, long a4, long a5) {
        injected[Registers.RIP] = entries.page() + entry;
        injected[Registers.RAX] = number;
        injected[Registers.RDI] = a0;
        injected[Registers.RSI] = a1;
        injected[Registers.RDX] = a2;
        injected[Registers.R10] = a3;
        injected[Registers.R8] = a4;
        injected[Registers.R9] = a5;
        injected[Registers.EFLAGS] = INITIAL_FLAGS;
        setRegisters(injected);
    }

    /** Runs to a breakpoint of the stub and returns RAX there. Signals on the way are the outside's, and dropped. */
    private long runTo(int breakpoint) {
        if (!isAttached()) {
            return -Errno.ESRCH;
        }
        for (;;) {
            resume();
            int status = await();
            if (status == ENDED) {
                return -Errno.ESRCH;
            }
            int stop = status >> Byte.SIZE;
            if (stop == Signals.SIGTRAP && getRegister(Registers.RIP) == entries.page() + breakpoint) {
                return getRegister(Registers.RAX);
            }
            if (isException(stop) && fetchSignal() == 0 && signalCode() > 0) {
                // Our own code does not fault. Whatever made it do so, this stub is not to be trusted any more.
                host.syscall(SyscallNr.KILL, process, Signals.SIGKILL);
            }
        }
    }

    /** Whether a stop (a status word, shifted right by 8) is at a signal that the CPU may have caused. */
    static boolean isException(int stop) {
        return stop < Long.SIZE && (EXCEPTIONS >>> stop & 1) != 0;
    }

    private void resume() {
        request(Ptrace.PTRACE_CONT, 0, 0);
    }

    private long getRegister(int register) {
        long to = memory + REGISTERS;
        return request(Ptrace.PTRACE_PEEKUSR, (long) Long.BYTES * register, to) < 0 ? 0 : host.getLong(to);
    }

    private long request(int request, long address, long data) {
        return host.syscall(SyscallNr.PTRACE, request, thread, address, data);
    }
}
