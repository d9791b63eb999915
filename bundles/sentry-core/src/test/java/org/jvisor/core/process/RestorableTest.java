// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.kernel.SignalAction;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.ThreadGroup.WaitResult;
import org.jvisor.api.state.CoreRoundTrip;
import org.jvisor.api.state.Forgetful;
import org.jvisor.api.state.Restorable;
import org.jvisor.core.TestKernel;
import org.jvisor.core.signal.SignalActions;

/** Processes and what they have go on as they were once they have passed through a stream. */
class RestorableTest {

    private final TestKernel test = new TestKernel();

    private SortedMap<String, Integer> roundTrip() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(TestKernel.TIMEOUT_SECONDS);
        assertTrue(test.kernel.gate().close(deadline), "at rest");
        try {
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
        group.forEachPart(part -> Forgetful.roundTrip(part, "stopNumber"));
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
        assertEquals(2, trips.getFirst().get("process group"));
        assertEquals(2, trips.getFirst().get("session"));
    }
}
