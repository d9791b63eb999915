// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.p9;

import org.jvisor.api.abi.Mode;

/**
 * The attributes of a file, with its qid; filled in anew for each use.
 *
 * <pre>
 *   attr = qid[13] mode[4] uid[4] gid[4] nlink[8] rdev[8] size[8] blksize[8] blocks[8]
 *          atime_sec[8] atime_nsec[8] mtime_sec[8] mtime_nsec[8] ctime_sec[8] ctime_nsec[8] btime_sec[8] btime_nsec[8]
 * </pre>
 *
 * as Rgetattr has them between its valid and its gen.
 */
public final class P9Attributes {
    /** Bytes of an attr. */
    public static final int SIZE = 13 + 3 * 4 + 13 * 8;

    public int qidType;
    public int qidVersion;
    /** The inode number, unique in the whole export. */
    public long qidPath;
    /** With type bits. */
    public int mode;
    public int uid;
    public int gid;
    public long nlink;
    /** As {@link Mode#makeDev}. */
    public long rdev;
    public long size;
    public long blockSize;
    /** Of 512 bytes. */
    public long blocks;
    public long atimeSeconds;
    public long atimeNanos;
    public long mtimeSeconds;
    public long mtimeNanos;
    public long ctimeSeconds;
    public long ctimeNanos;
    public long btimeSeconds;
    public long btimeNanos;

    /** The qid type for a mode. */
    public static int qidType(int mode) {
        return switch (mode & Mode.S_IFMT) {
            case Mode.S_IFDIR -> P9.QTDIR;
            case Mode.S_IFLNK -> P9.QTSYMLINK;
            default -> P9.QTFILE;
        };
    }

    public void write(P9Message m) {
        writeQid(m);
        m.putInt(mode).putInt(uid).putInt(gid).putLong(nlink).putLong(rdev).putLong(size).putLong(blockSize).putLong(blocks);
        m.putLong(atimeSeconds).putLong(atimeNanos).putLong(mtimeSeconds).putLong(mtimeNanos);
        m.putLong(ctimeSeconds).putLong(ctimeNanos).putLong(btimeSeconds).putLong(btimeNanos);
    }

    public void writeQid(P9Message m) {
        m.putByte(qidType).putInt(qidVersion).putLong(qidPath);
    }

    public void read(P9Message m) {
        readQid(m);
        mode = m.getInt();
        uid = m.getInt();
        gid = m.getInt();
        nlink = m.getLong();
        rdev = m.getLong();
        size = m.getLong();
        blockSize = m.getLong();
        blocks = m.getLong();
        atimeSeconds = m.getLong();
        atimeNanos = m.getLong();
        mtimeSeconds = m.getLong();
        mtimeNanos = m.getLong();
        ctimeSeconds = m.getLong();
        ctimeNanos = m.getLong();
        btimeSeconds = m.getLong();
        btimeNanos = m.getLong();
    }

    public void readQid(P9Message m) {
        qidType = m.getByte();
        qidVersion = m.getInt();
        qidPath = m.getLong();
    }
}
