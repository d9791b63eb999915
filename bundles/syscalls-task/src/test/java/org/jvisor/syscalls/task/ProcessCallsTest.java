// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.jvisor.syscalls.task.Caller.BASE;
import static org.jvisor.syscalls.task.Caller.GROUP;
import static org.jvisor.syscalls.task.Caller.PID;
import static org.jvisor.syscalls.task.Caller.SESSION;
import static org.jvisor.syscalls.task.Caller.arguments;

import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Clone;
import org.jvisor.api.abi.CloneArgsLayout;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Pidfd;
import org.jvisor.api.abi.RobustListHeadLayout;
import org.jvisor.api.abi.RusageLayout;
import org.jvisor.api.abi.SiginfoLayout;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.Task.CloneRequest;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.kernel.ThreadGroup.WaitResult;
import org.jvisor.api.vfs.FileDescription;

/** What is checked and handed on of clone(2), wait(2) and their kin. */
class ProcessCallsTest {

    private static final int CHILD = 11;

    private final ProcessCalls calls = new ProcessCalls();
    private final Caller caller = new Caller();
    private final Task t = caller.task;
    /** What clone was asked for. */
    private CloneRequest request;
    /** What was waited for: type, id and options. */
    private String waited;
    private long found = CHILD;

    @BeforeEach
    void watch() {
        caller.own.put("clone", a -> {
            request = (CloneRequest) a[0];
            return (long) CHILD;
        });
        caller.ofGroup.put("waitForChild", a -> {
            waited = a[1] + " " + a[2] + " " + a[3];
            WaitResult result = (WaitResult) a[4];
            result.pid = CHILD;
            result.uid = 1000;
            result.status = 0x300;
            result.code = Signals.CLD_EXITED;
            result.signalStatus = 3;
            result.userTimeNs = 2_000_003_000L;
            result.systemTimeNs = 1_000L;
            result.peakResidentBytes = 5 << 20;
            return found;
        });
    }

    // ---- clone

    @Test
    void shouldForkWithTheUsualSignal() {
        assertEquals(CHILD, calls.fork(t));
        assertEquals(new CloneRequest(0, Signals.SIGCHLD, 0, 0, 0, 0, 0), request);
        assertEquals(CHILD, calls.vfork(t));
        assertEquals(new CloneRequest(Clone.CLONE_VFORK | Clone.CLONE_VM, Signals.SIGCHLD, 0, 0, 0, 0, 0), request);
    }

    @Test
    void shouldTakeFlagsAndSignalOfCloneApart() {
        long flags = Clone.CLONE_VM | Clone.CLONE_SETTLS | Clone.CLONE_PARENT_SETTID;
        // The upper half of the register is nobody's.
        assertEquals(CHILD, calls.clone(t, arguments(7L << 32 | flags | Signals.SIGUSR1, 1, 2, 3, 4)));
        assertEquals(new CloneRequest(flags, Signals.SIGUSR1, 1, 2, 3, 4, 0), request);
        assertEquals(CHILD, calls.clone(t, arguments(Clone.CLONE_PIDFD, 0, 2)));
        assertEquals(2, request.pidfd());
    }

    /** Both are told by the same address. */
    @Test
    void shouldRefuseAPidfdTogetherWithAnId() {
        assertEquals(-Errno.EINVAL, calls.clone(t, arguments(Clone.CLONE_PIDFD | Clone.CLONE_PARENT_SETTID)));
        assertNull(request);
    }

    private long clone3(long size) {
        return calls.clone3(t, arguments(BASE, size));
    }

