// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.futex;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.jvisor.api.abi.Clone;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Futex;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.ThreadGroup.WaitResult;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.core.Fakes;
import org.jvisor.core.TestKernel;
import org.jvisor.core.process.TaskImpl;

class FutexTableTest {

    private static final long THREAD =
            Clone.CLONE_VM | Clone.CLONE_FS | Clone.CLONE_FILES | Clone.CLONE_SIGHAND | Clone.CLONE_THREAD;
    private static final long A = 0x10000;
    private static final long B = 0x10040;
    private static final int ANY = Futex.FUTEX_BITSET_MATCH_ANY;
    private static final long EVER = Long.MAX_VALUE;

    private final TestKernel test = new TestKernel();
    private final FutexTable futexes = test.kernel.futexes();
    private final AtomicInteger asleep = new AtomicInteger();
    private final AtomicInteger woken = new AtomicInteger();

    private TestKernel.Step map() {
        return task -> {
            test.memory.managers.getFirst().map(A, 4096);
            return 0;
        };
    }

    /** Threads that wait for a futex and then for their end. */
    private void waiters(TaskImpl task, int count, long address, boolean shared, int bitset) {
        int before = asleep.get();
        long sleeping = sleepers(task);
        for (int i = 0; i < count; i++) {
            test.clone(task, THREAD, 0, t -> {
                asleep.incrementAndGet();
                long result = futexes.wait(t, address, shared, 0, bitset, EVER);
                if (result == 0) {
                    woken.incrementAndGet();
                    t.exit(0);
                }
                return result;
            });
        }
        TestKernel.until(() -> asleep.get() == before + count);
        TestKernel.until(() -> sleepers(task) >= sleeping + count);
    }

    private static long sleepers(TaskImpl task) {
        return task.group().tasks().stream().filter(t -> t.state() == 'S').count();
    }

    private void run(TestKernel.Step step) {
        assertEquals(0, test.run(test.init(map(), step)));
    }

    @Test
    void shouldNotWaitForAnotherValue() {
        run(task -> {
            assertEquals(-Errno.EAGAIN, futexes.wait(task, A, false, 1, ANY, EVER));
            assertEquals(-Errno.EINVAL, futexes.wait(task, A + 1, false, 0, ANY, EVER));
            assertEquals(-Errno.EINVAL, futexes.wait(task, A, false, 0, 0, EVER));
            assertEquals(-Errno.ETIMEDOUT, futexes.wait(task, A, false, 0, ANY, System.nanoTime() + 1_000_000));
            assertEquals(0, futexes.wake(task, A, false, 1, ANY));
            return 0;
        });
    }

    @Test
    void shouldWakeAsManyAsAsked() {
        run(task -> {
            waiters(task, 4, A, false, ANY);
            assertEquals(0, futexes.wake(task, B, false, 1, ANY));
            assertEquals(0, futexes.wake(task, A, true, 1, ANY));
            assertEquals(1, futexes.wake(task, A, false, 1, ANY));
            assertEquals(3, futexes.wake(task, A, false, Integer.MAX_VALUE, ANY));
            TestKernel.until(() -> woken.get() == 4);
            return 0;
        });
    }

    /** A thread whose call waits for {@link #A}, and does {@code then} when its handler is run again. */
    private TaskImpl replaced(TaskImpl task, TestKernel.Step then) {
        AtomicInteger runs = new AtomicInteger();
        AtomicReference<TaskImpl> waiter = new AtomicReference<>();
        test.clone(task, THREAD, 0, t -> {
            waiter.set(t);
            return runs.incrementAndGet() == 1 ? futexes.wait(t, A, false, 0, ANY, EVER) : then.run(t);
        });
        TestKernel.until(() -> waiter.get() != null && waiter.get().state() == 'S');
        waiter.get().restartCall();
        TestKernel.until(() -> runs.get() == 2);
        return waiter.get();
    }

