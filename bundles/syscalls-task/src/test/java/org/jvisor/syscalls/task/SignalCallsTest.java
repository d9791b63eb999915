// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.jvisor.syscalls.task.Caller.BASE;
import static org.jvisor.syscalls.task.Caller.PID;
import static org.jvisor.syscalls.task.Caller.arguments;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.SigactionLayout;
import org.jvisor.api.abi.SiginfoLayout;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.Container;
import org.jvisor.api.kernel.SignalAction;
import org.jvisor.api.kernel.SignalInfo;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.vfs.FileDescription;

/** Whom kill(2) and its kin reach, and what is refused. */
class SignalCallsTest {

    private static final int OTHER = 20;
    private static final int THREAD = 21;

    private final SignalCalls calls = new SignalCalls();
    private final Caller caller = new Caller();
    private final Task t = caller.task;
    /** Who was sent what: "PID signal code". */
    private final List<String> sent = new ArrayList<>();
    private final ThreadGroup init = process(1);
    private final ThreadGroup other = process(OTHER);
    private final Container container = Caller.of(Container.class, Map.of("init", a -> init));
    /** Whom the caller may not signal. */
    private ThreadGroup guarded;

    {
        caller.own.put("container", a -> container);
        caller.ofGroup.put("container", a -> container);
        caller.own.put("maySignal", a -> a[0] == guarded ? -(long) Errno.EPERM : 0L);
        caller.groups.put(OTHER, other);
        caller.tasks.put(THREAD, Caller.of(Task.class, Map.of("group", a -> other, "send", a -> told("thread", a),
                "queueSignal", a -> queued("thread", a))));
    }

    private ThreadGroup process(int pid) {
        Map<String, Caller.Answer> answers = new HashMap<>();
        answers.put("pid", a -> pid);
        answers.put("send", a -> told("" + pid, a));
        answers.put("queueSignal", a -> queued("" + pid, a));
        answers.put("container", a -> container());
        return Caller.of(ThreadGroup.class, answers);
    }

    private Container container() {
        return container;
    }

    private Object told(String whom, Object[] arguments) {
        SignalInfo signal = (SignalInfo) arguments[0];
        sent.add(whom + " " + signal.signal() + " " + signal.code());
        return null;
    }

    private Object queued(String whom, Object[] arguments) {
        told(whom, arguments);
        return 0L;
    }

    private long kill(int pid, int signal) {
        return calls.kill(t, arguments(pid, signal));
    }

    // ---- kill

    @Test
    void shouldSendToAProcess() {
        assertEquals(0, kill(OTHER, Signals.SIGTERM));
        assertEquals(List.of(OTHER + " " + Signals.SIGTERM + " " + Signals.SI_USER), sent);
        assertEquals(0, kill(THREAD, Signals.SIGTERM), "any thread's id means its process");
        assertEquals(2, sent.size());
        assertEquals(-Errno.ESRCH, kill(99, Signals.SIGTERM));
        assertEquals(-Errno.ESRCH, kill(Integer.MIN_VALUE, Signals.SIGTERM));
    }

