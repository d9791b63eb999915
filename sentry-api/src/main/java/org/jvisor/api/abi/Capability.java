// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

import java.util.Locale;

/** Capabilities, see capabilities(7). A set of them is a long: bit 0 is CAP_CHOWN. */
public final class Capability {
    // Capabilities
    public static final int CAP_CHOWN = 0;
    public static final int CAP_DAC_OVERRIDE = 1;
    public static final int CAP_DAC_READ_SEARCH = 2;
    public static final int CAP_FOWNER = 3;
    public static final int CAP_FSETID = 4;
    public static final int CAP_KILL = 5;
    public static final int CAP_SETGID = 6;
    public static final int CAP_SETUID = 7;
    public static final int CAP_SETPCAP = 8;
    public static final int CAP_LINUX_IMMUTABLE = 9;
    public static final int CAP_NET_BIND_SERVICE = 10;
    public static final int CAP_NET_BROADCAST = 11;
    public static final int CAP_NET_ADMIN = 12;
    public static final int CAP_NET_RAW = 13;
    public static final int CAP_IPC_LOCK = 14;
    public static final int CAP_IPC_OWNER = 15;
    public static final int CAP_SYS_MODULE = 16;
    public static final int CAP_SYS_RAWIO = 17;
    public static final int CAP_SYS_CHROOT = 18;
    public static final int CAP_SYS_PTRACE = 19;
    public static final int CAP_SYS_PACCT = 20;
    public static final int CAP_SYS_ADMIN = 21;
    public static final int CAP_SYS_BOOT = 22;
    public static final int CAP_SYS_NICE = 23;
    public static final int CAP_SYS_RESOURCE = 24;
    public static final int CAP_SYS_TIME = 25;
    public static final int CAP_SYS_TTY_CONFIG = 26;
    public static final int CAP_MKNOD = 27;
    public static final int CAP_LEASE = 28;
    public static final int CAP_AUDIT_WRITE = 29;
    public static final int CAP_AUDIT_CONTROL = 30;
    public static final int CAP_SETFCAP = 31;
    public static final int CAP_MAC_OVERRIDE = 32;
    public static final int CAP_MAC_ADMIN = 33;
    public static final int CAP_SYSLOG = 34;
    public static final int CAP_WAKE_ALARM = 35;
    public static final int CAP_BLOCK_SUSPEND = 36;
    public static final int CAP_AUDIT_READ = 37;
    public static final int CAP_PERFMON = 38;
    public static final int CAP_BPF = 39;
    public static final int CAP_CHECKPOINT_RESTORE = 40;
    public static final int CAP_LAST_CAP = 40;

    // Versions of struct __user_cap_header_struct
    public static final int _LINUX_CAPABILITY_VERSION_1 = 0x19980330;
    public static final int _LINUX_CAPABILITY_VERSION_2 = 0x20071026;
    public static final int _LINUX_CAPABILITY_VERSION_3 = 0x20080522;

    // File capabilities: the xattr security.capability
    public static final int VFS_CAP_REVISION_MASK = 0xff000000;
    public static final int VFS_CAP_REVISION_1 = 0x1000000;
    public static final int VFS_CAP_REVISION_2 = 0x2000000;
    public static final int VFS_CAP_REVISION_3 = 0x3000000;
    public static final int VFS_CAP_FLAGS_EFFECTIVE = 0x1;
    public static final int XATTR_CAPS_SZ_1 = 0xc;
    public static final int XATTR_CAPS_SZ_2 = 0x14;
    public static final int XATTR_CAPS_SZ_3 = 0x18;

    // Bits of PR_SET_SECUREBITS
    public static final int SECBIT_NOROOT = 0x1;
    public static final int SECBIT_NOROOT_LOCKED = 0x2;
    public static final int SECBIT_NO_SETUID_FIXUP = 0x4;
    public static final int SECBIT_NO_SETUID_FIXUP_LOCKED = 0x8;
    public static final int SECBIT_KEEP_CAPS = 0x10;
    public static final int SECBIT_KEEP_CAPS_LOCKED = 0x20;
    public static final int SECBIT_NO_CAP_AMBIENT_RAISE = 0x40;
    public static final int SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED = 0x80;

    /** The set of all capabilities. */
    public static final long ALL = (1L << CAP_LAST_CAP + 1) - 1;

    private static final String[] NAMES = ("CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP"
            + " LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER"
            + " SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE"
            + " SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP"
            + " MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF"
            + " CHECKPOINT_RESTORE").split(" ");

    public static boolean isValid(int cap) {
        return cap >= 0 && cap <= CAP_LAST_CAP;
    }

    /** The set that holds only this capability. Takes a valid capability. */
    public static long bit(int cap) {
        return 1L << cap;
    }

    public static boolean contains(long set, int cap) {
        return (set & bit(cap)) != 0;
    }

    /** Such as {@code "CAP_SYS_ADMIN"}; the number itself for one that has no name. */
    public static String name(int cap) {
        return isValid(cap) ? "CAP_" + NAMES[cap] : Integer.toString(cap);
    }

    /** The capability of this name, with or without {@code CAP_}, in either case; -1 if there is none. */
    public static int parse(String text) {
        String upper = text.toUpperCase(Locale.ROOT);
        String name = upper.startsWith("CAP_") ? upper.substring(4) : upper;
        for (int cap = 0; cap < NAMES.length; cap++) {
            if (NAMES[cap].equals(name)) {
                return cap;
            }
        }
        return -1;
    }

    private Capability() {
    }
}
