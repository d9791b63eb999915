// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.handover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Clone;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Futex;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.Task.CloneRequest;
import org.jvisor.api.kernel.ThreadGroup.WaitResult;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Registers;
import org.jvisor.core.FakePlatform;
import org.jvisor.core.TestKernel;
import org.jvisor.core.process.TaskImpl;
import org.jvisor.core.process.TaskThreads;
import org.jvisor.core.process.ThreadGroupImpl;

/** The kernel is brought to rest and let go on, with tasks in every kind of wait and of work. */
class GateTest {

    private static final int BUSY = 901;
    private static final int REPETITIONS = 20;
    /** Longer than the gate waits at first for all to come out, and not for long. */
    private static final long SLOW_NS = TimeUnit.MILLISECONDS.toNanos(250);
    private static final long A = 0x10000;
    private static final long THREAD =
            Clone.CLONE_VM | Clone.CLONE_FS | Clone.CLONE_FILES | Clone.CLONE_SIGHAND | Clone.CLONE_THREAD;

    private final TestKernel test = new TestKernel();
    private final Gate gate = test.kernel.gate();
    private final AtomicBoolean stop = new AtomicBoolean();
    /** The next busy call takes as long as {@link #SLOW_NS}. */
    private final AtomicBoolean slow = new AtomicBoolean();
    private final AtomicInteger waiting = new AtomicInteger();

    private static long soon() {
        return System.nanoTime() + TimeUnit.SECONDS.toNanos(TestKernel.TIMEOUT_SECONDS);
    }

    private void thread(TaskImpl task, FakePlatform.App app) {
        test.platform.next = app;
        assertTrue(task.clone(new CloneRequest(THREAD, 0, 0, 0, 0, 0, 0)) > 0);
    }

    /** Calls the number that does something, again and again. */
    private int callBusy(Registers registers) {
        registers.values[Registers.ORIG_RAX] = stop.get() ? 60 : BUSY;
        return Context.SYSCALL;
    }

    /** Faults again and again. */
    private int fault(Registers registers) {
        if (!stop.get()) {
            return Context.FAULT;
        }
        registers.values[Registers.ORIG_RAX] = 60;
        return Context.SYSCALL;
    }

    private void addExit() {
        test.kernel.dispatcher().addFamily(TestKernel.family(60, (task, arguments) -> {
            task.exit(0);
            return 0;
        }), 0, 60);
    }

    /** Once a wait of a step is under way; steps are made again when they restart. */
    private TestKernel.Step waits(TestKernel.Step wait) {
        AtomicBoolean counted = new AtomicBoolean();
        return task -> {
            if (!counted.getAndSet(true)) {
                waiting.incrementAndGet();
            }
            return wait.run(task);
        };
    }

    private static long pause(TaskImpl task) {
        long slept;
        do {
            slept = task.sleep(Long.MAX_VALUE);
        } while (slept == 0);
        return slept;
    }

    private static TestKernel.Step end() {
        return task -> {
            task.exitGroup(0);
            return 0;
        };
    }

    private long busyUntilStopped(TaskImpl task) {
        while (!stop.get()) {
            long pid = test.clone(task, 0, Signals.SIGCHLD, end());
            if (pid < 0) {
                return pid;
            }
            WaitResult result = new WaitResult();
            long reaped = task.group().waitForChild(task, Wait.P_PID, (int) pid, Wait.WEXITED, result);
            if (reaped < 0) {
                return reaped;
            }
        }
        return 0;
    }

