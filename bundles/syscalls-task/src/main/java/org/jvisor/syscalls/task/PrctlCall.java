// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.task;

import org.jvisor.api.abi.ArchPrctl;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Prctl;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.platform.Registers;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.vfs.FileDescription;

/** prctl(2) and arch_prctl(2). */
final class PrctlCall {

    private static final long DEFAULT_TIMER_SLACK_NS = 50_000;

    /** Above the user's half of the address space (what TASK_SIZE_MAX is on x86-64). */
    private static final long TASK_SIZE_MAX = 0x7ffffffff000L;

    private PrctlCall() {
    }

    static long prctl(Task t, Arguments a) {
        Credentials c = t.credentials();
        switch (a.int0()) {
            case Prctl.PR_SET_PDEATHSIG -> {
                if (Long.compareUnsigned(a.a1, 64) > 0) {
                    return -Errno.EINVAL;
                }
                t.setParentDeathSignal((int) a.a1);
                return 0;
            }
            case Prctl.PR_GET_PDEATHSIG -> {
                t.memory().putInt(a.a1, t.parentDeathSignal());
                return 0;
            }
            case Prctl.PR_GET_DUMPABLE -> {
                return t.group().dumpable();
            }
            case Prctl.PR_SET_DUMPABLE -> {
                if (a.a1 != Prctl.SUID_DUMP_DISABLE && a.a1 != Prctl.SUID_DUMP_USER) {
                    return -Errno.EINVAL;
                }
                t.group().setDumpable((int) a.a1);
                return 0;
            }
            case Prctl.PR_SET_NAME -> {
                t.setName(name(t, a.a1));
                return 0;
            }
            case Prctl.PR_GET_NAME -> {
                byte[] b = t.scratch();
                Bytes.putString(b, 0, Prctl.TASK_COMM_LEN, t.name());
                t.memory().copyOut(b, 0, Prctl.TASK_COMM_LEN, a.a1);
                return 0;
            }
            case Prctl.PR_GET_KEEPCAPS -> {
                return (c.secureBits() & Capability.SECBIT_KEEP_CAPS) != 0 ? 1 : 0;
            }
            case Prctl.PR_SET_KEEPCAPS -> {
                if (a.a1 != 0 && a.a1 != 1) {
                    return -Errno.EINVAL;
                }
                if ((c.secureBits() & Capability.SECBIT_KEEP_CAPS_LOCKED) != 0) {
                    return -Errno.EPERM;
                }
                boolean on = a.a1 == 1;
                t.setCredentials(c.with(b -> b.secureBits = on ? b.secureBits | Capability.SECBIT_KEEP_CAPS
                        : b.secureBits & ~Capability.SECBIT_KEEP_CAPS));
                return 0;
            }
            case Prctl.PR_CAPBSET_READ -> {
                return isCapability(a.a1) ? c.bounding() >>> a.a1 & 1 : -Errno.EINVAL;
            }
            case Prctl.PR_CAPBSET_DROP -> {
                if (!c.has(Capability.CAP_SETPCAP)) {
                    return -Errno.EPERM;
                }
                if (!isCapability(a.a1)) {
                    return -Errno.EINVAL;
                }
                long bit = 1L << a.a1;
                t.setCredentials(c.with(b -> b.bounding &= ~bit));
                return 0;
            }
            case Prctl.PR_CAP_AMBIENT -> {
                return ambient(t, c, a);
            }
            case Prctl.PR_GET_SECUREBITS -> {
                return c.secureBits();
            }
            case Prctl.PR_SET_SECUREBITS -> {
                return setSecureBits(t, c, a.a1);
            }
            case Prctl.PR_SET_NO_NEW_PRIVS -> {
                if (a.a1 != 1 || a.a2 != 0 || a.a3 != 0 || a.a4 != 0) {
                    return -Errno.EINVAL;
                }
                t.setCredentials(c.with(b -> b.noNewPrivileges = true));
                return 0;
            }
            case Prctl.PR_GET_NO_NEW_PRIVS -> {
                return (a.a1 | a.a2 | a.a3 | a.a4) != 0 ? -Errno.EINVAL : c.noNewPrivileges() ? 1 : 0;
            }
            case Prctl.PR_SET_CHILD_SUBREAPER -> {
                t.group().setChildSubreaper(a.a1 != 0);
                return 0;
            }
            case Prctl.PR_GET_CHILD_SUBREAPER -> {
                t.memory().putInt(a.a1, t.group().childSubreaper() ? 1 : 0);
                return 0;
            }
            case Prctl.PR_GET_TIMERSLACK -> {
                return t.scheduling().timerSlackNs;
            }
            case Prctl.PR_SET_TIMERSLACK -> {
                t.scheduling().timerSlackNs = a.a1 <= 0 ? DEFAULT_TIMER_SLACK_NS : a.a1;
                return 0;
            }
            case Prctl.PR_GET_TID_ADDRESS -> {
                // Only kernels that are made for checkpoint and restore know it.
                return -Errno.EINVAL;
            }
            case Prctl.PR_GET_SECCOMP -> {
                return 0;
            }
            case Prctl.PR_GET_TSC -> {
                t.memory().putInt(a.a1, Prctl.PR_TSC_ENABLE);
                return 0;
            }
            case Prctl.PR_SET_TSC -> {
                return a.a1 == Prctl.PR_TSC_ENABLE ? 0 : -Errno.EINVAL;
            }
            case Prctl.PR_GET_THP_DISABLE -> {
                return (a.a1 | a.a2 | a.a3 | a.a4) != 0 ? -Errno.EINVAL : 0;
            }
            case Prctl.PR_SET_THP_DISABLE -> {
                return (a.a2 | a.a3 | a.a4) != 0 ? -Errno.EINVAL : 0;
            }
            case Prctl.PR_GET_TIMING -> {
                return 0;
            }
            case Prctl.PR_SET_TIMING -> {
                return a.a1 == 0 ? 0 : -Errno.EINVAL;
            }
            case Prctl.PR_MCE_KILL_GET -> {
                return (a.a1 | a.a2 | a.a3 | a.a4) != 0 ? -Errno.EINVAL : 2;
            }
            case Prctl.PR_SET_VMA -> {
                // Kernels without CONFIG_ANON_VMA_NAME answer so, and allocators take it in their stride.
                return -Errno.EINVAL;
            }
            case Prctl.PR_SET_PTRACER -> {
                return a.a1 == 0 || a.a1 == Prctl.PR_SET_PTRACER_ANY || t.pidNamespace().task((int) a.a1) != null ? 0 : -Errno.EINVAL;
            }
            case Prctl.PR_SET_MM -> {
                return setMm(t, a);
            }
            default -> {
                return -Errno.EINVAL;
            }
        }
    }

