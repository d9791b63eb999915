// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct stat} of stat(2). */
public final class StatLayout {
    public static final int SIZE = 144;

    public static final int DEV = 0; // u64
    public static final int INO = 8; // u64
    public static final int NLINK = 16; // u64
    public static final int MODE = 24; // u32
    public static final int UID = 28; // u32
    public static final int GID = 32; // u32
    public static final int RDEV = 40; // u64
    public static final int SIZE_BYTES = 48; // s64
    public static final int BLKSIZE = 56; // s64
    public static final int BLOCKS = 64; // s64, of 512 bytes
    public static final int ATIME_SEC = 72; // u64
    public static final int ATIME_NSEC = 80; // u64
    public static final int MTIME_SEC = 88; // u64
    public static final int MTIME_NSEC = 96; // u64
    public static final int CTIME_SEC = 104; // u64
    public static final int CTIME_NSEC = 112; // u64

    private StatLayout() {
    }

    /** Writes the whole structure. */
    public static void write(byte[] b, int off, Stat s) {
        Bytes.putLong(b, off + DEV, s.dev);
        Bytes.putLong(b, off + INO, s.ino);
        Bytes.putLong(b, off + NLINK, s.nlink & 0xffff_ffffL);
        Bytes.putInt(b, off + MODE, s.mode);
        Bytes.putInt(b, off + UID, s.uid);
        Bytes.putInt(b, off + GID, s.gid);
        Bytes.putInt(b, off + GID + 4, 0);
        Bytes.putLong(b, off + RDEV, s.rdev);
        Bytes.putLong(b, off + SIZE_BYTES, s.size);
        Bytes.putLong(b, off + BLKSIZE, s.blksize);
        Bytes.putLong(b, off + BLOCKS, s.blocks);
        Bytes.putLong(b, off + ATIME_SEC, s.atimeSec);
        Bytes.putLong(b, off + ATIME_NSEC, s.atimeNsec);
        Bytes.putLong(b, off + MTIME_SEC, s.mtimeSec);
        Bytes.putLong(b, off + MTIME_NSEC, s.mtimeNsec);
        Bytes.putLong(b, off + CTIME_SEC, s.ctimeSec);
        Bytes.putLong(b, off + CTIME_NSEC, s.ctimeNsec);
        Bytes.zero(b, off + CTIME_NSEC + 8, SIZE - CTIME_NSEC - 8);
    }

    /** Reads what the host's stat(2) or fstat(2) wrote. */
    public static void read(byte[] b, int off, Stat s) {
        s.clear();
        s.dev = Bytes.getLong(b, off + DEV);
        s.ino = Bytes.getLong(b, off + INO);
        s.nlink = (int) Bytes.getLong(b, off + NLINK);
        s.mode = Bytes.getInt(b, off + MODE);
        s.uid = Bytes.getInt(b, off + UID);
        s.gid = Bytes.getInt(b, off + GID);
        s.rdev = Bytes.getLong(b, off + RDEV);
        s.size = Bytes.getLong(b, off + SIZE_BYTES);
        s.blksize = (int) Bytes.getLong(b, off + BLKSIZE);
        s.blocks = Bytes.getLong(b, off + BLOCKS);
        s.setAtime(Bytes.getLong(b, off + ATIME_SEC), (int) Bytes.getLong(b, off + ATIME_NSEC));
        s.setMtime(Bytes.getLong(b, off + MTIME_SEC), (int) Bytes.getLong(b, off + MTIME_NSEC));
        s.setCtime(Bytes.getLong(b, off + CTIME_SEC), (int) Bytes.getLong(b, off + CTIME_NSEC));
    }
}
