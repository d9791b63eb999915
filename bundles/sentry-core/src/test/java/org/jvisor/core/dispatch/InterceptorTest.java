// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.dispatch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.kernel.Container;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Registers;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.syscall.SyscallFamily;
import org.jvisor.api.syscall.SyscallInterceptor;
import org.jvisor.core.FakePlatform;
import org.jvisor.core.TestKernel;
import org.jvisor.core.process.ThreadGroupImpl;

/** Calls that interceptors see, made by a task's loop. */
class InterceptorTest {

    private static final int NUMBER = 901;
    private static final int EXIT = 60;
    private static final long MAPPED = 0x7000_0000L;
    private static final long FOREVER = TimeUnit.DAYS.toNanos(1);

    private final TestKernel test = new TestKernel();
    private final Dispatcher dispatcher = test.kernel.dispatcher();
    private final List<String> events = new CopyOnWriteArrayList<>();
    private volatile long result = Long.MAX_VALUE;

    /** Makes the call once and exits. */
    private final class Caller implements FakePlatform.App {
        private boolean called;

        @Override
        public int run(Registers registers) {
            if (called) {
                result = registers.get(Registers.RAX);
            }
            registers.values[Registers.ORIG_RAX] = called ? EXIT : NUMBER;
            called = true;
            return Context.SYSCALL;
        }
    }

    private final class Policy implements SyscallInterceptor {
        private final ToLongFunction<Task> answer;
        private final boolean covering;

        Policy(ToLongFunction<Task> answer, boolean covering) {
            this.answer = answer;
            this.covering = covering;
        }

        @Override
        public int[] numbers() {
            return new int[] {NUMBER};
        }

        @Override
        public boolean covers(Container container) {
            return covering;
        }

        @Override
        public long before(Task task, Arguments arguments) {
            events.add("before");
            return answer.applyAsLong(task);
        }

        @Override
        public long after(Task task, Arguments arguments, long given) {
            events.add("after " + given);
            return given;
        }
    }

    private ThreadGroupImpl start() {
        dispatcher.addFamily(TestKernel.family(EXIT, (task, arguments) -> {
            task.exitGroup(0);
            return 0;
        }), 0, 60);
        ThreadGroupImpl init = test.init();
        test.memory.managers.getLast().map(MAPPED, Integer.BYTES);
        test.platform.next = new Caller();
        init.leader().setContext(test.platform.newContext(null));
        init.containerImpl().start();
        return init;
    }

    private static long sleep(Task task) {
        long slept;
        do {
            slept = task.sleep(Long.MAX_VALUE);
        } while (slept == 0);
        return slept;
    }

    private static void await(BooleanSupplier condition) {
        TestKernel.until(condition);
    }

    @Test
    void shouldAskOnceWhenTheHandlerIsReplaced() {
        AtomicInteger entered = new AtomicInteger();
        SyscallFamily old = TestKernel.family(NUMBER, (task, arguments) -> {
            entered.incrementAndGet();
            return sleep(task);
        });
        dispatcher.addFamily(old, 0, 1);
        dispatcher.addInterceptor(new Policy(task -> SyscallInterceptor.PASS, true), 0, 2);
        ThreadGroupImpl init = start();
        await(() -> entered.get() == 1);
        dispatcher.addFamily(TestKernel.family(NUMBER, (task, arguments) -> 7), 0, 3);
        dispatcher.removeFamily(old);
        assertEquals(0, test.await(init));
        assertEquals(7, result);
        assertEquals(List.of("before", "after 7"), events);
    }

    @Test
    void shouldAskOnceWhenTheKernelIsBroughtToRest() {
        AtomicInteger entered = new AtomicInteger();
        dispatcher.addFamily(TestKernel.family(NUMBER, (task, arguments) -> entered.incrementAndGet() == 1 ? sleep(task) : 7), 0, 1);
        dispatcher.addInterceptor(new Policy(task -> SyscallInterceptor.PASS, true), 0, 2);
        ThreadGroupImpl init = start();
        await(() -> entered.get() == 1);
        assertTrue(test.kernel.gate().close(System.nanoTime() + FOREVER));
        test.kernel.gate().open();
        assertEquals(0, test.await(init));
        assertEquals(List.of("before", "after 7"), events);
    }