    @Test
    void shouldTakeAllOfClone3() {
        byte[] b = caller.bytes;
        CloneArgsLayout.flags(b, 0, Clone.CLONE_VM);
        CloneArgsLayout.exitSignal(b, 0, Signals.SIGCHLD);
        CloneArgsLayout.pidfd(b, 0, 1);
        CloneArgsLayout.childTid(b, 0, 2);
        CloneArgsLayout.parentTid(b, 0, 3);
        CloneArgsLayout.stack(b, 0, 0x1000);
        CloneArgsLayout.stackSize(b, 0, 0x500);
        CloneArgsLayout.tls(b, 0, 4);
        assertEquals(CHILD, clone3(CloneArgsLayout.SIZE));
        assertEquals(new CloneRequest(Clone.CLONE_VM, Signals.SIGCHLD, 0x1500, 3, 2, 4, 1), request);
        assertEquals(CHILD, clone3(Clone.CLONE_ARGS_SIZE_VER0));
    }

    @Test
    void shouldMeasureTheArgumentsOfClone3() {
        assertEquals(-Errno.EINVAL, clone3(Clone.CLONE_ARGS_SIZE_VER0 - 1));
        assertEquals(-Errno.E2BIG, clone3(4097));
        assertEquals(CHILD, clone3(CloneArgsLayout.SIZE + 8), "nothing is in what is not known");
        caller.bytes[CloneArgsLayout.SIZE] = 1;
        assertEquals(-Errno.E2BIG, clone3(CloneArgsLayout.SIZE + 8));
        assertEquals(CHILD, clone3(CloneArgsLayout.SIZE));
        assertThrows(ErrnoException.class, () -> calls.clone3(t, arguments(8, CloneArgsLayout.SIZE)));
    }

    @Test
    void shouldRefuseWhatMakesNoSenseInClone3() {
        byte[] b = caller.bytes;
        for (long flags : new long[] {Clone.CLONE_DETACHED, Signals.SIGCHLD}) {
            CloneArgsLayout.flags(b, 0, flags);
            assertEquals(-Errno.EINVAL, clone3(CloneArgsLayout.SIZE));
        }
        for (long signal : new long[] {-1, 65}) {
            Arrays.fill(b, (byte) 0);
            CloneArgsLayout.exitSignal(b, 0, signal);
            assertEquals(-Errno.EINVAL, clone3(CloneArgsLayout.SIZE));
        }
        for (long flags : new long[] {Clone.CLONE_THREAD, Clone.CLONE_PARENT}) {
            CloneArgsLayout.flags(b, 0, flags);
            CloneArgsLayout.exitSignal(b, 0, Signals.SIGCHLD);
            assertEquals(-Errno.EINVAL, clone3(CloneArgsLayout.SIZE), "its own signal, with the parent's parent");
        }
        Arrays.fill(b, (byte) 0);
        CloneArgsLayout.stack(b, 0, 0x1000);
        assertEquals(-Errno.EINVAL, clone3(CloneArgsLayout.SIZE));
        Arrays.fill(b, (byte) 0);
        CloneArgsLayout.stackSize(b, 0, 0x1000);
        assertEquals(-Errno.EINVAL, clone3(CloneArgsLayout.SIZE));
        assertNull(request);
    }

    @Test
    void shouldLetNobodyChooseIds() {
        CloneArgsLayout.setTidSize(caller.bytes, 0, 1);
        assertEquals(-Errno.EINVAL, clone3(CloneArgsLayout.SIZE));
        caller.credentials = Credentials.ROOT.with(b -> b.effective = 0);
        assertEquals(-Errno.EPERM, clone3(CloneArgsLayout.SIZE));
    }

    // ---- wait

    @ParameterizedTest
    @CsvSource({"11, 1, 11", "-1, 0, 0", "0, 2, " + GROUP, "-9, 2, 9"})
    void shouldSayWhomWait4IsAbout(int pid, int type, int id) {
        assertEquals(CHILD, calls.wait4(t, arguments(pid, 0, Wait.WNOHANG)));
        assertEquals(type + " " + id + " " + (Wait.WNOHANG | Wait.WEXITED), waited);
    }

    @Test
    void shouldRefuseWhatWait4DoesNotKnow() {
        for (int option : new int[] {Wait.WEXITED, Wait.WNOWAIT, 0x40}) {
            assertEquals(-Errno.EINVAL, calls.wait4(t, arguments(-1, 0, option)));
        }
        assertEquals(-Errno.ESRCH, calls.wait4(t, arguments(Integer.MIN_VALUE)));
        assertNull(waited);
    }

