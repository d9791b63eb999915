// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.Handle;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.Inode;

/** What the vfs keeps about a file system: its cached names, its inodes in use, how many mounts and open files it has. */
final class SuperBlock implements Handle {

    /** How many names of a file system the cache keeps that nobody uses. */
    static final int KEPT_NAMES = 16_384;

    /** In the place of a count of users. */
    private static final int ENDED = -1;

    /** Another object once its bundle is replaced. */
    volatile FileSystem fileSystem;
    final boolean cachesDentries;
    final boolean mayChangeOutside;
    final DentryImpl root;

    /** Held over a rename from one directory to another, so that no directory gets below itself. */
    final KillableLock renameLock = new KillableLock(LockRank.RENAME);

    private final int keptNames;
    private final ConcurrentHashMap<Inode, Vnode> vnodes = new ConcurrentHashMap<>();
    private final ReferenceQueue<DentryImpl> unused = new ReferenceQueue<>();

    /** Mounts, open files, and those who stand in a mount; the file system ends with the last one. */
    private final AtomicInteger users = new AtomicInteger();
    private final Consumer<? super SuperBlock> ended;

    /** Dentries of this file system that something is mounted on, once a mount. */
    private final CopyOnWriteArrayList<DentryImpl> mountPoints = new CopyOnWriteArrayList<>();

    private final Mutex lruLock = new Mutex(LockRank.SUPER_BLOCK);
    /** Both are circular lists with a head of their own, guarded by lruLock. */
    private final NameEntry kept = new NameEntry(null, null, 0, null, null, null);
    private final NameEntry letGo = new NameEntry(null, null, 0, null, null, null);
    private int keptCount;

    /**
     * Without a user yet.
     *
     * @param ended told when the last one is gone
     */
    SuperBlock(FileSystem fileSystem, Consumer<? super SuperBlock> ended) {
        this(fileSystem, KEPT_NAMES, ended);
    }

    SuperBlock(FileSystem fileSystem, int keptNames, Consumer<? super SuperBlock> ended) {
        this.fileSystem = fileSystem;
        this.keptNames = keptNames;
        this.ended = ended;
        cachesDentries = fileSystem.cachesDentries();
        mayChangeOutside = fileSystem.mayChangeOutside();
        kept.previous = kept.next = kept;
        letGo.previous = letGo.next = letGo;
        root = DentryImpl.root(this, fileSystem.root());
    }

    // ---- mount points

    /** Under MountTree's lock. */
    void addMountPoint(DentryImpl dentry) {
        mountPoints.add(dentry);
    }

    void removeMountPoint(DentryImpl dentry) {
        mountPoints.remove(dentry);
    }

    /** Whether something is mounted on {@code dentry} or below it. */
    boolean hasMountsWithin(DentryImpl dentry) {
        for (DentryImpl point : mountPoints) {
            if (point.isWithin(dentry)) {
                return true;
            }
        }
        return false;
    }

    // ---- Handle

    @Override
    public long id() {
        return fileSystem.device();
    }

    @Override
    public String kind() {
        return "super block";
    }

    @Override
    public Class<?> type() {
        return FileSystem.class;
    }

    @Override
    public FileSystem target() {
        return fileSystem;
    }

    @Override
    public void replace(Object fresh) {
        fileSystem = (FileSystem) fresh;
    }

    // ---- users

    /** One more user, unless the file system has ended. */
    boolean tryRetain() {
        for (;;) {
            int now = users.get();
            if (now == ENDED) {
                return false;
            }
            if (users.compareAndSet(now, now + 1)) {
                return true;
            }
        }
    }

    /** By who is a user, or has just made this. */
    void retain() {
        if (!tryRetain()) {
            throw new IllegalStateException("a file system that has ended");
        }
    }

    /** With no lock of the vfs held but a directory's. */
    void release() {
        for (;;) {
            int now = users.get();
            int after = now == 1 ? ENDED : now - 1;
            if (users.compareAndSet(now, after)) {
                if (after == ENDED) {
                    ended.accept(this);
                    fileSystem.unmount();
                }
                return;
            }
        }
    }

    boolean hasEnded() {
        return users.get() == ENDED;
    }

    // ---- inodes

    /** The vnode of {@code inode} with one more user. */
    Vnode vnode(Inode inode) {
        for (;;) {
            Vnode known = vnodes.get(inode);
            if (known == null) {
                Vnode fresh = new Vnode(this, inode);
                if (vnodes.putIfAbsent(inode, fresh) == null) {
                    return fresh;
                }
            } else if (known.tryRetain()) {
                return known;
            } else {
                vnodes.remove(inode, known);
            }
        }
    }

