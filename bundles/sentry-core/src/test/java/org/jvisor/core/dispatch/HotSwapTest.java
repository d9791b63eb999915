// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.dispatch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.ref.WeakReference;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Clone;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Registers;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.syscall.SyscallFamily;
import org.jvisor.api.syscall.SyscallHandler;
import org.jvisor.core.FakePlatform;
import org.jvisor.core.TestKernel;
import org.jvisor.core.process.TaskImpl;
import org.jvisor.core.process.ThreadGroupImpl;

/** A service is replaced while tasks are inside its handlers. */
class HotSwapTest {

    private static final int NUMBER = 901;
    private static final long THREAD =
            Clone.CLONE_VM | Clone.CLONE_FS | Clone.CLONE_FILES | Clone.CLONE_SIGHAND | Clone.CLONE_THREAD;

    private final TestKernel test = new TestKernel();
    private final Dispatcher dispatcher = test.kernel.dispatcher();

    /** Makes the call the way an application does: by its task's loop. */
    private static final class Caller implements FakePlatform.App {
        private final AtomicBoolean stop;
        private final AtomicLong[] answers;
        private final AtomicLong failures;

        Caller(AtomicBoolean stop, AtomicLong[] answers, AtomicLong failures) {
            this.stop = stop;
            this.answers = answers;
            this.failures = failures;
        }

        private boolean called;

        @Override
        public int run(Registers registers) {
            if (called) {
                long result = registers.get(Registers.RAX);
                if (result < 0 || result >= answers.length) {
                    failures.incrementAndGet();
                } else {
                    answers[(int) result].incrementAndGet();
                }
            }
            called = true;
            registers.values[Registers.ORIG_RAX] = stop.get() ? 60 : NUMBER;
            return Context.SYSCALL;
        }
    }

    @Test
    void shouldChangeAnswersWithoutLosingACall() {
        AtomicBoolean stop = new AtomicBoolean();
        AtomicLong[] answers = {new AtomicLong(), new AtomicLong(), new AtomicLong()};
        AtomicLong failures = new AtomicLong();
        SyscallFamily exit = TestKernel.family(60, (task, arguments) -> {
            task.exit(0);
            return 0;
        });
        dispatcher.addFamily(exit, 0, 60);
        AtomicInteger inside = new AtomicInteger();
        SyscallFamily first = TestKernel.family(NUMBER, (task, arguments) -> {
            inside.incrementAndGet();
            try {
                return 1;
            } finally {
                inside.decrementAndGet();
            }
        });
        dispatcher.addFamily(first, 0, 10);
        ThreadGroupImpl init = test.init(
                task -> spawnCallers(task, stop, answers, failures),
                task -> spawnCallers(task, stop, answers, failures),
                task -> {
                    TestKernel.until(() -> answers[1].get() > 1000);
                    dispatcher.addFamily(TestKernel.family(NUMBER, (t, a) -> 2), 0, 11);
                    dispatcher.removeFamily(first);
                    // From the moment that the service is gone, its handler is not being called and is never called again.
                    assertEquals(0, inside.get());
                    long old = answers[1].get();
                    TestKernel.until(() -> answers[2].get() > 1000);
                    assertTrue(answers[1].get() <= old + 2, "an answer of the old handler after it had gone");
                    stop.set(true);
                    TestKernel.until(() -> task.groupImpl().taskCount() == 1);
                    return 0;
                });
        assertEquals(0, test.run(init));
        assertEquals(0, failures.get());
        assertNotEquals(0, answers[2].get());
    }

    private long spawnCallers(TaskImpl task, AtomicBoolean stop, AtomicLong[] answers, AtomicLong failures) {
        test.platform.next = new Caller(stop, answers, failures);
        return task.clone(new Task.CloneRequest(THREAD, 0, 0, 0, 0, 0, 0));
    }

    /** Waits for ever the way handlers do. */
    private static SyscallHandler blocking(AtomicInteger entered) {
        return (task, arguments) -> {
            entered.incrementAndGet();
            long slept;
            do {
                slept = task.sleep(Long.MAX_VALUE);
            } while (slept == 0);
            return slept;
        };
    }

    @Test
    void shouldRestartABlockedCallInTheNewHandler() {
        AtomicInteger entered = new AtomicInteger();
        SyscallFamily old = TestKernel.family(NUMBER, blocking(entered));
        dispatcher.addFamily(old, 0, 10);
        AtomicLong result = new AtomicLong(-1);
        ThreadGroupImpl init = test.init(
                task -> {
                    test.platform.next = new OneCall(result);
                    return task.clone(new Task.CloneRequest(THREAD, 0, 0, 0, 0, 0, 0));
                },
                task -> {
                    TestKernel.until(() -> entered.get() == 1);
                    dispatcher.addFamily(TestKernel.family(NUMBER, (t, a) -> 42), 0, 11);
                    assertEquals(1, entered.get());
                    dispatcher.removeFamily(old);
                    TestKernel.until(() -> result.get() != -1);
                    assertEquals(42, result.get());
                    return 0;
                });
        assertEquals(0, test.run(init));
    }

    /** Makes one call and then sleeps in steps' place. */
    private record OneCall(AtomicLong result, AtomicBoolean made) implements FakePlatform.App {
        OneCall(AtomicLong result) {
            this(result, new AtomicBoolean());
        }

        @Override
        public int run(Registers registers) {
            if (made.getAndSet(true)) {
                result.compareAndSet(-1, registers.get(Registers.RAX));
            }
            registers.values[Registers.ORIG_RAX] = NUMBER;
            return Context.SYSCALL;
        }
    }