    @Test
    void shouldTellStatusAndUse() {
        assertEquals(CHILD, calls.wait4(t, arguments(-1, BASE, 0, BASE + 64)));
        assertEquals(0x300, Bytes.getInt(caller.bytes, 0));
        assertEquals(2, Bytes.getLong(caller.bytes, 64 + RusageLayout.UTIME));
        assertEquals(3, Bytes.getLong(caller.bytes, 64 + RusageLayout.UTIME + 8));
        assertEquals(5 << 10, RusageLayout.maxrss(caller.bytes, 64));
        for (long nobody : new long[] {0, -Errno.ECHILD}) {
            found = nobody;
            caller.bytes[0] = 77;
            assertEquals(nobody, calls.wait4(t, arguments(-1, BASE, Wait.WNOHANG, BASE + 64)));
            assertEquals(77, caller.bytes[0], "left as it is");
        }
    }

    @ParameterizedTest
    @CsvSource({Wait.P_ALL + ", 99, 0", Wait.P_PID + ", 11, 11", Wait.P_PGID + ", 9, 9", Wait.P_PGID + ", 0, " + GROUP,
            Wait.P_PIDFD + ", 0, 0"})
    void shouldSayWhomWaitidIsAbout(int type, int id, int expected) {
        assertEquals(0, calls.waitid(t, arguments(type, id, 0, Wait.WEXITED)));
        assertEquals(type + " " + expected + " " + Wait.WEXITED, waited);
    }

    @ParameterizedTest
    @CsvSource({Wait.P_PID + ", 0", Wait.P_PID + ", -1", Wait.P_PGID + ", -1", Wait.P_PIDFD + ", -1", "4, 1", "-1, 1"})
    void shouldRefuseIdsOfNobody(int type, int id) {
        assertEquals(-Errno.EINVAL, calls.waitid(t, arguments(type, id, 0, Wait.WEXITED)));
        assertNull(waited);
    }

    @Test
    void shouldWaitForSomething() {
        for (int options : new int[] {0, Wait.WNOHANG, Wait.WNOWAIT, Wait.WEXITED | 0x10}) {
            assertEquals(-Errno.EINVAL, calls.waitid(t, arguments(Wait.P_ALL, 0, 0, options)));
        }
        for (int options : new int[] {Wait.WEXITED, Wait.WSTOPPED, Wait.WCONTINUED}) {
            assertEquals(0, calls.waitid(t, arguments(Wait.P_ALL, 0, 0, options | Wait.WNOHANG | Wait.WNOWAIT)));
        }
    }

    @Test
    void shouldTellWhatBecameOfAChild() {
        assertEquals(0, calls.waitid(t, arguments(Wait.P_ALL, 0, BASE, Wait.WEXITED, BASE + 256)));
        byte[] b = caller.bytes;
        assertEquals(Signals.SIGCHLD, SiginfoLayout.signo(b, 0));
        assertEquals(Signals.CLD_EXITED, SiginfoLayout.code(b, 0));
        assertEquals(CHILD, SiginfoLayout.pid(b, 0));
        assertEquals(1000, SiginfoLayout.uid(b, 0));
        assertEquals(3, SiginfoLayout.status(b, 0));
        assertEquals(5 << 10, RusageLayout.maxrss(b, 256));
        found = 0;
        assertEquals(0, calls.waitid(t, arguments(Wait.P_ALL, 0, BASE, Wait.WEXITED | Wait.WNOHANG)));
        assertEquals(0, SiginfoLayout.signo(b, 0), "waitid(2): nobody");
        assertEquals(0, SiginfoLayout.pid(b, 0));
    }

    // ---- groups and sessions

    @Test
    void shouldTellGroupsAndSessions() {
        caller.groups.put(CHILD, caller.group);
        for (int pid : new int[] {0, PID, CHILD}) {
            assertEquals(GROUP, calls.getpgid(t, pid));
            assertEquals(SESSION, calls.getsid(t, pid));
        }
        assertEquals(-Errno.ESRCH, calls.getpgid(t, 99));
        assertEquals(-Errno.ESRCH, calls.getsid(t, -1));
    }