    @Test
    void shouldBringTheWholeKernelToRestUnderLoadAgainAndAgain() {
        addExit();
        AtomicInteger inside = new AtomicInteger();
        AtomicLong calls = new AtomicLong();
        test.kernel.dispatcher().addFamily(TestKernel.family(BUSY, (task, arguments) -> {
            inside.incrementAndGet();
            calls.incrementAndGet();
            inside.decrementAndGet();
            return 0;
        }), 0, 10);
        AtomicLong timerRuns = new AtomicLong();
        tick(timerRuns);
        long[] deadlines = new long[2];
        AtomicReference<ThreadGroupImpl> stopped = new AtomicReference<>();
        int kinds = 5;
        ThreadGroupImpl init = test.init(
                task -> {
                    test.memory.managers.getFirst().map(A, 4096);
                    thread(task, this::callBusy);
                    thread(task, this::callBusy);
                    thread(task, this::fault);
                    // A futex, a sleep with a deadline, wait4(2) for a child that pauses, vfork(2)'s wait.
                    test.clone(task, THREAD, 0, waits(t -> test.kernel.futexes().wait(t, A, false, 0,
                            Futex.FUTEX_BITSET_MATCH_ANY, Long.MAX_VALUE)), t -> ended(t));
                    test.clone(task, THREAD, 0, waits(t -> {
                        long deadline = t.call().deadline(TimeUnit.HOURS.toNanos(1));
                        deadlines[deadlines[0] == 0 ? 0 : 1] = deadline;
                        return stop.get() ? 0 : t.sleep(deadline);
                    }), t -> ended(t));
                    test.clone(task, THREAD, 0,
                            t -> test.clone(t, 0, Signals.SIGCHLD, waits(c -> stop.get() ? 0 : pause(c)), end()),
                            waits(t -> t.group().waitForChild(t, Wait.P_ALL, 0, Wait.WEXITED | Wait.WNOTHREAD, new WaitResult())),
                            t -> ended(t));
                    test.clone(task, THREAD, 0,
                            t -> test.clone(t, Clone.CLONE_VM | Clone.CLONE_VFORK, Signals.SIGCHLD,
                                    waits(c -> stop.get() ? 0 : pause(c)), end()),
                            t -> ended(t));
                    // A process that forks, one that is stopped.
                    test.clone(task, 0, Signals.SIGCHLD, this::busyUntilStopped);
                    test.clone(task, 0, Signals.SIGCHLD,
                            t -> {
                                t.group().newSession();
                                t.group().send(SignalInfo.kernel(Signals.SIGSTOP));
                                stopped.set(t.groupImpl());
                                return 0;
                            },
                            t -> stop.get() ? 0 : pause(t));
                    return 0;
                },
                t -> stop.get() ? 0 : pause(t));
        init.containerImpl().start();
        TestKernel.until(() -> waiting.get() == kinds && stopped.get() != null && stopped.get().stopped());
        AtomicInteger faults = test.memory.managers.getFirst().faults;
        for (int i = 0; i < REPETITIONS; i++) {
            assertTrue(gate.close(soon()), () -> gate.stragglers().toString());
            assertEquals(0, inside.get());
            long callsBefore = calls.get();
            long faultsBefore = faults.get();
            long forksBefore = test.kernel.forks();
            long timersBefore = timerRuns.get();
            LockSupport.parkNanos(3_000_000);
            assertEquals(callsBefore, calls.get());
            assertEquals(faultsBefore, faults.get());
            assertEquals(forksBefore, test.kernel.forks());
            assertEquals(timersBefore, timerRuns.get());
            gate.open();
            TestKernel.until(() -> calls.get() > callsBefore && faults.get() > faultsBefore
                    && test.kernel.forks() > forksBefore && timerRuns.get() > timersBefore);
        }
        assertEquals(deadlines[0], deadlines[1], "the deadline of a sleep that was interrupted");
        stop.set(true);
        stopped.get().send(SignalInfo.kernel(Signals.SIGCONT));
        init.exitGroup(0);
        assertEquals(0, test.await(init));
    }

    private static long ended(TaskImpl task) {
        task.exit(0);
        return 0;
    }

    private void tick(AtomicLong runs) {
        runs.incrementAndGet();
        test.clock.schedule(System.nanoTime() + 500_000, new TestKernel.Told(() -> tick(runs)));
    }

