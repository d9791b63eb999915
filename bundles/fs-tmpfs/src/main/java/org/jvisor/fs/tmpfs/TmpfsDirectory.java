// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.tmpfs;

import java.util.ArrayDeque;
import java.util.List;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;

/** A directory. Changes come under the vfs's directory lock; the mutex is for those who read it meanwhile. */
final class TmpfsDirectory extends TmpfsInode {

    /** What Linux counts for a name. */
    private static final long ENTRY_SIZE = 20;

    /** Guards the entries. */
    private final Mutex names = new Mutex(LockRank.INODE);
    private final DirectoryEntries entries = new DirectoryEntries();
    private final Operations operations = new Operations();
    private volatile TmpfsDirectory parent;

    /** @param parent null: its own */
    TmpfsDirectory(Tmpfs fileSystem, TmpfsDirectory parent, int mode, int uid, int gid) {
        super(fileSystem, mode, uid, gid, 2);
        this.parent = parent == null ? this : parent;
    }

    TmpfsDirectory(StateRecord record) {
        super(record);
    }

    @Override
    String stateType() {
        return TmpfsDriver.DIRECTORY;
    }

    @Override
    void saveContent(StateRecord record) {
        record.putOwn("parent", parent);
        try (Mutex _ = names.take()) {
            entries.save(record);
        }
    }

    @Override
    public void link(StateRecord record) {
        parent = record.requireOwn("parent", TmpfsDirectory.class);
        try (Mutex _ = names.take()) {
            entries.adopt(record);
        }
    }

    Stateful operations() {
        return operations;
    }

    @Override
    public long size() {
        try (Mutex _ = names.take()) {
            return (entries.size() + 2) * ENTRY_SIZE;
        }
    }

    @Override
    public FileOperations open(Task task, int flags) {
        return operations;
    }

    /** Disposes of all that is below this. Not by recursion: how deep it goes is up to the application. */
    void disposeTree() {
        ArrayDeque<TmpfsInode> left = new ArrayDeque<>();
        left.add(this);
        while (!left.isEmpty()) {
            TmpfsInode inode = left.removeLast();
            if (inode instanceof TmpfsDirectory directory) {
                try (Mutex _ = directory.names.take()) {
                    left.addAll(List.of(directory.entries.inodes()));
                }
            }
            if (inode instanceof TmpfsDirectory || inode.links() <= 1) {
                inode.dispose();
            } else {
                inode.unnamed(); // it comes again by its other names
            }
        }
    }

    // ---- names

    @Override
    public Inode lookup(Task task, String name) {
        return child(name);
    }

    private TmpfsInode child(String name) {
        try (Mutex _ = names.take()) {
            return entries.get(name);
        }
    }

    private void put(String name, TmpfsInode inode) {
        try (Mutex _ = names.take()) {
            entries.put(name, inode);
        }
        contentChanged();
    }

    private void remove(String name) {
        try (Mutex _ = names.take()) {
            entries.remove(name);
        }
        contentChanged();
    }

    private void requireAlive() {
        if (links() == 0) {
            throw ErrnoException.of(Errno.ENOENT);
        }
    }

    @Override
    public Inode create(Task task, String name, int mode, long device, Owner owner) {
        requireAlive();
        fileSystem.quota().takeInode(0);
        TmpfsInode made = Mode.isRegular(mode) ? new TmpfsFile(fileSystem, mode, owner.uid(), owner.gid(), 1)
                : new TmpfsSpecial(fileSystem, mode, device, owner.uid(), owner.gid());
        put(name, made);
        return made;
    }

    @Override
    public Inode tmpfile(Task task, int mode, Owner owner) {
        requireAlive();
        fileSystem.quota().takeInode(0);
        return new TmpfsFile(fileSystem, mode, owner.uid(), owner.gid(), 0);
    }

    @Override
    public Inode mkdir(Task task, String name, int mode, Owner owner) {
        requireAlive();
        fileSystem.quota().takeInode(0);
        TmpfsDirectory made = new TmpfsDirectory(fileSystem, this, mode, owner.uid(), owner.gid());
        put(name, made);
        addLinks(1);
        return made;
    }

    @Override
    public Inode symlink(Task task, String name, String target, Owner owner) {
        requireAlive();
        fileSystem.quota().takeInode(target.length());
        TmpfsInode made = new TmpfsSymlink(fileSystem, target, owner.uid(), owner.gid());
        put(name, made);
        return made;
    }