    private static boolean isCapability(long value) {
        return value >= 0 && value <= Capability.CAP_LAST_CAP;
    }

    /** Up to 15 bytes and a NUL, which need not be there. */
    private static String name(Task t, long address) {
        byte[] b = t.scratch();
        int length = 0;
        while (length < Prctl.TASK_COMM_LEN - 1 && (b[length] = t.memory().getByte(address + length)) != 0) {
            length++;
        }
        return Bytes.getString(b, 0, length);
    }

    private static long ambient(Task t, Credentials c, Arguments a) {
        if (a.a1 == Prctl.PR_CAP_AMBIENT_CLEAR_ALL) {
            if ((a.a2 | a.a3 | a.a4) != 0) {
                return -Errno.EINVAL;
            }
            t.setCredentials(c.with(b -> b.ambient = 0));
            return 0;
        }
        if ((a.a3 | a.a4) != 0 || !isCapability(a.a2)) {
            return -Errno.EINVAL;
        }
        long bit = 1L << a.a2;
        switch ((int) a.a1) {
            case Prctl.PR_CAP_AMBIENT_IS_SET -> {
                return (c.ambient() & bit) != 0 ? 1 : 0;
            }
            case Prctl.PR_CAP_AMBIENT_RAISE -> {
                if ((c.permitted() & c.inheritable() & bit) == 0
                        || (c.secureBits() & Capability.SECBIT_NO_CAP_AMBIENT_RAISE) != 0) {
                    return -Errno.EPERM;
                }
                t.setCredentials(c.with(b -> b.ambient |= bit));
                return 0;
            }
            case Prctl.PR_CAP_AMBIENT_LOWER -> {
                t.setCredentials(c.with(b -> b.ambient &= ~bit));
                return 0;
            }
            default -> {
                return -Errno.EINVAL;
            }
        }
    }

