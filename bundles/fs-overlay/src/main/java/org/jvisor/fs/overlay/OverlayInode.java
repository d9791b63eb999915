// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.overlay;

import java.util.ArrayDeque;
import java.util.List;
import java.util.function.Consumer;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.state.FieldHandle;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.HandleSource;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.SetAttributes;

/**
 * A file or directory as both layers together have it. What is only in the lower one is copied up before its first change. A
 * removed name of the lower layer is hidden by a whiteout (a character device 0:0) in the upper one; a directory that hides all of
 * a lower one of its name is marked opaque by an extended attribute, as Linux's overlay has it on disk.
 */
final class OverlayInode implements Inode, Stateful, HandleSource {

    private static final String OPAQUE = "trusted.overlay.opaque";
    private static final byte[] YES = {'y'};
    private static final String PRIVATE_XATTRS = "trusted.overlay.";
    /** Sets numbers of the upper layer apart from those of the lower one. */
    private static final long UPPER_NUMBERS = 1L << 62;

    private final Overlay overlay;
    private final long ino;
    /** Where it is found, for copying up; null for the root. Changed by rename under the vfs's locks of both directories. */
    private volatile OverlayInode parent;
    private volatile String name;
    private volatile Inode lower;
    private volatile Inode upper;
    /** Held while the file is copied up. */
    private final KillableLock copying = new KillableLock(LockRank.OVERLAY);

    OverlayInode(Overlay overlay, OverlayInode parent, String name, Inode lower, Inode upper) {
        this.overlay = overlay;
        this.parent = parent;
        this.name = name;
        this.lower = lower;
        this.upper = upper;
        ino = lower != null ? lower.ino() : upperIno(upper.ino());
    }

    /** What has no lower layer shows this number for its own. */
    static long upperIno(long ino) {
        return ino | UPPER_NUMBERS;
    }

    // ---- hand-over

    /** What {@link #save} wrote. */
    OverlayInode(StateRecord record) {
        overlay = record.requireOwn("overlay", Overlay.class);
        ino = record.requireLong("ino");
        name = record.getString("name", "");
        lower = record.own("lower", Inode.class);
        upper = record.own("upper", Inode.class);
        if (upper != null) {
            overlay.copiedUp(this, upper);
        }
    }

    @Override
    public StateRecord save() {
        return new StateRecord(OverlayType.INODE, OverlayType.SCHEMA).putOwn("overlay", overlay).put("ino", ino).put("name", name)
                .putOwn("parent", parent).putAny("lower", lower).putAny("upper", upper);
    }

    @Override
    public void link(StateRecord record) {
        parent = record.own("parent", OverlayInode.class);
    }

    @Override
    public void forEachHandle(Consumer<Handle> visitor) {
        FieldHandle.visit(visitor, "layer's inode", () -> ino, Inode.class, () -> lower, fresh -> lower = fresh);
        FieldHandle.visit(visitor, "layer's inode", () -> ino, Inode.class, () -> upper, new UpperSwitch());
    }

    /** The overlay finds its inodes by those of the upper layer. */
    private final class UpperSwitch implements FieldHandle.Switch<Inode> {

        @Override
        public void prepare(Inode fresh) {
            overlay.copiedUp(OverlayInode.this, fresh);
        }

        @Override
        public void replace(Inode fresh) {
            Inode before = upper;
            upper = fresh;
            if (before != fresh) {
                overlay.forget(OverlayInode.this, before);
            }
        }

        @Override
        public void giveUp(Inode fresh) {
            overlay.forget(OverlayInode.this, fresh);
        }
    }

    Overlay overlay() {
        return overlay;
    }

    Inode upper() {
        return upper;
    }

    Inode lower() {
        return lower;
    }

    /** The layer that has its attributes and its bytes. */
    private Inode real() {
        Inode u = upper;
        return u != null ? u : lower;
    }

    static boolean isWhiteout(Inode inode) {
        if (!Mode.isCharDevice(inode.mode())) {
            return false;
        }
        Stat stat = new Stat();
        inode.stat(stat);
        return stat.rdev == 0;
    }

