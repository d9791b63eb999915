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
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.kernel.Container;
import org.jvisor.api.kernel.SignalAction;
import org.jvisor.api.kernel.SignalInfo;
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
    private static final long STACK = 0x7ffd_0000_0000L;
    private static final long HANDLER = 0x401000;
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

    /**
     * Makes the call, is interrupted by a handler, which makes the call as well, and returns from it by rt_sigreturn(2), or not: then
     * it makes the very same call once more.
     */
    private final class Interrupted implements FakePlatform.App {
        private final boolean returns;
        private int step;
        private long stack;

        Interrupted(boolean returns) {
            this.returns = returns;
        }

        @Override
        public int run(Registers r) {
            switch (step++) {
                case 0 -> {
                    r.set(Registers.RSP, STACK + 0xff00);
                    r.set(Registers.RIP, 0x400002);
                    r.set(Registers.RDI, 1);
                    r.values[Registers.ORIG_RAX] = NUMBER;
                }
                case 1 -> {
                    assertEquals(HANDLER, r.get(Registers.RIP));
                    stack = r.get(Registers.RSP);
                    r.set(Registers.RSP, stack - 0x1000);
                    r.set(Registers.RIP, HANDLER + 2);
                    r.set(Registers.RDI, 2);
                    r.values[Registers.ORIG_RAX] = NUMBER;
                }
                case 2 -> {
                    r.set(Registers.RSP, stack + 8); // the handler's return has taken the restorer's address
                    r.values[Registers.ORIG_RAX] = returns ? SyscallNr.RT_SIGRETURN : EXIT + 1;
                }
                case 3 -> {
                    if (!returns) {
                        r.set(Registers.RSP, STACK + 0xff00);
                        r.set(Registers.RDI, 1);
                    }
                    r.set(Registers.RIP, 0x400002); // past the instruction that the handler returned to
                    r.values[Registers.ORIG_RAX] = NUMBER;
                }
                default -> {
                    result = r.get(Registers.RAX);
                    r.values[Registers.ORIG_RAX] = EXIT;
                }
            }
            return Context.SYSCALL;
        }
    }

    private void interrupt(boolean returns) {
        AtomicInteger entered = new AtomicInteger();
        dispatcher.addFamily(TestKernel.family(NUMBER, (task, arguments) -> {
            if (entered.incrementAndGet() == 1) {
                return sleep(task);
            }
            return arguments.a0;
        }), 0, 1);
        dispatcher.addFamily(TestKernel.family(SyscallNr.RT_SIGRETURN, (task, arguments) -> task.signalReturn()), 0, 2);
        dispatcher.addFamily(TestKernel.family(EXIT + 1, (task, arguments) -> 0), 0, 3);
        dispatcher.addInterceptor(new Policy(task -> {
            events.add("of " + task.arguments().a0);
            return SyscallInterceptor.PASS;
        }, true), 0, 4);
        dispatcher.addFamily(TestKernel.family(EXIT, (task, arguments) -> {
            task.exitGroup(0);
            return 0;
        }), 0, 60);
        ThreadGroupImpl init = test.init();
        test.memory.managers.getLast().map(STACK, 0x10000);
        init.setAction(Signals.SIGUSR1, new SignalAction(HANDLER, Signals.SA_RESTART | Signals.SA_RESTORER, HANDLER + 0x100, 0));
        test.platform.next = new Interrupted(returns);
        init.leader().setContext(test.platform.newContext(null));
        init.containerImpl().start();
        await(() -> init.leader().state() == 'S');
        init.leader().send(SignalInfo.user(Signals.SIGUSR1, init.leader()));
        assertEquals(0, test.await(init));
        assertEquals(1, result);
    }

    @Test
    void shouldAskOnceWhenTheProgramReturnsToItsCallFromAHandler() {
        interrupt(true);
        assertEquals(List.of("before", "of 1", "before", "of 2", "after 2", "after 1"), events);
    }

    @Test
    void shouldAskAnewWhenTheProgramLeavesTheHandlerAnotherWay() {
        interrupt(false);
        assertEquals(List.of("before", "of 1", "before", "of 2", "after 2", "before", "of 1", "after 1"), events);
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