    @Test
    void shouldSetAGroup() {
        caller.groups.put(CHILD, Caller.of(ThreadGroup.class, Map.of("pid", a -> CHILD,
                "setProcessGroup", a -> a[0] == caller.group ? (long) (int) a[1] : -1L)));
        assertEquals(CHILD, calls.setpgid(t, arguments(CHILD, 0)), "one of its own");
        assertEquals(GROUP, calls.setpgid(t, arguments(CHILD, GROUP)));
        assertEquals(-Errno.EINVAL, calls.setpgid(t, arguments(CHILD, -1)));
        assertEquals(-Errno.ESRCH, calls.setpgid(t, arguments(99, 0)));
        assertEquals(-Errno.ESRCH, calls.setpgid(t, arguments(-1, 0)));
    }

    // ---- the rest

    @Test
    void shouldTakeRobustListsOfOneSize() {
        long[] list = new long[1];
        caller.own.put("setRobustList", a -> list[0] = (long) a[0]);
        assertEquals(-Errno.EINVAL, calls.setRobustList(t, arguments(5, RobustListHeadLayout.SIZE - 1)));
        assertEquals(0, list[0]);
        assertEquals(0, calls.setRobustList(t, arguments(5, RobustListHeadLayout.SIZE)));
        assertEquals(5, list[0]);
        caller.own.put("robustList", a -> 5L);
        assertEquals(0, calls.getRobustList(t, arguments(0, BASE, BASE + 8)));
        assertEquals(5, Bytes.getLong(caller.bytes, 0));
        assertEquals(RobustListHeadLayout.SIZE, Bytes.getLong(caller.bytes, 8));
        assertEquals(-Errno.ESRCH, calls.getRobustList(t, arguments(99, BASE, BASE + 8)));
    }

    @Test
    void shouldUnshareOnlyWhatItKnows() {
        assertEquals(-Errno.EINVAL, calls.unshare(t, arguments(Clone.CLONE_VFORK)));
        assertEquals(0, calls.unshare(t, arguments(Clone.CLONE_THREAD | Clone.CLONE_VM)), "it is alone");
        caller.ofGroup.put("taskCount", a -> 2);
        assertEquals(-Errno.EINVAL, calls.unshare(t, arguments(Clone.CLONE_VM)));
        caller.credentials = Credentials.ROOT.with(b -> b.effective = 0);
        assertEquals(-Errno.EPERM, calls.unshare(t, arguments(Clone.CLONE_NEWUTS)));
    }

    @Test
    void shouldOpenPidfdsOfProcessesOnly() {
        caller.tasks.put(CHILD, t);
        assertEquals(-Errno.EINVAL, calls.pidfdOpen(t, arguments(0)));
        assertEquals(-Errno.EINVAL, calls.pidfdOpen(t, arguments(-1)));
        assertEquals(-Errno.EINVAL, calls.pidfdOpen(t, arguments(PID, Pidfd.PIDFD_NONBLOCK | 1)));
        assertEquals(-Errno.EINVAL, calls.pidfdOpen(t, arguments(CHILD)), "a thread");
        assertEquals(-Errno.ESRCH, calls.pidfdOpen(t, arguments(99)));
    }

    @Test
    void shouldTakeDescriptorsByPidfdsOnly() {
        boolean[] released = new boolean[1];
        caller.files.put(4, Caller.of(FileDescription.class, Map.of("operations", a -> null,
                "release", a -> released[0] = true)));
        assertEquals(-Errno.EINVAL, calls.pidfdGetfd(t, arguments(4, 0, 1)));
        assertEquals(-Errno.EBADF, calls.pidfdGetfd(t, arguments(5, 0, 0)));
        assertEquals(-Errno.EBADF, calls.pidfdGetfd(t, arguments(4, 0, 0)));
        assertEquals(true, released[0]);
    }
}