    @Test
    void shouldOnlyAskWithSignalZero() {
        assertEquals(0, kill(OTHER, 0));
        guarded = other;
        assertEquals(-Errno.EPERM, kill(OTHER, 0));
        assertEquals(-Errno.EPERM, kill(OTHER, Signals.SIGTERM));
        assertEquals(List.of(), sent);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 65, Integer.MAX_VALUE})
    void shouldRefuseWhatIsNoSignal(int signal) {
        assertEquals(-Errno.EINVAL, kill(OTHER, signal));
        assertEquals(-Errno.EINVAL, calls.tkill(t, -1, THREAD, signal));
        assertThrows(ErrnoException.class, () -> calls.sigqueueinfo(t, arguments(OTHER, signal, BASE)));
        assertEquals(List.of(), sent);
    }

    // ---- threads

    @Test
    void shouldSendToAThreadOfTheProcessThatIsNamed() {
        assertEquals(0, calls.tkill(t, OTHER, THREAD, Signals.SIGUSR1));
        assertEquals(0, calls.tkill(t, -1, THREAD, Signals.SIGUSR2));
        assertEquals(List.of("thread " + Signals.SIGUSR1 + " " + Signals.SI_TKILL,
                "thread " + Signals.SIGUSR2 + " " + Signals.SI_TKILL), sent);
        assertEquals(-Errno.ESRCH, calls.tkill(t, PID, THREAD, Signals.SIGUSR1));
        assertEquals(-Errno.ESRCH, calls.tkill(t, -1, 99, Signals.SIGUSR1));
        assertEquals(-Errno.EINVAL, calls.tkill(t, -1, 0, Signals.SIGUSR1));
    }

    // ---- signals with information

    private void information(int code) {
        SiginfoLayout.signo(caller.bytes, 0, Signals.SIGUSR1);
        SiginfoLayout.code(caller.bytes, 0, code);
    }

    /** rt_sigqueueinfo(2): a signal to another must not look like one from kill(2), tkill(2) or the kernel. */
    @Test
    void shouldLetNobodyPretendToBeTheKernel() {
        for (int code : new int[] {Signals.SI_USER, Signals.SI_TKILL, Signals.SI_KERNEL}) {
            information(code);
            ErrnoException e = assertThrows(ErrnoException.class,
                    () -> calls.sigqueueinfo(t, arguments(OTHER, Signals.SIGUSR1, BASE)));
            assertEquals(Errno.EPERM, e.errno());
            assertThrows(ErrnoException.class, () -> calls.tgsigqueueinfo(t, arguments(OTHER, THREAD, Signals.SIGUSR1, BASE)));
        }
        information(Signals.SI_QUEUE);
        assertEquals(0, calls.sigqueueinfo(t, arguments(OTHER, Signals.SIGUSR1, BASE)));
        assertEquals(0, calls.tgsigqueueinfo(t, arguments(OTHER, THREAD, Signals.SIGUSR1, BASE)));
        assertEquals(List.of(OTHER + " 10 -1", "thread 10 -1"), sent);
    }

    @Test
    void shouldQueueOnlyForThreadsOfTheProcess() {
        information(Signals.SI_QUEUE);
        assertEquals(-Errno.ESRCH, calls.tgsigqueueinfo(t, arguments(PID, THREAD, Signals.SIGUSR1, BASE)));
        assertEquals(-Errno.EINVAL, calls.tgsigqueueinfo(t, arguments(0, THREAD, Signals.SIGUSR1, BASE)));
        assertEquals(-Errno.EINVAL, calls.tgsigqueueinfo(t, arguments(OTHER, -1, Signals.SIGUSR1, BASE)));
        assertEquals(-Errno.ESRCH, calls.sigqueueinfo(t, arguments(99, Signals.SIGUSR1, BASE)));
        assertThrows(ErrnoException.class, () -> calls.sigqueueinfo(t, arguments(OTHER, Signals.SIGUSR1, 8)));
    }

    @Test
    void shouldSendByPidfdsOnly() {
        boolean[] released = new boolean[1];
        caller.files.put(4, Caller.of(FileDescription.class, Map.of("operations", a -> null,
                "release", a -> released[0] = true)));
        assertEquals(-Errno.EINVAL, calls.pidfdSendSignal(t, arguments(4, Signals.SIGTERM, 0, 1)));
        assertEquals(-Errno.EBADF, calls.pidfdSendSignal(t, arguments(5, Signals.SIGTERM)));
        assertEquals(-Errno.EBADF, calls.pidfdSendSignal(t, arguments(4, Signals.SIGTERM)));
        assertTrue(released[0]);
    }

    // ---- actions and masks

    @Test
    void shouldKeepActionsWithoutWhatCannotBeBlocked() {
        SignalAction[] action = {new SignalAction(1, 0, 0, 0)};
        caller.ofGroup.put("action", a -> action[0]);
        caller.ofGroup.put("setAction", a -> {
            SignalAction old = action[0];
            action[0] = (SignalAction) a[1];
            return old;
        });
        SigactionLayout.handler(caller.bytes, 0, 0x4000);
        SigactionLayout.mask(caller.bytes, 0, -1);
        assertEquals(0, calls.sigaction(t, arguments(Signals.SIGTERM, BASE, BASE + 64, 8)));
        assertEquals(0x4000, action[0].handler());
        assertEquals(~(Signals.bit(Signals.SIGKILL) | Signals.bit(Signals.SIGSTOP)), action[0].mask());
        assertEquals(1, SigactionLayout.handler(caller.bytes, 64));
        for (int signal : new int[] {Signals.SIGKILL, Signals.SIGSTOP}) {
            assertEquals(-Errno.EINVAL, calls.sigaction(t, arguments(signal, BASE, 0, 8)));
            assertEquals(0, calls.sigaction(t, arguments(signal, 0, BASE + 64, 8)), "to ask is allowed");
        }
        assertEquals(-Errno.EINVAL, calls.sigaction(t, arguments(0, 0, 0, 8)));
        assertEquals(-Errno.EINVAL, calls.sigaction(t, arguments(65, 0, 0, 8)));
        assertEquals(-Errno.EINVAL, calls.sigaction(t, arguments(Signals.SIGTERM, 0, 0, 4)));
    }

    @Test
    void shouldChangeTheMask() {
        long[] mask = {0b1100};
        caller.own.put("signalMask", a -> mask[0]);
        caller.own.put("setSignalMask", a -> mask[0] = (long) a[0]);
        Bytes.putLong(caller.bytes, 0, 0b0110);
        assertEquals(0, calls.sigprocmask(t, arguments(Signals.SIG_BLOCK, BASE, BASE + 8, 8)));
        assertEquals(0b1110, mask[0]);
        assertEquals(0b1100, Bytes.getLong(caller.bytes, 8));
        assertEquals(0, calls.sigprocmask(t, arguments(Signals.SIG_UNBLOCK, BASE, 0, 8)));
        assertEquals(0b1000, mask[0]);
        Bytes.putLong(caller.bytes, 0, -1);
        assertEquals(0, calls.sigprocmask(t, arguments(Signals.SIG_SETMASK, BASE, 0, 8)));
        assertEquals(~(Signals.bit(Signals.SIGKILL) | Signals.bit(Signals.SIGSTOP)), mask[0]);
        assertEquals(-Errno.EINVAL, calls.sigprocmask(t, arguments(3, BASE, 0, 8)));
        assertEquals(0, calls.sigprocmask(t, arguments(3, 0, BASE, 8)), "how does not matter when nothing is set");
        assertEquals(-Errno.EINVAL, calls.sigprocmask(t, arguments(Signals.SIG_BLOCK, BASE, 0, 16)));
    }
}
