// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Registers;
import org.jvisor.core.FakePlatform;
import org.jvisor.core.TestKernel;

/** What watches a task's calls, the stop for a tracer, and registers that are not all there. */
class TaskHooksTest {

    private static final int NUMBER = 901;

    private final TestKernel test = new TestKernel();

    /** A first process that stops for a tracer once. */
    private ThreadGroupImpl startTraced() {
        ThreadGroupImpl init = test.init(task -> {
            task.stopForTracer(() -> assertEquals('t', task.state()));
            return 0;
        });
        init.containerImpl().start();
        TestKernel.until(() -> init.leader().state() == 't' && !init.leader().isInside());
        return init;
    }

    @Test
    void shouldStandStillUntilTheTracerLetsItGo() {
        ThreadGroupImpl init = startTraced();
        TaskImpl task = init.leader();
        init.send(SignalInfo.kernel(Signals.SIGCONT));
        task.wake();
        task.unpark();
        assertEquals('t', task.state(), "SIGCONT and wake-ups are no tracer's word");
        assertFalse(init.job.isStopped());
        assertTrue(task.endTraceStop());
        assertEquals(0, test.await(init));
        assertFalse(task.endTraceStop());
    }

    @Test
    void shouldLetATracerBeQuickerThanTheStop() {
        ThreadGroupImpl init = test.init(task -> {
            task.stopForTracer(task::endTraceStop);
            return 0;
        });
        assertEquals(0, test.run(init));
    }

    @Test
    void shouldEndAStopForATracerWithTheTask() {
        ThreadGroupImpl init = startTraced();
        init.exitGroup(Wait.signaled(Signals.SIGKILL, false));
        assertEquals(Wait.signaled(Signals.SIGKILL, false), test.await(init));
    }

    @Test
    void shouldBeAtRestWhileStoppedForATracer() {
        ThreadGroupImpl init = startTraced();
        assertTrue(test.kernel.gate().close(System.nanoTime() + TimeUnit.DAYS.toNanos(1)));
        assertTrue(init.leader().endTraceStop());
        test.kernel.gate().open();
        assertEquals(0, test.await(init));
    }

    @Test
    void shouldAskForAllRegistersOnlyWhenSomebodyReadsThem() {
        List<Integer> fills = new ArrayList<>();
        int[] calls = {0};
        ThreadGroupImpl init = test.init();
        test.platform.next = registers -> {
            registers.values[Registers.ORIG_RAX] = NUMBER;
            registers.filled = Registers.FILLED_CALL;
            return Context.SYSCALL;
        };
        FakePlatform.FakeContext context = (FakePlatform.FakeContext) test.platform.newContext(null);
        init.leader().setContext(context);
        test.kernel.dispatcher().addFamily(TestKernel.family(NUMBER, (task, arguments) -> {
            fills.add(context.fills);
            calls[0]++;
            if (calls[0] == 3) {
                assertEquals(Registers.FILLED_ALL, task.registers().filled);
                task.registers();
            }
            if (calls[0] == 5) {
                task.exitGroup(0);
            }
            return 0;
        }), 0, 1);
        assertEquals(0, test.run(init));
        assertEquals(List.of(0, 0, 0, 1, 1), fills);
    }

    @Test
    void shouldServeCallsWhoeverWatches() {
        ThreadGroupImpl init = test.init(task -> {
            task.addHooks(TaskImpl.STRACE | TaskImpl.SECCOMP | TaskImpl.TRACED | TaskImpl.AUDIT);
            return 0;
        }, task -> {
            assertEquals(TaskImpl.STRACE | TaskImpl.SECCOMP | TaskImpl.TRACED | TaskImpl.AUDIT, task.hooks());
            task.removeHooks(TaskImpl.STRACE | TaskImpl.SECCOMP | TaskImpl.TRACED | TaskImpl.AUDIT);
            return 0;
        }, task -> task.hooks());
        assertEquals(0, test.run(init));
    }
}
