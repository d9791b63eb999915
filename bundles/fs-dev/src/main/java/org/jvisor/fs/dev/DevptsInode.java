// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import org.jvisor.api.abi.Clock;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.SetAttributes;

/** A file of devpts: the root directory, ptmx or a slave.  */
class DevptsInode implements Inode, Stateful {

    private static final int BLOCK = 1024;

    private final DevptsFileSystem fileSystem;
    private final long ino;
    private final long rdev;
    private final KernelClock clock;
    private final Mutex lock = new Mutex(LockRank.INODE);
    /** Guarded by the lock, as is all below. */
    private int mode;
    private int uid;
    private int gid;
    private long atimeNs;
    private long mtimeNs;
    private long ctimeNs;

    DevptsInode(DevptsFileSystem fileSystem, long ino, KernelClock clock, int mode, long rdev, int uid, int gid) {
        this.fileSystem = fileSystem;
        this.ino = ino;
        this.clock = clock;
        this.mode = mode;
        this.rdev = rdev;
        this.uid = uid;
        this.gid = gid;
        atimeNs = clock.realtimeNs();
        mtimeNs = atimeNs;
        ctimeNs = atimeNs;
    }

    /** What {@link #save} wrote. */
    DevptsInode(StateRecord record) {
        fileSystem = record.requireOwn("fileSystem", DevptsFileSystem.class);
        clock = fileSystem.clock();
        ino = record.requireLong("ino");
        rdev = record.getLong("rdev", 0);
        mode = record.requireInt("mode");
        uid = record.getInt("uid", 0);
        gid = record.getInt("gid", 0);
        atimeNs = record.getLong("atimeNs", 0);
        mtimeNs = record.getLong("mtimeNs", 0);
        ctimeNs = record.getLong("ctimeNs", 0);
    }

    @Override
    public final StateRecord save() {
        try (Mutex _ = lock.take()) {
            StateRecord record = new StateRecord(stateType(), DevDriver.SCHEMA).putOwn("fileSystem", fileSystem).put("ino", ino)
                    .put("rdev", rdev).put("mode", mode).put("uid", uid).put("gid", gid).put("atimeNs", atimeNs)
                    .put("mtimeNs", mtimeNs).put("ctimeNs", ctimeNs);
            saveContent(record);
            return record;
        }
    }

    String stateType() {
        return DevDriver.DEVPTS_INODE;
    }

    void saveContent(StateRecord record) {}

    @Override
    public FileSystem fileSystem() {
        return fileSystem;
    }

    @Override
    public long ino() {
        return ino;
    }

    @Override
    public int mode() {
        try (Mutex _ = lock.take()) {
            return mode;
        }
    }

    @Override
    public int uid() {
        try (Mutex _ = lock.take()) {
            return uid;
        }
    }

    @Override
    public int gid() {
        try (Mutex _ = lock.take()) {
            return gid;
        }
    }

    @Override
    public void stat(Stat stat) {
        try (Mutex _ = lock.take()) {
            stat.clear();
            stat.dev = fileSystem.device();
            stat.ino = ino;
            stat.mode = mode;
            stat.nlink = Mode.isDir(mode) ? 2 : 1;
            stat.uid = uid;
            stat.gid = gid;
            stat.rdev = rdev;
            stat.blksize = BLOCK;
            stat.setAtime(atimeNs / Clock.NSEC_PER_SEC, (int) (atimeNs % Clock.NSEC_PER_SEC));
            stat.setMtime(mtimeNs / Clock.NSEC_PER_SEC, (int) (mtimeNs % Clock.NSEC_PER_SEC));
            stat.setCtime(ctimeNs / Clock.NSEC_PER_SEC, (int) (ctimeNs % Clock.NSEC_PER_SEC));
        }
    }

    @Override
    public void setAttributes(Task task, SetAttributes changes) {
        try (Mutex _ = lock.take()) {
            int valid = changes.valid;
            long now = clock.realtimeNs();
            if ((valid & SetAttributes.MODE) != 0) {
                mode = mode & Mode.S_IFMT | changes.mode & Mode.PERMISSIONS;
            }
            if ((valid & SetAttributes.UID) != 0) {
                uid = changes.uid;
            }
            if ((valid & SetAttributes.GID) != 0) {
                gid = changes.gid;
            }
            if ((valid & SetAttributes.ATIME) != 0) {
                atimeNs = (valid & SetAttributes.ATIME_NOW) != 0 ? now
                        : changes.atimeSeconds * Clock.NSEC_PER_SEC + changes.atimeNanos;
            }
            if ((valid & SetAttributes.MTIME) != 0) {
                mtimeNs = (valid & SetAttributes.MTIME_NOW) != 0 ? now
                        : changes.mtimeSeconds * Clock.NSEC_PER_SEC + changes.mtimeNanos;
            }
            ctimeNs = now;
        }
    }

    /** Devices are opened through their drivers. */
    @Override
    public FileOperations open(Task task, int flags) {
        throw ErrnoException.of(Errno.ENXIO);
    }
}
