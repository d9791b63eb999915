// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.task;

import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.CapDataLayout;
import org.jvisor.api.abi.CapHeaderLayout;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;

/** User and group ids and capabilities: credentials(7), capabilities(7). */
final class CredentialCalls {

    private static final int NGROUPS_MAX = 65536;
    private static final int UNCHANGED = -1;

    /** What the superuser's file system access rests on; goes and comes with the file system user id. */
    private static final long FS_CAPABILITIES = Capability.bit(Capability.CAP_CHOWN) | Capability.bit(Capability.CAP_DAC_OVERRIDE)
            | Capability.bit(Capability.CAP_DAC_READ_SEARCH) | Capability.bit(Capability.CAP_FOWNER)
            | Capability.bit(Capability.CAP_FSETID) | Capability.bit(Capability.CAP_LINUX_IMMUTABLE)
            | Capability.bit(Capability.CAP_MKNOD) | Capability.bit(Capability.CAP_MAC_OVERRIDE);

    long setuid(Task t, int uid) {
        Credentials c = t.credentials();
        if (uid == -1) {
            return -Errno.EINVAL;
        }
        if (c.has(Capability.CAP_SETUID)) {
            return setUids(t, uid, uid, uid);
        }
        return uid == c.uid() || uid == c.suid() ? setUids(t, UNCHANGED, uid, UNCHANGED) : -Errno.EPERM;
    }

    long setreuid(Task t, int ruid, int euid) {
        Credentials c = t.credentials();
        if (!c.has(Capability.CAP_SETUID)) {
            if (ruid != -1 && ruid != c.uid() && ruid != c.euid()
                    || euid != -1 && euid != c.uid() && euid != c.euid() && euid != c.suid()) {
                return -Errno.EPERM;
            }
        }
        int effective = euid == -1 ? c.euid() : euid;
        boolean saves = ruid != -1 || euid != -1 && euid != c.uid();
        return setUids(t, ruid, euid, saves ? effective : UNCHANGED);
    }

    long setresuid(Task t, int ruid, int euid, int suid) {
        Credentials c = t.credentials();
        if (!c.has(Capability.CAP_SETUID) && !(isMine(c, ruid) && isMine(c, euid) && isMine(c, suid))) {
            return -Errno.EPERM;
        }
        return setUids(t, ruid, euid, suid);
    }

    private static boolean isMine(Credentials c, int uid) {
        return uid == -1 || uid == c.uid() || uid == c.euid() || uid == c.suid();
    }

    /** Sets those that are not -1, and the file system user id to the effective one. */
    private static long setUids(Task t, int ruid, int euid, int suid) {
        Credentials old = t.credentials();
        Credentials fresh = old.with(b -> {
            if (ruid != UNCHANGED) {
                b.uid = ruid;
            }
            if (euid != UNCHANGED) {
                b.euid = euid;
            }
            if (suid != UNCHANGED) {
                b.suid = suid;
            }
            b.fsuid = b.euid;
            fixCapabilities(old, b);
        });
        if (fresh.euid() != old.euid() || fresh.fsuid() != old.fsuid()) {
            t.group().setDumpable(0);
            t.setParentDeathSignal(0);
        }
        t.setCredentials(fresh);
        return 0;
    }

    /** "Effect of user ID changes on capabilities" of capabilities(7). */
    private static void fixCapabilities(Credentials old, Credentials.Builder b) {
        if ((old.secureBits() & Capability.SECBIT_NO_SETUID_FIXUP) != 0) {
            return;
        }
        boolean hadRoot = old.uid() == 0 || old.euid() == 0 || old.suid() == 0;
        boolean hasRoot = b.uid == 0 || b.euid == 0 || b.suid == 0;
        if (hadRoot && !hasRoot) {
            if ((old.secureBits() & Capability.SECBIT_KEEP_CAPS) == 0) {
                b.permitted = 0;
                b.effective = 0;
            }
            b.ambient = 0;
        }
        if (old.euid() == 0 && b.euid != 0) {
            b.effective = 0;
        } else if (old.euid() != 0 && b.euid == 0) {
            b.effective = b.permitted;
        }
    }

