// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.jvisor.api.platform.AddressSpace;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Registers;

/** Several tasks and address spaces: fork, threads, exec, interruption, changes by others. */
@Timeout(300)
class PtraceTasksTest {
    /** Adds one to a counter at RBX and makes system call RAX, for ever. */
    private static final String COUNT = """
        f0 ff 03                    ; lock inc dword [rbx]
        0f 05                       ; syscall
        eb f9                       ; jmp to the start
        """;
    private static final String SPIN = "eb fe";
    /** Reads from RBX for ever. */
    private static final String READ = "8b 03 eb fc";

    private static Machine machine;

    @BeforeAll
    static void start() {
        machine = new Machine();
    }

    @AfterAll
    static void stop() {
        machine.close();
    }

    @Test
    void shouldForkWithMappingsRegistersAndExtendedState() {
        machine.code(0, """
            66 48 0f 6e c3          ; movq xmm0, rbx
            0f 05                   ; syscall
            66 48 0f 7e c7          ; movq rdi, xmm0
            0f 05                   ; syscall
            """);
        machine.inTask(() -> {
            Context parent = machine.newContext();
            Registers registers = Machine.startAt(Machine.CODE);
            registers.set(Registers.RBX, 99);
            assertEquals(Context.SYSCALL, parent.run(registers));
            parent.saveExtended(registers);
            AddressSpace copy = machine.keep(parent.forkAddressSpace());
            Context child = parent.newContext(copy);
            Registers childRegisters = new Registers();
            childRegisters.copyFrom(registers);
            childRegisters.setResult(0);
            FutureTask<Long> other = machine.startTask(() -> {
                assertEquals(Context.SYSCALL, child.run(childRegisters));
                child.release();
                return childRegisters.get(Registers.RDI);
            });
            registers.setResult(1234);
            assertEquals(Context.SYSCALL, parent.run(registers));
            assertEquals(99, registers.get(Registers.RDI));
            assertEquals(99, Machine.result(other));
            parent.release();
            return null;
        });
    }

    @Test
    void shouldKeepSpacesApartAfterFork() {
        machine.code(0, READ);
        machine.inTask(() -> {
            Context parent = machine.newContext();
            Context child = parent.newContext(machine.keep(parent.forkAddressSpace()));
            parent.space().unmap(parent, Machine.CODE, Machine.PAGE);
            FutureTask<Integer> other = machine.startTask(() -> {
                Registers registers = Machine.startAt(Machine.CODE);
                registers.set(Registers.RBX, Machine.DATA);
                int event = child.run(registers);
                assertEquals(Machine.DATA, child.faultAddress());
                child.release();
                return event;
            });
            assertEquals(Context.FAULT, Machine.result(other));
            Registers registers = Machine.startAt(Machine.CODE);
            assertEquals(Context.FAULT, parent.run(registers));
            assertEquals(Machine.CODE, parent.faultAddress());
            parent.release();
            return null;
        });
    }

