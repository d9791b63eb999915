// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.p9;

/** Numbers of 9P2000.L and of its dialect 9P2000.L.jvisor. A reply's type is its request's plus one. */
public final class P9 {
    public static final String VERSION = "9P2000.L";
    public static final String VERSION_JVISOR = "9P2000.L.jvisor";
    /** What a server answers to a version that it does not know. */
    public static final String VERSION_UNKNOWN = "unknown";

    // Message types of 9P2000.L
    public static final int RLERROR = 7;
    public static final int TSTATFS = 8;
    public static final int TLOPEN = 12;
    public static final int TLCREATE = 14;
    public static final int TSYMLINK = 16;
    public static final int TMKNOD = 18;
    public static final int TRENAME = 20;
    public static final int TREADLINK = 22;
    public static final int TGETATTR = 24;
    public static final int TSETATTR = 26;
    public static final int TXATTRWALK = 30;
    public static final int TXATTRCREATE = 32;
    public static final int TREADDIR = 40;
    public static final int TFSYNC = 50;
    public static final int TLOCK = 52;
    public static final int TGETLOCK = 54;
    public static final int TLINK = 70;
    public static final int TMKDIR = 72;
    public static final int TRENAMEAT = 74;
    public static final int TUNLINKAT = 76;
    public static final int TVERSION = 100;
    public static final int TAUTH = 102;
    public static final int TATTACH = 104;
    public static final int TFLUSH = 108;
    public static final int TWALK = 110;
    public static final int TREAD = 116;
    public static final int TWRITE = 118;
    public static final int TCLUNK = 120;
    public static final int TREMOVE = 122;

    // Message types of 9P2000.L.jvisor
    public static final int TWALKATTR = 200;
    public static final int TREADDIRATTR = 202;
    public static final int TOPENFD = 204;
    public static final int TCREATEFD = 206;
    public static final int TMAKE = 208;
    public static final int TRENAMEAT2 = 210;
    public static final int TCLUNKMANY = 212;
    public static final int TGETXATTR = 214;
    public static final int TSETXATTR = 216;
    public static final int TREMOVEXATTR = 218;
    public static final int TSETATTRGET = 220;

    /** Tag of Tversion. */
    public static final int NOTAG = 0xffff;
    /** No fid. */
    public static final int NOFID = 0xffff_ffff;
    /** No numeric user in Tauth and Tattach. */
    public static final int NONUNAME = 0xffff_ffff;
    /** Names in one Twalk or Twalkattr. */
    public static final int MAX_WALK = 16;

    // Types of a qid
    public static final int QTDIR = 0x80;
    public static final int QTAPPEND = 0x40;
    public static final int QTEXCL = 0x20;
    public static final int QTSYMLINK = 0x02;
    public static final int QTFILE = 0x00;

    // Tgetattr's request_mask and Rgetattr's valid
    public static final long GETATTR_MODE = 0x1;
    public static final long GETATTR_NLINK = 0x2;
    public static final long GETATTR_UID = 0x4;
    public static final long GETATTR_GID = 0x8;
    public static final long GETATTR_RDEV = 0x10;
    public static final long GETATTR_ATIME = 0x20;
    public static final long GETATTR_MTIME = 0x40;
    public static final long GETATTR_CTIME = 0x80;
    public static final long GETATTR_INO = 0x100;
    public static final long GETATTR_SIZE = 0x200;
    public static final long GETATTR_BLOCKS = 0x400;
    /** All of the above. */
    public static final long GETATTR_BASIC = 0x7ff;
    public static final long GETATTR_BTIME = 0x800;

    // Tsetattr's valid
    public static final int SETATTR_MODE = 0x1;
    public static final int SETATTR_UID = 0x2;
    public static final int SETATTR_GID = 0x4;
    public static final int SETATTR_SIZE = 0x8;
    public static final int SETATTR_ATIME = 0x10;
    public static final int SETATTR_MTIME = 0x20;
    public static final int SETATTR_CTIME = 0x40;
    /** With SETATTR_ATIME: the time in the message, not the server's. */
    public static final int SETATTR_ATIME_SET = 0x80;
    public static final int SETATTR_MTIME_SET = 0x100;

    // Tlock and Tgetlock
    public static final int LOCK_TYPE_RDLCK = 0;
    public static final int LOCK_TYPE_WRLCK = 1;
    public static final int LOCK_TYPE_UNLCK = 2;
    public static final int LOCK_SUCCESS = 0;
    public static final int LOCK_BLOCKED = 1;
    public static final int LOCK_ERROR = 2;
    public static final int LOCK_GRACE = 3;
    public static final int LOCK_FLAGS_BLOCK = 1;
    public static final int LOCK_FLAGS_RECLAIM = 2;

    /** Tunlinkat: remove a directory. The same as AT_REMOVEDIR. */
    public static final int UNLINK_REMOVEDIR = 0x200;

    private P9() {
    }
}
