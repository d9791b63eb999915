// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jvisor.api.abi.Clock;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.state.StateException;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;

/**
 * An inode that stands for something in the kernel and has no storage: owned by root, of size 0. When its bundle is replaced it is
 * found again by its names from the root on. Any thread.
 */
public abstract class PseudoInode implements Inode, Stateful {
    private final PseudoFileSystem fileSystem;
    private volatile long ino;
    /** Where it was found; null: nowhere yet, or it is the root. */
    private volatile PseudoDirectory parent;
    private volatile String name;
    private final int mode;

    /** @param mode with type bits */
    protected PseudoInode(PseudoFileSystem fileSystem, long ino, int mode) {
        this.fileSystem = fileSystem;
        this.ino = ino;
        this.mode = mode;
    }

    /** It is what {@code place} means in {@code directory}. What has a place keeps it. */
    protected final void place(PseudoDirectory directory, String place) {
        if (parent == null) {
            name = place;
            parent = directory;
        }
    }

    /** Takes the inode number that it had before. */
    final void identify(long number) {
        ino = number;
    }

    // ---- hand-over

    @Override
    public final Object origin() {
        return fileSystem;
    }

    @Override
    public final StateRecord save() {
        StateRecord record = new StateRecord(fileSystem.type() + PseudoFileSystem.INODE, PseudoFileSystem.SCHEMA)
                .putOwn("fileSystem", fileSystem).put("ino", ino()).put("mode", mode());
        Deque<String> names = new ArrayDeque<>();
        for (PseudoInode at = this; at.parent != null; at = at.parent) {
            names.addFirst(at.name);
        }
        names.forEach(step -> record.add("path").put("name", step));
        return record;
    }

    /** Makes what {@link #open} made for a version before this one; what that has kept is restored afterwards. */
    protected PseudoOpen reopen(StateRecord record) {
        if (open(null, 0) instanceof PseudoOpen opened) {
            return opened;
        }
        throw new StateException(record.type() + ": " + getClass().getName() + " is opened as something that cannot be handed over");
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