    private static boolean isOpaque(Task task, Inode directory) {
        try {
            byte[] value = directory.getXattr(task, OPAQUE);
            return value.length == 1 && value[0] == 'y';
        } catch (ErrnoException e) {
            if (e.errno() == Errno.ENODATA || e.errno() == Errno.EOPNOTSUPP) {
                return false;
            }
            throw e;
        }
    }

    private OverlayInode checkWritable() {
        if (!overlay.writable()) {
            throw ErrnoException.of(Errno.EROFS);
        }
        return this;
    }

    // ---- attributes

    @Override
    public FileSystem fileSystem() {
        return overlay;
    }

    @Override
    public long ino() {
        return ino;
    }

    @Override
    public int mode() {
        return real().mode();
    }

    @Override
    public int uid() {
        return real().uid();
    }

    @Override
    public int gid() {
        return real().gid();
    }

    @Override
    public long size() {
        return real().size();
    }

    @Override
    public void stat(Stat stat) {
        real().stat(stat);
        stat.dev = overlay.device();
        stat.ino = ino;
        if (upper != null && lower != null && Mode.isDir(stat.mode)) {
            // Nobody counts the subdirectories of both layers together; 1 is how file systems say so.
            stat.nlink = 1;
        }
    }

    @Override
    public int permission(Credentials credentials, int mask) {
        return real().permission(credentials, mask);
    }

    @Override
    public void setAttributes(Task task, SetAttributes changes) {
        boolean emptied = (changes.valid & SetAttributes.SIZE) != 0 && changes.size == 0;
        copyUp(task, !emptied).setAttributes(task, changes);
    }

    // ---- copying up

    /** The upper layer's inode, made now if need be. */
    private Inode copyUp(Task task, boolean withData) {
        Inode u = upper;
        if (u != null) {
            return u;
        }
        checkWritable();
        // From the lowest directory that is in the upper layer downwards: how deep it goes is up to the application.
        ArrayDeque<OverlayInode> missing = new ArrayDeque<>();
        for (OverlayInode directory = parent; directory.upper == null; directory = directory.parent) {
            missing.push(directory);
        }
        while (!missing.isEmpty()) {
            missing.pop().copyUpInto(task, true);
        }
        return copyUpInto(task, withData);
    }

    /** Its directory is in the upper layer. */
    private Inode copyUpInto(Task task, boolean withData) {
        Inode upperDirectory = parent.upper;
        try (KillableLock _ = copying.take()) {
            if (upper == null) {
                upper = CopyUp.copy(task, overlay, lower, upperDirectory, name, withData);
                overlay.copiedUp(this, upper);
            }
            return upper;
        }
    }

    // ---- directories

    @Override
    public Inode lookup(Task task, String child) {
        Inode inUpper = upper == null ? null : upper.lookup(task, child);
        if (inUpper != null) {
            if (isWhiteout(inUpper)) {
                return null;
            }
            boolean merges = lower != null && Mode.isDir(inUpper.mode()) && !isOpaque(task, inUpper);
            Inode inLower = merges ? lower.lookup(task, child) : null;
            return overlay.inode(this, child, inLower != null && Mode.isDir(inLower.mode()) ? inLower : null, inUpper);
        }
        Inode inLower = lower == null ? null : lower.lookup(task, child);
        return inLower == null ? null : overlay.inode(this, child, inLower, null);
    }

    @Override
    public boolean prefersWalk() {
        return upper == null && lower.prefersWalk();
    }

    /** Below a directory that is only in the lower layer everything is; one walk of it finds all. */
    @Override
    public int walk(Task task, String[] names, int first, int count, Inode[] found) {
        if (upper != null) {
            return Inode.super.walk(task, names, first, count, found);
        }
        int n = lower.walk(task, names, first, count, found);
        OverlayInode directory = this;
        for (int i = 0; i < n; i++) {
            directory = overlay.inode(directory, names[first + i], found[i], null);
            found[i] = directory;
        }
        return n;
    }

