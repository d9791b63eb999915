// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct statx} of statx(2). */
public final class StatxLayout {
    public static final int SIZE = 256;

    public static final int MASK = 0; // u32
    public static final int BLKSIZE = 4; // u32
    public static final int ATTRIBUTES = 8; // u64
    public static final int NLINK = 16; // u32
    public static final int UID = 20; // u32
    public static final int GID = 24; // u32
    public static final int MODE = 28; // u16
    public static final int INO = 32; // u64
    public static final int SIZE_BYTES = 40; // u64
    public static final int BLOCKS = 48; // u64
    public static final int ATTRIBUTES_MASK = 56; // u64
    public static final int ATIME = 64; // 16 bytes, seconds (s64), nanoseconds (u32) and 4 bytes of padding
    public static final int BTIME = 80; // 16 bytes, seconds (s64), nanoseconds (u32) and 4 bytes of padding
    public static final int CTIME = 96; // 16 bytes, seconds (s64), nanoseconds (u32) and 4 bytes of padding
    public static final int MTIME = 112; // 16 bytes, seconds (s64), nanoseconds (u32) and 4 bytes of padding
    public static final int RDEV_MAJOR = 128; // u32
    public static final int RDEV_MINOR = 132; // u32
    public static final int DEV_MAJOR = 136; // u32
    public static final int DEV_MINOR = 140; // u32
    public static final int MNT_ID = 144; // u64
    public static final int DIO_MEM_ALIGN = 152; // u32
    public static final int DIO_OFFSET_ALIGN = 156; // u32

    private StatxLayout() {
    }

    /** Writes the whole structure: like Linux all that is known, whatever was asked for. */
    public static void write(byte[] b, int off, Stat s) {
        Bytes.zero(b, off, SIZE);
        Bytes.putInt(b, off + MASK, Statx.STATX_BASIC_STATS | (s.hasBtime ? Statx.STATX_BTIME : 0)
                | (s.mountId != 0 ? Statx.STATX_MNT_ID : 0));
        Bytes.putInt(b, off + BLKSIZE, s.blksize);
        Bytes.putLong(b, off + ATTRIBUTES, s.attributes);
        Bytes.putInt(b, off + NLINK, s.nlink);
        Bytes.putInt(b, off + UID, s.uid);
        Bytes.putInt(b, off + GID, s.gid);
        Bytes.putShort(b, off + MODE, s.mode);
        Bytes.putLong(b, off + INO, s.ino);
        Bytes.putLong(b, off + SIZE_BYTES, s.size);
        Bytes.putLong(b, off + BLOCKS, s.blocks);
        Bytes.putLong(b, off + ATTRIBUTES_MASK, s.attributesMask);
        timestamp(b, off + ATIME, s.atimeSec, s.atimeNsec);
        timestamp(b, off + BTIME, s.btimeSec, s.btimeNsec);
        timestamp(b, off + CTIME, s.ctimeSec, s.ctimeNsec);
        timestamp(b, off + MTIME, s.mtimeSec, s.mtimeNsec);
        Bytes.putInt(b, off + RDEV_MAJOR, Mode.major(s.rdev));
        Bytes.putInt(b, off + RDEV_MINOR, Mode.minor(s.rdev));
        Bytes.putInt(b, off + DEV_MAJOR, Mode.major(s.dev));
        Bytes.putInt(b, off + DEV_MINOR, Mode.minor(s.dev));
        Bytes.putLong(b, off + MNT_ID, s.mountId);
    }

    /** Reads what the host's statx(2) wrote. */
    public static void read(byte[] b, int off, Stat s) {
        int mask = Bytes.getInt(b, off + MASK);
        s.clear();
        s.blksize = Bytes.getInt(b, off + BLKSIZE);
        s.attributes = Bytes.getLong(b, off + ATTRIBUTES);
        s.nlink = Bytes.getInt(b, off + NLINK);
        s.uid = Bytes.getInt(b, off + UID);
        s.gid = Bytes.getInt(b, off + GID);
        s.mode = Bytes.getUnsignedShort(b, off + MODE);
        s.ino = Bytes.getLong(b, off + INO);
        s.size = Bytes.getLong(b, off + SIZE_BYTES);
        s.blocks = Bytes.getLong(b, off + BLOCKS);
        s.attributesMask = Bytes.getLong(b, off + ATTRIBUTES_MASK);
        s.setAtime(Bytes.getLong(b, off + ATIME), Bytes.getInt(b, off + ATIME + 8));
        s.setCtime(Bytes.getLong(b, off + CTIME), Bytes.getInt(b, off + CTIME + 8));
        s.setMtime(Bytes.getLong(b, off + MTIME), Bytes.getInt(b, off + MTIME + 8));
        if ((mask & Statx.STATX_BTIME) != 0) {
            s.setBtime(Bytes.getLong(b, off + BTIME), Bytes.getInt(b, off + BTIME + 8));
        }
        s.rdev = Mode.makeDev(Bytes.getInt(b, off + RDEV_MAJOR), Bytes.getInt(b, off + RDEV_MINOR));
        s.dev = Mode.makeDev(Bytes.getInt(b, off + DEV_MAJOR), Bytes.getInt(b, off + DEV_MINOR));
        s.mountId = (mask & Statx.STATX_MNT_ID) != 0 ? Bytes.getLong(b, off + MNT_ID) : 0;
    }

    private static void timestamp(byte[] b, int off, long sec, int nsec) {
        Bytes.putLong(b, off, sec);
        Bytes.putInt(b, off + 8, nsec);
    }
}
