// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.platform.AddressSpace;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Platform;
import org.jvisor.api.platform.Registers;
import org.jvisor.api.state.Driver;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.HandleSource;
import org.jvisor.api.state.Handover;
import org.jvisor.api.state.StateException;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.core.handover.HandoverService;
import org.jvisor.core.handover.Rest;

/** A running platform passes from one build of its bundle to another, each with a class loader of its own. */
@Timeout(300)
class HandoverTest {
    private static final int PROCESSES = 3;
    private static final int THREADS = 3;
    private static final int TIMES = 20;
    /** Adds one to a counter at RBX and makes a system call, for ever; 16 bytes on, the same without the call. */
    private static final String COUNT = """
        f0 ff 03                    ; lock inc dword [rbx]
        0f 05                       ; syscall
        eb f9                       ; jmp to the start
        90 90 90 90 90 90 90 90 90
        f0 ff 03                    ; lock inc dword [rbx]
        eb fb                       ; jmp to the inc
        """;
    private static final long COMPUTE = Machine.CODE + 16;

    /** The build under test, once more. */
    private static final class Build extends ClassLoader {
        Build() {
            super(HandoverTest.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.startsWith("org.jvisor.platform.ptrace.")) {
                return super.loadClass(name, resolve);
            }
            synchronized (getClassLoadingLock(name)) {
                Class<?> known = findLoadedClass(name);
                return known == null ? define(name) : known;
            }
        }

        private Class<?> define(String name) throws ClassNotFoundException {
            try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
                byte[] bytes = in.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
            }
        }

