// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Attributes;
import org.jvisor.api.p9.P9Message;
import org.jvisor.api.p9.P9Requests;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;

/** A directory of the gofer. */
final class GoferDirectory extends GoferInode {

    /** What is known of the entries. */
    final DirectoryNames names = new DirectoryNames(this);

    /** Changes of names whose callers were killed, and whose answers have not come. Written with the inode's lock. */
    private volatile int unsettled;

    GoferDirectory(GoferFileSystem fileSystem, P9Attributes a, int fid, GoferDirectory parent, String name) {
        super(fileSystem, a, fid, parent, name);
    }

    /** What {@link #save} wrote. */
    GoferDirectory(StateRecord record) {
        super(record);
        names.adopt(record);
    }

    @Override
    String stateType() {
        return GoferDriver.DIRECTORY;
    }

    @Override
    void saveContent(StateRecord record) {
        names.save(record);
    }

    // ---- changes whose callers were killed

    /** So many more of them (or less) wait for their answers. */
    void unsettled(int more) {
        try (Mutex _ = lock.take()) {
            unsettled += more;
        }
        names.forget();
    }

    /**
     * Waits until what was asked for by those who did not wait is done: before that nobody knows which names there are.
     *
     * @throws ErrnoException EINTR when the calling thread's task is killed
     */
    void settle() {
        if (unsettled != 0) {
            client.await(() -> unsettled == 0);
        }
    }

    // ---- looking up

    @Override
    public boolean prefersWalk() {
        return true;
    }

    @Override
    public Inode lookup(Task task, String name) {
        Inode[] found = new Inode[1];
        return walk(task, new String[] {name}, 0, 1, found) == 1 ? found[0] : null;
    }

    @Override
    public int walk(Task task, String[] path, int first, int count, Inode[] found) {
        int n = 0;
        GoferDirectory from = this;
        while (n < count) {
            String name = path[first + n];
            int known = from.names.find(name, found, n);
            if (known == DirectoryNames.ABSENT) {
                return n;
            }
            if (known == DirectoryNames.FOUND) {
                n++;
            } else {
                from.settle();
                long version = client.changesVersion();
                // A directory on the way may be one of those.
                int wanted = client.hasChangesLeft() ? 1 : Math.min(count - n, P9.MAX_WALK);
                int got = from.ask(path, first + n, wanted, found, n);
                if (client.changesVersion() != version) {
                    continue;
                }
                n += got;
                if (got < wanted) {
                    return n;
                }
            }
            if (!(found[n - 1] instanceof GoferDirectory next)) {
                return n;
            }
            from = next;
        }
        return n;
    }

    /** One Twalkattr; how many steps led somewhere. */
    private int ask(String[] path, int first, int count, Inode[] found, int at) {
        int number = fid.acquire();
        try {
            Exchange e = client.take();
            try {
                return ask(e, number, path, first, count, found, at);
            } finally {
                client.give(e);
            }
        } finally {
            fid.release();
        }
    }

    private int ask(Exchange e, int number, String[] path, int first, int count, Inode[] found, int at) {
        int[] fids = client.newFids(count);
        ErrnoException.check(client.walk(e, number, fids, path, first, count));
        int used = 0;
        int error = e.reply.getInt();
        int steps = Math.min(e.reply.getShort(), count);
        try {
            GoferDirectory parent = this;
            while (used < steps) {
                e.attributes.read(e.reply);
                e.reply.checkIntact();
                GoferInode inode = fileSystem.inode(e.attributes, fids[used], parent, path[first + used], true);
                found[at + used++] = inode;
                fileSystem.fidBound();
                parent = inode instanceof GoferDirectory directory ? directory : null;
                if (parent == null && used < steps) {
                    throw ErrnoException.of(Errno.EIO);
                }
            }
        } finally {
            for (int i = used; i < count; i++) {
                if (i < steps) {
                    client.clunk(fids[i]);
                } else {
                    client.freeFid(fids[i]);
                }
            }
        }
        if (error == Errno.EMFILE || error == Errno.ENFILE) {
            fileSystem.giveFidsBack();
        }
        if (error != 0 && error != Errno.ENOENT) {
            throw ErrnoException.of(Errno.isError(-error) ? error : Errno.EIO);
        }
        return used;
    }

