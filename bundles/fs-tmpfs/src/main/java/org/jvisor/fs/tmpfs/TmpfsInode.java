// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.tmpfs;

import java.util.List;
import java.util.TreeMap;
import org.jvisor.api.abi.Clock;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.abi.Xattr;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.SetAttributes;

/**
 * What all inodes have: attributes, times, links, extended attributes. The mutex guards them; mode, owner and group are read
 * without.
 */
abstract class TmpfsInode implements Inode, Stateful {

    /** Of all records of this bundle. */
    static final int SCHEMA = 1;

    /** What an extended attribute takes of the heap beside its text and value. */
    private static final long XATTR_HEAP_BYTES = 128;

    final Tmpfs fileSystem;
    private final long ino;
    private final long birthNs;

    private final Mutex mutex = new Mutex(LockRank.INODE);
    private volatile int mode;
    private volatile int uid;
    private volatile int gid;
    private volatile int links;
    private volatile long accessedNs;
    private volatile long modifiedNs;
    private volatile long changedNs;
    private TreeMap<String, byte[]> xattrs;
    private boolean gone;

    /** Its inode is taken from the quota already. */
    TmpfsInode(Tmpfs fileSystem, int mode, int uid, int gid, int links) {
        this.fileSystem = fileSystem;
        this.ino = fileSystem.newIno();
        this.mode = mode;
        this.uid = uid;
        this.gid = gid;
        this.links = links;
        birthNs = fileSystem.nowNs();
        accessedNs = birthNs;
        modifiedNs = birthNs;
        changedNs = birthNs;
    }

    /** What {@link #save} wrote. */
    TmpfsInode(StateRecord record) {
        fileSystem = record.requireOwn("fileSystem", Tmpfs.class);
        ino = record.requireLong("ino");
        birthNs = record.getLong("birthNs", 0);
        mode = record.requireInt("mode");
        uid = record.getInt("uid", 0);
        gid = record.getInt("gid", 0);
        links = record.getInt("links", 1);
        accessedNs = record.getLong("accessedNs", birthNs);
        modifiedNs = record.getLong("modifiedNs", birthNs);
        changedNs = record.getLong("changedNs", birthNs);
        gone = record.getBoolean("gone", false);
        for (StateRecord xattr : record.items("xattrs")) {
            if (xattrs == null) {
                xattrs = new TreeMap<>();
            }
            xattrs.put(xattr.requireString("name"), xattr.getBytes("value"));
        }
    }

    @Override
    public final StateRecord save() {
        try (Mutex _ = mutex.take()) {
            StateRecord record = new StateRecord(stateType(), SCHEMA).putOwn("fileSystem", fileSystem).put("ino", ino)
                    .put("birthNs", birthNs).put("mode", mode).put("uid", uid).put("gid", gid).put("links", links)
                    .put("accessedNs", accessedNs).put("modifiedNs", modifiedNs).put("changedNs", changedNs).put("gone", gone);
            if (xattrs != null) {
                xattrs.forEach((name, value) -> record.add("xattrs").put("name", name).put("value", value));
            }
            saveContent(record);
            return record;
        }
    }

    abstract String stateType();

    /** Adds what the kind of inode has beside what all have. */
    abstract void saveContent(StateRecord record);

    // ---- attributes

    @Override
    public final FileSystem fileSystem() {
        return fileSystem;
    }

    @Override
    public final long ino() {
        return ino;
    }

    @Override
    public final int mode() {
        return mode;
    }

    @Override
    public final int uid() {
        return uid;
    }

    @Override
    public final int gid() {
        return gid;
    }

    /** Bytes that it holds. */
    long allocatedBytes() {
        return 0;
    }

    long device() {
        return 0;
    }

    @Override
    public final void stat(Stat stat) {
        stat.clear();
        stat.dev = fileSystem.device();
        stat.ino = ino;
        stat.rdev = device();
        stat.size = size();
        stat.blksize = MemoryFile.PAGE;
        stat.blocks = allocatedBytes() / 512;
        try (Mutex _ = mutex.take()) {
            stat.mode = mode;
            stat.nlink = links;
            stat.uid = uid;
            stat.gid = gid;
            stat.setAtime(seconds(accessedNs), nanos(accessedNs));
            stat.setMtime(seconds(modifiedNs), nanos(modifiedNs));
            stat.setCtime(seconds(changedNs), nanos(changedNs));
        }
        stat.setBtime(seconds(birthNs), nanos(birthNs));
    }

    private static long seconds(long ns) {
        return Math.floorDiv(ns, Clock.NSEC_PER_SEC);
    }

    private static int nanos(long ns) {
        return (int) Math.floorMod(ns, Clock.NSEC_PER_SEC);
    }

