// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.platform.AddressSpace;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Registers;

/** What an application does with the stub that it runs in, what the host's users do to it, and what it has to lose. */
@Timeout(300)
class StubHostilityTest {
    private static final String SPIN = "eb fe";

    private final String name = "hostility-" + ProcessHandle.current().pid();
    private Machine machine;
    private StubImage image;

    @BeforeEach
    void start() {
        machine = new Machine(name);
        image = new StubImage(0);
    }

    @AfterEach
    void stop() {
        machine.close();
        assertEquals(List.of(), HostProcesses.withMemoryFile(name));
    }

    @Test
    void shouldSeeCallsMadeWithTheStubsOwnInstruction() {
        for (int entry : new int[] {image.entries.call(), image.entries.fork()}) {
            run("90", (context, registers) -> {
                registers.set(Registers.RIP, StubImage.ADDRESS + entry);
                registers.set(Registers.RAX, SyscallNr.EXIT_GROUP);
                assertEquals(Context.SYSCALL, context.run(registers));
                assertEquals(SyscallNr.EXIT_GROUP, registers.get(Registers.ORIG_RAX));
                assertEquals(StubImage.ADDRESS + entry + 2, registers.get(Registers.RIP));
            });
        }
    }

    @Test
    void shouldSeeAllCallsOfTheStubsCodeRunByTheApplication() {
        run("90", (context, registers) -> {
            registers.set(Registers.RIP, StubImage.ADDRESS + image.start);
            for (int number : new int[] {SyscallNr.PRCTL, SyscallNr.GETPPID, SyscallNr.EXIT_GROUP, SyscallNr.EXIT_GROUP}) {
                assertEquals(Context.SYSCALL, context.run(registers));
                assertEquals(number, registers.get(Registers.ORIG_RAX));
                registers.setResult(-1);
            }
        });
    }

    @Test
    void shouldTakeTheStubsBreakpointForTheApplications() {
        run("90", (context, registers) -> {
            registers.set(Registers.RIP, StubImage.ADDRESS + image.entries.callDone() - 1);
            assertEquals(Context.EXCEPTION, context.run(registers));
            assertEquals(Signals.SIGTRAP, context.signal());
            assertEquals(0, context.space().map(context, Machine.DATA, Machine.PAGE, 0, Machine.RX, false));
        });
    }

    @Test
    void shouldNotLetTheApplicationWriteTheStub() {
        run("c6 03 90", (context, registers) -> { // mov byte [rbx], 0x90
            registers.set(Registers.RBX, StubImage.ADDRESS + image.entries.call());
            assertEquals(Context.FAULT, context.run(registers));
            assertEquals(StubImage.ADDRESS + image.entries.call(), context.faultAddress());
        });
    }

    @Test
    void shouldSingleStepOnlyTheApplication() {
        run("9d 90 0f 05", (context, registers) -> { // popfq; nop; syscall
            context.space().map(context, Machine.DATA, Machine.PAGE, Machine.PAGE, Machine.RW, true);
            machine.host.putLong(machine.memory + 2 * Machine.PAGE - 8, 0x302); // the trap flag
            registers.set(Registers.RSP, Machine.DATA + Machine.PAGE - 8);
            assertEquals(Context.EXCEPTION, context.run(registers));
            assertEquals(Signals.SIGTRAP, context.signal());
            assertEquals(0, context.space().map(context, Machine.DATA, Machine.PAGE, 0, Machine.RX, false));
            registers.set(Registers.EFLAGS, registers.get(Registers.EFLAGS) & ~0x100);
            assertEquals(Context.SYSCALL, context.run(registers));
        });
    }

    @Test
    void shouldReportAStubThatIsKilledWhileItRuns() {
        machine.code(0, SPIN);
        Context context = running();
        FutureTask<Integer> task = machine.startTask(() -> {
            int event = context.run(Machine.startAt(Machine.CODE));
            assertEquals(Context.GONE, context.run(Machine.startAt(Machine.CODE)));
            assertEquals(-Errno.ESRCH, mapOne(context));
            context.release();
            context.space().release();
            return event;
        });
        killStubs();
        assertEquals(Context.GONE, Machine.result(task));
    }

    /** A context that maps its code and whose first run is the caller's. */
    private Context running() {
        AddressSpace space = machine.newSpace();
        Context context = machine.platform.newContext(space);
        space.map(null, Machine.CODE, Machine.PAGE, 0, Machine.RX, false);
        return context;
    }

    private static int mapOne(Context context) {
        int result = context.space().map(context, Machine.DATA, Machine.PAGE, 0, Machine.RX, false);
        return result == 0 ? -Errno.ESRCH : result; // queued for ever
    }

    @Test
    void shouldReportAStubThatIsKilledWhileStopped() {
        run("0f 05", (context, registers) -> {
            assertEquals(Context.SYSCALL, context.run(registers));
            killStubs();
            registers.setResult(0);
            assertEquals(Context.GONE, context.run(registers));
        });
    }

    /** The leader's end is only reported when the other threads have been waited for, and theirs is not running. */
    @Test
    void shouldNotHangWhenAStubWithASleepingThreadIsKilled() {
        machine.code(0, SPIN);
        machine.code(1, "0f 05");
        CountDownLatch done = new CountDownLatch(1);
        CountDownLatch stopped = new CountDownLatch(1);
        machine.inTask(() -> {
            Context leader = machine.newContext();
            leader.space().map(leader, Machine.DATA, Machine.PAGE, Machine.PAGE, Machine.RX, false);
            Context thread = leader.newContext(leader.space());
            FutureTask<Integer> sleeper = machine.startTask(() -> {
                assertEquals(Context.SYSCALL, thread.run(Machine.startAt(Machine.DATA)));
                stopped.countDown();
                done.await(); // as in a system call that takes for ever
                int event = thread.run(Machine.startAt(Machine.DATA));
                thread.release();
                return event;
            });
            stopped.await();
            killStubs();
            assertEquals(Context.GONE, leader.run(Machine.startAt(Machine.CODE)));
            done.countDown();
            assertEquals(Context.GONE, Machine.result(sleeper));
            leader.release();
            leader.space().release();
            return null;
        });
    }