    @Override
    public boolean revalidate(Task task, String name, Inode child) {
        int number = fid.acquire();
        try {
            Exchange e = client.take();
            try {
                return revalidate(e, number, name, child);
            } finally {
                client.give(e);
            }
        } finally {
            fid.release();
        }
    }

    private boolean revalidate(Exchange e, int number, String name, Inode child) {
        P9Requests.walkattr(e.request, number, new int[] {P9.NOFID}, new String[] {name}, 0, 1);
        if (client.tryCall(e) < 0) {
            return false;
        }
        int error = e.reply.getInt();
        if (error != 0 || e.reply.getShort() == 0) {
            return child == null && error == Errno.ENOENT;
        }
        e.attributes.read(e.reply);
        if (!(child instanceof GoferInode known) || !e.reply.isIntact() || !known.isSame(e.attributes)) {
            return false;
        }
        known.meetAgain(e.attributes, P9.NOFID, null, null, true);
        return true;
    }

    // ---- making

    @Override
    public Inode create(Task task, String name, int mode, long device, Owner owner) {
        if (!Mode.isRegular(mode)) {
            return make(name, mode, device, owner, "");
        }
        return make(name, Mode.S_IFREG, (e, from, fid) -> P9Requests.createfd(e.request, from, fid, name, Open.O_RDWR,
                mode & Mode.PERMISSIONS, owner.uid(), owner.gid()));
    }

    @Override
    public Inode tmpfile(Task task, int mode, Owner owner) {
        return make(null, Mode.S_IFREG, (e, from, fid) -> P9Requests.createfd(e.request, from, fid, "", Open.O_RDWR,
                mode & Mode.PERMISSIONS, owner.uid(), owner.gid()));
    }

    @Override
    public Inode mkdir(Task task, String name, int mode, Owner owner) {
        Inode made = make(name, Mode.S_IFDIR | mode & Mode.PERMISSIONS, 0, owner, "");
        ((GoferDirectory) made).names.startEmpty();
        return made;
    }

    @Override
    public Inode symlink(Task task, String name, String target, Owner owner) {
        GoferInode made = make(name, Mode.S_IFLNK | Mode.S_IRWXUGO, 0, owner, target);
        made.setTarget(target);
        return made;
    }

    private GoferInode make(String name, int mode, long device, Owner owner, String target) {
        return make(name, Mode.type(mode), (e, from, fid) -> P9Requests.make(e.request, from, fid, name, mode, Mode.major(device),
                Mode.minor(device), owner.uid(), owner.gid(), target));
    }

    private interface Making {
        void write(Exchange e, int directory, int newFid);
    }

    /** @param name of the new file, or null when it gets none */
    private GoferInode make(String name, int type, Making making) {
        try (KillableLock _ = names.lock.take()) {
            settle();
            int number = fid.acquire();
            try {
                Exchange e = client.take();
                try {
                    return make(e, number, name, type, making);
                } finally {
                    client.give(e);
                }
            } finally {
                fid.release();
            }
        }
    }

    private GoferInode make(Exchange e, int number, String name, int type, Making making) {
        int newFid = client.newFid();
        making.write(e, number, newFid);
        client.call(e, new Change(client, name == null ? null : this) {
            @Override
            void made() {
                client.clunkLater(newFid);
                state.changedByHost();
            }

            @Override
            void failed() {
                client.freeFid(newFid);
            }
        });
        e.attributes.read(e.reply);
        if (!e.reply.isIntact() || Mode.type(e.attributes.mode) != type) {
            client.clunk(newFid);
            throw ErrnoException.of(Errno.EIO);
        }
        GoferInode inode = fileSystem.inode(e.attributes, newFid, name == null ? null : this, name, true);
        fileSystem.fidBound();
        int descriptor = e.reply.takeDescriptor();
        if (descriptor != P9Message.NO_DESCRIPTOR) {
            inode.descriptors.adoptNew(new HostDescriptor(fileSystem.host, descriptor, true));
        }
        if (name != null) {
            names.added(name, inode);
            state.changedByHost();
        }
        return inode;
    }

    @Override
    public void link(Task task, String name, Inode existing) {
        GoferInode file = (GoferInode) existing;
        try (KillableLock _ = names.lock.take()) {
            settle();
            int number = fid.acquire();
            try {
                int fileNumber = file.fid.acquire();
                try {
                    link(name, number, file, fileNumber);
                } finally {
                    file.fid.release();
                }
            } finally {
                fid.release();
            }
        }
    }

