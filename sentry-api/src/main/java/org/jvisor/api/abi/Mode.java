// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** File types and permission bits of inode(7), and the d_type values of getdents64(2). */
public final class Mode {
    // File type
    public static final int S_IFMT = 0170000;
    public static final int S_IFSOCK = 0140000;
    public static final int S_IFLNK = 0120000;
    public static final int S_IFREG = 0100000;
    public static final int S_IFBLK = 060000;
    public static final int S_IFDIR = 040000;
    public static final int S_IFCHR = 020000;
    public static final int S_IFIFO = 010000;

    // Permissions
    public static final int S_ISUID = 04000;
    public static final int S_ISGID = 02000;
    public static final int S_ISVTX = 01000;
    public static final int S_IRWXU = 0700;
    public static final int S_IRUSR = 0400;
    public static final int S_IWUSR = 0200;
    public static final int S_IXUSR = 0100;
    public static final int S_IRWXG = 070;
    public static final int S_IRGRP = 040;
    public static final int S_IWGRP = 020;
    public static final int S_IXGRP = 010;
    public static final int S_IRWXO = 07;
    public static final int S_IROTH = 04;
    public static final int S_IWOTH = 02;
    public static final int S_IXOTH = 01;
    public static final int PERMISSIONS = 07777; // what chmod(2) can set
    public static final int S_IRWXUGO = 0777;
    public static final int S_IXUGO = 0111;

    // Types in directory entries
    public static final int DT_UNKNOWN = 0;
    public static final int DT_FIFO = 1;
    public static final int DT_CHR = 2;
    public static final int DT_DIR = 4;
    public static final int DT_BLK = 6;
    public static final int DT_REG = 8;
    public static final int DT_LNK = 10;
    public static final int DT_SOCK = 12;
    public static final int DT_WHT = 14;

    public static int type(int mode) {
        return mode & S_IFMT;
    }

    public static boolean isDir(int mode) {
        return type(mode) == S_IFDIR;
    }

    public static boolean isRegular(int mode) {
        return type(mode) == S_IFREG;
    }

    public static boolean isSymlink(int mode) {
        return type(mode) == S_IFLNK;
    }

    public static boolean isCharDevice(int mode) {
        return type(mode) == S_IFCHR;
    }

    public static boolean isBlockDevice(int mode) {
        return type(mode) == S_IFBLK;
    }

    public static boolean isFifo(int mode) {
        return type(mode) == S_IFIFO;
    }

    public static boolean isSocket(int mode) {
        return type(mode) == S_IFSOCK;
    }

    /** The {@code DT_*} value of a file with this mode. */
    public static int direntType(int mode) {
        return type(mode) >>> 12;
    }

    /** The device number of stat(2) from its parts, in the 64-bit form glibc's makedev(3) uses. */
    public static long makeDev(int major, int minor) {
        return (major & 0xffff_f000L) << 32 | (major & 0xfffL) << 8 | (minor & 0xffff_ff00L) << 12 | minor & 0xffL;
    }

    public static int major(long dev) {
        return (int) (dev >>> 32 & 0xffff_f000L | dev >>> 8 & 0xfffL);
    }

    public static int minor(long dev) {
        return (int) (dev >>> 12 & 0xffff_ff00L | dev & 0xffL);
    }

    private Mode() {
    }
}
