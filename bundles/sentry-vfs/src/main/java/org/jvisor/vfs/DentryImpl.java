// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLong;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.vfs.Dentry;
import org.jvisor.api.vfs.Inode;

/** A name with what it means. Absent names have no dentry of their own, see {@link NameEntry}. */
final class DentryImpl implements Dentry {

    private static final AtomicLong NEXT_ID = new AtomicLong();
    private static final byte[] SLASH = {'/'};
    private static final VarHandle CHILDREN;

    static {
        try {
            CHILDREN = MethodHandles.lookup().findVarHandle(DentryImpl.class, "children", DentryTable.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final SuperBlock superBlock;
    final Vnode vnode;

    /** The order in which the locks of unrelated directories are taken. */
    final long id = NEXT_ID.incrementAndGet();

    /** Changed by rename, under both directories' locks. */
    private volatile DentryImpl parent;
    private volatile NameEntry entry;
    private volatile String name;
    private volatile boolean deleted;

    /** Mounts on this dentry in all namespaces; changed under MountTree's lock. */
    volatile int mounts;

    /** Of a directory: held over every look-up in the file system and every change of its names. */
    final KillableLock lock = new KillableLock(LockRank.DIRECTORY);

    private volatile DentryTable children;

    private DentryImpl(SuperBlock superBlock, DentryImpl parent, Vnode vnode, String name) {
        this.superBlock = superBlock;
        this.parent = parent;
        this.vnode = vnode;
        this.name = name;
    }

    static DentryImpl root(SuperBlock superBlock, Inode inode) {
        return new DentryImpl(superBlock, null, new Vnode(superBlock, inode), "/");
    }

    /** A dentry in no directory: its own root. The user of {@code vnode} becomes the dentry's. */
    static DentryImpl detached(SuperBlock superBlock, Vnode vnode, String name) {
        return new DentryImpl(superBlock, null, vnode, name);
    }

    /** What O_TMPFILE makes: below {@code directory}, but no table will ever know it. */
    static DentryImpl unnamed(DentryImpl directory, Vnode vnode, String name) {
        DentryImpl dentry = new DentryImpl(directory.superBlock, directory, vnode, name);
        dentry.deleted = true;
        return dentry;
    }

    /** A dentry below {@code parent} that no table knows yet. */
    static DentryImpl child(DentryImpl parent, Vnode vnode) {
        return new DentryImpl(parent.superBlock, parent, vnode, null);
    }

    // ---- Dentry

    @Override
    public String name() {
        String known = name;
        if (known == null) {
            known = entry.nameString();
            name = known;
        }
        return known;
    }

    @Override
    public DentryImpl parent() {
        DentryImpl p = parent;
        return p == null ? this : p;
    }

    @Override
    public Inode inode() {
        return vnode.inode;
    }

    @Override
    public boolean isDeleted() {
        return deleted;
    }

    // ---- the cache

    /** The entry of a name if it is cached, found without a lock; marks it as used. */
    NameEntry cached(byte[] path, int offset, int length, int hash) {
        DentryTable table = children;
        if (table == null) {
            return null;
        }
        NameEntry found = table.find(path, offset, length, hash);
        if (found != null && !found.used) {
            found.used = true;
        }
        return found;
    }

    /** Like {@link #cached}, under this directory's lock: misses nothing. */
    NameEntry cachedLocked(byte[] path, int offset, int length, int hash) {
        DentryTable table = children;
        return table == null ? null : table.findLocked(path, offset, length, hash);
    }

    /**
     * Enters {@code child}, made by {@link #child} of this and with its name's user of the vnode; room was taken for it. Under this
     * directory's lock, the name not being in the table with a live dentry.
     */
    void enter(DentryImpl child, byte[] nameBytes, int hash) {
        NameEntry fresh = new NameEntry(table(), nameBytes, hash, child, child.vnode, superBlock.names.unusedQueue());
        child.entry = fresh;
        child.name = null;
        fresh.table.add(fresh);
        superBlock.names.enlist(fresh);
    }

    /**
     * Remembers that there is no such name, if names are kept; whether the room that was taken for it is used. Under this directory's
     * lock.
     */
    boolean enterNegative(byte[] nameBytes, int hash) {
        if (!superBlock.names.keeps()) {
            return false;
        }
        NameEntry fresh = new NameEntry(table(), nameBytes, hash, null, null, null);
        fresh.table.add(fresh);
        superBlock.names.enlist(fresh);
        return true;
    }

    /** The name has just gone: remembers that, if there is room. Under this directory's lock. */
    void rememberAbsence(byte[] nameBytes, int hash) {
        if (superBlock.names.keeps() && superBlock.names.tryTake(1)) {
            enterNegative(nameBytes, hash);
        }
    }

    /** Takes a negative entry, or one whose dentry the collector took, out of its table. */
    void drop(NameEntry stale) {
        stale.table.remove(stale);
        if (stale.isNegative()) {
            superBlock.names.remove(stale);
        } // the others are the business of NameCache.collect, which gives back the vnode
    }

    /** This name is gone, and what it named with it, unless it is used. Under the directory's lock. */
    void delete() {
        deleted = true;
        forget();
        DentryTable table = children;
        if (table != null) {
            for (NameEntry e : table.entries()) {
                if (e.isNegative()) {
                    drop(e);
                }
            }
        }
    }

    /** The cache forgets this name, which may still exist. Under the directory's lock. */
    void forget() {
        NameEntry e = entry;
        if (!e.table.remove(e)) {
            return;
        }
        if (isDirectory()) {
            // Somebody may work in it: it goes when nobody does any more, see the package's documentation.
            superBlock.names.letGo(e);
        } else {
            superBlock.names.remove(e);
            vnode.release();
        }
    }

    /** Gets another name, in {@code directory}. Under the locks of both directories. */
    void moveTo(DentryImpl directory, byte[] nameBytes, int hash) {
        leaveTable();
        parent = directory;
        directory.enter(this, nameBytes, hash);
    }

    /** Changes places with {@code other}. Under the locks of both directories. */
    void exchange(DentryImpl other) {
        DentryImpl here = parent;
        DentryImpl there = other.parent;
        NameEntry mine = entry;
        NameEntry theirs = other.entry;
        leaveTable();
        other.moveTo(here, mine.name, mine.hash);
        parent = there;
        there.enter(this, theirs.name, theirs.hash);
    }

    private void leaveTable() {
        NameEntry old = entry;
        old.table.remove(old);
        superBlock.names.delist(old);
    }

    private DentryTable table() {
        DentryTable table = children;
        if (table == null) {
            CHILDREN.compareAndSet(this, null, new DentryTable());
            table = children;
        }
        return table;
    }

    byte[] nameBytes() {
        NameEntry e = entry;
        return e == null ? SLASH : e.name;
    }

    /** Whether this is {@code ancestor} or below it. */
    boolean isWithin(DentryImpl ancestor) {
        for (DentryImpl d = this;; d = d.parent()) {
            if (d == ancestor) {
                return true;
            }
            if (d == d.parent()) {
                return false;
            }
        }
    }

    boolean isDirectory() {
        return Mode.isDir(vnode.inode.mode());
    }

    boolean isRoot() {
        return parent == null;
    }
}
