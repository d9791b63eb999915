// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.platform.AddressSpace;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Registers;
import org.jvisor.api.state.StateException;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;

/** A task's stub thread and its tracer, the task's own thread. */
final class PtraceContext implements Context, Stateful {
    /** Interrupts a running stub thread. Ignored by default, so it does no harm where it comes too late. */
    static final int KICK = Signals.SIGURG;
    private static final long USER_CODE_SEGMENT = 0x33;
    /** The length of {@code int 0x80}. */
    private static final int INT_80_BYTES = 2;
    /** In place of a thread's id: the first one of the space's process, which may not exist yet. */
    static final int LEADER = 0;
    /** Step result: the stop is none of the caller's business. */
    private static final int NOTHING = 0;
    private static final long PAUSE_NS = TimeUnit.SECONDS.toNanos(10);
    private static final long PAUSE_POLL_NS = 20_000;

    // Bits of state.
    /** The tracer is in {@link #run}, and nothing here is to be saved. */
    private static final int RUNNING = 1;
    private static final int INTERRUPT = 2;
    private static final int CHANGES = 4;

    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(PtraceContext.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Stubs stubs;
    private final Tracee tracee;
    private volatile PtraceAddressSpace space;
    @SuppressWarnings("unused") // by STATE
    private volatile int state;
    /** The stub thread that waits to be attached. */
    private int waitingThread;
    private boolean gone;
    private boolean released;
    /** Guards {@link #target} and keeps a signal from reaching a thread that is no longer ours. */
    private final Mutex targetLock = new Mutex(LockRank.LEAF);
    private int target;
    private volatile int cpu;
    private volatile Thread tracer;
    private int tracerThread;
    /** Tracer and tracee run wherever the host wants. */
    private volatile boolean floating;
    /** Counts calls of run, for the balancer, which reads it without order. */
    private int runs;
    private int runsSeen;

    /** The registers in the stub are not the application's. */
    private boolean registersLost = true;
    private long extendedBuffer;
    private byte[] extendedScratch;

    private long faultAddress;
    private int faultAccess;
    private int signal;
    private int signalCode;

    PtraceContext(Stubs stubs, PtraceAddressSpace space, int waitingThread, int cpu) {
        this.stubs = stubs;
        this.space = space;
        this.waitingThread = waitingThread;
        this.cpu = cpu;
        tracee = stubs.newTracee();
        space.enter(this);
    }

    /** Goes on with what another PtraceContext had; its tracer, a thread of the core's, is to be the only one to call run. */
    PtraceContext(StateRecord record) {
        stubs = record.requireOwn("stubs", Stubs.class);
        space = record.requireOwn("space", PtraceAddressSpace.class);
        waitingThread = record.requireInt("waiting-thread");
        gone = record.getBoolean("gone", false);
        released = record.getBoolean("released", false);
        cpu = Math.clamp(record.getInt("cpu", 0), 0, stubs.cpus().count() - 1);
        tracer = record.core("tracer", Thread.class);
        tracerThread = record.getInt("tracer-thread", 0);
        floating = record.getBoolean("floating", false);
        state = (record.getBoolean("interrupt", false) ? INTERRUPT : 0) | (record.getBoolean("changes", false) ? CHANGES : 0);
        registersLost = record.getBoolean("registers-lost", true);
        faultAddress = record.getLong("fault-address", 0);
        faultAccess = record.getInt("fault-access", ACCESS_UNKNOWN);
        signal = record.getInt("signal", 0);
        signalCode = record.getInt("signal-code", 0);
        boolean inside = record.getBoolean("inside", !released);
        tracee = stubs.newTracee();
        tracee.adopt(record);
        target = tracee.isAttached() ? tracee.thread() : 0;
        if (inside) {
            space.enter(this);
        }
        if (released) {
            tracee.free();
        } else if (tracer != null) {
            stubs.balancer().add(this);
        }
    }

    @Override
    public StateRecord save() {
        StateRecord record = new StateRecord(PtraceDriver.CONTEXT, PtraceDriver.SCHEMA).putOwn("stubs", stubs);
        int now = state;
        if ((now & RUNNING) != 0) {
            throw record.refuse("state", "application code is running");
        }
        tracee.save(record);
        return record.putOwn("space", space).put("inside", space.contains(this)).put("waiting-thread", waitingThread)
            .put("gone", gone).put("released", released).put("cpu", cpu).putCore("tracer", tracer)
            .put("tracer-thread", tracerThread).put("floating", floating).put("interrupt", (now & INTERRUPT) != 0)
            .put("changes", (now & CHANGES) != 0).put("registers-lost", registersLost).put("fault-address", faultAddress)
            .put("fault-access", faultAccess).put("signal", signal).put("signal-code", signalCode);
    }

    /** Application code need not come to the Sentry for a long time; so it is made to. */
    @Override
    public void pause() {
        demand(INTERRUPT);
        long deadline = System.nanoTime() + PAUSE_NS;
        while (isRunning()) {
            if (System.nanoTime() - deadline > 0) {
                throw new StateException("stub thread " + tracee.thread() + " does not stop");
            }
            LockSupport.parkNanos(PAUSE_POLL_NS);
        }
    }

    @Override
    public void retire() {
        freeMemory();
    }

    @Override
    public void discard() {
        freeMemory();
    }

    @Override
    public int run(Registers registers) {
        runs++;
        stubs.balancer().onRun();
        for (;;) {
            int before = (int) STATE.getAndBitwiseOr(this, RUNNING);
            if ((before & INTERRUPT) != 0) {
                STATE.getAndBitwiseAnd(this, ~(RUNNING | INTERRUPT));
                return INTERRUPTED;
            }
            if (!tracee.isAttached()) {
                boolean attached = attach();
                STATE.getAndBitwiseAnd(this, ~RUNNING);
                if (!attached) {
                    return GONE;
                }
                stubs.balancer().onRun(); // it knows of this context now
                continue; // whoever interrupted meanwhile had no thread to send a signal to
            }
            if ((before & CHANGES) != 0) {
                STATE.getAndBitwiseAnd(this, ~CHANGES);
                space.carryOut(this);
                continue;
            }
            int event = load(registers);
            if (event == NOTHING) {
                event = step(registers);
            }
            STATE.getAndBitwiseAnd(this, ~RUNNING);
            if (event != NOTHING) {
                return event;
            }
        }
    }

    /** Resumes the stub until it stops, and says what that is to the caller. */
    private int step(Registers registers) {
        if (tracee.runToSystemCall() < 0) {
            space.reapEndedThreads(); // it has been killed
        }
        int status = tracee.await();
        if (floating) {
            settle();
        }
        if (status == Tracee.ENDED) {
            return ended();
        }
        if (tracee.getRegisters(registers.values) < 0) {
            tracee.await(); // it has been killed
            return ended();
        }
        registers.modified = Registers.CLEAN;
        int stop = status >> Byte.SIZE;
        if (stop == Tracee.SYSCALL_STOP) {
            return systemCall(registers);
        }
        registers.values[Registers.ORIG_RAX] = -1; // the call before this stop has been answered
        return Tracee.isException(stop) ? exception(registers, stop) : NOTHING;
    }

    /**
     * The instruction SYSCALL leaves RIP in RCX. Otherwise the stop comes from one of the entries for 32-bit programs, which a
     * 64-bit kernel without them answers with a general protection fault at the instruction.
     */
    private int systemCall(Registers registers) {
        long[] r = registers.values;
        if (r[Registers.CS] == USER_CODE_SEGMENT && r[Registers.RCX] == r[Registers.RIP]) {
            return SYSCALL;
        }
        r[Registers.RAX] = r[Registers.ORIG_RAX];
        r[Registers.ORIG_RAX] = -1;
        r[Registers.RIP] -= INT_80_BYTES;
        registers.modified = Registers.ALL;
        return generalProtection();
    }

    private int exception(Registers registers, int stop) {
        // Signals that somebody sent have codes of 0 and below (sigaction(2)); the application does not hear of them.
        if (tracee.fetchSignal() < 0 || tracee.signalCode() <= 0) {
            return NOTHING;
        }
        signal = stop;
        signalCode = tracee.signalCode();
        if (stop == Signals.SIGSYS) {
            return vsyscall(registers);
        }
        boolean hasAddress = stop == Signals.SIGSEGV && signalCode != Signals.SI_KERNEL
            || stop == Signals.SIGBUS && signalCode != Signals.BUS_ADRALN;
        if (!hasAddress) {
            faultAddress = tracee.signalAddress();
            return EXCEPTION;
        }
        faultAddress = tracee.signalAddress();
        faultAccess = faultAddress == registers.values[Registers.RIP] ? ACCESS_EXECUTE : ACCESS_UNKNOWN;
        return FAULT;
    }

    /** A call of the vsyscall page, which our seccomp filter turned into SIGSYS; RIP is the return address already. */
    private int vsyscall(Registers registers) {
        if (signalCode != Signals.SYS_SECCOMP) {
            return EXCEPTION;
        }
        registers.values[Registers.ORIG_RAX] = tracee.signalSystemCall();
        return SYSCALL;
    }

    private int generalProtection() {
        signal = Signals.SIGSEGV;
        signalCode = Signals.SI_KERNEL;
        faultAddress = 0;
        return EXCEPTION;
    }

    /**
     * Brings the stub's registers up to date. Values that the host refuses would have raised a fault when they were loaded.
     * That the stub has been killed is for the next step to find out.
     */
    private int load(Registers registers) {
        if (registers.extendedModified) {
            registers.extendedModified = false;
            long result = loadExtended(registers.extended);
            if (result < 0 && result != -Errno.ESRCH) {
                return generalProtection();
            }
        }
        if (registersLost || registers.modified >= Registers.ALL || isRestart(registers.values[Registers.RAX])) {
            if (tracee.setRegisters(registers.values) == -Errno.EIO) {
                return generalProtection();
            }
            registersLost = false;
        } else if (registers.modified == Registers.RESULT) {
            tracee.setResult(registers.values[Registers.RAX]);
        }
        registers.modified = Registers.CLEAN;
        return NOTHING;
    }

    /** Whether the host, which has a system call on record, could take the result for an order to restart it. */
    private static boolean isRestart(long result) {
        return result <= -Errno.ERESTARTSYS && result >= -Errno.ERESTART_RESTARTBLOCK;
    }

    private int ended() {
        gone = true;
        setTarget(0);
        if (tracee.isLeader()) {
            space.processEnded();
        }
        return GONE;
    }

    @Override
    public void interrupt() {
        demand(INTERRUPT);
    }

    /** A leader that has been killed while it ran is heard of no earlier than its siblings. Any thread. */
    void reapSiblingsOfLeader() {
        if (isRunning() && tracee.isLeader()) {
            space.reapEndedThreads();
        }
    }

    /** @see Tracee#reapIfEnded */
    void reapIfEnded(long siginfo) {
        tracee.reapIfEnded(siginfo);
    }

    /** Makes this context carry out its space's changes before it runs on. Any thread. */
    void announceChanges() {
        demand(CHANGES);
    }

    private void demand(int bit) {
        int before = (int) STATE.getAndBitwiseOr(this, bit);
        if ((before & RUNNING) != 0 && (before & bit) == 0) {
            try (Mutex _ = targetLock.take()) {
                if (target != 0) {
                    stubs.host().syscall(SyscallNr.TGKILL, tracee.process(), target, KICK);
                }
            }
        }
    }

    private void setTarget(int thread) {
        try (Mutex _ = targetLock.take()) {
            target = thread;
        }
    }

    int process() {
        return tracee.process();
    }

    int cpu() {
        return cpu;
    }

    /**
     * Whether the pair wants its CPU: the application's code runs, or has run lately and the Sentry's does for it. A guess, made
     * by the balancer's thread once a tick. A pair that has spent all of the tick in one run leaves its CPU to the host.
     */
    boolean wantsItsCpu() {
        int now = runs;
        boolean hasRun = now != runsSeen;
        runsSeen = now;
        if (isRunning() && !hasRun) {
            letFloat();
        }
        if (floating) {
            return false;
        }
        Thread owner = tracer;
        return isRunning() || hasRun && owner != null && owner.getState() == Thread.State.RUNNABLE;
    }

    private void letFloat() {
        try (Mutex _ = targetLock.take()) {
            if (target != 0 && !floating) {
                floating = true;
                stubs.cpus().unpin(tracerThread);
                stubs.cpus().unpin(target);
            }
        }
    }

    /** Binds the pair to the CPU that the tracer has woken up on. */
    private void settle() {
        try (Mutex _ = targetLock.take()) {
            floating = false;
            cpu = stubs.cpus().current(tracee.scratch());
            stubs.cpus().pin(0, cpu);
            if (target != 0) {
                stubs.cpus().pin(target, cpu);
            }
        }
    }

    boolean isRunning() {
        return (state & RUNNING) != 0;
    }

    /** Moves tracer and tracee to another CPU. Any thread. */
    void moveTo(int to) {
        try (Mutex _ = targetLock.take()) {
            if (target != 0 && !floating) {
                cpu = to;
                stubs.cpus().pin(tracerThread, to);
                stubs.cpus().pin(target, to);
            }
        }
    }

    /** Makes the calling thread the tracer, on the first call. Returns whether there is a stub to run. */
    boolean attach() {
        if (tracee.isAttached()) {
            return true;
        }
        if (gone) {
            return false;
        }
        int process = space.startProcess();
        int thread = waitingThread == LEADER ? process : waitingThread;
        if (process == 0) {
            gone = true;
            return false;
        }
        pin(thread);
        registersLost = true;
        if (tracee.attach(process, thread) != 0) {
            ended();
            return false;
        }
        setTarget(thread);
        return true;
    }

    private void pin(int thread) {
        if (tracer == null) {
            tracerThread = (int) stubs.host().syscall(SyscallNr.GETTID);
            tracer = Thread.currentThread();
            stubs.balancer().add(this);
        }
        stubs.cpus().pin(0, cpu);
        stubs.cpus().pin(thread, cpu);
    }

    /** A system call of the stub's, on the host. The context must be attached. */
    long call(int number, long a0, long a1, long a2, long a3, long a4, long a5) {
        registersLost = true;
        return tracee.call(number, a0, a1, a2, a3, a4, a5);
    }

    /** @see Tracee#callBatch */
    int callBatch(int number, long[] ranges, int at, int count, long flags) {
        registersLost = true;
        return tracee.callBatch(number, ranges, at, count, flags);
    }

    @Override
    public long faultAddress() {
        return faultAddress;
    }

    @Override
    public int faultAccess() {
        return faultAccess;
    }

    @Override
    public int signal() {
        return signal;
    }

    @Override
    public int signalCode() {
        return signalCode;
    }

    @Override
    public void saveExtended(Registers registers) {
        if (registers.extendedModified) { // newer than what the stub has
            if (registers.extended == null) {
                registers.extended = stubs.extendedState().initial();
            }
            return;
        }
        if (!tracee.isAttached()) {
            return;
        }
        int bytes = stubs.extendedState().bytes();
        if (tracee.getExtended(extendedBuffer(), bytes) != bytes) {
            return;
        }
        if (registers.extended == null || registers.extended.length != bytes) {
            registers.extended = new byte[bytes];
        }
        stubs.host().copyIn(extendedBuffer, registers.extended, 0, bytes);
    }

    private long loadExtended(byte[] state) {
        int bytes = stubs.extendedState().bytes();
        if (extendedScratch == null) {
            extendedScratch = new byte[bytes];
        }
        stubs.extendedState().write(state, extendedScratch);
        stubs.host().copyOut(extendedScratch, 0, bytes, extendedBuffer());
        return tracee.setExtended(extendedBuffer, bytes);
    }

    private long extendedBuffer() {
        if (extendedBuffer == 0) {
            extendedBuffer = stubs.host().allocate(stubs.extendedState().bytes());
        }
        return extendedBuffer;
    }

    @Override
    public AddressSpace space() {
        return space;
    }

    @Override
    public AddressSpace forkAddressSpace() {
        if (!attach()) {
            throw ErrnoException.of(Errno.ESRCH);
        }
        space.carryOut(this);
        // First of all what may fail in here, so that no process is made that nobody knows.
        PtraceAddressSpace copy = stubs.newAddressSpace();
        try {
            copy.setProcess(fork(StubFilter.PROCESS_FLAGS));
            return copy;
        } catch (Throwable failure) {
            copy.release();
            throw failure;
        }
    }

    @Override
    public Context newContext(AddressSpace of) {
        PtraceAddressSpace target = (PtraceAddressSpace) of;
        if (target.claimLeader()) {
            return new PtraceContext(stubs, target, LEADER, cpu);
        }
        if (target != space) {
            throw new IllegalArgumentException("only a task of an address space can start another one in it");
        }
        if (!attach()) {
            throw ErrnoException.of(Errno.ESRCH);
        }
        PtraceContext context = new PtraceContext(stubs, target, LEADER, cpu);
        try {
            context.waitingThread = fork(StubFilter.THREAD_FLAGS);
            return context;
        } catch (Throwable failure) {
            context.gone = true; // there is no stub thread to end
            context.release();
            throw failure;
        }
    }

    private int fork(long flags) {
        registersLost = true;
        return (int) ErrnoException.check(tracee.fork(flags, stubs.parent()));
    }

    @Override
    public void switchTo(AddressSpace to) {
        PtraceAddressSpace target = (PtraceAddressSpace) to;
        if (!target.claimLeader()) {
            throw new IllegalArgumentException("the address space has tasks");
        }
        target.startProcess(); // now, when a refusal of the host's still leaves the old space as it is
        leave();
        waitingThread = LEADER;
        space = target;
        gone = false;
        space.enter(this);
    }

    @Override
    public void release() {
        leave();
        gone = true;
        released = true;
        stubs.balancer().remove(this);
        freeMemory();
    }

    /** The stub is left alone. */
    private void freeMemory() {
        tracee.free();
        if (extendedBuffer != 0) {
            stubs.host().free(extendedBuffer);
            extendedBuffer = 0;
        }
    }

    /**
     * Leaves the space. The process's leader, where it is the last stub thread, is left to the space's own end; any other has to have
     * ended, and its tracer to have taken note of it, before the host tells of its process's end.
     */
    private void leave() {
        boolean othersStay = space.leave(this);
        if (othersStay) {
            attach();
        }
        setTarget(0);
        if (othersStay || !tracee.isLeader()) {
            tracee.exit();
        } else {
            tracee.abandon();
        }
    }
}
