// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ref.WeakReference;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Clone;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.SignalAction;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.Task.CloneRequest;
import org.jvisor.api.kernel.ThreadGroup.WaitResult;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.platform.Context;
import org.jvisor.api.vfs.FdTable;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.MountNamespace;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.api.wait.WaitQueue;
import org.jvisor.core.Fakes;
import org.jvisor.core.TestKernel;

/** fork, exit and wait. */
class ProcessTest {

    private static final int EXITS = Wait.WEXITED;
    private static final long THREAD =
            Clone.CLONE_VM | Clone.CLONE_FS | Clone.CLONE_FILES | Clone.CLONE_SIGHAND | Clone.CLONE_THREAD;

    private final TestKernel test = new TestKernel();

    private long fork(TaskImpl parent, TestKernel.Step... steps) {
        return test.clone(parent, 0, Signals.SIGCHLD, steps);
    }

    private static TestKernel.Step exit(int code) {
        return task -> {
            task.exitGroup(Wait.exited(code));
            return 0;
        };
    }

    private static long wait(TaskImpl task, int options, WaitResult result) {
        return task.group().waitForChild(task, Wait.P_ALL, 0, options, result);
    }

    /** Waits for ever, interruptibly. */
    private static long pause(TaskImpl task) {
        long slept;
        do {
            slept = task.sleep(Long.MAX_VALUE);
        } while (slept == 0);
        return -Errno.ERESTARTNOHAND;
    }

    @Test
    void shouldReportTheStatusOfTheFirstProcess() {
        assertEquals(Wait.exited(3), test.run(test.init(exit(3))));
    }

    @Test
    void shouldKeepNothingThatAnEndedTaskLookedAt() throws InterruptedException {
        AtomicReference<TaskImpl> ended = new AtomicReference<>();
        test.vfs.on("newPathWalk", a -> new Fakes().as(PathWalk.class));
        AtomicReference<WeakReference<PathWalk>> walk = new AtomicReference<>();
        AtomicReference<WeakReference<WaitQueue.Entry>> entry = new AtomicReference<>();
        test.run(test.init(task -> {
            ended.set(task);
            walk.set(new WeakReference<>(task.walk()));
            entry.set(new WeakReference<>(task.waitEntry(100)));
            task.exitGroup(0);
            return 0;
        }));
        for (int i = 0; i < 10_000 && (walk.get().get() != null || entry.get().get() != null); i++) {
            System.gc();
            Thread.sleep(10);
        }
        assertNull(walk.get().get());
        assertNull(entry.get().get());
        assertNull(ended.get().fs());
    }

    @Test
    void shouldWaitForAChild() {
        WaitResult result = new WaitResult();
        assertEquals(0, test.run(test.init(
                task -> {
                    long pid = fork(task, exit(5));
                    assertTrue(pid > task.tid());
                    assertEquals(pid, wait(task, EXITS, result));
                    assertEquals(Wait.exited(5), result.status);
                    assertEquals(Signals.CLD_EXITED, result.code);
                    assertEquals(5, result.signalStatus);
                    assertNull(test.pids.threadGroup((int) pid));
                    assertNull(test.pids.task((int) pid));
                    assertTrue(task.group().children().isEmpty());
                    return 0;
                })));
    }

    @Test
    void shouldSayWhenThereIsNoChild() {
        assertEquals(0, test.run(test.init(
                task -> {
                    assertEquals(-Errno.ECHILD, wait(task, EXITS, new WaitResult()));
                    assertEquals(-Errno.ECHILD, wait(task, EXITS | Wait.WNOHANG, new WaitResult()));
                    return 0;
                })));
    }

    @Test
    void shouldNotWaitWithWnohang() {
        assertEquals(0, test.run(test.init(
                task -> {
                    int pid = (int) fork(task, ProcessTest::pause);
                    assertEquals(0, wait(task, EXITS | Wait.WNOHANG, new WaitResult()));
                    assertEquals(-Errno.ECHILD, task.group().waitForChild(task, Wait.P_PID, pid + 1, EXITS, new WaitResult()));
                    test.pids.threadGroup(pid).send(SignalInfo.user(Signals.SIGKILL, task));
                    WaitResult result = new WaitResult();
                    assertEquals(pid, task.group().waitForChild(task, Wait.P_PID, pid, EXITS, result));
                    assertEquals(Signals.SIGKILL, result.status);
                    assertEquals(Signals.CLD_KILLED, result.code);
                    return 0;
                })));
    }