    @Test
    void shouldKeepThePlaceOfACallThatBeginsAgain() {
        run(task -> {
            CountDownLatch isBack = new CountDownLatch(1);
            replaced(task, t -> {
                TestKernel.until(() -> isBack.getCount() == 0);
                long result = futexes.wait(t, A, false, 5, ANY, EVER); // another value by now
                if (result == 0) {
                    woken.incrementAndGet();
                    t.exit(0);
                }
                return result;
            });
            assertEquals(1, futexes.wake(task, A, false, 9, ANY));
            assertEquals(0, futexes.wake(task, A, false, 9, ANY));
            isBack.countDown();
            TestKernel.until(() -> woken.get() == 1);
            return 0;
        });
    }

    @Test
    void shouldGiveUpThePlaceOfACallThatEndsOtherwise() {
        run(task -> {
            replaced(task, t -> {
                t.exit(0);
                return -Errno.EFAULT;
            });
            TestKernel.until(() -> task.group().taskCount() == 1);
            assertEquals(0, futexes.wake(task, A, false, 9, ANY));
            return 0;
        });
    }

    @Test
    void shouldWakeByBitset() {
        run(task -> {
            waiters(task, 1, A, false, 1);
            waiters(task, 1, A, false, 2);
            assertEquals(0, futexes.wake(task, A, false, 9, 4));
            assertEquals(1, futexes.wake(task, A, false, 9, 2));
            assertEquals(1, futexes.wake(task, A, false, 9, 3));
            return 0;
        });
    }

    @Test
    void shouldMoveWaiters() {
        run(task -> {
            waiters(task, 4, A, true, ANY);
            assertEquals(-Errno.EAGAIN, futexes.requeue(task, A, B, true, 1, 2, true, 7));
            assertEquals(3, futexes.requeue(task, A, B, true, 1, 2, true, 0));
            TestKernel.until(() -> woken.get() == 1);
            assertEquals(2, futexes.wake(task, B, true, 9, ANY));
            assertEquals(1, futexes.wake(task, A, true, 9, ANY));
            TestKernel.until(() -> woken.get() == 4);
            return 0;
        });
    }

    @Test
    void shouldOperateAndWake() {
        run(task -> {
            waiters(task, 1, A, false, ANY);
            waiters(task, 1, B, false, ANY);
            // *B += 5, wake A's, and B's too if its old value was 0.
            int operation = Futex.FUTEX_OP_ADD << 28 | Futex.FUTEX_OP_CMP_EQ << 24 | 5 << 12;
            assertEquals(2, futexes.wakeOp(task, A, B, false, 1, 1, operation));
            assertEquals(5, task.memory().getInt(B));
            assertEquals(0, futexes.wakeOp(task, A, B, false, 1, 1, Futex.FUTEX_OP_SET << 28 | 0xfff << 12));
            assertEquals(-1, task.memory().getInt(B));
            return 0;
        });
    }

    @Test
    void shouldHandOverPriorityInheritingLocks() {
        run(task -> {
            assertEquals(0, futexes.lockPi(task, A, false, EVER, false));
            assertEquals(task.tid(), task.memory().getInt(A));
            assertEquals(-Errno.EDEADLK, futexes.lockPi(task, A, false, EVER, false));
            AtomicInteger owner = new AtomicInteger();
            test.clone(task, THREAD, 0, t -> {
                assertEquals(-Errno.EAGAIN, futexes.lockPi(t, A, false, EVER, true));
                assertEquals(-Errno.EPERM, futexes.unlockPi(t, A, false));
                asleep.incrementAndGet();
                long result = futexes.lockPi(t, A, false, EVER, false);
                owner.set(t.tid());
                assertEquals(0, futexes.unlockPi(t, A, false));
                t.exit(0);
                return result;
            });
            TestKernel.until(() -> (task.memory().getInt(A) & Futex.FUTEX_WAITERS) != 0);
            assertEquals(0, futexes.unlockPi(task, A, false));
            TestKernel.until(() -> owner.get() != 0);
            TestKernel.until(() -> task.memory().getInt(A) == 0);
            assertTrue(owner.get() > task.tid());
            task.memory().putInt(A, 4_000_000);
            assertEquals(-Errno.ESRCH, futexes.lockPi(task, A, false, EVER, false));
            return 0;
        });
    }

