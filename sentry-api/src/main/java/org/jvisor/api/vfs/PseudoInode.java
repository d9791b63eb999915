// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import org.jvisor.api.abi.Clock;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.kernel.Task;

/** An inode that stands for something in the kernel and has no storage: owned by root, of size 0. Any thread. */
public abstract class PseudoInode implements Inode {
    private final PseudoFileSystem fileSystem;
    private final long ino;
    private final int mode;

    /** @param mode with type bits */
    protected PseudoInode(PseudoFileSystem fileSystem, long ino, int mode) {
        this.fileSystem = fileSystem;
        this.ino = ino;
        this.mode = mode;
    }

    @Override
    public PseudoFileSystem fileSystem() {
        return fileSystem;
    }

    @Override
    public long ino() {
        return ino;
    }

    @Override
    public int mode() {
        return mode;
    }

    @Override
    public int uid() {
        return 0;
    }

    @Override
    public int gid() {
        return 0;
    }

    @Override
    public long size() {
        return 0;
    }

    /** st_mtime and its kin, in ns since 1970. */
    protected long timeNs() {
        return fileSystem.timeNs();
    }

    /** st_nlink. */
    protected int links() {
        return 1;
    }

    @Override
    public void stat(Stat stat) {
        stat.clear();
        stat.dev = fileSystem.device();
        stat.ino = ino();
        stat.mode = mode();
        stat.nlink = links();
        stat.uid = uid();
        stat.gid = gid();
        stat.size = size();
        stat.blksize = Mode.isRegular(stat.mode) || Mode.isDir(stat.mode) ? 1024 : 4096;
        long sec = Math.floorDiv(timeNs(), Clock.NSEC_PER_SEC);
        int nsec = (int) Math.floorMod(timeNs(), Clock.NSEC_PER_SEC);
        stat.setAtime(sec, nsec);
        stat.setMtime(sec, nsec);
        stat.setCtime(sec, nsec);
    }

    /** Truncation, as by O_TRUNC, changes nothing; nothing else is allowed. */
    @Override
    public void setAttributes(Task task, SetAttributes changes) {
        int truncation = SetAttributes.SIZE | SetAttributes.MTIME | SetAttributes.MTIME_NOW;
        if ((changes.valid & SetAttributes.SIZE) == 0 || (changes.valid & ~truncation) != 0) {
            throw ErrnoException.of(Errno.EPERM);
        }
    }
}
