// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;

class NumbersTest {
    private static final Set<String> ERRNO_ALIASES = Set.of("EWOULDBLOCK", "EDEADLOCK", "ENOTSUP", "MAX_ERRNO");

    @Test
    void shouldNameEveryErrno() throws IllegalAccessException {
        for (Field field : Errno.class.getFields()) {
            if (!ERRNO_ALIASES.contains(field.getName())) {
                assertEquals(field.getName(), Errno.name(field.getInt(null)));
                assertFalse(Errno.describe(field.getInt(null)).startsWith("Unknown"), field.getName());
            }
        }
        assertEquals(133, Errno.EHWPOISON);
        assertEquals("No such file or directory", Errno.describe(Errno.ENOENT));
        assertEquals("41", Errno.name(41));
        assertEquals("-1", Errno.name(-1));
        assertEquals("Unknown error 9999", Errno.describe(9999));
    }

    @Test
    void shouldTellErrorsFromResults() {
        assertTrue(Errno.isError(-1));
        assertTrue(Errno.isError(-4095));
        assertFalse(Errno.isError(-4096));
        assertFalse(Errno.isError(0));
        assertEquals(7, ErrnoException.check(7));
        ErrnoException thrown = assertThrows(ErrnoException.class, () -> ErrnoException.check(-Errno.EIO));
        assertSame(ErrnoException.of(Errno.EIO), thrown);
        assertEquals(Errno.EIO, thrown.errno());
        assertEquals("EIO: Input/output error", thrown.getMessage());
        assertEquals(0, thrown.getStackTrace().length);
    }

    @Test
    void shouldNameEverySystemCall() throws IllegalAccessException {
        for (Field field : SyscallNr.class.getFields()) {
            int nr = field.getInt(null);
            if (!field.getName().equals("MAX")) {
                String name = SyscallNr.name(nr);
                assertEquals(field.getName(), name.replaceFirst("^_", "").toUpperCase(Locale.ROOT));
                assertEquals(nr, SyscallNr.byName(name));
            }
        }
        assertEquals("openat", SyscallNr.name(257));
        assertEquals("futex_waitv", SyscallNr.name(449));
        assertEquals("removexattrat", SyscallNr.name(SyscallNr.MAX));
        assertEquals("syscall_400", SyscallNr.name(400));
        assertEquals("syscall_-1", SyscallNr.name(-1));
        assertEquals(-1, SyscallNr.byName("nonesuch"));
    }

    @Test
    void shouldNameAndParseSignals() {
        assertEquals("SIGHUP", Signals.name(1));
        assertEquals("SIGCHLD", Signals.name(17));
        assertEquals("SIGSYS", Signals.name(31));
        assertEquals("SIGRTMIN", Signals.name(32));
        assertEquals("SIGRTMIN+32", Signals.name(64));
        assertEquals("0", Signals.name(0));
        assertEquals("65", Signals.name(65));
        for (int sig = 1; sig <= Signals.NSIG; sig++) {
            assertEquals(sig, Signals.parse(Signals.name(sig)));
        }
        assertEquals(Signals.SIGTERM, Signals.parse("term"));
        assertEquals(Signals.SIGKILL, Signals.parse("9"));
        assertEquals(-1, Signals.parse("0"));
        assertEquals(-1, Signals.parse("SIGNONE"));
        assertEquals(-1, Signals.parse(""));
    }

    @Test
    void shouldKeepSignalSets() {
        assertEquals(1, Signals.bit(Signals.SIGHUP));
        assertEquals(Long.MIN_VALUE, Signals.bit(64));
        long set = Signals.bit(Signals.SIGUSR1) | Signals.bit(40);
        assertEquals(Signals.SIGUSR1, Signals.lowest(set));
        assertEquals(0, Signals.lowest(0));
        assertTrue(Signals.contains(set, 40));
        assertFalse(Signals.contains(set, 41));
        assertEquals(1L << 8 | 1L << 18, Signals.UNBLOCKABLE);
    }

    @Test
    void shouldEncodeWaitStatusesAsWaitpidDoes() {
        assertEquals(0x0300, Wait.exited(3));
        assertEquals(0xff00, Wait.exited(-1));
        assertEquals(0x008b, Wait.signaled(Signals.SIGSEGV, true));
        assertEquals(0x137f, Wait.stopped(Signals.SIGSTOP));
        assertTrue(Wait.isExited(Wait.exited(3)));
        assertTrue(Wait.isSignaled(Wait.signaled(9, false)));
        assertTrue(Wait.isStopped(Wait.stopped(19)));
        assertFalse(Wait.isSignaled(Wait.stopped(19)));
        assertTrue(Wait.isContinued(Wait.CONTINUED));
        assertEquals(3, Wait.exitCode(Wait.exited(3)));
        assertEquals(Signals.SIGSEGV, Wait.termSignal(Wait.signaled(Signals.SIGSEGV, true)));
        int clone = Wait.stopped(Signals.SIGTRAP | Ptrace.PTRACE_EVENT_CLONE << 8);
        assertEquals(Ptrace.PTRACE_EVENT_CLONE, Wait.ptraceEvent(clone));
        assertEquals(Signals.SIGTRAP, Wait.stopSignal(clone));
    }

    @Test
    void shouldPackDeviceNumbersAsMakedevDoes() {
        assertEquals(0x801, Mode.makeDev(8, 1));
        assertEquals(0x103L, Mode.makeDev(1, 3));
        assertEquals(0x123459abcde678f0L, Mode.makeDev(0x12345678, 0x9abcdef0));
        assertEquals(0x12345678, Mode.major(Mode.makeDev(0x12345678, 0x9abcdef0)));
        assertEquals(0x9abcdef0, Mode.minor(Mode.makeDev(0x12345678, 0x9abcdef0)));
        assertEquals(Mode.DT_LNK, Mode.direntType(Mode.S_IFLNK | 0777));
        assertTrue(Mode.isDir(Mode.S_IFDIR | 0755));
        assertFalse(Mode.isDir(Mode.S_IFBLK));
    }

    @Test
    void shouldNameAndParseCapabilitiesAndLimits() {
        for (int cap = 0; cap <= Capability.CAP_LAST_CAP; cap++) {
            assertEquals(cap, Capability.parse(Capability.name(cap)));
        }
        assertEquals("CAP_SYS_ADMIN", Capability.name(21));
        assertEquals(Capability.CAP_CHECKPOINT_RESTORE, Capability.parse("checkpoint_restore"));
        assertEquals(-1, Capability.parse("CAP_NONE"));
        assertEquals(0x1ff_ffff_ffffL, Capability.ALL);
        for (int resource = 0; resource < Rlimit.RLIM_NLIMITS; resource++) {
            assertEquals(resource, Rlimit.parse(Rlimit.name(resource)));
        }
        assertEquals(Rlimit.RLIMIT_NOFILE, Rlimit.parse("RLIMIT_NOFILE"));
        assertEquals(-1L, Rlimit.RLIM_INFINITY);
    }

    @Test
    void shouldDifferFromLibcWhereTheKernelDoes() {
        assertEquals(0100000, Open.O_LARGEFILE);
        assertEquals(19, Termios.NCCS);
        assertEquals(32, Signals.SIGRTMIN);
        assertNotEquals(0, Clone.CLONE_CLEAR_SIGHAND);
        assertTrue(Clone.CLONE_IO > 0, "does not spread into the upper half of clone3 flags");
    }
}