    /** {@code fresh} may take the place of {@code vnode}'s inode: until one of them leaves, it is found by either. */
    void enter(Vnode vnode, Inode fresh) {
        if (vnodes.get(vnode.inode) == vnode) {
            vnodes.put(fresh, vnode);
        }
    }

    /** {@code inode} is not what {@code vnode} is found by any more. */
    void leave(Vnode vnode, Inode inode) {
        if (inode == vnode.inode) {
            return;
        }
        boolean known = vnodes.remove(inode, vnode);
        // What goes and what stays may be equal: then there was but one entry.
        if (known && inode.equals(vnode.inode)) {
            vnodes.put(vnode.inode, vnode);
        }
    }

    /** All inodes in use, but for those without a name that only a description knows. */
    void forEachVnode(Consumer<? super Vnode> visitor) {
        visitor.accept(root.vnode);
        vnodes.values().forEach(visitor);
    }

    void evict(Vnode vnode) {
        vnodes.remove(vnode.inode, vnode);
        vnode.inode.evict();
    }

    // ---- names

    ReferenceQueue<DentryImpl> unusedQueue() {
        return unused;
    }

    /** A new entry of a table: kept, if this file system's names are. */
    void enlist(NameEntry entry) {
        NameEntry victim = null;
        try (Mutex _ = lruLock.take()) {
            if (cachesDentries) {
                victim = keep(entry);
            } else {
                append(letGo, entry, NameEntry.LET_GO);
                entry.strong = null;
            }
        }
        drop(victim);
        collect();
    }

    /** Keeps an entry again that was let go and is used anew. */
    void keepAgain(NameEntry entry, DentryImpl dentry) {
        NameEntry victim = null;
        try (Mutex _ = lruLock.take()) {
            if (entry.list == NameEntry.LET_GO && cachesDentries) {
                unlink(entry);
                entry.strong = dentry;
                victim = keep(entry);
            }
        }
        drop(victim);
    }

    private NameEntry keep(NameEntry entry) {
        append(kept, entry, NameEntry.KEPT);
        keptCount++;
        return keptCount > keptNames ? letOneGo() : null;
    }

    private static void drop(NameEntry victim) {
        if (victim != null) {
            victim.table.remove(victim);
        }
    }

    /**
     * The hand of the clock: what was not looked up since it came by last; a negative entry that is to leave its table, or
     * null.
     */
    private NameEntry letOneGo() {
        NameEntry entry = kept.next;
        while (entry.used) {
            entry.used = false;
            unlink(entry);
            append(kept, entry, NameEntry.KEPT);
            entry = kept.next;
        }
        unlink(entry);
        keptCount--;
        if (entry.isNegative()) {
            return entry;
        }
        append(letGo, entry, NameEntry.LET_GO);
        entry.strong = null;
        return null;
    }

    /** {@code entry} has left its table for good. */
    void delist(NameEntry entry) {
        try (Mutex _ = lruLock.take()) {
            if (entry.list == NameEntry.KEPT) {
                keptCount--;
            }
            if (entry.list != NameEntry.UNLISTED) {
                unlink(entry);
            }
        }
    }

    /** {@code entry}, that of a directory which was removed, goes when nobody has it any more. */
    void letGo(NameEntry entry) {
        try (Mutex _ = lruLock.take()) {
            if (entry.list == NameEntry.KEPT) {
                keptCount--;
            }
            if (entry.list != NameEntry.UNLISTED) {
                unlink(entry);
            }
            append(letGo, entry, NameEntry.LET_GO);
            entry.strong = null;
        }
    }

    /** Forgets the names that nobody used when the collector last looked. */
    void collect() {
        for (Reference<?> r = unused.poll(); r != null; r = unused.poll()) {
            NameEntry entry = (NameEntry) r;
            entry.table.remove(entry);
            boolean listed;
            try (Mutex _ = lruLock.take()) {
                listed = entry.list != NameEntry.UNLISTED;
                if (listed) {
                    unlink(entry);
                }
            }
            if (listed) {
                entry.vnode.release();
            }
        }
    }

    /** Names that the cache keeps. */
    int keptCount() {
        try (Mutex _ = lruLock.take()) {
            return keptCount;
        }
    }

    private static void append(NameEntry head, NameEntry entry, int list) {
        entry.list = list;
        entry.previous = head.previous;
        entry.next = head;
        head.previous.next = entry;
        head.previous = entry;
    }

    private static void unlink(NameEntry entry) {
        entry.previous.next = entry.next;
        entry.next.previous = entry.previous;
        entry.previous = null;
        entry.next = null;
        entry.list = NameEntry.UNLISTED;
    }
}