        Driver driver(HostKernel host) {
            try {
                return (Driver) loadClass(PtraceDriver.class.getName()).getConstructor(HostKernel.class).newInstance(host);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private static final class Slot<T> implements Handle {
        private final String kind;
        private volatile T target;

        Slot(String kind, T target) {
            this.kind = kind;
            this.target = target;
        }

        @Override
        public long id() {
            return 1;
        }

        @Override
        public String kind() {
            return kind;
        }

        @Override
        public Class<?> type() {
            return Object.class;
        }

        @Override
        public T target() {
            return target;
        }

        @Override
        @SuppressWarnings("unchecked")
        public void replace(Object fresh) {
            target = (T) fresh;
        }
    }

    /** A task that counts, or computes, until it is told to stop. */
    private final class Program {
        final Slot<Context> context;
        final boolean computes;
        volatile boolean stop;
        long calls;
        private boolean outside;

        Program(Context context, boolean computes) {
            this.context = new Slot<>("context", context);
            this.computes = computes;
        }

        Void run() {
            Registers registers = Machine.startAt(computes ? COMPUTE : Machine.CODE);
            registers.set(Registers.RBX, Machine.DATA);
            boolean inCall = false;
            while (!stop || !computes && !inCall) {
                pass();
                int event = context.target.run(registers);
                inCall = event == Context.SYSCALL;
                if (inCall) {
                    calls++;
                    assertEquals(Machine.DATA, registers.get(Registers.RBX));
                    registers.setResult(calls);
                } else {
                    assertEquals(Context.INTERRUPTED, event);
                }
            }
            context.target.release(); // before this thread ends, and with it what it traces
            synchronized (gateLock) {
                outside = true;
                gateLock.notifyAll();
            }
            return null;
        }

        private void pass() {
            if (!closed) {
                return;
            }
            synchronized (gateLock) {
                outside = true;
                gateLock.notifyAll();
                waitWhileClosed();
                outside = false;
            }
        }
    }

    private final Object gateLock = new Object();
    private volatile boolean closed;
    private final Rest gate = new Rest() {
        @Override
        public long begin(long limitNs) {
            long start = System.nanoTime();
            synchronized (gateLock) {
                closed = true;
                programs.forEach(program -> program.context.target.interrupt());
                while (!programs.stream().allMatch(program -> program.outside)) {
                    await();
                }
            }
            return System.nanoTime() - start;
        }

        @Override
        public void stopApplications(long limitNs) {}

        @Override
        public void end() {
            synchronized (gateLock) {
                closed = false;
                gateLock.notifyAll();
            }
        }
    };

    private final List<Program> programs = new ArrayList<>();
    private final List<Slot<AddressSpace>> spaces = new ArrayList<>();
    private final List<String> complaints = new ArrayList<>();
    private Machine machine;
    private Slot<Platform> platform;
    private Driver driver;
    private Handover handover;

    private void waitWhileClosed() {
        while (closed) {
            await();
        }
    }

    private void await() {
        try {
            gateLock.wait();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @BeforeEach
    void start() {
        machine = new Machine("hand-over");
        machine.code(0, COUNT);
        platform = new Slot<>("platform", machine.platform);
        driver = new PtraceDriver(machine.host);
        HandleSource source = visitor -> {
            visitor.accept(platform);
            spaces.forEach(visitor);
            programs.forEach(program -> visitor.accept(program.context));
        };
        handover = new HandoverService(gate, List.of(source), complaints::add);
    }

    @AfterEach
    void stop() {
        assertEquals(List.of(), complaints);
        spaces.forEach(space -> space.target.release());
        platform.target.stop();
        machine.closeMemory();
    }

    private Handover.Report replace() {
        Driver after = new Build().driver(machine.host);
        Handover.Report report = handover.replace(driver, after);
        driver = after;
        return report;
    }

    /** The n-th process's counter is in page n + 1 of the file. */
    private void enter(Context leader, int process) {
        AddressSpace space = leader.space();
        spaces.add(new Slot<>("address space", space));
        assertEquals(0, space.map(leader, Machine.CODE, Machine.PAGE, 0, Machine.RX, true));
        assertEquals(0, space.map(leader, Machine.DATA, Machine.PAGE, (process + 1) * Machine.PAGE, Machine.RW, true));
    }

    /** A further process; a context belongs to the thread that first uses it, so its thread makes the others of its process. */
    private FutureTask<Void> startProcess(int process, List<FutureTask<Void>> running) throws InterruptedException {
        Object ready = new Object();
        boolean[] done = new boolean[1];
        FutureTask<Void> leader = machine.startTask(() -> {
            Program first;
            synchronized (ready) {
                Context context = platform.target.newContext(platform.target.newAddressSpace());
                enter(context, process);
                first = new Program(context, false);
                programs.add(first);
                for (int i = 1; i < THREADS; i++) {
                    Program other = new Program(context.newContext(context.space()), i == THREADS - 1);
                    programs.add(other);
                    running.add(machine.startTask(other::run));
                }
                done[0] = true;
                ready.notifyAll();
            }
            return first.run();
        });
        synchronized (ready) {
            while (!done[0]) {
                ready.wait();
            }
        }
        return leader;
    }

    private List<FutureTask<Void>> startAll() throws InterruptedException {
        List<FutureTask<Void>> running = new ArrayList<>();
        for (int process = 0; process < PROCESSES; process++) {
            running.add(startProcess(process, running));
        }
        return running;
    }

    private void finish(List<FutureTask<Void>> running) {
        for (Program program : programs) {
            program.stop = true;
            program.context.target.interrupt();
        }
        running.forEach(Machine::result);
    }

    @Test
    void shouldHandOverWhileProcessesWithThreadsRun() throws InterruptedException {
        List<FutureTask<Void>> running = startAll();
        List<WeakReference<Driver>> old = new ArrayList<>();
        long longest = 0;
        for (int i = 0; i < TIMES; i++) {
            Platform before = platform.target;
            List<Long> callsBefore = programs.stream().map(program -> program.calls).toList();
            Handover.Report report = replace();
            longest = Math.max(longest, report.pause().ns());
            assertEquals(1 + PROCESSES + PROCESSES * THREADS, report.handles());
            assertEquals(report.handles() + 1, report.objects()); // and what they share
            assertNotSame(before, platform.target);
            assertSame(driver.getClass().getClassLoader(), programs.getFirst().context.target.getClass().getClassLoader());
            awaitProgress(callsBefore);
            if (i < TIMES - 1) {
                old.add(new WeakReference<>(driver));
            }
        }
        System.out.println("ptrace handed over " + TIMES + " times, longest pause " + longest / 1000 + " us");
        finish(running);
        for (int process = 0; process < PROCESSES; process++) {
            List<Program> threads = programs.subList(process * THREADS, (process + 1) * THREADS);
            long calls = threads.stream().mapToLong(program -> program.calls).sum();
            int counted = machine.host.getInt(machine.memory + (process + 1) * Machine.PAGE);
            assertTrue(counted - (int) calls > 0, "what computes has added nothing");
        }
        for (WeakReference<Driver> reference : old) {
            awaitCollected(reference);
        }
    }

    private void awaitProgress(List<Long> before) {
        for (int i = 0; i < before.size(); i++) {
            Program program = programs.get(i);
            while (!program.computes && program.calls == before.get(i)) {
                Thread.onSpinWait();
                synchronized (gateLock) { // for the counter to be seen
                    Thread.yield();
                }
            }
        }
    }

    private static void awaitCollected(WeakReference<Driver> reference) throws InterruptedException {
        for (int i = 0; i < 10_000 && reference.get() != null; i++) {
            System.gc();
            Thread.sleep(10);
        }
        assertNull(reference.get(), "an old version is still in memory");
    }

    @Test
    void shouldCountExactlyAcrossHandOvers() throws InterruptedException {
        Program[] only = new Program[1];
        FutureTask<Void> running = machine.startTask(() -> {
            Context context = platform.target.newContext(platform.target.newAddressSpace());
            enter(context, 0);
            synchronized (gateLock) {
                only[0] = new Program(context, false);
                programs.add(only[0]);
                gateLock.notifyAll();
            }
            return only[0].run();
        });
        synchronized (gateLock) {
            while (only[0] == null) {
                await();
            }
        }
        for (int i = 0; i < TIMES; i++) {
            replace();
        }
        finish(List.of(running));
        assertEquals(only[0].calls, machine.host.getInt(machine.memory + Machine.PAGE));
    }

    @Test
    void shouldTakePendingChangesAlong() {
        machine.inTask(() -> {
            Context first = platform.target.newContext(platform.target.newAddressSpace());
            enter(first, 0);
            Slot<Context> slot = new Slot<>("context", first);
            Registers registers = Machine.startAt(Machine.CODE);
            registers.set(Registers.RBX, Machine.DATA);
            assertEquals(Context.SYSCALL, first.run(registers));
            first.space().unmap(null, Machine.DATA, Machine.PAGE);
            HandoverService service = service(slot);
            Driver after = new Build().driver(machine.host);
            service.replace(driver, after);
            AddressSpace space = spaces.getFirst().target;
            assertSame(space, slot.target.space());
            assertTrue(!space.settled());
            assertEquals(Context.INTERRUPTED, slot.target.run(registers)); // what was to bring it out
            assertEquals(Context.FAULT, slot.target.run(registers));
            assertEquals(Machine.DATA, slot.target.faultAddress());
            assertTrue(space.settled());
            slot.target.release();
            return null;
        });
    }

    @Test
    void shouldForkAndExecAfterwards() {
        machine.inTask(() -> {
            Context first = platform.target.newContext(platform.target.newAddressSpace());
            enter(first, 0);
            Registers registers = Machine.startAt(Machine.CODE);
            registers.set(Registers.RBX, Machine.DATA);
            assertEquals(Context.SYSCALL, first.run(registers));
            Slot<Context> slot = new Slot<>("context", first);
            service(slot).replace(driver, new Build().driver(machine.host));
            AddressSpace forked = slot.target.forkAddressSpace();
            spaces.add(new Slot<>("address space", forked));
            Context child = slot.target.newContext(forked);
            Registers childRegisters = new Registers();
            childRegisters.copyFrom(registers);
            FutureTask<Integer> other = machine.startTask(() -> {
                int event = child.run(childRegisters);
                child.release();
                return event;
            });
            assertEquals(Context.SYSCALL, Machine.result(other));
            for (int i = 0; i < 5; i++) { // more than are kept ready
                AddressSpace fresh = platform.target.newAddressSpace();
                slot.target.switchTo(fresh);
                enter(slot.target, 0);
                Registers start = Machine.startAt(Machine.CODE);
                start.set(Registers.RBX, Machine.DATA);
                assertEquals(i == 0 ? Context.INTERRUPTED : Context.SYSCALL, slot.target.run(start));
                assertEquals(Context.SYSCALL, slot.target.run(start));
            }
            slot.target.release();
            return null;
        });
        assertEquals(11, machine.host.getInt(machine.memory + Machine.PAGE));
    }

    @Test
    void shouldLeaveTheOldCodeServingWhenTheNewOneRefuses() throws InterruptedException {
        List<FutureTask<Void>> running = startAll();
        Platform before = platform.target;
        Driver careful = new Build().driver(machine.host);
        int[] seen = new int[1];
        Driver failing = new Driver() {
            @Override
            public Stateful adopt(StateRecord record) {
                if (record.type().equals(PtraceDriver.CONTEXT) && ++seen[0] == 3) {
                    throw record.refuse("thread", "not to my taste");
                }
                return careful.adopt(record);
            }

            @Override
            public boolean owns(Object object) {
                return careful.owns(object);
            }
        };
        StateException refusal = assertThrows(StateException.class, () -> handover.replace(driver, failing));
        assertEquals("ptrace.context (schema 1), field thread: not to my taste", refusal.getMessage());
        assertSame(before, platform.target);
        awaitProgress(programs.stream().map(program -> program.calls).toList());
        replace();
        awaitProgress(programs.stream().map(program -> program.calls).toList());
        finish(running);
    }

    /** For tests that need no gate, since the task itself does the hand-over. */
    private HandoverService service(Slot<Context> context) {
        Rest none = new Rest() {
            @Override
            public long begin(long limitNs) {
                return 0;
            }

            @Override
            public void stopApplications(long limitNs) {}

            @Override
            public void end() {}
        };
        HandleSource source = visitor -> {
            visitor.accept(platform);
            spaces.forEach(visitor);
            visitor.accept(context);
        };
        return new HandoverService(none, List.of(source), complaints::add);
    }
}