    @Test
    void shouldRestartACallThatEndsInEintr() {
        AtomicInteger entered = new AtomicInteger();
        SyscallHandler blocking = blocking(entered);
        SyscallFamily old = TestKernel.family(NUMBER, (task, arguments) -> {
            blocking.call(task, arguments);
            return -Errno.EINTR;
        });
        dispatcher.addFamily(old, 0, 10);
        AtomicLong result = new AtomicLong(-1);
        ThreadGroupImpl init = test.init(
                task -> {
                    test.platform.next = new OneCall(result);
                    return task.clone(new Task.CloneRequest(THREAD, 0, 0, 0, 0, 0, 0));
                },
                task -> {
                    TestKernel.until(() -> entered.get() == 1);
                    dispatcher.removeFamily(old);
                    TestKernel.until(() -> result.get() != -1);
                    assertEquals(-Errno.ENOSYS, result.get());
                    return 0;
                });
        assertEquals(0, test.run(init));
    }

    @Test
    void shouldKeepTheDeadlineOfACallThatRestarts() {
        AtomicLong first = new AtomicLong();
        AtomicLong second = new AtomicLong();
        AtomicInteger entered = new AtomicInteger();
        SyscallHandler blocking = blocking(entered);
        SyscallFamily old = TestKernel.family(NUMBER, (task, arguments) -> {
            first.set(task.call().deadline(3_000_000_000L));
            return blocking.call(task, arguments);
        });
        dispatcher.addFamily(old, 0, 10);
        AtomicLong result = new AtomicLong(-1);
        ThreadGroupImpl init = test.init(
                task -> {
                    test.platform.next = new OneCall(result);
                    return task.clone(new Task.CloneRequest(THREAD, 0, 0, 0, 0, 0, 0));
                },
                task -> {
                    TestKernel.until(() -> entered.get() == 1);
                    dispatcher.addFamily(TestKernel.family(NUMBER, (t, a) -> {
                        second.compareAndSet(0, t.call().deadline(3_000_000_000L));
                        return 7;
                    }), 0, 11);
                    dispatcher.removeFamily(old);
                    TestKernel.until(() -> result.get() != -1);
                    assertEquals(7, result.get());
                    assertEquals(first.get(), second.get());
                    return 0;
                });
        assertEquals(0, test.run(init));
    }

    @Test
    void shouldLeaveCallsOfOtherFamiliesAlone() {
        AtomicInteger entered = new AtomicInteger();
        dispatcher.addFamily(TestKernel.family(NUMBER, blocking(entered)), 0, 10);
        SyscallFamily other = TestKernel.family(NUMBER + 1, (task, arguments) -> 0);
        dispatcher.addFamily(other, 0, 11);
        ThreadGroupImpl init = test.init(
                task -> {
                    test.platform.next = new OneCall(new AtomicLong(-1));
                    return task.clone(new Task.CloneRequest(THREAD, 0, 0, 0, 0, 0, 0));
                },
                task -> {
                    TestKernel.until(() -> entered.get() == 1);
                    dispatcher.removeFamily(other);
                    assertEquals(1, entered.get());
                    return 0;
                });
        assertEquals(0, test.run(init));
    }

    /** What a bundle of its own would bring; loaded by a class loader of its own. */
    public static final class Plugin implements SyscallHandler {
        private final AtomicInteger entered;

        public Plugin(AtomicInteger entered) {
            this.entered = entered;
        }

        @Override
        public long call(Task task, Arguments arguments) {
            entered.incrementAndGet();
            long slept;
            do {
                slept = task.sleep(Long.MAX_VALUE);
            } while (slept == 0);
            return slept;
        }
    }

    private static final class PluginLoader extends ClassLoader {
        PluginLoader() {
            super(HotSwapTest.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.equals(Plugin.class.getName())) {
                return super.loadClass(name, resolve);
            }
            Class<?> loaded = findLoadedClass(name);
            if (loaded != null) {
                return loaded;
            }
            try (InputStream in = HotSwapTest.class.getResourceAsStream("HotSwapTest$Plugin.class")) {
                byte[] bytes = in.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private SyscallFamily plugin(AtomicInteger entered) {
        try {
            Class<?> type = new PluginLoader().loadClass(Plugin.class.getName());
            Object handler = type.getConstructor(AtomicInteger.class).newInstance(entered);
            return TestKernel.family(NUMBER, (SyscallHandler) handler);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void shouldLetTheOldClassLoaderGo() {
        AtomicInteger entered = new AtomicInteger();
        SyscallFamily[] old = {plugin(entered)};
        WeakReference<ClassLoader> loader = new WeakReference<>(old[0].calls().rows().get(0).handler().getClass().getClassLoader());
        dispatcher.addFamily(old[0], 0, 10);
        AtomicInteger enteredNew = new AtomicInteger();
        ThreadGroupImpl init = test.init(
                task -> {
                    test.platform.next = new OneCall(new AtomicLong(-1));
                    return task.clone(new Task.CloneRequest(THREAD, 0, 0, 0, 0, 0, 0));
                },
                task -> {
                    TestKernel.until(() -> entered.get() == 1);
                    dispatcher.addFamily(TestKernel.family(NUMBER, blocking(enteredNew)), 0, 11);
                    dispatcher.removeFamily(old[0]);
                    old[0] = null;
                    // The thread that was in the old handler now waits in the new one.
                    TestKernel.until(() -> enteredNew.get() == 1);
                    return 0;
                });
        assertEquals(0, test.run(init));
        // Only now: an interpreted frame may still have in a slot what its method does not use any more.
        TestKernel.until(() -> {
            System.gc();
            return loader.get() == null;
        });
    }
}
