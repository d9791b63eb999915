// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.Namespaces;
import org.jvisor.api.kernel.SignalAction;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.Task.AltStack;
import org.jvisor.api.kernel.ThreadGroup.WaitResult;
import org.jvisor.api.kernel.UtsNamespace;
import org.jvisor.api.platform.Registers;
import org.jvisor.api.state.CoreRoundTrip;
import org.jvisor.api.state.Forgetful;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateException;
import org.jvisor.api.state.StateRecord;
import org.jvisor.core.TestKernel;
import org.jvisor.core.signal.SignalActions;

/** Processes and what they have go on as they were once they have passed through a stream. */
class RestorableTest {

    /** Where a task is, who serves it, what it waits by, room for its calls; and what it may look at while it stands still. */
    private static final String[] NO_STATE_OF_TASKS = {"place", "thread", "epoch", "sleeping", "woken", "entries", "frameBuffer",
        "walk", "walk2", "scratch", "work", "traceStopped"};

    private final TestKernel test = new TestKernel();

    private SortedMap<String, Integer> roundTrip() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(TestKernel.TIMEOUT_SECONDS);
        assertTrue(test.kernel.gate().close(deadline), "at rest");
        try {
            assertTrue(test.kernel.gate().callOut(deadline), "applications stand still");
            CoreRoundTrip trip = new CoreRoundTrip(List.of(test.pids));
            trip.run();
            return trip.types();
        } finally {
            test.kernel.gate().open();
        }
    }

    @Test
    void shouldForgetAllOfAProcess() {
        ThreadGroupImpl group = test.init();
        SignalAction action = new SignalAction(1, 2, 3, 4);
        group.setAction(Signals.SIGUSR1, action);
        group.setLimit(Rlimit.RLIMIT_NOFILE, 11, 22);
        group.setDumpable(2);
        group.setChildSubreaper(true);
        group.setExecuted();
        group.setCoredumpFilter(5);
        group.setOomScoreAdjustment(6);
        group.leader().setSignalMask(Signals.bit(Signals.SIGUSR1));
        group.send(SignalInfo.kernel(Signals.SIGUSR1));
        TaskImpl leader = group.leader();
        SignalActions actions = group.actions;

        Forgetful.roundTrip(group);
        group.forEachPart(part -> Forgetful.roundTrip(part,
                part instanceof TaskImpl ? NO_STATE_OF_TASKS : new String[] {"stopNumber"}));
        leader.forEachPart(Forgetful::roundTrip);
        Forgetful.roundTrip((Restorable) group.session());
        Forgetful.roundTrip(test.pids);

        assertSame(leader, group.leader());
        assertEquals(List.of(leader), group.tasks());
        assertSame(actions, group.actions);
        assertEquals(action, group.action(Signals.SIGUSR1));
        assertEquals(SignalAction.DEFAULT, group.action(Signals.SIGUSR2));
        assertEquals(List.of(11L, 22L), List.of(group.softLimit(Rlimit.RLIMIT_NOFILE), group.hardLimit(Rlimit.RLIMIT_NOFILE)));
        assertEquals(List.of(2, 5, 6), List.of(group.dumpable(), group.coredumpFilter(), group.oomScoreAdjustment()));
        assertTrue(group.childSubreaper() && group.hasExecuted());
        assertEquals(Signals.bit(Signals.SIGUSR1), group.pendingSignals());
        assertSame(group, test.pids.threadGroup(group.pid()));
        assertSame(leader, test.pids.task(leader.tid()));
        assertSame(group.processGroup(), test.pids.processGroup(group.processGroup().id()));
        assertEquals(group.pid() + 1, test.pids.newId());
    }

    @Test
    void shouldForgetAllOfATask() {
        TaskImpl task = test.init().leader();
        task.registers().set(Registers.RIP, 0x1234);
        task.registers().extended = new byte[] {1, 2, 3};
        task.arguments().number = 7;
        task.arguments().a5 = 8;
        task.scheduling().nice = 9;
        task.trap.faultAddress = 10;
        task.setAltStack(new AltStack(11, 0, 12));
        task.setTemporaryMask(Signals.bit(Signals.SIGUSR2));
        task.setName("worker");
        task.setRobustList(13);
        task.setClearChildTid(14);
        task.setParentDeathSignal(Signals.SIGHUP);
        task.setCredentials(task.credentials().with(c -> {
            c.euid = 15;
            c.groups = new int[] {17, 16};
            c.ambient = 18;
            c.noNewPrivileges = true;
        }));
        Namespaces namespaces = task.namespaces();
        StateRecord record = task.save();
        String before = describe(record);

        task.forget();

        assertEquals(0, Arrays.stream(task.registersOfCall().values).filter(value -> value != 0).count());
        assertNull(task.registersOfCall().extended);
        assertEquals(List.of(0L, 0L, 0L, 0L), List.of((long) task.arguments().number, task.arguments().a5,
                (long) task.scheduling().nice, task.trap.faultAddress));
        task.restore(record);

        assertEquals(before, describe(task.save()));
        assertEquals(namespaces, task.namespaces());
        assertArrayEquals(new int[] {16, 17}, task.credentials().groups());
        assertEquals(List.of(15, true), List.of(task.credentials().euid(), task.credentials().noNewPrivileges()));
        assertArrayEquals(new byte[] {1, 2, 3}, task.registers().extended);
        assertEquals(new AltStack(11, 0, 12), task.altStack());
    }

    /** Each field of the record that is a number or a text. */
    private static String describe(StateRecord record) {
        StringBuilder lines = new StringBuilder();
        for (String name : record.names()) {
            Object value;
            try {
                value = record.getLong(name, 0);
            } catch (StateException notANumber) {
                continue;
            }
            lines.append(name).append(' ').append(value).append('\n');
        }
        return lines.toString();
    }

    @Test
    void shouldForgetWhatUsersAndContainersAreCountedFor() {
        UserCounts counts = new UserCounts();
        counts.addTask(5);
        assertTrue(counts.addSignal(5, 1));
        Cgroup cgroup = new Cgroup(null);
        cgroup.setLimit(Charge.TASK, 3);
        cgroup.charge(Charge.TASK, 2);
        UtsNamespace names = new UtsNamespace("host", "domain");

        Forgetful.roundTrip(counts);
        Forgetful.roundTrip(cgroup);
        Forgetful.roundTrip(names);

        assertEquals(2, counts.addTask(5));
        assertFalse(counts.addSignal(5, 1));
        assertEquals(List.of(2L, 3L, Long.MAX_VALUE), List.of(cgroup.used(Charge.TASK),
                cgroup.limit(Charge.TASK), cgroup.limit(Charge.OPEN_FILE)));
        assertEquals(List.of("host", "domain"), List.of(names.hostname(), names.domainname()));
    }

    @Test
    void shouldKeepAFamilyThatRuns() {
        WaitResult result = new WaitResult();
        List<SortedMap<String, Integer>> trips = new CopyOnWriteArrayList<>();
        int status = test.run(test.init(
                task -> {
                    task.setSignalMask(Signals.bit(Signals.SIGCHLD));
                    return test.clone(task, 0, Signals.SIGCHLD, child -> child.groupImpl().newSession(), child -> {
                        child.groupImpl().setDumpable(0);
                        return 0;
                    }, child -> {
                        child.exitGroup(Wait.exited(7));
                        return 0;
                    });
                },
                task -> {
                    TestKernel.until(() -> task.groupImpl().children().getFirst() instanceof ThreadGroupImpl child && child.zombie());
                    Thread closer = new Thread(() -> trips.add(roundTrip()));
                    closer.start();
                    return 0;
                },
                task -> {
                    TestKernel.until(() -> !trips.isEmpty() || task.interrupted());
                    return trips.isEmpty() ? -512 : 0;
                },
                task -> {
                    assertEquals(Signals.bit(Signals.SIGCHLD), task.group().pendingSignals());
                    long pid = task.groupImpl().waitForChild(task, Wait.P_ALL, 0, Wait.WEXITED, result);
                    assertEquals(pid, task.group().pid() + 1);
                    assertEquals(List.of(), task.groupImpl().children());
                    return 0;
                }));
        assertEquals(0, status);
        assertEquals(2, trips.getFirst().get("process"));
        assertEquals(2, trips.getFirst().get("task"));
        assertEquals(2, trips.getFirst().get("cpu times"));
        assertEquals(2, trips.getFirst().get("process group"));
        assertEquals(2, trips.getFirst().get("session"));
    }
}
