// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.signal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Clone;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.abi.RtSigframeLayout;
import org.jvisor.api.abi.SigcontextLayout;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.UcontextLayout;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.kernel.SignalAction;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.ThreadGroup.WaitResult;
import org.jvisor.api.platform.Registers;
import org.jvisor.core.TestKernel;
import org.jvisor.core.process.TaskImpl;
import org.jvisor.core.process.ThreadGroupImpl;

/** Signals on their way from sender to receiver, and what becomes of the call that they interrupt. */
class SignalTest {

    private static final long STACK = 0x7ffd_0000_0000L;
    private static final long HANDLER = 0x401000;
    private static final long THREAD =
            Clone.CLONE_VM | Clone.CLONE_FS | Clone.CLONE_FILES | Clone.CLONE_SIGHAND | Clone.CLONE_THREAD;

    private final TestKernel test = new TestKernel();

    private static SignalAction handler(long flags) {
        return new SignalAction(HANDLER, flags | Signals.SA_RESTORER, HANDLER + 0x100, 0);
    }

    /** Gives the first process a stack for handlers. */
    private TestKernel.Step stack() {
        return task -> {
            test.memory.managers.getFirst().map(STACK, 0x10000);
            task.registers().set(Registers.RSP, STACK + 0xff00);
            task.registers().set(Registers.RIP, 0x400002);
            return 0;
        };
    }

    private static long pause(TaskImpl task, long result) {
        long slept;
        do {
            slept = task.sleep(Long.MAX_VALUE);
        } while (slept == 0);
        return result;
    }

    private void run(TestKernel.Step... steps) {
        assertEquals(0, test.run(test.init(steps)));
    }

    /** Lets the first thread sleep in a call that ends in {@code result}, and sends it SIGUSR1 meanwhile. */
    private void interrupt(long flags, long result, TestKernel.Step then) {
        AtomicInteger entered = new AtomicInteger();
        run(stack(),
                task -> {
                    task.group().setAction(Signals.SIGUSR1, handler(flags));
                    return test.clone(task, THREAD, 0, other -> {
                        TestKernel.until(() -> entered.get() == 1 && task.state() == 'S');
                        task.send(SignalInfo.user(Signals.SIGUSR1, other));
                        other.exit(0);
                        return 0;
                    });
                },
                task -> entered.getAndIncrement() == 0 ? pause(task, result) : then.run(task));
    }

    @Test
    void shouldEndACallInEintr() {
        interrupt(0, -Errno.ERESTARTSYS, task -> {
            // The frame shows what the application would have seen.
            assertEquals(HANDLER, task.registers().get(Registers.RIP));
            assertEquals(-Errno.EINTR, savedRax(task));
            assertTrue(Signals.contains(task.signalMask(), Signals.SIGUSR1));
            return 0;
        });
    }

    private static long savedRax(TaskImpl task) {
        return task.memory().getLong(task.registers().get(Registers.RSP) + RtSigframeLayout.UCONTEXT + UcontextLayout.MCONTEXT
                + SigcontextLayout.RAX);
    }

    private static long savedRip(TaskImpl task) {
        return task.memory().getLong(task.registers().get(Registers.RSP) + RtSigframeLayout.UCONTEXT + UcontextLayout.MCONTEXT
                + SigcontextLayout.RIP);
    }

    private static long savedMask(TaskImpl task) {
        return task.memory().getLong(task.registers().get(Registers.RSP) + RtSigframeLayout.UCONTEXT + UcontextLayout.SIGMASK);
    }

    @Test
    void shouldRestartACallAfterAHandlerWithSaRestart() {
        interrupt(Signals.SA_RESTART, -Errno.ERESTARTSYS, task -> {
            assertEquals(TestKernel.STEP, savedRax(task));
            assertEquals(0x400000, savedRip(task));
            return 0;
        });
    }