    @Test
    void shouldLeaveAZombieWithWnowait() {
        assertEquals(0, test.run(test.init(
                task -> {
                    long pid = fork(task, exit(1));
                    assertEquals(pid, wait(task, EXITS | Wait.WNOWAIT, new WaitResult()));
                    assertTrue(test.pids.threadGroup((int) pid).zombie());
                    assertEquals(pid, wait(task, EXITS, new WaitResult()));
                    assertEquals(-Errno.ECHILD, wait(task, EXITS, new WaitResult()));
                    return 0;
                })));
    }

    @Test
    void shouldTellCloneChildrenFromOthers() {
        assertEquals(0, test.run(test.init(
                task -> {
                    long pid = test.clone(task, 0, 0, exit(1));
                    assertEquals(-Errno.ECHILD, wait(task, EXITS, new WaitResult()));
                    assertEquals(pid, wait(task, EXITS | Wait.WCLONE, new WaitResult()));
                    long other = test.clone(task, 0, Signals.SIGURG, exit(1));
                    assertEquals(other, wait(task, EXITS | Wait.WALL, new WaitResult()));
                    return 0;
                },
                task -> 0)));
    }

    @Test
    void shouldForgetChildrenOfAParentThatDoesNotCare() {
        assertEquals(0, test.run(test.init(
                task -> {
                    task.group().setAction(Signals.SIGCHLD, SignalAction.IGNORE);
                    int pid = (int) fork(task, exit(1));
                    // wait(2): blocks until all children are gone, and then fails.
                    assertEquals(-Errno.ECHILD, wait(task, EXITS, new WaitResult()));
                    assertNull(test.pids.threadGroup(pid));
                    return 0;
                })));
    }

    @Test
    void shouldHandOrphansToTheFirstProcess() {
        AtomicInteger orphan = new AtomicInteger();
        assertEquals(0, test.run(test.init(
                task -> {
                    long child = fork(task, parent -> {
                        orphan.set((int) fork(parent, ProcessTest::pause));
                        return 0;
                    });
                    assertEquals(child, wait(task, EXITS, new WaitResult()));
                    ThreadGroupImpl adopted = test.pids.threadGroup(orphan.get());
                    assertSame(task.group(), adopted.parent());
                    adopted.send(SignalInfo.user(Signals.SIGKILL, task));
                    assertEquals(orphan.get(), wait(task, EXITS, new WaitResult()));
                    return 0;
                })));
    }

    @Test
    void shouldHandOrphansToTheNearestSubreaper() {
        AtomicInteger orphan = new AtomicInteger();
        assertEquals(0, test.run(test.init(
                task -> {
                    long reaper = fork(task, middle -> {
                        middle.group().setChildSubreaper(true);
                        long child = fork(middle, parent -> {
                            orphan.set((int) fork(parent, exit(9)));
                            return 0;
                        });
                        WaitResult result = new WaitResult();
                        assertEquals(child, middle.group().waitForChild(middle, Wait.P_PID, (int) child, EXITS, result));
                        assertEquals(orphan.get(), wait(middle, EXITS, result));
                        assertEquals(Wait.exited(9), result.status);
                        return 0;
                    });
                    assertEquals(reaper, wait(task, EXITS, new WaitResult()));
                    return 0;
                })));
    }

    @Test
    void shouldKillEverythingWithTheFirstProcess() {
        AtomicInteger child = new AtomicInteger();
        ThreadGroupImpl init = test.init(
                task -> {
                    child.set((int) fork(task, ProcessTest::pause));
                    return 0;
                },
                exit(2));
        assertEquals(Wait.exited(2), test.run(init));
        assertNull(test.pids.threadGroup(child.get()));
        assertNull(test.pids.task(child.get()));
    }