    @Test
    void shouldServeWhatWasSeenWhenTheCallBeginsAgain() {
        List<Integer> read = new CopyOnWriteArrayList<>();
        dispatcher.addFamily(TestKernel.family(NUMBER, (task, arguments) -> {
            read.add(task.memory().getInt(MAPPED));
            return read.size() == 1 ? sleep(task) : 0;
        }), 0, 1);
        dispatcher.addInterceptor(new Policy(task -> {
            task.memory().getInt(MAPPED);
            return SyscallInterceptor.PASS;
        }, true), 0, 2);
        ThreadGroupImpl init = start();
        await(() -> read.size() == 1);
        init.leader().mm().newUserMemory(null).putInt(MAPPED, 99);
        init.leader().restartCall();
        assertEquals(0, test.await(init));
        assertEquals(List.of(0, 0), read);
    }

    @Test
    void shouldSeeTheEndOfACallThatASignalsHandlerInterrupts() {
        AtomicInteger entered = new AtomicInteger();
        dispatcher.addFamily(TestKernel.family(NUMBER, (task, arguments) -> {
            entered.incrementAndGet();
            return sleep(task);
        }), 0, 1);
        dispatcher.addInterceptor(new Policy(task -> SyscallInterceptor.PASS, true), 0, 2);
        ThreadGroupImpl init = start();
        await(() -> entered.get() == 1);
        init.exitGroup(0);
        assertEquals(0, test.await(init));
        assertEquals(List.of("before", "after -" + Errno.ERESTARTSYS), events);
    }

    @Test
    void shouldLeaveOtherContainersAlone() {
        dispatcher.addFamily(TestKernel.family(NUMBER, (task, arguments) -> 7), 0, 1);
        dispatcher.addInterceptor(new Policy(task -> -Errno.EPERM, false), 0, 2);
        assertEquals(0, test.await(start()));
        assertEquals(7, result);
        assertEquals(List.of(), events);
    }

    @Test
    void shouldDelayAndThenCall() {
        dispatcher.addFamily(TestKernel.family(NUMBER, (task, arguments) -> {
            events.add("call");
            return 7;
        }), 0, 1);
        dispatcher.addInterceptor(new Policy(task -> SyscallInterceptor.passAfter(1_000_000), true), 0, 2);
        assertEquals(0, test.await(start()));
        assertEquals(7, result);
        assertEquals(List.of("before", "call", "after 7"), events);
    }

    @Test
    void shouldEndWhileDelayed() {
        dispatcher.addFamily(TestKernel.family(NUMBER, (task, arguments) -> {
            events.add("call");
            return 7;
        }), 0, 1);
        dispatcher.addInterceptor(new Policy(task -> SyscallInterceptor.passAfter(FOREVER), true), 0, 2);
        ThreadGroupImpl init = start();
        await(() -> init.leader().state() == 'S');
        init.exitGroup(Wait.signaled(Signals.SIGKILL, false));
        test.await(init);
        assertFalse(events.contains("call"), events::toString);
    }

    @Test
    void shouldGoOnWithADelayAfterTheGateAndOnlyThen() {
        dispatcher.addFamily(TestKernel.family(NUMBER, (task, arguments) -> 7), 0, 1);
        dispatcher.addInterceptor(new Policy(task -> SyscallInterceptor.passAfter(FOREVER), true), 0, 2);
        ThreadGroupImpl init = start();
        await(() -> init.leader().state() == 'S');
        assertTrue(test.kernel.gate().close(System.nanoTime() + FOREVER));
        test.kernel.gate().open();
        await(() -> init.leader().state() == 'S' && init.leader().currentCall() == NUMBER);
        assertEquals(List.of("before"), events);
        init.exitGroup(0);
        assertEquals(0, test.await(init));
    }
}
