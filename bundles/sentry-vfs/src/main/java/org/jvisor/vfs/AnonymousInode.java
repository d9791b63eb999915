// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.util.function.Consumer;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
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
import org.jvisor.vfs.anon.InodeAttributes;

/**
 * The inode of a file without a name. Opened again, by /proc/PID/fd, a descriptor that came from the host gives the same operations once
 * more, which end with the last description.
 */
final class AnonymousInode implements Inode, HandleSource, Restorable {

    private final KernelFileSystem fileSystem;
    private final long ino;
    private final KernelClock clock;
    /** Another object once the bundle that it comes from is replaced. */
    private volatile FileOperations operations;

    /** Guards what follows. */
    private final Mutex mutex = new Mutex(LockRank.INODE);
    private int descriptions = 1;
    private InodeAttributes attributes;

    /** @param operations what the descriptions share; null when each has its own */
    AnonymousInode(KernelFileSystem fileSystem, long ino, KernelClock clock, FileOperations operations, int mode, int uid,
            int gid) {
        this.fileSystem = fileSystem;
        this.ino = ino;
        this.clock = clock;
        this.operations = operations;
        attributes = new InodeAttributes(mode, uid, gid, clock.realtimeNs());
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
    public int mode() {
        try (Mutex _ = mutex.take()) {
            return attributes.mode();
        }
    }

    @Override
    public int uid() {
        try (Mutex _ = mutex.take()) {
            return attributes.uid();
        }
    }

    @Override
    public int gid() {
        try (Mutex _ = mutex.take()) {
            return attributes.gid();
        }
    }

    @Override
    public long size() {
        return 0;
    }

    @Override
    public void stat(Stat stat) {
        try (Mutex _ = mutex.take()) {
            stat.clear();
            stat.dev = fileSystem.device();
            stat.ino = ino;
            stat.nlink = 1;
            stat.blksize = MemoryFile.PAGE;
            attributes.stat(stat);
        }
    }

    @Override
    public void setAttributes(Task task, SetAttributes changes) {
        try (Mutex _ = mutex.take()) {
            attributes.change(changes, clock.realtimeNs());
        }
    }

    /**
     * Fifos are not opened here. What has a file's type came from the host, and can be had once more; the rest is no file at
     * all.
     */
    @Override
    public FileOperations open(Task task, int flags) {
        try (Mutex _ = mutex.take()) {
            if (!reopens() || descriptions == 0) {
                throw ErrnoException.of(Errno.ENXIO);
            }
            descriptions++;
            return operations;
        }
    }

    boolean reopens() {
        int type = Mode.type(attributes.mode());
        boolean fileLike = type == Mode.S_IFREG || type == Mode.S_IFCHR || type == Mode.S_IFIFO;
        return operations != null && fileLike;
    }

    /** {@code file} is gone; with the last one the operations end. */
    void releaseOperations(FileDescription file) {
        if (operations != null) {
            try (Mutex _ = mutex.take()) {
                if (--descriptions > 0) {
                    return;
                }
            }
        }
        file.operations().release(file);
    }

    // ---- Restorable

    @Override
    public StateRecord save() {
        try (Mutex _ = mutex.take()) {
            return attributes.save(new StateRecord("file without a name", 1).putCore("fileSystem", fileSystem).put("ino", ino)
                    .putCore("operations", operations).put("descriptions", descriptions));
        }
    }

    @Override
    public void forget() {
        try (Mutex _ = mutex.take()) {
            operations = null;
            descriptions = 0;
            attributes = null;
        }
    }

    @Override
    public void restore(StateRecord record) {
        try (Mutex _ = mutex.take()) {
            record.expectCore("fileSystem", fileSystem);
            record.expect("ino", ino);
            operations = record.core("operations", FileOperations.class);
            descriptions = record.requireInt("descriptions");
            attributes = new InodeAttributes(record);
        }
    }
}
