// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.PathWalk;

/** rename(2), renameat2(2). */
final class Rename {

    private static final int KNOWN = Open.RENAME_NOREPLACE | Open.RENAME_EXCHANGE | Open.RENAME_WHITEOUT;

    private final MountTree tree;

    Rename(MountTree tree) {
        this.tree = tree;
    }

    void rename(Task task, int oldDirfd, PathWalkImpl from, int newDirfd, PathWalkImpl to, int flags) {
        boolean exchange = (flags & Open.RENAME_EXCHANGE) != 0;
        if ((flags & ~KNOWN) != 0 || exchange && flags != Open.RENAME_EXCHANGE) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        from.resolve(task, oldDirfd, PathWalk.PARENT);
        to.resolve(task, newDirfd, PathWalk.PARENT);
        if (from.mount() != to.mount()) {
            throw ErrnoException.of(Errno.EXDEV);
        }
        if (!from.lastIsName()) {
            throw ErrnoException.of(Errno.EBUSY);
        }
        if (!to.lastIsName()) {
            throw ErrnoException.of((flags & Open.RENAME_NOREPLACE) != 0 ? Errno.EEXIST : Errno.EBUSY);
        }
        if (from.mount().readOnly()) {
            throw ErrnoException.of(Errno.EROFS);
        }
        from.requireShortName();
        to.requireShortName();
        DentryImpl source = from.dentry();
        DentryImpl target = to.dentry();
        if (source == target) {
            source.lock.lock();
            try {
                locked(task, from, to, flags);
            } finally {
                source.lock.unlock();
            }
            return;
        }
        source.superBlock.renameLock.lock();
        try {
            DentryImpl first = first(source, target);
            DentryImpl second = first == source ? target : source;
            first.lock.lock();
            try {
                second.lock.lock();
                try {
                    locked(task, from, to, flags);
                } finally {
                    second.lock.unlock();
                }
            } finally {
                first.lock.unlock();
            }
        } finally {
            source.superBlock.renameLock.unlock();
        }
    }

    /** Which of two directories is locked first: an ancestor, otherwise the older dentry. */
    private static DentryImpl first(DentryImpl a, DentryImpl b) {
        if (a.isWithin(b)) {
            return b;
        }
        return b.isWithin(a) || a.id < b.id ? a : b;
    }

    private void locked(Task task, PathWalkImpl from, PathWalkImpl to, int flags) {
        DentryImpl source = from.dentry();
        DentryImpl target = to.dentry();
        DentryImpl moved = from.lookupLastLocked(task);
        if (moved == null || target.isDeleted()) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        DentryImpl replaced = to.lookupLastLocked(task);
        boolean exchange = (flags & Open.RENAME_EXCHANGE) != 0;
        if (replaced == null && exchange) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        if (replaced != null && (flags & Open.RENAME_NOREPLACE) != 0) {
            throw ErrnoException.of(Errno.EEXIST);
        }
        boolean slashes = from.trailingSlash() || to.trailingSlash() && !exchange;
        if (!moved.isDirectory() && slashes || exchange && to.trailingSlash() && !replaced.isDirectory()) {
            throw ErrnoException.of(Errno.ENOTDIR);
        }
        if (target.isWithin(moved)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (replaced != null && source.isWithin(replaced)) {
            throw ErrnoException.of(exchange ? Errno.EINVAL : Errno.ENOTEMPTY);
        }
        if (replaced != null && replaced.vnode == moved.vnode) {
            return; // two names of one file: nothing is done
        }
        requireAllowed(task, from, to, moved, replaced, exchange);
        if (replaced != null && replaced.isDirectory() && !exchange) {
            replaced.lock.lock();
            try {
                carryOut(task, from, to, moved, replaced, flags);
            } finally {
                replaced.lock.unlock();
            }
        } else {
            carryOut(task, from, to, moved, replaced, flags);
        }
    }

    private static void requireAllowed(Task task, PathWalkImpl from, PathWalkImpl to, DentryImpl moved, DentryImpl replaced,
            boolean exchange) {
        DentryImpl source = from.dentry();
        DentryImpl target = to.dentry();
        NameOperations.requireDeletable(task, source, moved);
        if (replaced == null) {
            Creation.requireAllowed(task, to.mount(), target);
        } else {
            NameOperations.requireDeletable(task, target, replaced);
            if (!exchange && moved.isDirectory() != replaced.isDirectory()) {
                throw ErrnoException.of(moved.isDirectory() ? Errno.ENOTDIR : Errno.EISDIR);
            }
            NameOperations.requireNoMount(replaced);
        }
        NameOperations.requireNoMount(moved);
        if (source != target) {
            // ".." in it changes.
            if (moved.isDirectory()) {
                Permissions.require(Permissions.of(task), moved.inode(), Permissions.WRITE);
            }
            if (exchange && replaced.isDirectory()) {
                Permissions.require(Permissions.of(task), replaced.inode(), Permissions.WRITE);
            }
        }
    }

    private void carryOut(Task task, PathWalkImpl from, PathWalkImpl to, DentryImpl moved, DentryImpl replaced, int flags) {
        DentryImpl source = from.dentry();
        DentryImpl target = to.dentry();
        try {
            source.inode().rename(task, from.lastName(), moved.inode(), target.inode(), to.lastName(),
                    replaced == null ? null : replaced.inode(), flags);
        } catch (ErrnoException e) {
            throw to.doubted(from.doubted(e));
        }
        if ((flags & Open.RENAME_EXCHANGE) != 0) {
            moved.exchange(replaced);
        } else {
            byte[] name = to.lastBytes();
            if (replaced != null) {
                replaced.delete();
            } else {
                Creation.forgetAbsence(target, name, to.lastHash());
            }
            moved.moveTo(target, name, to.lastHash());
            if ((flags & Open.RENAME_WHITEOUT) == 0) {
                source.rememberAbsence(from.lastBytes(), from.lastHash());
            }
        }
        if (moved.isDirectory() || replaced != null && replaced.isDirectory()) {
            tree.directoryMoved();
        }
    }
}
