// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.jvisor.syscalls.task.Caller.BASE;
import static org.jvisor.syscalls.task.Caller.arguments;

import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Prctl;
import org.jvisor.api.kernel.Credentials;

/** prctl(2). */
class PrctlCallTest {

    private final Caller caller = new Caller();

    private long prctl(long... values) {
        return PrctlCall.prctl(caller.task, arguments(values));
    }

    private void withoutCapabilities() {
        caller.credentials = Credentials.ROOT.with(b -> b.effective = 0);
    }

    @Test
    void shouldKeepTheSignalOfAParentsDeath() {
        int[] signal = new int[1];
        caller.own.put("setParentDeathSignal", a -> {
            signal[0] = (int) a[0];
            return null;
        });
        caller.own.put("parentDeathSignal", a -> signal[0]);
        assertEquals(0, prctl(Prctl.PR_SET_PDEATHSIG, 64));
        assertEquals(0, prctl(Prctl.PR_GET_PDEATHSIG, BASE));
        assertEquals(64, Bytes.getInt(caller.bytes, 0));
        assertEquals(-Errno.EINVAL, prctl(Prctl.PR_SET_PDEATHSIG, 65));
        assertEquals(-Errno.EINVAL, prctl(Prctl.PR_SET_PDEATHSIG, -1));
        assertEquals(64, signal[0]);
    }

    @Test
    void shouldCutNames() {
        String[] name = new String[1];
        caller.own.put("setName", a -> {
            name[0] = (String) a[0];
            return null;
        });
        caller.own.put("name", a -> name[0]);
        Bytes.putString(caller.bytes, 0, 32, "a name that is too long");
        assertEquals(0, prctl(Prctl.PR_SET_NAME, BASE));
        assertEquals("a name that is ", name[0]);
        assertEquals(0, prctl(Prctl.PR_GET_NAME, BASE + 64));
        assertEquals("a name that is ", Bytes.getString(caller.bytes, 64, 15));
        assertEquals(0, caller.bytes[64 + 15]);
        assertEquals(0, prctl(Prctl.PR_SET_NAME, BASE + 15), "shorter, with its end");
        assertEquals("too long", name[0]);
    }

    @Test
    void shouldTakeOnlyTwoKindsOfDumpability() {
        int[] dumpable = {1};
        caller.ofGroup.put("dumpable", a -> dumpable[0]);
        caller.ofGroup.put("setDumpable", a -> dumpable[0] = (int) a[0]);
        assertEquals(0, prctl(Prctl.PR_SET_DUMPABLE, Prctl.SUID_DUMP_DISABLE));
        assertEquals(0, prctl(Prctl.PR_GET_DUMPABLE));
        assertEquals(-Errno.EINVAL, prctl(Prctl.PR_SET_DUMPABLE, 2));
        assertEquals(-Errno.EINVAL, prctl(Prctl.PR_SET_DUMPABLE, -1));
    }

    @Test
    void shouldNeverTakeBackNoNewPrivileges() {
        assertEquals(0, prctl(Prctl.PR_GET_NO_NEW_PRIVS));
        assertEquals(-Errno.EINVAL, prctl(Prctl.PR_SET_NO_NEW_PRIVS, 0));
        assertEquals(-Errno.EINVAL, prctl(Prctl.PR_SET_NO_NEW_PRIVS, 1, 1));
        assertEquals(0, prctl(Prctl.PR_SET_NO_NEW_PRIVS, 1));
        assertEquals(1, prctl(Prctl.PR_GET_NO_NEW_PRIVS));
        assertEquals(-Errno.EINVAL, prctl(Prctl.PR_GET_NO_NEW_PRIVS, 1));
        assertEquals(-Errno.EINVAL, prctl(Prctl.PR_SET_NO_NEW_PRIVS, 0));
        assertTrue(caller.credentials.noNewPrivileges());
    }

    @Test
    void shouldDropFromTheBoundingSet() {
        assertEquals(1, prctl(Prctl.PR_CAPBSET_READ, Capability.CAP_SYS_ADMIN));
        assertEquals(-Errno.EINVAL, prctl(Prctl.PR_CAPBSET_READ, Capability.CAP_LAST_CAP + 1));
        assertEquals(-Errno.EINVAL, prctl(Prctl.PR_CAPBSET_DROP, -1));
        assertEquals(0, prctl(Prctl.PR_CAPBSET_DROP, Capability.CAP_SYS_ADMIN));
        assertEquals(0, prctl(Prctl.PR_CAPBSET_READ, Capability.CAP_SYS_ADMIN));
        withoutCapabilities();
        assertEquals(-Errno.EPERM, prctl(Prctl.PR_CAPBSET_DROP, Capability.CAP_CHOWN));
    }