    @Test
    void shouldNotRestartWhatWaitsForAHandler() {
        interrupt(Signals.SA_RESTART, -Errno.ERESTARTNOHAND, task -> {
            assertEquals(-Errno.EINTR, savedRax(task));
            return 0;
        });
    }

    @Test
    void shouldAlwaysRestartWhatMustNotBeInterrupted() {
        interrupt(0, -Errno.ERESTARTNOINTR, task -> {
            assertEquals(TestKernel.STEP, savedRax(task));
            return 0;
        });
    }

    @Test
    void shouldLetTheOperatorThroughTheShieldOfTheFirstProcessASignalAtATime() {
        long term = Signals.bit(Signals.SIGTERM);
        assertEquals(Wait.signaled(Signals.SIGTERM, false), test.run(test.init(task -> {
            task.groupImpl().shielded = true;
            task.setSignalMask(term);
            SignalSender.sendFromOutside(task.groupImpl(), SignalInfo.kernel(Signals.SIGTERM));
            assertEquals(Signals.SIGTERM, task.takeSignal(term).signal(), "an init that waits for it");
            task.send(SignalInfo.user(Signals.SIGTERM, task));
            task.setSignalMask(0);
            return 0;
        }, task -> {
            assertEquals(0, task.pendingSignals());
            assertTrue(task.groupImpl().shielded);
            task.send(SignalInfo.user(Signals.SIGTERM, task));
            task.send(SignalInfo.user(Signals.SIGKILL, task));
            assertEquals(0, task.pendingSignals());
            SignalSender.sendFromOutside(task.groupImpl(), SignalInfo.kernel(Signals.SIGTERM));
            return 0;
        }, task -> {
            throw new AssertionError("goes on after SIGTERM from outside");
        })));
    }

    @Test
    void shouldKillTheFirstProcessFromOutside() {
        assertEquals(Wait.signaled(Signals.SIGKILL, false), test.run(test.init(task -> {
            task.groupImpl().shielded = true;
            SignalSender.sendFromOutside(task.groupImpl(), SignalInfo.kernel(Signals.SIGKILL));
            return 0;
        })));
    }

    @Test
    void shouldKeepASignalThatIsIgnoredButWaitedFor() {
        long usr1 = Signals.bit(Signals.SIGUSR1);
        run(task -> {
            task.group().setAction(Signals.SIGUSR1, SignalAction.IGNORE);
            task.setSignalMask(usr1);
            return test.clone(task, THREAD, 0, other -> {
                other.setSignalMask(usr1);
                TestKernel.until(() -> task.state() == 'S');
                task.group().send(SignalInfo.user(Signals.SIGUSR1, other));
                other.exit(0);
                return 0;
            });
        }, task -> {
            task.awaitSignals(usr1);
            assertEquals(-Errno.ERESTARTSYS, pause(task, -Errno.ERESTARTSYS));
            assertEquals(Signals.SIGUSR1, task.takeSignal(usr1).signal());
            task.awaitSignals(0);
            assertEquals(0, task.work());
            return 0;
        });
    }

    @Test
    void shouldHandASignalThatIsWaitedForNoLongerToAnotherWhoWaits() {
        long usr1 = Signals.bit(Signals.SIGUSR1);
        AtomicInteger taken = new AtomicInteger();
        run(task -> {
            task.setSignalMask(usr1);
            return test.clone(task, THREAD, 0, other -> {
                other.awaitSignals(usr1);
                pause(other, 0);
                taken.set(other.takeSignal(usr1) == null ? 0 : 1);
                other.awaitSignals(0);
                other.exit(0);
                return 0;
            });
        }, task -> {
            TestKernel.until(() -> task.group().tasks().stream().anyMatch(other -> other != task && other.state() == 'S'));
            task.awaitSignals(usr1);
            task.group().send(SignalInfo.user(Signals.SIGUSR1, task));
            task.awaitSignals(0);
            TestKernel.until(() -> taken.get() == 1);
            return 0;
        });
    }