    @Test
    void shouldShieldTheFirstProcessFromItsOwnNamespace() {
        assertEquals(Wait.exited(3), test.run(test.init(
                task -> {
                    long child = fork(task, sender -> {
                        test.pids.threadGroup(1).send(SignalInfo.user(Signals.SIGKILL, sender));
                        test.pids.threadGroup(1).send(SignalInfo.user(Signals.SIGTERM, sender));
                        return 0;
                    });
                    assertEquals(child, wait(task, EXITS, new WaitResult()));
                    return 0;
                },
                exit(3))));
    }

    @Test
    void shouldEndTheFirstProcessByItsOwnFault() {
        assertEquals(Signals.SIGSEGV, test.run(test.init(
                task -> {
                    task.forceSignal(SignalInfo.fault(Signals.SIGSEGV, Signals.SEGV_MAPERR, 8));
                    return 0;
                },
                ProcessTest::pause)));
    }

    @Test
    void shouldKillAProcessThatCannotBeServed() {
        assertEquals(Wait.exited(5), test.run(test.init(
                task -> {
                    for (Error failure : List.of(new OutOfMemoryError("expected by this test"),
                            new StackOverflowError("expected by this test"), new NoClassDefFoundError("expected by this test"))) {
                        long child = fork(task, failing -> beUnservable(failing, failure));
                        WaitResult result = new WaitResult();
                        assertEquals(child, wait(task, EXITS, result));
                        assertEquals(Wait.signaled(Signals.SIGKILL, false), result.status);
                    }
                    return 0;
                },
                exit(5))));
    }

    /** Of two threads one fails on its way to the application, and again when it tells the other one of the end. */
    private long beUnservable(TaskImpl failing, Error failure) throws InterruptedException {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch told = new CountDownLatch(1);
        test.clone(failing, THREAD, 0, other -> {
            other.setContext(new Fakes().on("run", a -> {
                running.countDown();
                TestKernel.until(() -> told.getCount() == 0);
                return Context.INTERRUPTED;
            }).on("interrupt", a -> {
                told.countDown();
                throw new OutOfMemoryError("expected by this test");
            }).ignore("release").as(Context.class));
            return 0;
        });
        running.await();
        failing.setContext(new Fakes().on("run", a -> {
            throw failure;
        }).ignore("release", "interrupt").as(Context.class));
        return 0;
    }

    @Test
    void shouldEndAProcessWhoseFilesFailInTheirRelease() {
        assertEquals(Wait.exited(5), test.run(test.init(
                task -> {
                    long child = fork(task, failing -> {
                        failing.setFiles(new Fakes().on("release", a -> {
                            throw new IllegalStateException("a file's release");
                        }).as(FdTable.class));
                        failing.exitGroup(Wait.exited(4));
                        return 0;
                    });
                    WaitResult result = new WaitResult();
                    assertEquals(child, wait(task, EXITS, result));
                    assertEquals(Wait.exited(4), result.status);
                    task.setFiles(new Fakes().on("release", a -> {
                        throw new NoClassDefFoundError("a bundle that is gone");
                    }).as(FdTable.class));
                    return 0;
                },
                exit(5))));
    }

    @Test
    void shouldLetAnOperatorEndTheFirstProcess() {
        AtomicInteger paused = new AtomicInteger();
        ThreadGroupImpl init = test.init(task -> {
            paused.incrementAndGet();
            return pause(task);
        });
        init.containerImpl().start();
        TestKernel.until(() -> paused.get() > 0);
        init.container().signal(Signals.SIGTERM, 0);
        assertEquals(Signals.SIGTERM, test.await(init));
    }

    @Test
    void shouldEndAllThreadsTogether() {
        assertEquals(Wait.exited(4), test.run(test.init(
                task -> test.clone(task, THREAD, 0, ProcessTest::pause),
                task -> test.clone(task, THREAD, 0, ProcessTest::pause),
                task -> {
                    assertEquals(3, task.group().taskCount());
                    return test.clone(task, THREAD, 0, exit(4));
                },
                ProcessTest::pause)));
    }