    private boolean inLower(Task task, String child) {
        return lower != null && lower.lookup(task, child) != null;
    }

    /** The upper directory, with the way clear for a new {@code child}; whether a whiteout was there. */
    private boolean clear(Task task, Inode directory, String child) {
        Inode there = directory.lookup(task, child);
        if (there != null && isWhiteout(there)) {
            directory.unlink(task, child, there);
            return true;
        }
        return false;
    }

    private void whiteout(Task task, Inode directory, String child) {
        directory.create(task, child, Mode.S_IFCHR, 0, new Owner(0, 0));
    }

    /** Makes something new by {@code maker}; puts a whiteout that was there back when that fails. */
    private OverlayInode make(Task task, String child, java.util.function.Function<Inode, Inode> maker) {
        Inode directory = copyUp(task, true);
        boolean hidden = clear(task, directory, child);
        try {
            Inode made = maker.apply(directory);
            if (hidden && Mode.isDir(made.mode())) {
                made.setXattr(task, OPAQUE, YES, 0);
            }
            return overlay.inode(this, child, null, made);
        } catch (ErrnoException e) {
            if (hidden) {
                whiteout(task, directory, child);
            }
            throw e;
        }
    }

    @Override
    public Inode create(Task task, String child, int mode, long device, Owner owner) {
        if (Mode.isCharDevice(mode) && device == 0) {
            // It would be taken for a whiteout.
            throw ErrnoException.of(Errno.EPERM);
        }
        return make(task, child, directory -> directory.create(task, child, mode, device, owner));
    }

    @Override
    public Inode mkdir(Task task, String child, int mode, Owner owner) {
        return make(task, child, directory -> directory.mkdir(task, child, mode, owner));
    }

    @Override
    public Inode symlink(Task task, String child, String target, Owner owner) {
        return make(task, child, directory -> directory.symlink(task, child, target, owner));
    }

    @Override
    public Inode tmpfile(Task task, int mode, Owner owner) {
        return overlay.inode(this, "", null, copyUp(task, true).tmpfile(task, mode, owner));
    }

    @Override
    public void link(Task task, String child, Inode existing) {
        Inode linked = ((OverlayInode) existing).copyUp(task, true);
        Inode directory = copyUp(task, true);
        boolean hidden = clear(task, directory, child);
        try {
            directory.link(task, child, linked);
        } catch (ErrnoException e) {
            if (hidden) {
                whiteout(task, directory, child);
            }
            throw e;
        }
    }

    @Override
    public void unlink(Task task, String child, Inode inode) {
        remove(task, child, (OverlayInode) inode, false);
    }

    @Override
    public void rmdir(Task task, String child, Inode inode) {
        OverlayInode removed = (OverlayInode) inode;
        if (!OverlayDirectory.isEmpty(task, removed)) {
            throw ErrnoException.of(Errno.ENOTEMPTY);
        }
        remove(task, child, removed, true);
    }

    private void remove(Task task, String child, OverlayInode removed, boolean directory) {
        Inode up = copyUp(task, true);
        Inode theirs = up.lookup(task, child);
        if (theirs != null) {
            if (directory) {
                dropWhiteouts(task, theirs);
                up.rmdir(task, child, theirs);
            } else {
                up.unlink(task, child, theirs);
            }
        }
        if (inLower(task, child)) {
            whiteout(task, up, child);
        }
    }

    /** What is empty to look at may still be full of whiteouts. */
    private void dropWhiteouts(Task task, Inode directory) {
        OverlayDirectory.forEachWhiteout(task, overlay, directory, (name, inode) -> directory.unlink(task, name, inode));
    }