    @Test
    void shouldWakeWhoeverJoinsAThread() {
        run(task -> {
            task.memory().putInt(B, 77);
            test.clone(task, THREAD, 0, t -> {
                t.setClearChildTid(B);
                t.exit(0);
                return 0;
            });
            long result = 0;
            while (task.memory().getInt(B) != 0 && (result == 0 || result == -Errno.EAGAIN)) {
                result = futexes.wait(task, B, true, 77, ANY, EVER);
            }
            assertEquals(0, task.memory().getInt(B));
            return 0;
        });
    }

    /** A page that is not there, and whose file's server takes its time, holds nobody up who has the same bucket. */
    @Test
    void shouldBringPagesWithoutTheBucketsLock() {
        AtomicInteger reads = new AtomicInteger();
        AtomicInteger results = new AtomicInteger();
        CountDownLatch mayCome = new CountDownLatch(1);
        run(task -> {
            test.clone(task, THREAD, 0, t -> {
                UserMemory slow = new Fakes()
                        .on("getIntVolatile", a -> {
                            if (reads.incrementAndGet() == 2) {
                                await(mayCome);
                            }
                            return 0;
                        })
                        .on("getIntIfPresent", a -> reads.get() < 2 ? UserMemory.ABSENT : 1L)
                        .as(UserMemory.class);
                t.setMemory(t.mm(), slow);
                assertEquals(-Errno.EAGAIN, futexes.wait(t, A, false, 0, ANY, EVER));
                results.incrementAndGet();
                t.exit(0);
                return 0;
            });
            TestKernel.until(() -> reads.get() == 2);
            assertEquals(0, futexes.wake(task, A, false, 1, ANY));
            mayCome.countDown();
            TestKernel.until(() -> results.get() == 1);
            return 0;
        });
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(TestKernel.TIMEOUT_SECONDS, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Others may change a word as often as they like: nobody holds a lock for that, or cannot be killed. */
    @Test
    @Timeout(60)
    void shouldDieAtAWordThatNeverStandsStill() {
        List<TestKernel.Step> calls = List.of(
                task -> futexes.wakeOp(task, A, B, false, 1, 1, Futex.FUTEX_OP_SET << 28),
                task -> futexes.lockPi(task, A, false, EVER, false));
        run(task -> {
            for (TestKernel.Step call : calls) {
                CountDownLatch begun = new CountDownLatch(1);
                long pid = test.clone(task, 0, Signals.SIGCHLD, child -> {
                    child.useMemory(restless(begun));
                    return call.run(child);
                });
                assertTrue(begun.await(60, TimeUnit.SECONDS));
                assertEquals(0, futexes.wake(task, A, false, 1, ANY));
                test.pids.threadGroup((int) pid).send(SignalInfo.kernel(Signals.SIGKILL));
                WaitResult result = new WaitResult();
                assertEquals(pid, task.group().waitForChild(task, Wait.P_PID, (int) pid, Wait.WEXITED, result));
                assertEquals(Signals.SIGKILL, result.status);
            }
            return 0;
        });
    }

    /** Each look finds another value; the owner of a lock there is nobody. */
    private static UserMemory restless(CountDownLatch seen) {
        AtomicInteger word = new AtomicInteger();
        LongSupplier next = () -> {
            seen.countDown();
            return word.addAndGet(1 << 30) & 0xffff_ffffL;
        };
        return new Fakes()
                .on("getIntVolatile", a -> (int) next.getAsLong())
                .on("compareAndExchangeInt", a -> (int) next.getAsLong())
                .on("getIntIfPresent", a -> next.getAsLong())
                .on("compareAndExchangeIntIfPresent", a -> next.getAsLong())
                .on("shareKey", a -> (Long) a[0])
                .as(UserMemory.class);
    }
}
