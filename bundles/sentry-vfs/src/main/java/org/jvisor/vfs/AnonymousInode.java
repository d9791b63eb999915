// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.util.function.Consumer;
import org.jvisor.api.abi.Clock;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.state.FieldHandle;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.HandleSource;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.SetAttributes;

/**
 * The inode of a file without a name. Opened again, by /proc/PID/fd, a descriptor that came from the host gives the same
 * operations
 * once more, which end with the last description. Its monitor guards the attributes.
 */
final class AnonymousInode implements Inode, HandleSource, Restorable {

    private final KernelFileSystem fileSystem;
    private final long ino;
    private final KernelClock clock;
    /** Another object once the bundle that it comes from is replaced. */
    private volatile FileOperations operations;

    private int descriptions = 1;
    private int mode;
    private int uid;
    private int gid;
    private long atimeNs;
    private long mtimeNs;
    private long ctimeNs;

    /** @param operations what the descriptions share; null when each has its own */
    AnonymousInode(KernelFileSystem fileSystem, long ino, KernelClock clock, FileOperations operations, int mode, int uid,
            int gid) {
        this.fileSystem = fileSystem;
        this.ino = ino;
        this.clock = clock;
        this.operations = operations;
        this.mode = mode;
        this.uid = uid;
        this.gid = gid;
        long now = clock.realtimeNs();
        atimeNs = now;
        mtimeNs = now;
        ctimeNs = now;
    }

    @Override
    public void forEachHandle(Consumer<Handle> visitor) {
        FieldHandle.visit(visitor, "file without a name", () -> ino, FileOperations.class, () -> operations,
                fresh -> operations = fresh);
    }

    @Override
    public FileSystem fileSystem() {
        return fileSystem;
    }

    @Override
    public long ino() {
        return ino;
    }

    @Override
    public synchronized int mode() {
        return mode;
    }

    @Override
    public synchronized int uid() {
        return uid;
    }

    @Override
    public synchronized int gid() {
        return gid;
    }

    @Override
    public long size() {
        return 0;
    }

    @Override
    public synchronized void stat(Stat stat) {
        stat.clear();
        stat.dev = fileSystem.device();
        stat.ino = ino;
        stat.mode = mode;
        stat.nlink = 1;
        stat.uid = uid;
        stat.gid = gid;
        stat.blksize = MemoryFile.PAGE;
        stat.setAtime(atimeNs / Clock.NSEC_PER_SEC, (int) (atimeNs % Clock.NSEC_PER_SEC));
        stat.setMtime(mtimeNs / Clock.NSEC_PER_SEC, (int) (mtimeNs % Clock.NSEC_PER_SEC));
        stat.setCtime(ctimeNs / Clock.NSEC_PER_SEC, (int) (ctimeNs % Clock.NSEC_PER_SEC));
    }

    @Override
    public synchronized void setAttributes(Task task, SetAttributes changes) {
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

    /**
     * Fifos are not opened here. What has a file's type came from the host, and can be had once more; the rest is no file at
     * all.
     */
    @Override
    public synchronized FileOperations open(Task task, int flags) {
        if (!reopens() || descriptions == 0) {
            throw ErrnoException.of(Errno.ENXIO);
        }
        descriptions++;
        return operations;
    }

    boolean reopens() {
        int type = Mode.type(mode);
        boolean fileLike = type == Mode.S_IFREG || type == Mode.S_IFCHR || type == Mode.S_IFIFO;
        return operations != null && fileLike;
    }

    /** {@code file} is gone; with the last one the operations end. */
    void releaseOperations(FileDescription file) {
        if (operations != null) {
            synchronized (this) {
                if (--descriptions > 0) {
                    return;
                }
            }
        }
        file.operations().release(file);
    }

    // ---- Restorable

    @Override
    public synchronized StateRecord save() {
        return new StateRecord("file without a name", 1).putCore("fileSystem", fileSystem).put("ino", ino)
                .putCore("operations", operations).put("descriptions", descriptions).put("mode", mode).put("uid", uid).put("gid", gid)
                .put("atimeNs", atimeNs).put("mtimeNs", mtimeNs).put("ctimeNs", ctimeNs);
    }

    @Override
    public synchronized void forget() {
        operations = null;
        descriptions = 0;
        mode = 0;
        uid = 0;
        gid = 0;
        atimeNs = 0;
        mtimeNs = 0;
        ctimeNs = 0;
    }

    @Override
    public synchronized void restore(StateRecord record) {
        record.expectCore("fileSystem", fileSystem);
        record.expect("ino", ino);
        operations = record.core("operations", FileOperations.class);
        descriptions = record.requireInt("descriptions");
        mode = record.requireInt("mode");
        uid = record.requireInt("uid");
        gid = record.requireInt("gid");
        atimeNs = record.requireLong("atimeNs");
        mtimeNs = record.requireLong("mtimeNs");
        ctimeNs = record.requireLong("ctimeNs");
    }
}
