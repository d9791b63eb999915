// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Attributes;
import org.jvisor.api.p9.P9Requests;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;

/** A directory of the gofer. */
final class GoferDirectory extends GoferInode {

    /** What is known of the entries. */
    final DirectoryNames names = new DirectoryNames(this);

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
                int wanted = Math.min(count - n, P9.MAX_WALK);
                int got = from.ask(path, first + n, wanted, found, n);
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
        int[] fids = new int[count];
        for (int i = 0; i < count; i++) {
            fids[i] = client.newFid();
        }
        int used = 0;
        Exchange e = client.take();
        int from = acquireFid();
        try {
            P9Requests.walkattr(e.request, from, fids, path, first, count);
            client.call(e);
            int error = e.reply.getInt();
            int steps = Math.min(e.reply.getShort(), count);
            GoferDirectory parent = this;
            while (used < steps) {
                e.attributes.read(e.reply);
                e.reply.checkIntact();
                GoferInode inode = fileSystem.inode(e.attributes, fids[used], parent, path[first + used], true);
                fileSystem.fidBound();
                found[at + used++] = inode;
                parent = inode instanceof GoferDirectory directory ? directory : null;
            }
            if (error == Errno.EMFILE || error == Errno.ENFILE) {
                fileSystem.giveFidsBack();
            }
            if (error != 0 && error != Errno.ENOENT) {
                throw ErrnoException.of(error);
            }
            return used;
        } finally {
            releaseFid();
            for (int i = used; i < count; i++) {
                client.freeFid(fids[i]);
            }
            client.give(e);
        }
    }

    @Override
    public boolean revalidate(Task task, String name, Inode child) {
        Exchange e = client.take();
        int from = acquireFid();
        try {
            P9Requests.walkattr(e.request, from, new int[] {P9.NOFID}, new String[] {name}, 0, 1);
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
        } finally {
            releaseFid();
            client.give(e);
        }
    }

    // ---- making

    @Override
    public Inode create(Task task, String name, int mode, long device, Owner owner) {
        if (!Mode.isRegular(mode)) {
            return make(name, mode, device, owner, "");
        }
        return make(name, (e, from, fid) -> P9Requests.createfd(e.request, from, fid, name, Open.O_RDWR, mode & Mode.PERMISSIONS,
                owner.uid(), owner.gid()));
    }

    @Override
    public Inode tmpfile(Task task, int mode, Owner owner) {
        return make(null, (e, from, fid) -> P9Requests.createfd(e.request, from, fid, "", Open.O_RDWR, mode & Mode.PERMISSIONS,
                owner.uid(), owner.gid()));
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
        return make(name, (e, from, fid) -> P9Requests.make(e.request, from, fid, name, mode, Mode.major(device),
                Mode.minor(device), owner.uid(), owner.gid(), target));
    }

    private interface Making {
        void write(Exchange e, int directory, int newFid);
    }

    /** @param name of the new file, or null when it gets none */
    private GoferInode make(String name, Making making) {
        names.lock.lock();
        try {
            return makeLocked(name, making);
        } finally {
            names.lock.unlock();
        }
    }

    private GoferInode makeLocked(String name, Making making) {
        int fid = client.newFid();
        boolean made = false;
        Exchange e = client.take();
        int from = acquireFid();
        try {
            making.write(e, from, fid);
            client.call(e);
            made = true;
            e.attributes.read(e.reply);
            e.reply.checkIntact();
            GoferInode inode = fileSystem.inode(e.attributes, fid, name == null ? null : this, name, true);
            fileSystem.fidBound();
            inode.adoptNew(e);
            if (name != null) {
                names.added(name, inode);
                changedByHost();
            }
            return inode;
        } finally {
            releaseFid();
            if (!made) {
                client.freeFid(fid);
            }
            client.give(e);
        }
    }

    @Override
    public void link(Task task, String name, Inode existing) {
        names.lock.lock();
        try {
            linkLocked(name, (GoferInode) existing);
        } finally {
            names.lock.unlock();
        }
    }

    private void linkLocked(String name, GoferInode file) {
        Exchange e = client.take();
        int directory = acquireFid();
        try {
            int number = file.acquireFid();
            try {
                P9Requests.link(e.request, directory, number, name);
                client.call(e);
            } finally {
                file.releaseFid();
            }
            names.added(name, file);
            file.nameAdded();
            changedByHost();
        } finally {
            releaseFid();
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
        names.lock.lock();
        try {
            removeLocked(name, child, flags);
        } finally {
            names.lock.unlock();
        }
    }

    private void removeLocked(String name, GoferInode child, int flags) {
        Exchange e = client.take();
        int directory = acquireFid();
        try {
            P9Requests.unlinkat(e.request, directory, name, flags);
            client.call(e);
            names.removed(name);
            child.nameRemoved(this, name);
            changedByHost();
        } finally {
            releaseFid();
            client.give(e);
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
        if (other != null && (flags & Open.RENAME_EXCHANGE) == 0) {
            other.prepareForUnlink();
        }
        KillableLock first = ino() <= to.ino() ? names.lock : to.names.lock;
        KillableLock second = first == names.lock ? to.names.lock : names.lock;
        first.lock();
        try {
            second.lock();
            try {
                renameLocked(oldName, (GoferInode) child, to, newName, other, flags);
            } finally {
                second.unlock();
            }
        } finally {
            first.unlock();
        }
    }

    private void renameLocked(String oldName, GoferInode moved, GoferDirectory to, String newName, GoferInode other, int flags) {
        boolean exchange = (flags & Open.RENAME_EXCHANGE) != 0;
        Exchange e = client.take();
        int fromFid = acquireFid();
        int toFid = to.acquireFid();
        try {
            P9Requests.renameat2(e.request, fromFid, oldName, toFid, newName, flags);
            client.call(e);
            if (exchange) {
                names.added(oldName, other);
                other.nameMoved(this, oldName);
            } else if (other != moved) {
                names.removed(oldName);
                if (other != null) {
                    other.nameRemoved(to, newName);
                }
            }
            if (exchange || other != moved) {
                to.names.added(newName, moved);
                moved.nameMoved(to, newName);
            }
            changedByHost();
            to.changedByHost();
        } finally {
            to.releaseFid();
            releaseFid();
            client.give(e);
        }
    }

    // ---- opening

    @Override
    public FileOperations open(Task task, int flags) {
        return new DirectoryFile(this);
    }

    /** Linux's fsync(2) of a directory: its entries are on the disk when it returns. */
    long fsync(boolean dataOnly) {
        Exchange e = client.take();
        int fid = acquireFid();
        try {
            P9Requests.fsync(e.request, fid, dataOnly);
            return Math.min(0, client.tryCall(e));
        } finally {
            releaseFid();
            client.give(e);
        }
    }

    @Override
    void drop() {
        names.forget();
        super.drop();
    }
}