    @Test
    void shouldRaiseOnlyWhatIsPermittedAndInheritable() {
        long capability = Capability.CAP_CHOWN;
        caller.credentials = Credentials.ROOT.with(b -> b.inheritable = 0);
        assertEquals(-Errno.EPERM, prctl(Prctl.PR_CAP_AMBIENT, Prctl.PR_CAP_AMBIENT_RAISE, capability));
        caller.credentials = Credentials.ROOT.with(b -> b.inheritable = 1L << capability);
        assertEquals(0, prctl(Prctl.PR_CAP_AMBIENT, Prctl.PR_CAP_AMBIENT_IS_SET, capability));
        assertEquals(0, prctl(Prctl.PR_CAP_AMBIENT, Prctl.PR_CAP_AMBIENT_RAISE, capability));
        assertEquals(1, prctl(Prctl.PR_CAP_AMBIENT, Prctl.PR_CAP_AMBIENT_IS_SET, capability));
        assertEquals(0, prctl(Prctl.PR_CAP_AMBIENT, Prctl.PR_CAP_AMBIENT_LOWER, capability));
        assertEquals(0, prctl(Prctl.PR_CAP_AMBIENT, Prctl.PR_CAP_AMBIENT_IS_SET, capability));
        assertEquals(-Errno.EINVAL, prctl(Prctl.PR_CAP_AMBIENT, Prctl.PR_CAP_AMBIENT_RAISE, Capability.CAP_LAST_CAP + 1));
        assertEquals(-Errno.EINVAL, prctl(Prctl.PR_CAP_AMBIENT, Prctl.PR_CAP_AMBIENT_RAISE, capability, 1));
        assertEquals(-Errno.EINVAL, prctl(Prctl.PR_CAP_AMBIENT, Prctl.PR_CAP_AMBIENT_CLEAR_ALL, 1));
        assertEquals(-Errno.EINVAL, prctl(Prctl.PR_CAP_AMBIENT, 99, capability));
        caller.credentials = caller.credentials.with(b -> b.secureBits = Capability.SECBIT_NO_CAP_AMBIENT_RAISE);
        assertEquals(-Errno.EPERM, prctl(Prctl.PR_CAP_AMBIENT, Prctl.PR_CAP_AMBIENT_RAISE, capability));
    }

    @Test
    void shouldLockSecureBits() {
        assertEquals(0, prctl(Prctl.PR_SET_SECUREBITS, Capability.SECBIT_KEEP_CAPS));
        assertEquals(1, prctl(Prctl.PR_GET_KEEPCAPS));
        assertEquals(0, prctl(Prctl.PR_SET_KEEPCAPS, 0));
        assertEquals(-Errno.EINVAL, prctl(Prctl.PR_SET_KEEPCAPS, 2));
        assertEquals(0, prctl(Prctl.PR_SET_SECUREBITS, Capability.SECBIT_KEEP_CAPS_LOCKED));
        assertEquals(-Errno.EPERM, prctl(Prctl.PR_SET_KEEPCAPS, 1));
        assertEquals(-Errno.EPERM, prctl(Prctl.PR_SET_SECUREBITS, 0));
        assertEquals(-Errno.EPERM, prctl(Prctl.PR_SET_SECUREBITS, Capability.SECBIT_KEEP_CAPS_LOCKED | Capability.SECBIT_KEEP_CAPS));
        assertEquals(-Errno.EPERM, prctl(Prctl.PR_SET_SECUREBITS, Capability.SECBIT_KEEP_CAPS_LOCKED | 0x100));
        assertEquals(Capability.SECBIT_KEEP_CAPS_LOCKED, prctl(Prctl.PR_GET_SECUREBITS));
        assertFalse((caller.credentials.secureBits() & Capability.SECBIT_KEEP_CAPS) != 0);
    }

    @Test
    void shouldRefuseWhatItDoesNotKnow() {
        assertEquals(-Errno.EINVAL, prctl(12345));
        assertEquals(-Errno.EINVAL, prctl(-1));
        assertEquals(-Errno.EINVAL, prctl(Prctl.PR_SET_TSC, 7));
        assertEquals(-Errno.EINVAL, prctl(Prctl.PR_GET_THP_DISABLE, 1));
        withoutCapabilities();
        assertEquals(-Errno.EPERM, prctl(Prctl.PR_SET_MM, Prctl.PR_SET_MM_START_CODE, BASE));
    }
}