    @Override
    public void setAttributes(Task task, SetAttributes changes) {
        int valid = changes.valid;
        long now = fileSystem.nowNs();
        try (Mutex _ = mutex.take()) {
            if ((valid & SetAttributes.MODE) != 0) {
                mode = mode & Mode.S_IFMT | changes.mode & Mode.PERMISSIONS;
            }
            if ((valid & SetAttributes.UID) != 0) {
                uid = changes.uid;
            }
            if ((valid & SetAttributes.GID) != 0) {
                gid = changes.gid;
            }
            if ((valid & SetAttributes.ATIME) != 0) {
                accessedNs = (valid & SetAttributes.ATIME_NOW) != 0 ? now : ns(changes.atimeSeconds, changes.atimeNanos);
            }
            if ((valid & SetAttributes.MTIME) != 0) {
                modifiedNs = (valid & SetAttributes.MTIME_NOW) != 0 ? now : ns(changes.mtimeSeconds, changes.mtimeNanos);
            }
            changedNs = now;
        }
    }

    /** Times beyond what 64 bits of nanoseconds hold (the year 2262) are cut, as every file system does at its own limit. */
    private static long ns(long seconds, int nanos) {
        long limit = Long.MAX_VALUE / Clock.NSEC_PER_SEC - 1;
        return Math.clamp(seconds, -limit, limit) * Clock.NSEC_PER_SEC + nanos;
    }

    // ---- times

    final void contentChanged() {
        try (Mutex _ = mutex.take()) {
            long now = fileSystem.nowNs();
            modifiedNs = now;
            changedNs = now;
        }
    }

    final void attributesChanged() {
        changedNs = fileSystem.nowNs();
    }

    /** mount(2), MS_RELATIME, but for the update once a day. */
    @Override
    public final void accessed(boolean strict) {
        if (strict || accessedNs <= modifiedNs || accessedNs <= changedNs) {
            accessedNs = fileSystem.nowNs();
        }
    }

    // ---- links

    final int links() {
        return links;
    }

    final void addLinks(int count) {
        try (Mutex _ = mutex.take()) {
            links += count;
            attributesChanged();
        }
    }

    /**
     * One name more or less of what is no directory. Each counts as an inode, as on Linux, since each takes memory; the first
     * is paid for.
     */
    final void named() {
        try (Mutex _ = mutex.take()) {
            if (gone) {
                throw ErrnoException.of(Errno.ENOENT); // who unlinked it was quicker
            }
            if (links > 0) {
                fileSystem.quota().takeInode(0);
            }
            addLinks(1);
        }
    }

    final void unnamed() {
        try (Mutex _ = mutex.take()) {
            if (links > 1) {
                fileSystem.quota().giveInode(0);
            }
            addLinks(-1);
        }
    }

    /** The last name went, or the file system: gives back what it held. */
    final void dispose() {
        try (Mutex _ = mutex.take()) {
            if (gone) {
                return;
            }
            gone = true;
        }
        disposeContent();
        fileSystem.quota().giveInode(textBytes());
        try (Mutex _ = mutex.take()) {
            if (xattrs != null) {
                xattrs.forEach(this::giveXattr);
                xattrs = null;
            }
        }
    }

    /** Whether {@link #dispose} has been called. */
    final boolean gone() {
        try (Mutex _ = mutex.take()) {
            return gone;
        }
    }

    void disposeContent() {}

    long textBytes() {
        return 0;
    }

    @Override
    public final void evict() {
        if (links == 0) {
            dispose();
        }
    }

    @Override
    public FileOperations open(Task task, int flags) {
        throw ErrnoException.of(Errno.ENXIO);
    }

    // ---- extended attributes

    @Override
    public final byte[] getXattr(Task task, String name) {
        try (Mutex _ = mutex.take()) {
            byte[] value = xattrs == null ? null : xattrs.get(name);
            if (value == null) {
                throw ErrnoException.of(Errno.ENODATA);
            }
            return value.clone();
        }
    }

    @Override
    public final void setXattr(Task task, String name, byte[] value, int flags) {
        try (Mutex _ = mutex.take()) {
            byte[] before = xattrs == null ? null : xattrs.get(name);
            if (before != null && (flags & Xattr.XATTR_CREATE) != 0) {
                throw ErrnoException.of(Errno.EEXIST);
            }
            if (before == null && (flags & Xattr.XATTR_REPLACE) != 0) {
                throw ErrnoException.of(Errno.ENODATA);
            }
            if (gone || !fileSystem.quota().takeBytes(xattrBytes(name, value))) {
                throw ErrnoException.of(Errno.ENOSPC);
            }
            if (xattrs == null) {
                xattrs = new TreeMap<>();
            }
            xattrs.put(name, value.clone());
            if (before != null) {
                giveXattr(name, before);
            }
            attributesChanged();
        }
    }

    @Override
    public final List<String> listXattr(Task task) {
        try (Mutex _ = mutex.take()) {
            return xattrs == null ? List.of() : List.copyOf(xattrs.keySet());
        }
    }

    @Override
    public final void removeXattr(Task task, String name) {
        try (Mutex _ = mutex.take()) {
            byte[] before = xattrs == null ? null : xattrs.remove(name);
            if (before == null) {
                throw ErrnoException.of(Errno.ENODATA);
            }
            giveXattr(name, before);
            attributesChanged();
        }
    }

    private static long xattrBytes(String name, byte[] value) {
        return XATTR_HEAP_BYTES + name.length() + value.length;
    }

    private void giveXattr(String name, byte[] value) {
        fileSystem.quota().giveBytes(xattrBytes(name, value));
    }
}