    long setfsuid(Task t, int uid) {
        Credentials c = t.credentials();
        int old = c.fsuid();
        if (uid != -1 && (isMine(c, uid) || uid == old || c.has(Capability.CAP_SETUID))) {
            t.setCredentials(c.with(b -> {
                b.fsuid = uid;
                if ((c.secureBits() & Capability.SECBIT_NO_SETUID_FIXUP) == 0) {
                    if (old == 0 && uid != 0) {
                        b.effective &= ~FS_CAPABILITIES;
                    } else if (old != 0 && uid == 0) {
                        b.effective |= b.permitted & FS_CAPABILITIES;
                    }
                }
            }));
        }
        return old & 0xffffffffL;
    }

    long setgid(Task t, int gid) {
        Credentials c = t.credentials();
        if (gid == -1) {
            return -Errno.EINVAL;
        }
        if (c.has(Capability.CAP_SETGID)) {
            return setGids(t, gid, gid, gid);
        }
        return gid == c.gid() || gid == c.sgid() ? setGids(t, UNCHANGED, gid, UNCHANGED) : -Errno.EPERM;
    }

    long setregid(Task t, int rgid, int egid) {
        Credentials c = t.credentials();
        if (!c.has(Capability.CAP_SETGID)) {
            if (rgid != -1 && rgid != c.gid() && rgid != c.egid()
                    || egid != -1 && egid != c.gid() && egid != c.egid() && egid != c.sgid()) {
                return -Errno.EPERM;
            }
        }
        int effective = egid == -1 ? c.egid() : egid;
        boolean saves = rgid != -1 || egid != -1 && egid != c.gid();
        return setGids(t, rgid, egid, saves ? effective : UNCHANGED);
    }

    long setresgid(Task t, int rgid, int egid, int sgid) {
        Credentials c = t.credentials();
        if (!c.has(Capability.CAP_SETGID) && !(isMyGroup(c, rgid) && isMyGroup(c, egid) && isMyGroup(c, sgid))) {
            return -Errno.EPERM;
        }
        return setGids(t, rgid, egid, sgid);
    }

    private static boolean isMyGroup(Credentials c, int gid) {
        return gid == -1 || gid == c.gid() || gid == c.egid() || gid == c.sgid();
    }

    private static long setGids(Task t, int rgid, int egid, int sgid) {
        Credentials old = t.credentials();
        Credentials fresh = old.with(b -> {
            if (rgid != UNCHANGED) {
                b.gid = rgid;
            }
            if (egid != UNCHANGED) {
                b.egid = egid;
            }
            if (sgid != UNCHANGED) {
                b.sgid = sgid;
            }
            b.fsgid = b.egid;
        });
        if (fresh.egid() != old.egid() || fresh.fsgid() != old.fsgid()) {
            t.group().setDumpable(0);
            t.setParentDeathSignal(0);
        }
        t.setCredentials(fresh);
        return 0;
    }

    long setfsgid(Task t, int gid) {
        Credentials c = t.credentials();
        int old = c.fsgid();
        if (gid != -1 && (isMyGroup(c, gid) || gid == old || c.has(Capability.CAP_SETGID))) {
            t.setCredentials(c.with(b -> b.fsgid = gid));
        }
        return old & 0xffffffffL;
    }

    long getresuid(Task t, Arguments a) {
        Credentials c = t.credentials();
        t.memory().putInt(a.a0, c.uid());
        t.memory().putInt(a.a1, c.euid());
        t.memory().putInt(a.a2, c.suid());
        return 0;
    }

    long getresgid(Task t, Arguments a) {
        Credentials c = t.credentials();
        t.memory().putInt(a.a0, c.gid());
        t.memory().putInt(a.a1, c.egid());
        t.memory().putInt(a.a2, c.sgid());
        return 0;
    }

    long getgroups(Task t, Arguments a) {
        int[] groups = t.credentials().groups();
        int size = a.int0();
        if (size < 0) {
            return -Errno.EINVAL;
        }
        if (size != 0) {
            if (size < groups.length) {
                return -Errno.EINVAL;
            }
            for (int i = 0; i < groups.length; i++) {
                t.memory().putInt(a.a1 + 4L * i, groups[i]);
            }
        }
        return groups.length;
    }

    long setgroups(Task t, Arguments a) {
        if (!t.hasCapability(Capability.CAP_SETGID)) {
            return -Errno.EPERM;
        }
        int size = a.int0();
        if (size < 0 || size > NGROUPS_MAX) {
            return -Errno.EINVAL;
        }
        int[] groups = readGroups(t, a.a1, size);
        if (groups == null) {
            return -Errno.EINVAL;
        }
        t.setCredentials(t.credentials().with(b -> b.groups = groups));
        return 0;
    }

