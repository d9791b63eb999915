// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs.anon;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Vfs;

/** A memfd, open (memfd_create(2)). */
public final class MemfdFile implements FileOperations, Vfs.Sealable {

    private final MemfdInode inode;

    MemfdFile(MemfdInode inode) {
        this.inode = inode;
    }

    @Override
    public boolean seekable() {
        return true;
    }

    @Override
    public long read(Task task, FileDescription file, IoBuffer target, long offset) {
        return inode.memory().read(target, offset);
    }

    @Override
    public long write(Task task, FileDescription file, IoBuffer source, long offset) {
        return inode.write(file, source, offset);
    }

    @Override
    public long seek(Task task, FileDescription file, long offset, int whence) {
        long found = switch (whence) {
            case Open.SEEK_DATA -> inode.memory().seekData(offset);
            case Open.SEEK_HOLE -> inode.memory().seekHole(offset);
            default -> -Errno.EOPNOTSUPP;
        };
        if (found >= 0) {
            file.setPosition(found);
        }
        return found;
    }

    @Override
    public Mappable mappable(Task task, FileDescription file) {
        return inode.mappable();
    }

    @Override
    public long fsync(Task task, boolean dataOnly) {
        return 0;
    }

    @Override
    public long fallocate(Task task, int mode, long offset, long length) {
        return inode.allocate(mode, offset, length);
    }

    @Override
    public int seals() {
        return inode.seals();
    }

    @Override
    public long addSeals(int added) {
        return inode.addSeals(added);
    }
}