    @Test
    void shouldSayWhoDoesNotComeOutAndLetAllGoOn() {
        AtomicBoolean free = new AtomicBoolean();
        ThreadGroupImpl init = test.init(
                task -> {
                    waiting.incrementAndGet();
                    TestKernel.until(free::get);
                    return 0;
                },
                task -> {
                    waiting.incrementAndGet();
                    return 0;
                });
        init.containerImpl().start();
        TestKernel.until(() -> waiting.get() == 1);
        assertFalse(gate.close(System.nanoTime() + 20_000_000));
        assertEquals(List.of("task " + init.leader().tid() + " (init) in syscall_" + TestKernel.STEP), gate.stragglers());
        free.set(true);
        assertEquals(0, test.await(init));
        assertEquals(2, waiting.get());
    }

    /** Who asks a file server, say: that is nobody else's affair. */
    @Test
    void shouldStopNobodyForVisitorsThatStay() throws InterruptedException {
        addExit();
        AtomicLong calls = new AtomicLong();
        ThreadGroupImpl init = busy(calls);
        TestKernel.until(() -> init.leader().state() == 'S');
        gate.enterForLong();
        AtomicBoolean closed = new AtomicBoolean();
        Thread closer = new Thread(() -> closed.set(gate.close(soon())));
        closer.start();
        TestKernel.until(() -> closer.getState() == Thread.State.WAITING || closer.getState() == Thread.State.TIMED_WAITING);
        awaitMore(calls);
        // Who comes for a moment, as to send a signal, does come in; who would stay as well does not.
        gate.enter();
        gate.leave();
        CountDownLatch in = new CountDownLatch(1);
        Thread guest = new Thread(() -> {
            gate.enterForLong();
            in.countDown();
            gate.leaveAfterLong();
        });
        guest.start();
        TestKernel.until(() -> guest.getState() == Thread.State.WAITING);
        awaitMore(calls);
        assertFalse(closed.get());
        gate.leaveAfterLong();
        closer.join(TimeUnit.SECONDS.toMillis(TestKernel.TIMEOUT_SECONDS));
        assertTrue(closed.get(), () -> gate.stragglers().toString());
        assertEquals(1, in.getCount());
        gate.open();
        assertTrue(in.await(TestKernel.TIMEOUT_SECONDS, TimeUnit.SECONDS));
        stop.set(true);
        init.exitGroup(0);
        assertEquals(0, test.await(init));
    }

    @Test
    void shouldStopNobodyForVisitorsThatStayForEver() {
        addExit();
        AtomicLong calls = new AtomicLong();
        ThreadGroupImpl init = busy(calls);
        TestKernel.until(() -> init.leader().state() == 'S');
        gate.enterForLong();
        assertFalse(gate.close(System.nanoTime() + 20_000_000));
        assertEquals(List.of("1 threads that make or control containers"), gate.stragglers());
        assertEquals(0, gate.stoppedNs());
        gate.leaveAfterLong();
        assertTrue(gate.close(soon()));
        gate.open();
        stop.set(true);
        init.exitGroup(0);
        assertEquals(0, test.await(init));
    }

    @Test
    void shouldStopNobodyForATimersAction() throws InterruptedException {
        addExit();
        AtomicLong calls = new AtomicLong();
        ThreadGroupImpl init = busy(calls);
        TestKernel.until(() -> init.leader().state() == 'S');
        AtomicBoolean telling = new AtomicBoolean();
        AtomicBoolean free = new AtomicBoolean();
        test.clock.schedule(System.nanoTime(), new TestKernel.Told(() -> {
            telling.set(true);
            TestKernel.until(free::get);
        }));
        TestKernel.until(telling::get);
        AtomicBoolean closed = new AtomicBoolean();
        Thread closer = new Thread(() -> closed.set(gate.close(soon())));
        closer.start();
        awaitMore(calls);
        awaitMore(calls);
        assertFalse(closed.get());
        free.set(true);
        closer.join(TimeUnit.SECONDS.toMillis(TestKernel.TIMEOUT_SECONDS));
        assertTrue(closed.get(), () -> gate.stragglers().toString());
        gate.open();
        stop.set(true);
        init.exitGroup(0);
        assertEquals(0, test.await(init));
    }