    /** Charged while it is read, which may wait for pages. Null: one of them is no group. */
    private static int[] readGroups(Task t, long address, int size) {
        int charged = Credentials.chargedGroups(size);
        t.cgroup().requireCharge(Charge.SUPPLEMENTARY_GROUP, charged);
        try {
            int[] groups = new int[size];
            for (int i = 0; i < size; i++) {
                groups[i] = t.memory().getInt(address + 4L * i);
                if (groups[i] == -1) {
                    return null;
                }
            }
            return groups;
        } finally {
            t.cgroup().uncharge(Charge.SUPPLEMENTARY_GROUP, charged);
        }
    }

    long capget(Task t, Arguments a) {
        byte[] b = t.scratch();
        int words = header(t, a.a0, b);
        if (words < 0) {
            return words;
        }
        if (words == 0) {
            return a.a1 == 0 ? 0 : -Errno.EINVAL;
        }
        int pid = CapHeaderLayout.pid(b, 0);
        if (pid < 0) {
            return -Errno.EINVAL;
        }
        if (a.a1 == 0) {
            return 0;
        }
        Task other = pid == 0 ? t : t.pidNamespace().task(pid);
        if (other == null) {
            return -Errno.ESRCH;
        }
        Credentials c = other.credentials();
        for (int i = 0; i < words; i++) {
            int off = i * CapDataLayout.SIZE;
            CapDataLayout.effective(b, off, (int) (c.effective() >>> 32 * i));
            CapDataLayout.permitted(b, off, (int) (c.permitted() >>> 32 * i));
            CapDataLayout.inheritable(b, off, (int) (c.inheritable() >>> 32 * i));
        }
        t.memory().copyOut(b, 0, words * CapDataLayout.SIZE, a.a1);
        return 0;
    }

    /** Copies the header in; 32-bit words of the version that it asks for, 0 (the preferred one written back), or an errno. */
    private static int header(Task t, long address, byte[] b) {
        t.memory().copyIn(address, b, 0, CapHeaderLayout.SIZE);
        switch (CapHeaderLayout.version(b, 0)) {
            case Capability._LINUX_CAPABILITY_VERSION_1 -> {
                return 1;
            }
            case Capability._LINUX_CAPABILITY_VERSION_2, Capability._LINUX_CAPABILITY_VERSION_3 -> {
                return 2;
            }
            default -> {
                t.memory().putInt(address, Capability._LINUX_CAPABILITY_VERSION_3);
                return 0;
            }
        }
    }

    long capset(Task t, Arguments a) {
        byte[] b = t.scratch();
        int words = header(t, a.a0, b);
        if (words <= 0) {
            return words < 0 ? words : -Errno.EINVAL;
        }
        int pid = CapHeaderLayout.pid(b, 0);
        if (pid != 0 && pid != t.tid()) {
            return -Errno.EPERM;
        }
        Bytes.zero(b, 0, 2 * CapDataLayout.SIZE);
        t.memory().copyIn(a.a1, b, 0, words * CapDataLayout.SIZE);
        long effective = 0;
        long permitted = 0;
        long inheritable = 0;
        for (int i = 0; i < words; i++) {
            int off = i * CapDataLayout.SIZE;
            effective |= (CapDataLayout.effective(b, off) & 0xffffffffL) << 32 * i;
            permitted |= (CapDataLayout.permitted(b, off) & 0xffffffffL) << 32 * i;
            inheritable |= (CapDataLayout.inheritable(b, off) & 0xffffffffL) << 32 * i;
        }
        long e = effective & Capability.ALL;
        long p = permitted & Capability.ALL;
        long i = inheritable & Capability.ALL;
        Credentials c = t.credentials();
        boolean addsInheritable = (i & ~(c.inheritable() | c.permitted())) != 0;
        if (addsInheritable && !c.has(Capability.CAP_SETPCAP) || (i & ~(c.inheritable() | c.bounding())) != 0
                || (p & ~c.permitted()) != 0 || (e & ~p) != 0) {
            return -Errno.EPERM;
        }
        t.setCredentials(c.with(builder -> {
            builder.effective = e;
            builder.permitted = p;
            builder.inheritable = i;
            builder.ambient &= p & i;
        }));
        return 0;
    }
}
