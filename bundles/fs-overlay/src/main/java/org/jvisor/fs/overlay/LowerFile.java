// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.overlay;

import java.util.function.Consumer;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.state.FieldHandle;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.HandleSource;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.wait.WaitQueue;

/**
 * A file of the lower layer, opened for reading. When it is copied up for somebody who writes, reading goes on in the copy, so
 * that both see the same.
 */
final class LowerFile implements FileOperations, Stateful, HandleSource {

    private final OverlayInode inode;
    private final int flags;
    private volatile FileOperations lower;
    private final KillableLock switching = new KillableLock(LockRank.OVERLAY);
    /** Set once, with that lock held. */
    private volatile FileOperations copy;

    LowerFile(OverlayInode inode, FileOperations lower, int flags) {
        this.inode = inode;
        this.lower = lower;
        this.flags = flags;
    }

    /** What {@link #save} wrote. */
    LowerFile(StateRecord record) {
        inode = record.requireOwn("inode", OverlayInode.class);
        flags = record.requireInt("flags");
        lower = record.requireOwn("lower", FileOperations.class);
        copy = record.own("copy", FileOperations.class);
    }

    @Override
    public StateRecord save() {
        return new StateRecord(OverlayType.LOWER_FILE, OverlayType.SCHEMA).putOwn("inode", inode).put("flags", flags)
                .putAny("lower", lower).putAny("copy", copy);
    }

    @Override
    public void forEachHandle(Consumer<Handle> visitor) {
        FieldHandle.visit(visitor, "layer's open file", inode::ino, FileOperations.class, () -> lower, fresh -> lower = fresh);
        FieldHandle.visit(visitor, "layer's open file", inode::ino, FileOperations.class, () -> copy, fresh -> copy = fresh);
    }

    private FileOperations current(Task task) {
        FileOperations c = copy;
        if (c != null) {
            return c;
        }
        Inode upper = inode.upper();
        return upper == null ? lower : switchTo(task, upper);
    }

    private FileOperations switchTo(Task task, Inode upper) {
        try (KillableLock _ = switching.take()) {
            if (copy == null) {
                copy = upper.open(task, flags);
            }
            return copy;
        }
    }

    @Override
    public boolean seekable() {
        return lower.seekable();
    }

    @Override
    public long read(Task task, FileDescription file, IoBuffer target, long offset) {
        return current(task).read(task, file, target, offset);
    }

    @Override
    public long write(Task task, FileDescription file, IoBuffer source, long offset) {
        return -Errno.EBADF;
    }

    @Override
    public long seek(Task task, FileDescription file, long offset, int whence) {
        return current(task).seek(task, file, offset, whence);
    }

    @Override
    public int poll(FileDescription file) {
        return lower.poll(file);
    }

    @Override
    public WaitQueue waitQueue() {
        return lower.waitQueue();
    }

    @Override
    public long ioctl(Task task, FileDescription file, int command, long argument) {
        return current(task).ioctl(task, file, command, argument);
    }

    @Override
    public Mappable mappable(Task task, FileDescription file) {
        return current(task).mappable(task, file);
    }

    @Override
    public long fsync(Task task, boolean dataOnly) {
        return current(task).fsync(task, dataOnly);
    }

    @Override
    public long flush(Task task, FileDescription file) {
        return current(task).flush(task, file);
    }

    @Override
    public void release(FileDescription file) {
        lower.release(file);
        FileOperations c = copy;
        if (c != null) {
            c.release(file);
        }
    }
}
