// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.state.Handle;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.Inode;

/** What the vfs keeps about a file system: its cached names, its inodes in use, how many mounts and open files it has. */
final class SuperBlock implements Handle {

    /** In the place of a count of users. */
    private static final int ENDED = -1;

    /** Another object once its bundle is replaced. */
    volatile FileSystem fileSystem;
    final boolean mayChangeOutside;
    final NameCache names;
    final DentryImpl root;

    /** Held over a rename from one directory to another, so that no directory gets below itself. */
    final KillableLock renameLock = new KillableLock(LockRank.RENAME);

    private final ConcurrentHashMap<Inode, Vnode> vnodes = new ConcurrentHashMap<>();

    /** Mounts, open files, and those who stand in a mount; the file system ends with the last one. */
    private final AtomicInteger users = new AtomicInteger();
    private final Consumer<? super SuperBlock> ended;

    /** Dentries of this file system that something is mounted on, once a mount. */
    private final CopyOnWriteArrayList<DentryImpl> mountPoints = new CopyOnWriteArrayList<>();

    /**
     * Without a user yet.
     *
     * @param payer who is charged for the names; null: nobody
     * @param ended told when the last user is gone
     */
    SuperBlock(FileSystem fileSystem, Cgroup payer, NameReclaim reclaim, Consumer<? super SuperBlock> ended) {
        this.fileSystem = fileSystem;
        this.ended = ended;
        mayChangeOutside = fileSystem.mayChangeOutside();
        names = new NameCache(fileSystem.cachesDentries(), NameCache.KEPT, !fileSystem.chargesInodes(), payer, reclaim);
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
                    names.end();
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
                    names.inodeUsed();
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
        names.inodeUnused();
        vnode.inode.evict();
    }
}