    @Test
    void shouldKeepTheLeadersIdUntilTheLastThreadEnds() {
        AtomicLong second = new AtomicLong();
        assertEquals(0, test.run(test.init(
                task -> {
                    int pid = (int) fork(task,
                            leader -> {
                                second.set(test.clone(leader, THREAD, 0, ProcessTest::pause));
                                leader.exit(Wait.exited(6));
                                return 0;
                            });
                    TestKernel.until(() -> test.pids.threadGroup(pid).taskCount() == 1 && second.get() != 0);
                    assertFalse(test.pids.threadGroup(pid).zombie());
                    assertNotNull(test.pids.task(pid));
                    assertEquals(0, wait(task, EXITS | Wait.WNOHANG, new WaitResult()));
                    test.pids.task((int) second.get()).exit(0);
                    WaitResult result = new WaitResult();
                    assertEquals(pid, wait(task, EXITS, result));
                    assertEquals(Wait.exited(6), result.status);
                    return 0;
                })));
    }

    @Test
    void shouldReportStopsAndContinuations() {
        assertEquals(0, test.run(test.init(
                task -> {
                    int pid = (int) fork(task, ProcessTest::pause);
                    ThreadGroupImpl child = test.pids.threadGroup(pid);
                    child.send(SignalInfo.user(Signals.SIGSTOP, task));
                    WaitResult result = new WaitResult();
                    assertEquals(pid, wait(task, EXITS | Wait.WSTOPPED, result));
                    assertEquals(Wait.stopped(Signals.SIGSTOP), result.status);
                    assertEquals(Signals.CLD_STOPPED, result.code);
                    assertTrue(child.stopped());
                    // The parent hears of it a moment before the last task lies down.
                    TestKernel.until(() -> child.leader().state() == 'T');
                    assertEquals(0, wait(task, EXITS | Wait.WSTOPPED | Wait.WNOHANG, result));
                    child.send(SignalInfo.user(Signals.SIGCONT, task));
                    assertEquals(pid, wait(task, EXITS | Wait.WCONTINUED, result));
                    assertEquals(Wait.CONTINUED, result.status);
                    assertFalse(child.stopped());
                    child.send(SignalInfo.user(Signals.SIGKILL, task));
                    assertEquals(pid, wait(task, EXITS, result));
                    return 0;
                })));
    }

    @Test
    void shouldKillWhatIsStopped() {
        assertEquals(0, test.run(test.init(
                task -> {
                    int pid = (int) fork(task, ProcessTest::pause);
                    ThreadGroupImpl child = test.pids.threadGroup(pid);
                    child.send(SignalInfo.user(Signals.SIGTSTP, task));
                    // Its parent is in another process group only when it has moved there; here the group is orphaned.
                    child.send(SignalInfo.user(Signals.SIGSTOP, task));
                    assertEquals(pid, wait(task, Wait.WSTOPPED, new WaitResult()));
                    child.send(SignalInfo.user(Signals.SIGKILL, task));
                    assertEquals(pid, wait(task, EXITS, new WaitResult()));
                    return 0;
                })));
    }

    @Test
    void shouldHoldTheParentOfAVfork() {
        AtomicInteger order = new AtomicInteger();
        AtomicLong pid = new AtomicLong();
        assertEquals(0, test.run(test.init(
                task -> {
                    pid.set(test.clone(task, Clone.CLONE_VM | Clone.CLONE_VFORK, Signals.SIGCHLD,
                            child -> {
                                // The parent is inside no handler: its family could be replaced now.
                                TestKernel.until(() -> task.state() == 'S');
                                assertEquals(-1, task.currentCall());
                                order.compareAndSet(0, 1);
                                return 0;
                            }));
                    return 0;
                },
                task -> {
                    assertTrue(order.compareAndSet(1, 2), "the parent went on before its child had ended");
                    assertEquals(pid.get(), wait(task, EXITS, new WaitResult()));
                    return 0;
                })));
    }

    @Test
    void shouldSignalTheDeathOfAParent() {
        AtomicInteger child = new AtomicInteger();
        assertEquals(0, test.run(test.init(
                task -> {
                    long middle = fork(task, parent -> {
                        child.set((int) fork(parent,
                                c -> {
                                    c.setParentDeathSignal(Signals.SIGKILL);
                                    return 0;
                                },
                                ProcessTest::pause));
                        TestKernel.until(() -> test.pids.task(child.get()).parentDeathSignal() != 0);
                        return 0;
                    });
                    WaitResult result = new WaitResult();
                    assertEquals(middle, task.group().waitForChild(task, Wait.P_PID, (int) middle, EXITS, result));
                    assertEquals(child.get(), wait(task, EXITS, result));
                    assertEquals(Signals.SIGKILL, result.status);
                    return 0;
                })));
    }

