// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.util.Arrays;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.Inode;

/** Finds the child of a directory: in the cache without a lock, otherwise by the file system. */
final class Lookup {

    /** The child, or null when there is none. A hit allocates nothing and takes no lock. */
    static DentryImpl child(Task task, DentryImpl directory, byte[] path, int offset, int length, int hash) {
        SuperBlock superBlock = directory.superBlock;
        NameEntry entry = directory.cached(path, offset, length, hash);
        if (entry != null && superBlock.names.keeps() && stillTrue(task, directory, entry)) {
            if (entry.isNegative()) {
                return null;
            }
            DentryImpl dentry = entry.dentry();
            if (dentry != null) {
                if (entry.strong == null) {
                    superBlock.names.keepAgain(entry, dentry);
                }
                return dentry;
            }
        }
        directory.lock.lock();
        try {
            return childLocked(task, directory, path, offset, length, hash);
        } finally {
            directory.lock.unlock();
        }
    }

    /** Whether {@code name} is cached, so that {@link #child} will most likely not ask the file system. */
    static boolean isCached(DentryImpl directory, byte[] path, int offset, int length, int hash) {
        return directory.superBlock.names.keeps() && directory.cached(path, offset, length, hash) != null;
    }

    private static boolean stillTrue(Task task, DentryImpl directory, NameEntry entry) {
        if (!directory.superBlock.mayChangeOutside) {
            return true;
        }
        DentryImpl dentry = entry.dentry();
        return entry.isNegative() ? directory.inode().revalidate(task, entry.nameString(), null)
                : dentry != null && directory.inode().revalidate(task, entry.nameString(), dentry.inode());
    }

    /** {@link #child}, under the directory's lock. */
    static DentryImpl childLocked(Task task, DentryImpl directory, byte[] path, int offset, int length, int hash) {
        NameEntry entry = directory.cachedLocked(path, offset, length, hash);
        if (directory.isDeleted()) {
            return null;
        }
        if (entry == null) {
            return ask(task, directory, Arrays.copyOfRange(path, offset, offset + length), hash);
        }
        DentryImpl dentry = entry.dentry();
        if (entry.isNegative() ? !stillTrue(task, directory, entry) : dentry == null) {
            directory.drop(entry);
            return ask(task, directory, entry.name, hash);
        }
        if (entry.isNegative()) {
            return null;
        }
        if (directory.superBlock.names.keeps()) {
            if (stillTrue(task, directory, entry) || directory.superBlock.hasMountsWithin(dentry)) {
                return dentry;
            }
            dentry.forget();
            return ask(task, directory, entry.name, hash);
        }
        return askAgain(task, directory, entry, dentry, hash);
    }

    private static DentryImpl ask(Task task, DentryImpl directory, byte[] name, int hash) {
        NameCache names = directory.superBlock.names;
        names.take(1);
        boolean used = false;
        try {
            Inode inode = directory.inode().lookup(task, ByteNames.string(name, 0, name.length));
            used = inode != null || directory.enterNegative(name, hash);
            return inode == null ? null : enter(directory, name, hash, inode);
        } finally {
            names.give(used ? 0 : 1);
        }
    }

    /** A file system whose dentries are not cached has one in use: it stays when it still means the same. */
    private static DentryImpl askAgain(Task task, DentryImpl directory, NameEntry entry, DentryImpl dentry, int hash) {
        NameCache names = directory.superBlock.names;
        names.take(1);
        boolean used = false;
        try {
            Inode inode = directory.inode().lookup(task, entry.nameString());
            if (inode == null) {
                dentry.delete();
                return null;
            }
            if (inode.equals(dentry.inode()) || directory.superBlock.hasMountsWithin(dentry)) {
                if (inode != dentry.inode()) {
                    inode.evict();
                }
                return dentry;
            }
            dentry.delete();
            used = true;
            return enter(directory, entry.name, hash, inode);
        } finally {
            names.give(used ? 0 : 1);
        }
    }

    /**
     * Makes the dentry of a name that has none, for an inode that was found or made; room was taken for it. Under the directory's
     * lock.
     */
    static DentryImpl enter(DentryImpl directory, byte[] name, int hash, Inode inode) {
        DentryImpl child = DentryImpl.child(directory, directory.superBlock.vnode(inode));
        directory.enter(child, name, hash);
        return child;
    }

    /**
     * Looks several names up at once, each in the one before, and enters what was found.
     *
     * @return the first one's dentry, or null when there is none
     */
    static DentryImpl chain(Task task, NameHash hashes, DentryImpl directory, byte[][] names, int count) {
        String[] strings = new String[count];
        for (int i = 0; i < count; i++) {
            strings[i] = ByteNames.string(names[i], 0, names[i].length);
        }
        byte[] first = names[0];
        int hash = hashes.of(first, 0, first.length);
        directory.lock.lock();
        try {
            if (directory.isDeleted() || directory.cachedLocked(first, 0, first.length, hash) != null) {
                return childLocked(task, directory, first, 0, first.length, hash);
            }
            return chainLocked(task, hashes, directory, names, strings);
        } finally {
            directory.lock.unlock();
        }
    }

    private static DentryImpl chainLocked(Task task, NameHash hashes, DentryImpl directory, byte[][] names, String[] strings) {
        int count = strings.length;
        NameCache cache = directory.superBlock.names;
        cache.take(count);
        int used = 0;
        try {
            byte[] first = names[0];
            int hash = hashes.of(first, 0, first.length);
            Inode[] found = new Inode[count];
            int n = directory.inode().walk(task, strings, 0, count, found);
            if (n == 0) {
                used = directory.enterNegative(first, hash) ? 1 : 0;
                return null;
            }
            // The first name is published last: nobody can have changed what is below it before.
            DentryImpl child = DentryImpl.child(directory, directory.superBlock.vnode(found[0]));
            DentryImpl last = child;
            used = n;
            for (int i = 1; i < n; i++) {
                last = enter(last, names[i], hashes.of(names[i], 0, names[i].length), found[i]);
            }
            if (n < count && Mode.isDir(found[n - 1].mode())
                    && last.enterNegative(names[n], hashes.of(names[n], 0, names[n].length))) {
                used++;
            }
            directory.enter(child, first, hash);
            return child;
        } finally {
            cache.give(count - used);
        }
    }

    private Lookup() {
    }
}
