// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.host;

import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.SetAttributes;

/**
 * What stat(2) shows of a host descriptor: type, size and times are the host's, mode and owner are the sandbox's own and changing
 * them changes nothing outside. Its monitor guards these.
 */
final class HostInode implements Inode, Stateful {

    private final FileSystem fileSystem;
    private final long ino;
    private final HostDescriptor descriptor;
    private final HostFile file;
    private final Mutex lock = new Mutex(LockRank.INODE);
    /** Guarded by the lock, as are the owners. */
    private int mode;
    private int uid;
    private int gid;

    HostInode(FileSystem fileSystem, long ino, HostDescriptor descriptor, HostFile file, int mode, int uid, int gid) {
        this.fileSystem = fileSystem;
        this.ino = ino;
        this.descriptor = descriptor;
        this.file = file;
        this.mode = mode;
        this.uid = uid;
        this.gid = gid;
    }

    /** What {@link #save} wrote. */
    HostInode(StateRecord record) {
        this(record.requireOwn("fileSystem", HostFileSystem.class), record.requireLong("ino"),
                record.requireOwn("descriptor", HostDescriptor.class), record.requireOwn("file", HostFile.class),
                record.requireInt("mode"), record.getInt("uid", 0), record.getInt("gid", 0));
    }

    @Override
    public StateRecord save() {
        try (Mutex _ = lock.take()) {
            return new StateRecord(HostFilesImpl.INODE, HostFilesImpl.SCHEMA).putAny("fileSystem", fileSystem).put("ino", ino)
                    .putOwn("descriptor", descriptor).putOwn("file", file).put("mode", mode).put("uid", uid).put("gid", gid);
        }
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
        stat.clear();
        descriptor.stat(stat);
        stat.dev = fileSystem.device();
        stat.ino = ino;
        try (Mutex _ = lock.take()) {
            stat.mode = mode;
            stat.uid = uid;
            stat.gid = gid;
        }
    }

    @Override
    public void setAttributes(Task task, SetAttributes changes) {
        if ((changes.valid & SetAttributes.SIZE) != 0) {
            ErrnoException.check(descriptor.call(SyscallNr.FTRUNCATE, changes.size, 0, 0));
        }
        try (Mutex _ = lock.take()) {
            if ((changes.valid & SetAttributes.MODE) != 0) {
                mode = mode & Mode.S_IFMT | changes.mode & Mode.PERMISSIONS;
            }
            if ((changes.valid & SetAttributes.UID) != 0) {
                uid = changes.uid;
            }
            if ((changes.valid & SetAttributes.GID) != 0) {
                gid = changes.gid;
            }
        }
    }

    /** By /proc/PID/fd: the same descriptor once more, with the position that all share. */
    @Override
    public FileOperations open(Task task, int flags) {
        return file;
    }

    @Override
    public boolean opensItself() {
        return true;
    }

    @Override
    public void evict() {
        file.close();
    }
}