    /** Tasks are counted by container: one that is full refuses, and has room again once a zombie is reaped. */
    @Test
    void shouldBoundTheTasksOfAContainer() {
        assertEquals(0, test.run(test.init(task -> {
            Cgroup cgroup = task.container().cgroup();
            assertEquals(1, cgroup.used(Charge.TASK));
            cgroup.setLimit(Charge.TASK, 2);
            long pid = fork(task, exit(0));
            assertEquals(Errno.EAGAIN, assertThrows(ErrnoException.class, () -> fork(task, exit(0))).errno());
            assertEquals(2, cgroup.used(Charge.TASK));
            assertEquals(pid, wait(task, EXITS, new WaitResult()));
            assertEquals(1, cgroup.used(Charge.TASK));
            assertEquals(1, cgroup.parent().used(Charge.TASK));
            assertTrue(fork(task, exit(0)) > 0);
            return 0;
        })));
    }

    /** clone(2) that fails half-way leaves nothing behind, whatever it fails of. */
    @Test
    void shouldGiveBackWhatAFailedCloneHad() {
        AtomicInteger mounts = new AtomicInteger();
        AtomicInteger refused = new AtomicInteger();
        assertEquals(0, test.run(test.init(task -> {
            task.setNamespaces(task.namespaces().withMounts(new Fakes().on("retain", a -> {
                mounts.incrementAndGet();
                return null;
            }).on("release", a -> {
                mounts.decrementAndGet();
                return null;
            }).as(MountNamespace.class)));
            task.setFiles(new Fakes().on("copy", a -> {
                if (refused.getAndIncrement() == 0) {
                    throw ErrnoException.of(Errno.ENOMEM);
                }
                throw new IllegalStateException("expected by this test");
            }).ignore("release").as(FdTable.class));
            int tasks = test.kernel.processes().tasks().size();
            assertEquals(Errno.ENOMEM, assertThrows(ErrnoException.class, () -> fork(task, exit(0))).errno());
            assertThrows(IllegalStateException.class, () -> fork(task, exit(0)));
            assertEquals(0, mounts.get());
            assertEquals(tasks, test.kernel.processes().tasks().size());
            return 0;
        })));
    }

    @Test
    void shouldLeaveNoDescriptorOfAProcessThatDidNotComeToBe() {
        AtomicInteger closed = new AtomicInteger();
        assertEquals(0, test.run(test.init(task -> {
            FileDescription pidfd = new Fakes().as(FileDescription.class);
            test.vfs.on("newAnonymous", a -> pidfd);
            task.setFiles(new Fakes().on("copy", a -> TestKernel.files()).on("add", a -> 9).on("closeIfStill", a -> {
                assertEquals(9, a[1]);
                assertSame(pidfd, a[2]);
                closed.incrementAndGet();
                return null;
            }).ignore("release").as(FdTable.class));
            CloneRequest request = new CloneRequest(Clone.CLONE_PIDFD, Signals.SIGCHLD, 0, 0, 0, 0, 8);
            assertEquals(Errno.EFAULT, assertThrows(ErrnoException.class, () -> task.clone(request)).errno());
            assertEquals(1, closed.get());
            return 0;
        })));
    }

    /** A task that sleeps through the end of one stop and the beginning of the next is counted in both. */
    @Test
    void shouldStopAgainWhoSleptThroughAContinuation() {
        assertEquals(0, test.run(test.init(task -> {
            int pid = (int) fork(task,
                    leader -> test.clone(leader, THREAD, 0, ProcessTest::pause),
                    leader -> test.clone(leader, THREAD, 0, ProcessTest::pause),
                    ProcessTest::pause);
            ThreadGroupImpl child = test.pids.threadGroup(pid);
            TestKernel.until(() -> child.taskCount() == 3);
            for (int i = 0; i < 300; i++) {
                child.send(SignalInfo.user(Signals.SIGSTOP, task));
                assertEquals(pid, wait(task, Wait.WSTOPPED, new WaitResult()));
                child.send(SignalInfo.user(Signals.SIGCONT, task));
            }
            child.send(SignalInfo.user(Signals.SIGKILL, task));
            assertEquals(pid, wait(task, EXITS, new WaitResult()));
            return 0;
        })));
    }