    @Override
    public void link(Task task, String name, Inode existing) {
        requireAlive();
        TmpfsInode inode = (TmpfsInode) existing;
        inode.named();
        put(name, inode);
    }

    @Override
    public void unlink(Task task, String name, Inode child) {
        remove(name);
        ((TmpfsInode) child).unnamed();
    }

    @Override
    public void rmdir(Task task, String name, Inode child) {
        TmpfsDirectory directory = (TmpfsDirectory) child;
        directory.requireEmpty();
        remove(name);
        directory.removed();
        addLinks(-1);
    }

    /** Somebody may work in it still, but nothing can be made in it any more: what it held is free at once. */
    private void removed() {
        addLinks(-2);
        dispose();
    }

    private void requireEmpty() {
        try (Mutex _ = names.take()) {
            if (entries.size() != 0) {
                throw ErrnoException.of(Errno.ENOTEMPTY);
            }
        }
    }

    @Override
    public void rename(Task task, String oldName, Inode child, Inode newDirectory, String newName, Inode replaced, int flags) {
        TmpfsDirectory target = (TmpfsDirectory) newDirectory;
        TmpfsInode moved = (TmpfsInode) child;
        target.requireAlive();
        if ((flags & Open.RENAME_EXCHANGE) != 0) {
            exchange(oldName, moved, target, newName, (TmpfsInode) replaced);
            return;
        }
        boolean whiteout = (flags & Open.RENAME_WHITEOUT) != 0;
        if (replaced instanceof TmpfsDirectory directory) {
            directory.requireEmpty();
        }
        if (whiteout) {
            fileSystem.quota().takeInode(0);
        }
        if (replaced instanceof TmpfsDirectory directory) {
            directory.removed();
            target.addLinks(-1);
        } else if (replaced != null) {
            ((TmpfsInode) replaced).unnamed();
        }
        remove(oldName);
        target.put(newName, moved);
        if (moved instanceof TmpfsDirectory directory) {
            directory.moved(this, target);
        }
        if (whiteout) {
            put(oldName, new TmpfsSpecial(fileSystem, Mode.S_IFCHR, 0, moved.uid(), moved.gid()));
        }
        moved.attributesChanged();
    }

    private void exchange(String oldName, TmpfsInode moved, TmpfsDirectory target, String newName, TmpfsInode other) {
        put(oldName, other);
        target.put(newName, moved);
        if (moved instanceof TmpfsDirectory directory) {
            directory.moved(this, target);
        }
        if (other instanceof TmpfsDirectory directory) {
            directory.moved(target, this);
        }
        moved.attributesChanged();
        other.attributesChanged();
    }

    private void moved(TmpfsDirectory from, TmpfsDirectory to) {
        if (from != to) {
            parent = to;
            from.addLinks(-1);
            to.addLinks(1);
        }
    }

    // ---- reading

    private long read(long position, FileOperations.DirectorySink sink) {
        if (position == 0 && !sink.add(".", ino(), Mode.DT_DIR, 1)) {
            return 0;
        }
        if (position <= 1 && !sink.add("..", parent.ino(), Mode.DT_DIR, DirectoryEntries.FIRST_POSITION)) {
            return 0;
        }
        try (Mutex _ = names.take()) {
            DirectoryEntries.Entry entry = entries.from(Math.max(position, DirectoryEntries.FIRST_POSITION));
            while (entry != null) {
                TmpfsInode inode = entry.inode();
                if (!sink.add(entry.name, inode.ino(), Mode.direntType(inode.mode()), entry.position + 1)) {
                    return 0;
                }
                entry = entries.after(entry);
            }
        }
        return 0;
    }

    private final class Operations implements FileOperations, Stateful {

        @Override
        public StateRecord save() {
            return new StateRecord(TmpfsDriver.DIRECTORY_OPERATIONS, SCHEMA).putOwn("inode", TmpfsDirectory.this);
        }

        @Override
        public long readdir(Task task, FileDescription file, long position, DirectorySink sink) {
            return TmpfsDirectory.this.read(position, sink);
        }

        @Override
        public long fsync(Task task, boolean dataOnly) {
            return 0;
        }
    }
}