    /** A directory of the lower layer cannot move: EXDEV, and mv(1) copies it (as Linux's overlay without redirect_dir). */
    @Override
    public void rename(Task task, String oldName, Inode child, Inode newDirectory, String newName, Inode replaced, int flags) {
        OverlayInode moved = (OverlayInode) child;
        OverlayInode target = (OverlayInode) newDirectory;
        OverlayInode gone = (OverlayInode) replaced;
        boolean exchange = (flags & Open.RENAME_EXCHANGE) != 0;
        if (isFixed(moved) || exchange && isFixed(gone)) {
            throw ErrnoException.of(Errno.EXDEV);
        }
        if (gone != null && !exchange && Mode.isDir(gone.mode()) && !OverlayDirectory.isEmpty(task, gone)) {
            throw ErrnoException.of(Errno.ENOTEMPTY);
        }
        moved.copyUp(task, true);
        Inode from = copyUp(task, true);
        Inode to = target.copyUp(task, true);
        if (exchange) {
            gone.copyUp(task, true);
        } else if (gone != null && gone.upper != null && Mode.isDir(gone.mode())) {
            dropWhiteouts(task, gone.upper);
        }
        boolean hidden = clear(task, to, newName);
        Inode inTheWay = to.lookup(task, newName);
        if (Mode.isDir(moved.mode()) && (hidden || target.inLower(task, newName))) {
            moved.upper.setXattr(task, OPAQUE, YES, 0);
        }
        from.rename(task, oldName, moved.upper, to, newName, inTheWay, flags & Open.RENAME_EXCHANGE);
        if (!exchange && (inLower(task, oldName) || (flags & Open.RENAME_WHITEOUT) != 0)) {
            whiteout(task, from, oldName);
        }
        moved.moved(target, newName);
        if (exchange) {
            gone.moved(this, oldName);
            if (Mode.isDir(gone.mode()) && inLower(task, oldName)) {
                gone.upper.setXattr(task, OPAQUE, YES, 0);
            }
        }
    }

    private static boolean isFixed(OverlayInode inode) {
        return inode.lower != null && Mode.isDir(inode.mode());
    }

    private void moved(OverlayInode directory, String newName) {
        parent = directory;
        name = newName;
        if (!Mode.isDir(mode())) {
            lower = null;
        }
    }

    /** What is only in the lower layer is not changed by being read. */
    @Override
    public void accessed(boolean strict) {
        Inode u = upper;
        if (u != null) {
            u.accessed(strict);
        }
    }

    // ---- links, opening

    @Override
    public String readlink(Task task) {
        return real().readlink(task);
    }

    @Override
    public FileOperations open(Task task, int flags) {
        if (Mode.isDir(mode())) {
            return upper == null ? lower.open(task, flags) : new OverlayDirectory(this);
        }
        boolean writes = (flags & Open.O_ACCMODE) != Open.O_RDONLY;
        if (writes) {
            return copyUp(task, true).open(task, flags);
        }
        Inode u = upper;
        return u != null ? u.open(task, flags) : new LowerFile(this, lower.open(task, flags), flags);
    }

    // ---- extended attributes

    private static void checkName(String attribute, int errno) {
        if (attribute.startsWith(PRIVATE_XATTRS)) {
            throw ErrnoException.of(errno);
        }
    }

    @Override
    public byte[] getXattr(Task task, String attribute) {
        checkName(attribute, Errno.ENODATA);
        return real().getXattr(task, attribute);
    }

    @Override
    public void setXattr(Task task, String attribute, byte[] value, int flags) {
        checkName(attribute, Errno.EPERM);
        copyUp(task, true).setXattr(task, attribute, value, flags);
    }

    @Override
    public List<String> listXattr(Task task) {
        return real().listXattr(task).stream().filter(attribute -> !attribute.startsWith(PRIVATE_XATTRS)).toList();
    }

    @Override
    public void removeXattr(Task task, String attribute) {
        checkName(attribute, Errno.ENODATA);
        copyUp(task, true).removeXattr(task, attribute);
    }

    @Override
    public void evict() {
        Inode u = upper;
        if (u != null) {
            overlay.forget(this, u);
            u.evict();
        }
        Inode l = lower;
        if (l != null) {
            l.evict();
        }
    }
}
