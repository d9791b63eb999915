// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.abi.StatLayout;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.p9.P9Attributes;
import org.jvisor.api.state.StateRecord;

/** What we know of a file's attributes. Guarded by the inode's lock, but for those that are volatile. */
final class FileAttributes {
    final long ino;
    final int type;
    final long rdev;
    final long btimeSeconds;
    final int btimeNanos;

    volatile int mode;
    volatile int uid;
    volatile int gid;
    volatile long size;
    /** Changed without our having seen to what: asked for again when somebody wants to know. */
    volatile boolean stale;

    int nlink;
    private int blockSize;
    private long blocks;
    private long atimeSeconds;
    private int atimeNanos;
    private long mtimeSeconds;
    private int mtimeNanos;
    private long ctimeSeconds;
    private int ctimeNanos;

    FileAttributes(P9Attributes a) {
        ino = a.qidPath;
        type = Mode.type(a.mode);
        rdev = a.rdev;
        btimeSeconds = a.btimeSeconds;
        btimeNanos = (int) a.btimeNanos;
        set(a);
    }

    /** What {@link #save} wrote. */
    FileAttributes(StateRecord r) {
        ino = r.requireLong("ino");
        type = r.requireInt("type");
        rdev = r.getLong("rdev", 0);
        btimeSeconds = r.getLong("btimeSeconds", 0);
        btimeNanos = r.getInt("btimeNanos", 0);
        mode = r.requireInt("mode");
        uid = r.getInt("uid", 0);
        gid = r.getInt("gid", 0);
        size = r.getLong("size", 0);
        nlink = r.getInt("nlink", 1);
        blockSize = r.getInt("blockSize", 0);
        blocks = r.getLong("blocks", 0);
        atimeSeconds = r.getLong("atimeSeconds", 0);
        atimeNanos = r.getInt("atimeNanos", 0);
        mtimeSeconds = r.getLong("mtimeSeconds", 0);
        mtimeNanos = r.getInt("mtimeNanos", 0);
        ctimeSeconds = r.getLong("ctimeSeconds", 0);
        ctimeNanos = r.getInt("ctimeNanos", 0);
        stale = r.getBoolean("stale", true);
    }

    void save(StateRecord r) {
        r.put("ino", ino).put("type", type).put("rdev", rdev).put("btimeSeconds", btimeSeconds).put("btimeNanos", btimeNanos)
                .put("mode", mode).put("uid", uid).put("gid", gid).put("size", size).put("nlink", nlink)
                .put("blockSize", blockSize).put("blocks", blocks).put("atimeSeconds", atimeSeconds).put("atimeNanos", atimeNanos)
                .put("mtimeSeconds", mtimeSeconds).put("mtimeNanos", mtimeNanos).put("ctimeSeconds", ctimeSeconds)
                .put("ctimeNanos", ctimeNanos).put("stale", stale);
    }

    void set(P9Attributes a) {
        mode = type | a.mode & Mode.PERMISSIONS;
        uid = a.uid;
        gid = a.gid;
        size = a.size;
        nlink = (int) a.nlink;
        blockSize = (int) a.blockSize;
        blocks = a.blocks;
        atimeSeconds = a.atimeSeconds;
        atimeNanos = (int) a.atimeNanos;
        mtimeSeconds = a.mtimeSeconds;
        mtimeNanos = (int) a.mtimeNanos;
        ctimeSeconds = a.ctimeSeconds;
        ctimeNanos = (int) a.ctimeNanos;
        stale = false;
    }

    /** From a struct stat of the host, about the same file. */
    void set(HostKernel host, long stat) {
        mode = type | host.getInt(stat + StatLayout.MODE) & Mode.PERMISSIONS;
        uid = host.getInt(stat + StatLayout.UID);
        gid = host.getInt(stat + StatLayout.GID);
        size = host.getLong(stat + StatLayout.SIZE_BYTES);
        nlink = (int) host.getLong(stat + StatLayout.NLINK);
        blockSize = (int) host.getLong(stat + StatLayout.BLKSIZE);
        blocks = host.getLong(stat + StatLayout.BLOCKS);
        atimeSeconds = host.getLong(stat + StatLayout.ATIME_SEC);
        atimeNanos = (int) host.getLong(stat + StatLayout.ATIME_NSEC);
        mtimeSeconds = host.getLong(stat + StatLayout.MTIME_SEC);
        mtimeNanos = (int) host.getLong(stat + StatLayout.MTIME_NSEC);
        ctimeSeconds = host.getLong(stat + StatLayout.CTIME_SEC);
        ctimeNanos = (int) host.getLong(stat + StatLayout.CTIME_NSEC);
        stale = false;
    }

    void setOwnership(int newMode, int newUid, int newGid) {
        mode = type | newMode & Mode.PERMISSIONS;
        uid = newUid;
        gid = newGid;
    }

    long mtimeSeconds() {
        return mtimeSeconds;
    }

    int mtimeNanos() {
        return mtimeNanos;
    }

    void fill(Stat s, long device) {
        s.clear();
        s.dev = device;
        s.ino = ino;
        s.mode = mode;
        s.nlink = nlink;
        s.uid = uid;
        s.gid = gid;
        s.rdev = rdev;
        s.size = size;
        s.blksize = blockSize;
        s.blocks = blocks;
        s.setAtime(atimeSeconds, atimeNanos);
        s.setMtime(mtimeSeconds, mtimeNanos);
        s.setCtime(ctimeSeconds, ctimeNanos);
        if (btimeSeconds != 0) {
            s.setBtime(btimeSeconds, btimeNanos);
        }
    }
}