    private static int cloneError(TaskImpl task, long flags, int signal) {
        try {
            long result = task.clone(new CloneRequest(flags, signal, 0, 0, 0, 0, 0));
            return (int) Math.min(result, 0);
        } catch (ErrnoException e) {
            return -e.errno();
        }
    }

    @Test
    void shouldRefuseFlagsThatDoNotGoTogether() {
        assertEquals(0, test.run(test.init(
                task -> {
                    assertEquals(-Errno.EINVAL, cloneError(task, Clone.CLONE_SIGHAND, 0));
                    assertEquals(-Errno.EINVAL, cloneError(task, Clone.CLONE_THREAD | Clone.CLONE_VM, 0));
                    assertEquals(-Errno.EINVAL, cloneError(task, Clone.CLONE_NEWNS | Clone.CLONE_FS, 0));
                    assertEquals(-Errno.EINVAL, cloneError(task, Clone.CLONE_NEWUSER, Signals.SIGCHLD));
                    assertEquals(-Errno.EINVAL, cloneError(task, Clone.CLONE_NEWPID, Signals.SIGCHLD));
                    assertEquals(-Errno.EINVAL, cloneError(task, Clone.CLONE_PARENT, Signals.SIGCHLD));
                    assertEquals(-Errno.EINVAL, cloneError(task, 0, 65));
                    assertEquals(-Errno.EINVAL, cloneError(task, THREAD | Clone.CLONE_PIDFD, 0));
                    task.setCredentials(task.credentials().with(b -> b.effective = 0));
                    assertEquals(-Errno.EPERM, cloneError(task, Clone.CLONE_NEWUTS, Signals.SIGCHLD));
                    return 0;
                })));
    }

    @Test
    void shouldLimitProcessesOfAUser() {
        assertEquals(0, test.run(test.init(
                task -> {
                    task.setCredentials(task.credentials().with(b -> {
                        b.uid = 1000;
                        b.euid = 1000;
                        b.effective = 0;
                    }));
                    task.group().setLimit(Rlimit.RLIMIT_NPROC, 2, 2);
                    long pid = fork(task, ProcessTest::pause);
                    assertTrue(pid > 0);
                    assertEquals(-Errno.EAGAIN, cloneError(task, 0, Signals.SIGCHLD));
                    test.pids.threadGroup((int) pid).send(SignalInfo.kernel(Signals.SIGKILL));
                    assertEquals(pid, wait(task, EXITS, new WaitResult()));
                    assertTrue(fork(task, exit(0)) > 0);
                    return 0;
                })));
    }

    /** The lock's holder is in something long, and not of this process. */
    @Test
    void shouldDieWaitingForALock() throws InterruptedException {
        KillableLock lock = new KillableLock(LockRank.PIPE);
        CountDownLatch done = new CountDownLatch(1);
        Thread holder = Thread.ofPlatform().start(() -> {
            try (KillableLock _ = lock.take()) {
                done.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        TestKernel.until(() -> holder.getState() == Thread.State.WAITING);
        assertEquals(0, test.run(test.init(
                task -> {
                    AtomicReference<Thread> waiter = new AtomicReference<>();
                    long pid = fork(task, child -> {
                        waiter.set(Thread.currentThread());
                        lock.lock();
                        return 0;
                    });
                    TestKernel.until(() -> waiter.get() != null && LockSupport.getBlocker(waiter.get()) == lock);
                    test.pids.threadGroup((int) pid).send(SignalInfo.user(Signals.SIGKILL, task));
                    WaitResult result = new WaitResult();
                    assertEquals(pid, wait(task, EXITS, result));
                    assertEquals(Signals.SIGKILL, result.status);
                    return 0;
                })));
        done.countDown();
        holder.join();
    }
}
