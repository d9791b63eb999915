// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/**
 * The attributes of a file, as file systems report them and stat(2) and statx(2) give them out. Plain and reusable: the
 * caller owns one and the file system fills all of it in. {@link #clear} first where not every field is known.
 */
public final class Stat {
    public long dev; // see Mode.makeDev
    public long ino;
    public int mode; // type and permissions
    public int nlink;
    public int uid;
    public int gid;
    public long rdev;
    public long size; // bytes
    public int blksize; // bytes
    public long blocks; // of 512 bytes
    public long atimeSec;
    public int atimeNsec;
    public long mtimeSec;
    public int mtimeNsec;
    public long ctimeSec;
    public int ctimeNsec;
    public boolean hasBtime;
    public long btimeSec; // birth; where hasBtime
    public int btimeNsec;
    public long attributes; // Statx.STATX_ATTR_*
    public long attributesMask; // those the file system knows
    public long mountId; // set by the vfs

    /** Sets every field to zero. */
    public void clear() {
        dev = 0;
        ino = 0;
        mode = 0;
        nlink = 0;
        uid = 0;
        gid = 0;
        rdev = 0;
        size = 0;
        blksize = 0;
        blocks = 0;
        setAtime(0, 0);
        setMtime(0, 0);
        setCtime(0, 0);
        hasBtime = false;
        btimeSec = 0;
        btimeNsec = 0;
        attributes = 0;
        attributesMask = 0;
        mountId = 0;
    }

    public void setAtime(long sec, int nsec) {
        atimeSec = sec;
        atimeNsec = nsec;
    }

    public void setMtime(long sec, int nsec) {
        mtimeSec = sec;
        mtimeNsec = nsec;
    }

    public void setCtime(long sec, int nsec) {
        ctimeSec = sec;
        ctimeNsec = nsec;
    }

    public void setBtime(long sec, int nsec) {
        hasBtime = true;
        btimeSec = sec;
        btimeNsec = nsec;
    }
}