    @Test
    void shouldRunThreadsInOneSpace() {
        machine.code(0, COUNT);
        int threads = 8;
        int rounds = 200;
        machine.host.putInt(machine.memory + Machine.PAGE, 0);
        machine.inTask(() -> {
            Context first = machine.newContext();
            first.space().map(first, Machine.DATA, Machine.PAGE, Machine.PAGE, Machine.RW, true);
            List<FutureTask<Void>> tasks = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                Context context = first.newContext(first.space());
                tasks.add(machine.startTask(() -> count(context, rounds)));
            }
            count(first, rounds); // the leader goes first
            tasks.forEach(Machine::result);
            return null;
        });
        assertEquals((threads + 1) * rounds, machine.host.getInt(machine.memory + Machine.PAGE));
    }

    private static Void count(Context context, int rounds) {
        countOn(context, rounds);
        context.release();
        return null;
    }

    private static void countOn(Context context, int rounds) {
        Registers registers = Machine.startAt(Machine.CODE);
        registers.set(Registers.RBX, Machine.DATA);
        for (int i = 0; i < rounds; i++) {
            assertEquals(Context.SYSCALL, context.run(registers));
            registers.setResult(i);
        }
    }

    @Test
    void shouldStartThreadsFromThreadsAfterTheLeaderHasLeft() {
        machine.code(0, COUNT);
        machine.inTask(() -> {
            Context context = machine.newContext();
            context.space().map(context, Machine.DATA, Machine.PAGE, Machine.PAGE, Machine.RW, true);
            for (int i = 0; i < 50; i++) {
                Context next = context.newContext(context.space());
                count(context, 2);
                context = next;
            }
            count(context, 2);
            return null;
        });
    }

    /** Tasks' threads are reused, so that who traced a stub thread of a process may go on for long after its end. */
    @Test
    void shouldLeaveNoZombieWhenTheLeaderGoesBeforeAThread() {
        machine.code(0, COUNT);
        CountDownLatch end = new CountDownLatch(1);
        int rounds = 5;
        Queue<Integer> processes = new ConcurrentLinkedQueue<>();
        Queue<FutureTask<Void>> tracers = new ConcurrentLinkedQueue<>();
        for (int i = 0; i < rounds; i++) {
            tracers.add(machine.startTask(() -> {
                Context leader = mapped(machine.newContext());
                AddressSpace space = leader.space();
                countOn(leader, 2);
                Context thread = leader.newContext(space);
                CountDownLatch runs = new CountDownLatch(1);
                CountDownLatch leaderIsGone = new CountDownLatch(1);
                tracers.add(machine.startTask(() -> {
                    countOn(thread, 2);
                    runs.countDown();
                    leaderIsGone.await();
                    thread.release();
                    space.release();
                    end.await();
                    return null;
                }));
                runs.await();
                processes.add(((PtraceContext) leader).process());
                leader.release();
                leaderIsGone.countDown();
                end.await();
                return null;
            }));
        }
        await("processes are left", () -> processes.size() == rounds && processes.stream().noneMatch(HostProcesses::exists));
        end.countDown();
        tracers.forEach(Machine::result);
    }

    private static void await(String otherwise, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(50);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, otherwise);
            LockSupport.parkNanos(1_000_000);
        }
    }

    /** A stub thread that stays traced after its end keeps its process a zombie. */
    @Test
    void shouldReapOthersWhileOneProcessDoesNotEnd() {
        machine.code(0, COUNT);
        Reaper reaper = new Reaper(machine.host);
        reaper.start();
        machine.inTask(() -> {
            Context parent = machine.newContext();
            countOn(mapped(parent), 1);
            int[] process = {0};
            CountDownLatch end = new CountDownLatch(1);
            CountDownLatch traced = new CountDownLatch(1);
            Context child = parent.newContext(machine.keep(parent.forkAddressSpace()));
            FutureTask<Void> leader = machine.startTask(() -> {
                countOn(child, 1);
                process[0] = ((PtraceContext) child).process();
                Context thread = child.newContext(child.space());
                FutureTask<Void> other = machine.startTask(() -> {
                    countOn(thread, 1);
                    traced.countDown();
                    end.await();
                    return null;
                });
                return Machine.result(other);
            });
            traced.await();
            reaper.expect();
            reaper.killAndReap(process[0]);
            for (int i = 0; i < 20; i++) {
                reaper.expect();
                reaper.killAndReap(machine.platform.takeCopy());
            }
            await("all but one are reaped", () -> reaper.dying() == 1);
            end.countDown();
            Machine.result(leader);
            parent.release();
            return null;
        });
        await("its tracer has ended", () -> reaper.dying() == 0);
        reaper.stop();
    }

    private static Context mapped(Context context) {
        context.space().map(context, Machine.DATA, Machine.PAGE, Machine.PAGE, Machine.RW, true);
        return context;
    }

    @Test
    void shouldReleaseAContextThatNeverRan() {
        machine.code(0, COUNT);
        machine.inTask(() -> {
            Context context = machine.newContext();
            context.space().map(context, Machine.DATA, Machine.PAGE, Machine.PAGE, Machine.RW, true);
            Context thread = context.newContext(context.space());
            machine.inTask(() -> {
                thread.release();
                return null;
            });
            AddressSpace copy = context.forkAddressSpace();
            context.newContext(copy).release();
            copy.release();
            AddressSpace unused = context.forkAddressSpace();
            unused.release();
            AddressSpace neverStarted = machine.platform.newAddressSpace();
            machine.platform.newContext(neverStarted).release();
            neverStarted.release();
            return count(context, 2);
        });
    }

    @Test
    void shouldSwitchToAnotherSpaceOnExec() {
        machine.code(0, COUNT);
        machine.code(1, "bb 07 00 00 00 0f 05"); // mov ebx, 7; syscall
        machine.inTask(() -> {
            Context context = machine.newContext();
            for (int i = 0; i < 20; i++) {
                AddressSpace old = context.space();
                AddressSpace fresh = machine.newSpace();
                // Queued, since the context is still in the old space.
                fresh.map(context, 0x40_0000, Machine.PAGE, Machine.PAGE, Machine.RX, false);
                context.switchTo(fresh);
                old.release();
                Registers registers = Machine.startAt(0x40_0000);
                assertEquals(Context.SYSCALL, context.run(registers));
                assertEquals(7, registers.get(Registers.RBX));
                registers.set(Registers.RIP, Machine.CODE);
                assertEquals(Context.FAULT, context.run(registers));
            }
            context.release();
            return null;
        });
    }

    @Test
    void shouldLeaveASharedSpaceOnExecAsVforkDoes() {
        machine.code(0, COUNT);
        machine.inTask(() -> {
            Context parent = machine.newContext();
            parent.space().map(parent, Machine.DATA, Machine.PAGE, Machine.PAGE, Machine.RW, true);
            Context child = parent.newContext(parent.space());
            machine.inTask(() -> {
                Registers registers = Machine.startAt(Machine.CODE);
                registers.set(Registers.RBX, Machine.DATA);
                assertEquals(Context.SYSCALL, child.run(registers));
                AddressSpace fresh = machine.newSpace();
                child.switchTo(fresh);
                assertEquals(0, fresh.map(child, Machine.CODE, Machine.PAGE, 0, Machine.RX, false));
                assertEquals(0, fresh.map(child, Machine.DATA, Machine.PAGE, Machine.PAGE, Machine.RW, false));
                return count(child, 3);
            });
            return count(parent, 3);
        });
    }

    @Test
    void shouldRefuseASecondContextFromOutside() {
        machine.inTask(() -> {
            Context context = machine.newContext();
            assertThrows(IllegalArgumentException.class, () -> machine.platform.newContext(context.space()));
            context.release();
            return null;
        });
    }

    @Test
    void shouldReturnInterruptedBeforeRunning() {
        machine.code(0, COUNT);
        machine.inTask(() -> {
            Context context = machine.newContext();
            context.space().map(context, Machine.DATA, Machine.PAGE, Machine.PAGE, Machine.RW, true);
            Registers registers = Machine.startAt(Machine.CODE);
            registers.set(Registers.RBX, Machine.DATA);
            context.interrupt();
            context.interrupt();
            assertEquals(Context.INTERRUPTED, context.run(registers));
            assertEquals(Machine.CODE, registers.get(Registers.RIP));
            return count(context, 2);
        });
    }

    /** No interruption is lost, whenever it comes, and none is reported that nobody asked for. */
    @Test
    void shouldInterruptRunningCode() {
        machine.code(0, SPIN);
        machine.inTask(() -> {
            Context context = machine.newContext();
            Registers registers = Machine.startAt(Machine.CODE);
            for (int i = 0; i < 2000; i++) {
                FutureTask<Void> interrupter = new FutureTask<>(context::interrupt, null);
                Thread.ofVirtual().start(interrupter);
                assertEquals(Context.INTERRUPTED, context.run(registers));
                assertEquals(Machine.CODE, registers.get(Registers.RIP));
                Machine.result(interrupter);
            }
            context.release();
            return null;
        });
    }

    @Test
    void shouldLoseNoInterruptionBetweenSystemCalls() {
        machine.code(0, COUNT);
        machine.inTask(() -> {
            Context context = machine.newContext();
            context.space().map(context, Machine.DATA, Machine.PAGE, Machine.PAGE, Machine.RW, true);
            Registers registers = Machine.startAt(Machine.CODE);
            registers.set(Registers.RBX, Machine.DATA);
            for (int i = 0; i < 1000; i++) {
                CountDownLatch started = new CountDownLatch(1);
                Thread.ofVirtual().start(() -> {
                    started.countDown();
                    context.interrupt();
                });
                started.await();
                int event = context.run(registers);
                while (event == Context.SYSCALL) {
                    registers.setResult(5);
                    event = context.run(registers);
                }
                assertEquals(Context.INTERRUPTED, event);
            }
            return count(context, 2);
        });
    }

    @Test
    void shouldCarryOutChangesOfOthersInARunningSpace() {
        machine.code(0, READ);
        machine.inTask(() -> {
            Context context = machine.newContext();
            AddressSpace space = context.space();
            Registers registers = Machine.startAt(Machine.CODE);
            registers.set(Registers.RBX, Machine.DATA);
            for (int i = 0; i < 300; i++) {
                assertEquals(0, space.map(null, Machine.DATA, Machine.PAGE, Machine.PAGE, Machine.RW, false));
                Thread.ofVirtual().start(() -> space.unmap(null, Machine.DATA, Machine.PAGE));
                assertEquals(Context.FAULT, context.run(registers));
                assertEquals(Machine.DATA, context.faultAddress());
            }
            context.release();
            return null;
        });
    }

    @Test
    void shouldCarryOutChangesOfOthersWhileAllTasksRun() {
        machine.code(0, READ);
        machine.inTask(() -> {
            Context first = machine.newContext();
            AddressSpace space = first.space();
            List<FutureTask<Void>> tasks = new ArrayList<>();
            space.map(first, Machine.DATA, Machine.PAGE, Machine.PAGE, Machine.RW, false);
            AtomicBoolean stop = new AtomicBoolean();
            for (int i = 0; i < 3; i++) {
                Context context = first.newContext(space);
                tasks.add(machine.startTask(() -> readUntil(context, space, stop)));
            }
            for (int i = 0; i < 300; i++) {
                space.unmap(null, Machine.DATA, Machine.PAGE);
                space.map(null, Machine.DATA, Machine.PAGE, Machine.PAGE, Machine.RW, i % 2 == 0);
            }
            stop.set(true);
            first.release();
            for (FutureTask<Void> task : tasks) {
                while (!isDone(task)) { // one of them may map the page once more
                    space.unmap(null, Machine.DATA, Machine.PAGE);
                }
                Machine.result(task);
            }
            return null;
        });
    }

    private static boolean isDone(FutureTask<Void> task) throws Exception {
        try {
            task.get(1, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        }
    }

    private static Void readUntil(Context context, AddressSpace space, AtomicBoolean stop) {
        Registers registers = Machine.startAt(Machine.CODE);
        registers.set(Registers.RBX, Machine.DATA);
        boolean stopped = false;
        while (!stopped) {
            stopped = stop.get();
            assertEquals(Context.FAULT, context.run(registers));
            if (!stopped) {
                space.map(context, Machine.DATA, Machine.PAGE, Machine.PAGE, Machine.RW, false);
            }
        }
        context.release();
        return null;
    }

    @Test
    void shouldForgetAllMappingsRatherThanQueueChangesWithoutEnd() {
        machine.code(0, READ);
        machine.inTask(() -> {
            Context context = machine.newContext();
            AddressSpace space = context.space();
            for (int i = 0; i < 100_000; i++) {
                space.map(null, Machine.DATA, Machine.PAGE, Machine.PAGE, Machine.RW, false);
            }
            Registers registers = Machine.startAt(Machine.CODE);
            assertEquals(Context.FAULT, context.run(registers));
            assertEquals(Machine.CODE, context.faultAddress());
            assertEquals(0, space.map(context, Machine.CODE, Machine.PAGE, 0, Machine.RX, false));
            assertEquals(Context.FAULT, context.run(registers));
            assertEquals(0, context.faultAddress());
            context.release();
            return null;
        });
    }

    @Test
    void shouldSpreadBusyTasksOverTheCpus() {
        Assumptions.assumeTrue(new Cpus(machine.host).count() > 1);
        machine.code(0, COUNT);
        machine.inTask(() -> {
            PtraceContext first = (PtraceContext) machine.newContext();
            first.space().map(first, Machine.DATA, Machine.PAGE, Machine.PAGE, Machine.RW, true);
            PtraceContext second = (PtraceContext) first.newContext(first.space());
            assertEquals(first.cpu(), second.cpu());
            AtomicBoolean apart = new AtomicBoolean();
            FutureTask<Void> other = machine.startTask(() -> countUntilApart(second, first, apart));
            countUntilApart(first, second, apart);
            return Machine.result(other);
        });
    }

    private static Void countUntilApart(PtraceContext context, PtraceContext other, AtomicBoolean apart) {
        while (!apart.get()) {
            countOn(context, 100);
            if (context.cpu() != other.cpu()) {
                apart.set(true);
            }
        }
        context.release();
        return null;
    }

    /** Computing pairs are the host's to place; they are bound again when they stop. */
    @Test
    void shouldStopAsUsualAfterComputing() {
        machine.code(0, """
            b9 00 00 00 04          ; mov ecx, 1 << 26
            ff c9                   ; dec ecx
            75 fc                   ; jnz to it
            0f 05                   ; syscall
            eb f3                   ; jmp to the start
            """);
        machine.inTask(() -> {
            Context first = machine.newContext();
            Context second = first.newContext(first.space());
            FutureTask<Void> other = machine.startTask(() -> compute(second));
            compute(first);
            return Machine.result(other);
        });
    }

    private static Void compute(Context context) {
        Registers registers = Machine.startAt(Machine.CODE);
        for (int i = 0; i < 3; i++) {
            assertEquals(Context.SYSCALL, context.run(registers));
            registers.setResult(0);
        }
        context.release();
        return null;
    }

    @Test
    void shouldSayWhichSpaceAContextIsIn() {
        machine.inTask(() -> {
            Context context = machine.newContext();
            AddressSpace fresh = machine.newSpace();
            context.switchTo(fresh);
            assertTrue(context.space() == fresh);
            context.release();
            return null;
        });
    }
}