    /** As in a call of the host's that lasts: the others run meanwhile, though they cannot for a moment. */
    @Test
    void shouldWaitForTheLastWithTheOthersRunning() throws InterruptedException {
        addExit();
        AtomicBoolean free = new AtomicBoolean();
        AtomicLong calls = new AtomicLong();
        ThreadGroupImpl init = busy(calls, task -> {
            waiting.incrementAndGet();
            TestKernel.until(free::get);
            waiting.decrementAndGet();
            return 0;
        }, task -> stop.get() ? 0 : pause(task));
        TestKernel.until(() -> waiting.get() == 1);
        AtomicBoolean closed = new AtomicBoolean();
        Thread closer = new Thread(() -> closed.set(gate.close(soon())));
        closer.start();
        // It has tried, and has let them go on.
        TestKernel.until(() -> init.leader().hooks() != 0);
        awaitMore(calls);
        awaitMore(calls);
        assertEquals(1, waiting.get());
        assertFalse(closed.get());
        free.set(true);
        closer.join(TimeUnit.SECONDS.toMillis(TestKernel.TIMEOUT_SECONDS));
        assertTrue(closed.get(), () -> gate.stragglers().toString());
        long before = calls.get();
        LockSupport.parkNanos(3_000_000);
        assertEquals(before, calls.get());
        gate.open();
        awaitMore(calls);
        stop.set(true);
        init.exitGroup(0);
        assertEquals(0, test.await(init));
    }

    /** Who only had no CPU for a while, or a call of medium length, is not held for another's that lasts. */
    @Test
    void shouldLetThoseGoOnWhoWereOnlySlow() throws InterruptedException {
        addExit();
        AtomicBoolean free = new AtomicBoolean();
        AtomicLong calls = new AtomicLong();
        ThreadGroupImpl init = busy(calls, task -> {
            waiting.incrementAndGet();
            TestKernel.until(free::get);
            waiting.decrementAndGet();
            return 0;
        }, task -> stop.get() ? 0 : pause(task));
        TestKernel.until(() -> waiting.get() == 1);
        slow.set(true);
        TestKernel.until(() -> !slow.get());
        Thread closer = new Thread(() -> assertTrue(gate.close(soon())));
        closer.start();
        TestKernel.until(() -> init.leader().hooks() != 0);
        awaitMore(calls);
        awaitMore(calls);
        assertEquals(1, waiting.get());
        free.set(true);
        closer.join(TimeUnit.SECONDS.toMillis(TestKernel.TIMEOUT_SECONDS));
        gate.open();
        stop.set(true);
        init.exitGroup(0);
        assertEquals(0, test.await(init));
    }

