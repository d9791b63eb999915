// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** Flags of mount(2), umount2(2), the mount API of Linux 5.2, statfs(2) and quotas of superblocks. */
public final class Mount {
    // Flags of mount(2)
    public static final int MS_RDONLY = 0x1;
    public static final int MS_NOSUID = 0x2;
    public static final int MS_NODEV = 0x4;
    public static final int MS_NOEXEC = 0x8;
    public static final int MS_SYNCHRONOUS = 0x10;
    public static final int MS_REMOUNT = 0x20;
    public static final int MS_MANDLOCK = 0x40;
    public static final int MS_DIRSYNC = 0x80;
    public static final int MS_NOSYMFOLLOW = 0x100;
    public static final int MS_NOATIME = 0x400;
    public static final int MS_NODIRATIME = 0x800;
    public static final int MS_BIND = 0x1000;
    public static final int MS_MOVE = 0x2000;
    public static final int MS_REC = 0x4000;
    public static final int MS_SILENT = 0x8000;
    public static final int MS_POSIXACL = 0x10000;
    public static final int MS_UNBINDABLE = 0x20000;
    public static final int MS_PRIVATE = 0x40000;
    public static final int MS_SLAVE = 0x80000;
    public static final int MS_SHARED = 0x100000;
    public static final int MS_RELATIME = 0x200000;
    public static final int MS_KERNMOUNT = 0x400000;
    public static final int MS_I_VERSION = 0x800000;
    public static final int MS_STRICTATIME = 0x1000000;
    public static final int MS_LAZYTIME = 0x2000000;
    public static final int MS_MGC_VAL = 0xc0ed0000; // old callers put this in the upper half
    public static final int MS_MGC_MSK = 0xffff0000;

    // Flags of umount2(2)
    public static final int MNT_FORCE = 0x1;
    public static final int MNT_DETACH = 0x2;
    public static final int MNT_EXPIRE = 0x4;
    public static final int UMOUNT_NOFOLLOW = 0x8;

    // Mount API
    public static final int FSOPEN_CLOEXEC = 0x1;
    public static final int FSPICK_CLOEXEC = 0x1;
    public static final int FSPICK_SYMLINK_NOFOLLOW = 0x2;
    public static final int FSPICK_NO_AUTOMOUNT = 0x4;
    public static final int FSPICK_EMPTY_PATH = 0x8;
    public static final int FSMOUNT_CLOEXEC = 0x1;
    public static final int OPEN_TREE_CLONE = 0x1;
    public static final int OPEN_TREE_CLOEXEC = 0x80000;
    public static final int MOVE_MOUNT_F_SYMLINKS = 0x1;
    public static final int MOVE_MOUNT_F_AUTOMOUNTS = 0x2;
    public static final int MOVE_MOUNT_F_EMPTY_PATH = 0x4;
    public static final int MOVE_MOUNT_T_SYMLINKS = 0x10;
    public static final int MOVE_MOUNT_T_AUTOMOUNTS = 0x20;
    public static final int MOVE_MOUNT_T_EMPTY_PATH = 0x40;
    public static final int MOVE_MOUNT_SET_GROUP = 0x100;

    // Commands of fsconfig(2)
    public static final int FSCONFIG_SET_FLAG = 0;
    public static final int FSCONFIG_SET_STRING = 1;
    public static final int FSCONFIG_SET_BINARY = 2;
    public static final int FSCONFIG_SET_PATH = 3;
    public static final int FSCONFIG_SET_PATH_EMPTY = 4;
    public static final int FSCONFIG_SET_FD = 5;
    public static final int FSCONFIG_CMD_CREATE = 6;
    public static final int FSCONFIG_CMD_RECONFIGURE = 7;

    // Attributes of fsmount(2) and mount_setattr(2)
    public static final int MOUNT_ATTR_RDONLY = 0x1;
    public static final int MOUNT_ATTR_NOSUID = 0x2;
    public static final int MOUNT_ATTR_NODEV = 0x4;
    public static final int MOUNT_ATTR_NOEXEC = 0x8;
    public static final int MOUNT_ATTR__ATIME = 0x70;
    public static final int MOUNT_ATTR_RELATIME = 0x0;
    public static final int MOUNT_ATTR_NOATIME = 0x10;
    public static final int MOUNT_ATTR_STRICTATIME = 0x20;
    public static final int MOUNT_ATTR_NODIRATIME = 0x80;
    public static final int MOUNT_ATTR_IDMAP = 0x100000;
    public static final int MOUNT_ATTR_NOSYMFOLLOW = 0x200000;
    public static final int MOUNT_ATTR_SIZE_VER0 = 0x20;

    // f_flags of statfs(2)
    public static final int ST_RDONLY = 0x1;
    public static final int ST_NOSUID = 0x2;
    public static final int ST_NODEV = 0x4;
    public static final int ST_NOEXEC = 0x8;
    public static final int ST_SYNCHRONOUS = 0x10;
    public static final int ST_VALID = 0x20; // always set by the kernel
    public static final int ST_MANDLOCK = 0x40;
    public static final int ST_NOATIME = 0x400;
    public static final int ST_NODIRATIME = 0x800;
    public static final int ST_RELATIME = 0x1000;
    public static final int ST_NOSYMFOLLOW = 0x2000;

    private Mount() {
    }
}