    /** A locked bit stays as it is, and so does its lock. */
    private static long setSecureBits(Task t, Credentials c, long bits) {
        int all = 0xff;
        int locks = 0xaa;
        int old = c.secureBits();
        if (!c.has(Capability.CAP_SETPCAP) || (bits & ~all) != 0 || (old & locks & ~bits) != 0
                || ((old & locks) >> 1 & (old ^ bits)) != 0) {
            return -Errno.EPERM;
        }
        t.setCredentials(c.with(b -> b.secureBits = (int) bits));
        return 0;
    }

    /** PR_SET_MM: where the parts of the program lie, and which file it is; CAP_SYS_RESOURCE. */
    private static long setMm(Task t, Arguments a) {
        if (!t.hasCapability(Capability.CAP_SYS_RESOURCE)) {
            return -Errno.EPERM;
        }
        MemoryManager mm = t.mm();
        MemoryManager.Layout layout = mm.layout();
        if ((int) a.a1 == Prctl.PR_SET_MM_EXE_FILE) {
            FileDescription file = t.files().acquire((int) a.a2);
            if (file == null) {
                return -Errno.EBADF;
            }
            try {
                if (!Mode.isRegular(file.inode().mode())) {
                    return -Errno.EACCES;
                }
                mm.setExecutable(file.path());
                return 0;
            } finally {
                file.release(t);
            }
        }
        if (Long.compareUnsigned(a.a2, TASK_SIZE_MAX) >= 0) {
            return -Errno.EINVAL;
        }
        switch ((int) a.a1) {
            case Prctl.PR_SET_MM_START_CODE -> layout.startCode = a.a2;
            case Prctl.PR_SET_MM_END_CODE -> layout.endCode = a.a2;
            case Prctl.PR_SET_MM_START_DATA -> layout.startData = a.a2;
            case Prctl.PR_SET_MM_END_DATA -> layout.endData = a.a2;
            case Prctl.PR_SET_MM_START_STACK -> layout.startStack = a.a2;
            case Prctl.PR_SET_MM_ARG_START -> layout.argStart = a.a2;
            case Prctl.PR_SET_MM_ARG_END -> layout.argEnd = a.a2;
            case Prctl.PR_SET_MM_ENV_START -> layout.envStart = a.a2;
            case Prctl.PR_SET_MM_ENV_END -> layout.envEnd = a.a2;
            default -> {
                return -Errno.EINVAL;
            }
        }
        return 0;
    }

    static long archPrctl(Task t, Arguments a) {
        switch (a.int0()) {
            case ArchPrctl.ARCH_SET_FS -> {
                return setBase(t, Registers.FS_BASE, a.a1);
            }
            case ArchPrctl.ARCH_SET_GS -> {
                return setBase(t, Registers.GS_BASE, a.a1);
            }
            case ArchPrctl.ARCH_GET_FS -> {
                t.memory().putLong(a.a1, t.registers().get(Registers.FS_BASE));
                return 0;
            }
            case ArchPrctl.ARCH_GET_GS -> {
                t.memory().putLong(a.a1, t.registers().get(Registers.GS_BASE));
                return 0;
            }
            case ArchPrctl.ARCH_GET_CPUID -> {
                return 1;
            }
            default -> {
                return -Errno.EINVAL;
            }
        }
    }

    private static long setBase(Task t, int register, long address) {
        if (Long.compareUnsigned(address, TASK_SIZE_MAX) >= 0) {
            return -Errno.EPERM;
        }
        t.registers().set(register, address);
        return 0;
    }
}