    private void link(String name, int number, GoferInode file, int fileNumber) {
        Exchange e = client.take();
        try {
            Change change = new Change(client, this) {
                @Override
                void made() {
                    file.nameAdded();
                    state.changedByHost();
                }
            };
            P9Requests.link(e.request, number, fileNumber, name);
            client.call(e, change);
            names.added(name, file);
            change.made();
        } finally {
            client.give(e);
        }
    }

    // ---- removing

    @Override
    public void unlink(Task task, String name, Inode child) {
        remove(name, (GoferInode) child, 0);
    }

    @Override
    public void rmdir(Task task, String name, Inode child) {
        remove(name, (GoferInode) child, P9.UNLINK_REMOVEDIR);
    }

    private void remove(String name, GoferInode child, int flags) {
        child.prepareForUnlink();
        try (KillableLock _ = names.lock.take()) {
            settle();
            int number = fid.acquire();
            try {
                Exchange e = client.take();
                try {
                    P9Requests.unlinkat(e.request, number, name, flags);
                    Change change = new Change(client, this) {
                        @Override
                        void made() {
                            child.nameRemoved(GoferDirectory.this, name);
                            state.changedByHost();
                        }
                    };
                    client.call(e, change);
                    names.removed(name);
                    change.made();
                } finally {
                    client.give(e);
                }
            } finally {
                fid.release();
            }
        }
    }

    // ---- renaming

    @Override
    public void rename(Task task, String oldName, Inode child, Inode newDirectory, String newName, Inode replaced, int flags) {
        if ((flags & Open.RENAME_WHITEOUT) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        GoferDirectory to = (GoferDirectory) newDirectory;
        GoferInode other = (GoferInode) replaced;
        boolean exchange = (flags & Open.RENAME_EXCHANGE) != 0;
        if (other != null && !exchange) {
            other.prepareForUnlink();
        }
        KillableLock first = ino() <= to.ino() ? names.lock : to.names.lock;
        KillableLock second = first == names.lock ? to.names.lock : names.lock;
        try (KillableLock _ = first.take(); KillableLock _ = second.take()) {
            settle();
            to.settle();
            int fromFid = fid.acquire();
            try {
                int toFid = to.fid.acquire();
                try {
                    rename(fromFid, oldName, (GoferInode) child, to, toFid, newName, other, flags);
                } finally {
                    to.fid.release();
                }
            } finally {
                fid.release();
            }
        }
    }

    private void rename(int fromFid, String oldName, GoferInode moved, GoferDirectory to, int toFid, String newName,
            GoferInode other, int flags) {
        boolean exchange = (flags & Open.RENAME_EXCHANGE) != 0;
        Exchange e = client.take();
        try {
            Change change = new Change(client, this, to == this ? null : to) {
                @Override
                void made() {
                    renamed(oldName, moved, to, newName, other, exchange);
                }
            };
            P9Requests.renameat2(e.request, fromFid, oldName, toFid, newName, flags);
            client.call(e, change);
            if (exchange) {
                names.added(oldName, other);
            } else if (other != moved) {
                names.removed(oldName);
            }
            if (exchange || other != moved) {
                to.names.added(newName, moved);
            }
            change.made();
        } finally {
            client.give(e);
        }
    }

    private void renamed(String oldName, GoferInode moved, GoferDirectory to, String newName, GoferInode other, boolean exchange) {
        if (exchange) {
            other.nameMoved(this, oldName);
        } else if (other != null && other != moved) {
            other.nameRemoved(to, newName);
        }
        if (exchange || other != moved) {
            moved.nameMoved(to, newName);
        }
        state.changedByHost();
        to.state.changedByHost();
    }

    // ---- opening

    @Override
    public FileOperations open(Task task, int flags) {
        return new DirectoryFile(this);
    }

    /** Linux's fsync(2) of a directory: its entries are on the disk when it returns. */
    long fsync(boolean dataOnly) {
        int number = fid.acquire();
        try {
            Exchange e = client.take();
            try {
                P9Requests.fsync(e.request, number, dataOnly);
                return Math.min(0, client.tryCall(e));
            } finally {
                client.give(e);
            }
        } finally {
            fid.release();
        }
    }

    @Override
    void drop() {
        names.forget();
        super.drop();
    }
}