    /** One lasting call after the other, of several at a time: each of them is held when it comes out. */
    @Test
    void shouldHoldThoseWhoComeOutLast() {
        addExit();
        AtomicLong calls = new AtomicLong();
        test.kernel.dispatcher().addFamily(TestKernel.family(BUSY + 1, (task, arguments) -> {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(70));
            return 0;
        }), 0, 11);
        FakePlatform.App lasting = registers -> {
            registers.values[Registers.ORIG_RAX] = stop.get() ? 60 : BUSY + 1;
            return Context.SYSCALL;
        };
        ThreadGroupImpl init = busy(calls, task -> {
            thread(task, lasting);
            thread(task, lasting);
            thread(task, lasting);
            return 0;
        }, task -> stop.get() ? 0 : pause(task));
        TestKernel.until(() -> init.leader().state() == 'S');
        for (int i = 0; i < 3; i++) {
            assertTrue(gate.close(soon()), () -> gate.stragglers().toString());
            gate.open();
            awaitMore(calls);
        }
        stop.set(true);
        init.exitGroup(0);
        assertEquals(0, test.await(init));
    }

    /** A process with a thread that calls all the time, and what else it does first. */
    private ThreadGroupImpl busy(AtomicLong calls, TestKernel.Step... steps) {
        test.kernel.dispatcher().addFamily(TestKernel.family(BUSY, (task, arguments) -> {
            calls.incrementAndGet();
            if (slow.getAndSet(false)) {
                long end = System.nanoTime() + SLOW_NS;
                TestKernel.until(() -> System.nanoTime() - end > 0);
            }
            return 0;
        }), 0, 10);
        TestKernel.Step[] all = new TestKernel.Step[Math.max(1, steps.length) + 1];
        all[0] = task -> {
            thread(task, this::callBusy);
            return 0;
        };
        all[1] = task -> stop.get() ? 0 : pause(task);
        System.arraycopy(steps, 0, all, 1, steps.length);
        ThreadGroupImpl init = test.init(all);
        init.containerImpl().start();
        awaitMore(calls);
        return init;
    }

    private static void awaitMore(AtomicLong calls) {
        long before = calls.get();
        TestKernel.until(() -> calls.get() > before + 100);
    }

    /** execve(2) waits inside for the other threads to end: they must be let in. */
    @Test
    void shouldLetThoseThatMustEndPassWhileItCloses() {
        addExit();
        AtomicBoolean closing = new AtomicBoolean();
        ThreadGroupImpl init = test.init(
                task -> {
                    thread(task, registers -> {
                        TestKernel.until(closing::get);
                        registers.values[Registers.ORIG_RAX] = BUSY;
                        return Context.SYSCALL;
                    });
                    return 0;
                },
                task -> {
                    waiting.incrementAndGet();
                    TestKernel.until(closing::get);
                    for (TaskImpl other : task.groupImpl().liveTasks()) {
                        if (other != task) {
                            other.addWork(TaskImpl.EXIT);
                        }
                    }
                    TestKernel.until(() -> task.groupImpl().taskCount() == 1);
                    return 0;
                });
        init.containerImpl().start();
        TestKernel.until(() -> waiting.get() == 1);
        Thread setter = new Thread(() -> {
            TestKernel.until(() -> (init.leader().hooks() & TaskImpl.GATE) != 0);
            closing.set(true);
        });
        setter.start();
        assertTrue(gate.close(soon()), () -> gate.stragglers().toString());
        assertEquals(1, init.taskCount());
        gate.open();
        assertEquals(0, test.await(init));
    }

    @Test
    void shouldLetATaskGoOnThatBeganWhileItWasClosed() {
        ThreadGroupImpl init = test.init(task -> {
            waiting.incrementAndGet();
            return 0;
        });
        assertTrue(gate.close(soon()));
        TaskThreads.Server server = test.kernel.threads().acquire();
        server.prepare(init.leader());
        server.serve();
        TestKernel.until(() -> init.leader().state() == 'S');
        assertEquals(0, waiting.get());
        gate.open();
        assertEquals(0, test.await(init));
        assertEquals(1, waiting.get());
    }

    @Test
    void shouldHoldControlThreadsBack() throws InterruptedException {
        ThreadGroupImpl init = test.init(GateTest::pauseNoHand);
        init.containerImpl().start();
        assertTrue(gate.close(soon()));
        assertThrows(IllegalStateException.class, () -> gate.close(soon()));
        CountDownLatch sent = new CountDownLatch(1);
        Thread control = new Thread(() -> {
            init.container().signal(Signals.SIGKILL, 0);
            sent.countDown();
        });
        control.start();
        TestKernel.until(() -> control.getState() == Thread.State.WAITING);
        assertEquals(0, init.pendingSignals());
        gate.open();
        assertTrue(sent.await(TestKernel.TIMEOUT_SECONDS, TimeUnit.SECONDS));
        assertEquals(Wait.signaled(Signals.SIGKILL, false), test.await(init));
    }

    private static long pauseNoHand(TaskImpl task) {
        pause(task);
        return -Errno.ERESTARTNOHAND;
    }
}
