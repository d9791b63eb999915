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
        if (inode.sealed(Open.F_SEAL_WRITE | Open.F_SEAL_FUTURE_WRITE)) {
            return -Errno.EPERM;
        }
        long size = inode.memory().size();
        long at = offset == APPEND ? size : offset;
        if (at + source.remaining() > size && inode.sealed(Open.F_SEAL_GROW)) {
            return -Errno.EPERM;
        }
        long written = inode.memory().write(source, at);
        if (written > 0) {
            inode.modified();
            if (offset == APPEND) {
                file.setPosition(at + written);
            }
        }
        return written;
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
        int known = Open.FALLOC_FL_KEEP_SIZE | Open.FALLOC_FL_PUNCH_HOLE;
        if ((mode & ~known) != 0) {
            return -Errno.EOPNOTSUPP;
        }
        if ((mode & Open.FALLOC_FL_PUNCH_HOLE) != 0) {
            if (inode.sealed(Open.F_SEAL_WRITE | Open.F_SEAL_FUTURE_WRITE)) {
                return -Errno.EPERM;
            }
            inode.memory().punch(offset, length);
            inode.modified();
            return 0;
        }
        long end = offset + length;
        boolean grows = end > inode.memory().size() && (mode & Open.FALLOC_FL_KEEP_SIZE) == 0;
        if (grows && inode.sealed(Open.F_SEAL_GROW)) {
            return -Errno.EPERM;
        }
        inode.memory().reserve(offset, length);
        if (grows) {
            inode.memory().resize(end);
        }
        inode.modified();
        return 0;
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