    @Test
    void shouldRestartACallWithoutAHandlerAndKeepItsDeadline() {
        AtomicInteger entered = new AtomicInteger();
        AtomicLong deadline = new AtomicLong();
        run(task -> {
            int pid = (int) test.clone(task, 0, Signals.SIGCHLD, child -> {
                if (entered.getAndIncrement() == 0) {
                    deadline.set(child.call().deadline(3_600_000_000_000L));
                    return pause(child, -Errno.ERESTART_RESTARTBLOCK);
                }
                assertEquals(deadline.get(), child.call().deadline(3_600_000_000_000L));
                return 0;
            });
            ThreadGroupImpl child = test.pids.threadGroup(pid);
            TestKernel.until(() -> entered.get() == 1 && child.leader().state() == 'S');
            child.send(SignalInfo.user(Signals.SIGSTOP, task));
            assertEquals(pid, child.parent().waitForChild(task, Wait.P_ALL, 0, Wait.WSTOPPED, new WaitResult()));
            child.send(SignalInfo.user(Signals.SIGCONT, task));
            assertEquals(pid, child.parent().waitForChild(task, Wait.P_ALL, 0, Wait.WEXITED, new WaitResult()));
            assertEquals(2, entered.get());
            return 0;
        });
    }

    @Test
    void shouldDeliverUnderATemporaryMaskAndGoBackToTheOld() {
        AtomicInteger entered = new AtomicInteger();
        long usr1 = Signals.bit(Signals.SIGUSR1);
        run(stack(),
                task -> {
                    task.group().setAction(Signals.SIGUSR1, handler(0));
                    task.setSignalMask(usr1);
                    task.send(SignalInfo.user(Signals.SIGUSR1, task));
                    assertFalse(task.interrupted());
                    return 0;
                },
                task -> {
                    // sigsuspend(2)
                    if (entered.getAndIncrement() == 0) {
                        task.setTemporaryMask(0);
                        return pause(task, -Errno.ERESTARTNOHAND);
                    }
                    assertEquals(HANDLER, task.registers().get(Registers.RIP));
                    assertEquals(usr1, savedMask(task));
                    return 0;
                });
    }

    @Test
    void shouldDeliverUnderATemporaryMaskAfterEintr() {
        long usr1 = Signals.bit(Signals.SIGUSR1);
        run(stack(),
                task -> {
                    task.group().setAction(Signals.SIGUSR1, handler(0));
                    task.setSignalMask(usr1);
                    task.send(SignalInfo.user(Signals.SIGUSR1, task));
                    // epoll_pwait(2)
                    task.setTemporaryMask(0);
                    return -Errno.EINTR;
                },
                task -> {
                    assertEquals(HANDLER, task.registers().get(Registers.RIP));
                    assertEquals(usr1, savedMask(task));
                    return 0;
                });
    }

    @Test
    void shouldEndATemporaryMaskWithItsCall() {
        long usr1 = Signals.bit(Signals.SIGUSR1);
        run(stack(),
                task -> {
                    task.group().setAction(Signals.SIGUSR1, handler(0));
                    task.setSignalMask(usr1);
                    task.send(SignalInfo.user(Signals.SIGUSR1, task));
                    task.setTemporaryMask(0);
                    return 1;
                },
                task -> {
                    assertEquals(usr1, task.signalMask());
                    assertTrue(Signals.contains(task.pendingSignals(), Signals.SIGUSR1));
                    assertEquals(Signals.SIGUSR1, task.takeSignal(usr1).signal());
                    assertNull(task.takeSignal(usr1));
                    return 0;
                });
    }