    /** The same while the leader is being waited for. */
    @Test
    void shouldNotHangWhenARunningLeaderIsKilled() {
        machine.code(0, SPIN);
        machine.code(1, "0f 05");
        CountDownLatch done = new CountDownLatch(1);
        CountDownLatch stopped = new CountDownLatch(1);
        FutureTask<Integer> leading = machine.startTask(() -> {
            Context leader = machine.newContext();
            leader.space().map(leader, Machine.DATA, Machine.PAGE, Machine.PAGE, Machine.RX, false);
            Context thread = leader.newContext(leader.space());
            FutureTask<Integer> sleeper = machine.startTask(() -> {
                assertEquals(Context.SYSCALL, thread.run(Machine.startAt(Machine.DATA)));
                stopped.countDown();
                done.await();
                thread.release();
                return 0;
            });
            int event = leader.run(Machine.startAt(Machine.CODE));
            done.countDown();
            Machine.result(sleeper);
            leader.release();
            leader.space().release();
            return event;
        });
        Machine.result(machine.startTask(() -> {
            stopped.await();
            return null;
        }));
        List<Integer> stubs = awaitRunning();
        stubs.forEach(stub -> machine.host.syscall(SyscallNr.KILL, stub, Signals.SIGKILL));
        assertEquals(Context.GONE, Machine.result(leading));
    }

    @Test
    void shouldHideSignalsFromOutside() {
        machine.code(0, SPIN);
        Context context = running();
        FutureTask<Integer> task = machine.startTask(() -> {
            int event = context.run(Machine.startAt(Machine.CODE));
            context.release();
            return event;
        });
        List<Integer> stubs = awaitRunning();
        for (int signal : new int[] {Signals.SIGTERM, Signals.SIGINT, Signals.SIGSEGV, Signals.SIGTRAP, Signals.SIGWINCH,
            Signals.SIGSTOP, Signals.SIGCONT, Signals.SIGCHLD, Signals.SIGURG, Signals.SIGSYS, Signals.SIGTSTP, 64}) {
            for (int stub : stubs) {
                assertEquals(0, machine.host.syscall(SyscallNr.KILL, stub, signal));
            }
        }
        context.interrupt();
        assertEquals(Context.INTERRUPTED, Machine.result(task));
        context.space().release();
    }

    /** The stub that spins, once it does. */
    private List<Integer> awaitRunning() {
        for (;;) {
            List<Integer> running = HostProcesses.withMemoryFile(name).stream()
                .filter(stub -> HostProcesses.status(stub, "State").startsWith("R")).toList();
            if (!running.isEmpty()) {
                return running;
            }
            Thread.onSpinWait();
        }
    }

    @Test
    void shouldHoldNothingButTheMemoryFile() {
        run("0f 05", (context, registers) -> {
            context.run(registers);
            List<Integer> stubs = HostProcesses.withMemoryFile(name);
            assertTrue(stubs.size() >= 2);
            for (int stub : stubs) {
                assertEquals(List.of("0"), HostProcesses.descriptors(stub));
                assertEquals("1", HostProcesses.status(stub, "NoNewPrivs"));
                assertEquals("2", HostProcesses.status(stub, "Seccomp"));
                assertEquals(0, Long.parseLong(HostProcesses.status(stub, "CapEff"), 16));
                assertEquals(0, Long.parseLong(HostProcesses.status(stub, "CapPrm"), 16));
                HostProcesses.read(stub, "maps").lines().filter(line -> !line.contains("[vsyscall]")).forEach(line ->
                    assertTrue(line.contains("r-xp") && line.contains("memfd:jvisor-stub") || line.contains(name), line));
            }
        });
    }

    @Test
    void shouldNotLetAStubMakeOtherCalls() {
        int[] numbers = {SyscallNr.OPENAT, SyscallNr.WRITE, SyscallNr.EXECVE, SyscallNr.SOCKET, SyscallNr.PTRACE,
            SyscallNr.KILL, SyscallNr.PRCTL, SyscallNr.CLONE, SyscallNr.MMAP};
        for (int number : numbers) {
            run("90", (context, registers) -> {
                PtraceContext stub = (PtraceContext) context;
                assertTrue(stub.attach());
                assertEquals(-Errno.ESRCH, stub.call(number, 100, 0, 0, 0, 0, 0));
                assertEquals(Context.GONE, context.run(registers));
            });
        }
    }

    private void killStubs() {
        for (;;) {
            List<Integer> stubs = HostProcesses.withMemoryFile(name).stream()
                .filter(stub -> HostProcesses.read(stub, "maps").contains(name)).toList();
            if (!stubs.isEmpty()) {
                stubs.forEach(stub -> machine.host.syscall(SyscallNr.KILL, stub, Signals.SIGKILL));
                return;
            }
        }
    }

    private interface Body {
        void with(Context context, Registers registers);
    }

    private void run(String code, Body body) {
        machine.code(0, code);
        machine.inTask(() -> {
            Context context = machine.newContext();
            body.with(context, Machine.startAt(Machine.CODE));
            context.release();
            context.space().release();
            return null;
        });
        assertFalse(HostProcesses.withMemoryFile(name).isEmpty(), "the first stub is still there");
    }
}