    @Test
    void shouldLetAThreadTakeItThatDoesNotBlockIt() {
        AtomicInteger taker = new AtomicInteger();
        long usr1 = Signals.bit(Signals.SIGUSR1);
        run(task -> {
            task.setSignalMask(usr1);
            long tid = test.clone(task, THREAD, 0,
                    other -> {
                        other.setSignalMask(0);
                        if (pause(other, 0) == 0 && other.takeSignal(usr1) != null) {
                            taker.set(other.tid());
                        }
                        other.exit(0);
                        return 0;
                    });
            TestKernel.until(() -> test.pids.task((int) tid).state() == 'S');
            task.group().send(SignalInfo.user(Signals.SIGUSR1, task));
            assertFalse(task.interrupted());
            task.group().setAction(Signals.SIGUSR1, SignalAction.DEFAULT);
            TestKernel.until(() -> task.group().taskCount() == 1);
            return 0;
        });
        assertTrue(taker.get() == 0 || taker.get() > 1);
    }

    @Test
    void shouldDropWhatIsIgnored() {
        run(task -> {
            task.group().send(SignalInfo.user(Signals.SIGCHLD, task));
            task.group().send(SignalInfo.user(Signals.SIGWINCH, task));
            assertEquals(0, task.pendingSignals());
            task.setSignalMask(-1);
            task.group().send(SignalInfo.user(Signals.SIGUSR1, task));
            assertEquals(Signals.bit(Signals.SIGUSR1), task.pendingSignals());
            task.group().setAction(Signals.SIGUSR1, SignalAction.IGNORE);
            assertEquals(0, task.pendingSignals());
            return 0;
        });
    }

    @Test
    void shouldKillByAFaultThatIsBlockedOrIgnored() {
        run(task -> {
            for (int round = 0; round < 2; round++) {
                boolean block = round == 0;
                int pid = (int) test.clone(task, 0, Signals.SIGCHLD, child -> {
                    if (block) {
                        child.setSignalMask(-1);
                    } else {
                        child.group().setAction(Signals.SIGSEGV, SignalAction.IGNORE);
                    }
                    child.group().setLimit(Rlimit.RLIMIT_CORE, -1, -1);
                    child.forceSignal(SignalInfo.fault(Signals.SIGSEGV, Signals.SEGV_MAPERR, 0));
                    return 0;
                });
                WaitResult result = new WaitResult();
                assertEquals(pid, task.group().waitForChild(task, Wait.P_ALL, 0, Wait.WEXITED, result));
                assertEquals(Wait.signaled(Signals.SIGSEGV, true), result.status);
                assertEquals(Signals.CLD_DUMPED, result.code);
            }
            return 0;
        });
    }

    @Test
    void shouldLimitQueuedSignals() {
        run(task -> {
            task.group().setLimit(Rlimit.RLIMIT_SIGPENDING, 3, 3);
            task.setSignalMask(-1);
            SignalInfo queued = new SignalInfo(Signals.SIGRTMIN, Signals.SI_QUEUE, 1, 0, 0, 7, 0, 0);
            for (int i = 0; i < 3; i++) {
                assertEquals(0, task.group().queueSignal(queued));
            }
            assertEquals(-Errno.EAGAIN, task.group().queueSignal(queued));
            task.takeSignal(Signals.bit(Signals.SIGRTMIN));
            assertEquals(0, task.group().queueSignal(queued));
            for (int i = 0; i < 3; i++) {
                assertEquals(7, task.takeSignal(-1).value());
            }
            assertNull(task.takeSignal(-1));
            return 0;
        });
    }

    @Test
    void shouldAskForPermission() {
        run(task -> {
            int pid = (int) test.clone(task, 0, Signals.SIGCHLD, child -> {
                child.setCredentials(child.credentials().with(b -> {
                    b.uid = 1000;
                    b.euid = 1000;
                    b.suid = 1000;
                    b.effective = 0;
                }));
                assertEquals(-Errno.EPERM, child.maySignal(task.group(), Signals.SIGTERM));
                assertEquals(0, child.maySignal(task.group(), Signals.SIGCONT));
                child.group().newSession();
                assertEquals(-Errno.EPERM, child.maySignal(task.group(), Signals.SIGCONT));
                assertEquals(0, child.maySignal(child.group(), Signals.SIGTERM));
                assertEquals(0, task.maySignal(child.group(), Signals.SIGTERM));
                return 0;
            });
            assertEquals(pid, task.group().waitForChild(task, Wait.P_ALL, 0, Wait.WEXITED, new WaitResult()));
            return 0;
        });
    }

    private long child(TaskImpl task, TestKernel.Step step) {
        return test.clone(task, 0, Signals.SIGCHLD, step);
    }

    private static void assertKilled(TaskImpl task, long pid) {
        WaitResult result = new WaitResult();
        assertEquals(pid, task.group().waitForChild(task, Wait.P_PID, (int) pid, Wait.WEXITED, result));
        assertEquals(Signals.SIGKILL, result.status);
    }

    @Test
    void shouldSendToAGroupWhomItMay() {
        run(task -> {
            AtomicInteger settled = new AtomicInteger();
            TestKernel.Step member = one -> {
                assertEquals(0, one.group().setProcessGroup(one.group(), settled.get()));
                settled.set(one.group().processGroup().id());
                return pause(one, 0);
            };
            long first = child(task, member);
            TestKernel.until(() -> settled.get() != 0);
            long second = child(task, member);
            TestKernel.until(() -> test.pids.processGroup((int) first).members().size() == 2);
            assertEquals(-Errno.ESRCH, test.pids.kill(task, -99, Signals.SIGTERM));
            assertEquals(0, test.pids.kill(task, -(int) first, 0));
            task.setCredentials(task.credentials().with(b -> {
                b.uid = 1000;
                b.euid = 1000;
                b.suid = 1000;
                b.effective = 0;
            }));
            assertEquals(-Errno.EPERM, test.pids.kill(task, -(int) first, Signals.SIGKILL));
            test.pids.task((int) second).setCredentials(task.credentials());
            assertEquals(0, test.pids.kill(task, -(int) first, Signals.SIGKILL), "it is enough that one is reached");
            assertKilled(task, second);
            test.pids.threadGroup((int) first).send(SignalInfo.user(Signals.SIGKILL, task));
            assertKilled(task, first);
            return 0;
        });
    }

    @Test
    void shouldSpareTheFirstProcessAndItself() {
        run(task -> {
            assertEquals(-Errno.ESRCH, test.pids.kill(task, -1, Signals.SIGKILL), "there is nobody else");
            long victim = child(task, one -> pause(one, 0));
            long killer = child(task, one -> {
                assertEquals(0, test.pids.kill(one, -1, Signals.SIGKILL));
                return 0;
            });
            assertKilled(task, victim);
            WaitResult result = new WaitResult();
            assertEquals(killer, task.group().waitForChild(task, Wait.P_PID, (int) killer, Wait.WEXITED, result));
            assertEquals(Wait.exited(0), result.status);
            return 0;
        });
    }

    @Test
    void shouldCountWhatATimerMisses() {
        run(task -> {
            task.setSignalMask(-1);
            int signal = Signals.SIGRTMIN + 1;
            long id = task.group().timers().create(1, null, Signals.SIGEV_SIGNAL, signal, 99, 0);
            assertEquals(0, id);
            task.group().timers().settime(0, 0, 1_000_000, 1_000_000, null);
            TestKernel.until(() -> Signals.contains(task.pendingSignals(), signal));
            long until = System.nanoTime() + 20_000_000;
            TestKernel.until(() -> System.nanoTime() - until > 0);
            task.group().timers().settime(0, 0, 0, 0, null);
            SignalInfo info = task.takeSignal(Signals.bit(signal));
            assertEquals(Signals.SI_TIMER, info.code());
            assertEquals(99, info.value());
            assertNull(task.takeSignal(Signals.bit(signal)));
            assertEquals(-Errno.EINVAL, task.group().timers().delete(7));
            assertEquals(0, task.group().timers().delete(0));
            return 0;
        });
    }
}
