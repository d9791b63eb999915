// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.PathWalk;

/** mkdir(2), mknod(2), symlink(2), link(2), unlink(2), rmdir(2). */
final class NameOperations {

    /** Makes the object of a new name. */
    @FunctionalInterface
    private interface Maker {
        Inode make(Inode directory, String name, Inode.Owner owner);
    }

    void mkdir(Task task, int dirfd, PathWalkImpl walk, int mode) {
        make(task, dirfd, walk, true, (directory, name, owner) ->
                directory.mkdir(task, name, Creation.directoryMode(task, directory, mode), owner));
    }

    void mknod(Task task, int dirfd, PathWalkImpl walk, int mode, long device) {
        int type = Mode.type(mode) == 0 ? Mode.S_IFREG : Mode.type(mode);
        switch (type) {
            case Mode.S_IFREG, Mode.S_IFIFO, Mode.S_IFSOCK -> {
            }
            case Mode.S_IFCHR, Mode.S_IFBLK -> {
                // Character device 0:0 is an overlay's whiteout, which everybody may make (mknod(2), Linux 5.8).
                boolean whiteout = type == Mode.S_IFCHR && device == 0;
                if (!whiteout && !Permissions.of(task).has(Capability.CAP_MKNOD)) {
                    throw ErrnoException.of(Errno.EPERM);
                }
            }
            case Mode.S_IFDIR -> throw ErrnoException.of(Errno.EPERM);
            default -> throw ErrnoException.of(Errno.EINVAL);
        }
        make(task, dirfd, walk, false, (directory, name, owner) -> directory.create(task, name,
                Creation.fileMode(task, directory, type | mode & Mode.PERMISSIONS), device, owner));
    }

    void symlink(Task task, String target, int dirfd, PathWalkImpl walk) {
        if (target.isEmpty()) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        if (target.length() >= Open.PATH_MAX) {
            throw ErrnoException.of(Errno.ENAMETOOLONG);
        }
        make(task, dirfd, walk, false, (directory, name, owner) -> directory.symlink(task, name, target, owner));
    }

    private static void make(Task task, int dirfd, PathWalkImpl walk, boolean isDirectory, Maker maker) {
        walk.resolve(task, dirfd, PathWalk.PARENT);
        if (!walk.lastIsName()) {
            throw ErrnoException.of(Errno.EEXIST);
        }
        walk.requireShortName();
        DentryImpl directory = walk.dentry();
        directory.lock.lock();
        try {
            requireNew(task, walk, isDirectory);
            Creation.requireAllowed(task, walk.mount(), directory);
            Inode parent = directory.inode();
            Creation.enter(walk, () -> maker.make(parent, walk.lastName(), Creation.owner(task, parent)));
        } catch (ErrnoException e) {
            throw walk.doubted(e);
        } finally {
            directory.lock.unlock();
        }
    }

    private static void requireNew(Task task, PathWalkImpl walk, boolean isDirectory) {
        if (walk.lookupLastLocked(task) != null) {
            throw ErrnoException.of(Errno.EEXIST);
        }
        if (walk.trailingSlash() && !isDirectory) {
            throw ErrnoException.of(Errno.ENOENT);
        }
    }

    void link(Task task, int oldDirfd, PathWalkImpl oldWalk, int walkFlags, int newDirfd, PathWalkImpl newWalk) {
        oldWalk.resolve(task, oldDirfd, walkFlags);
        boolean byDescriptor = oldWalk.isEmpty();
        if (byDescriptor && !task.hasCapability(Capability.CAP_DAC_READ_SEARCH)) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        MountImpl mount = oldWalk.mount();
        Vnode linked = oldWalk.dentry().vnode;
        Inode existing = linked.inode;
        newWalk.resolve(task, newDirfd, PathWalk.PARENT);
        if (!newWalk.lastIsName()) {
            throw ErrnoException.of(Errno.EEXIST);
        }
        newWalk.requireShortName();
        DentryImpl directory = newWalk.dentry();
        directory.lock.lock();
        try {
            requireNew(task, newWalk, false);
            if (newWalk.mount() != mount) {
                throw ErrnoException.of(Errno.EXDEV);
            }
            protectHardLinks(Permissions.of(task), existing);
            Creation.requireAllowed(task, newWalk.mount(), directory);
            if (Mode.isDir(existing.mode())) {
                throw ErrnoException.of(Errno.EPERM);
            }
            if (isRemoved(existing) && !linked.linkable) {
                throw ErrnoException.of(Errno.ENOENT);
            }
            Creation.enter(newWalk, () -> {
                directory.inode().link(task, newWalk.lastName(), existing);
                return existing;
            });
            linked.linkable = false;
        } catch (ErrnoException e) {
            throw newWalk.doubted(e);
        } finally {
            directory.lock.unlock();
        }
    }

    /** Whether it has lost its last name. */
    private static boolean isRemoved(Inode inode) {
        Stat stat = new Stat();
        inode.stat(stat);
        return stat.nlink == 0;
    }

    /** proc(5), /proc/sys/fs/protected_hardlinks: only to files that one owns, or may read and write and that harm nobody. */
    private static void protectHardLinks(Credentials who, Inode existing) {
        if (Permissions.owns(who, existing)) {
            return;
        }
        int mode = existing.mode();
        boolean harmless = Mode.isRegular(mode) && (mode & Mode.S_ISUID) == 0
                && (mode & (Mode.S_ISGID | Mode.S_IXGRP)) != (Mode.S_ISGID | Mode.S_IXGRP)
                && Permissions.check(who, existing, Permissions.READ | Permissions.WRITE) == 0;
        if (!harmless) {
            throw ErrnoException.of(Errno.EPERM);
        }
    }

    // ---- remove

    void unlink(Task task, int dirfd, PathWalkImpl walk) {
        walk.resolve(task, dirfd, PathWalk.PARENT);
        if (!walk.lastIsName()) {
            throw ErrnoException.of(Errno.EISDIR);
        }
        DentryImpl directory = walk.dentry();
        directory.lock.lock();
        try {
            DentryImpl child = removable(task, walk);
            boolean isDirectory = child.isDirectory();
            if (walk.trailingSlash()) {
                throw ErrnoException.of(isDirectory ? Errno.EISDIR : Errno.ENOTDIR);
            }
            requireDeletable(task, directory, child);
            if (isDirectory) {
                throw ErrnoException.of(Errno.EISDIR);
            }
            requireNoMount(child);
            directory.inode().unlink(task, walk.lastName(), child.inode());
            gone(walk, child);
        } catch (ErrnoException e) {
            throw walk.doubted(e);
        } finally {
            directory.lock.unlock();
        }
    }

    void rmdir(Task task, int dirfd, PathWalkImpl walk) {
        walk.resolve(task, dirfd, PathWalk.PARENT);
        if (!walk.lastIsName()) {
            throw ErrnoException.of(walk.atPlace() ? Errno.EBUSY : walk.lastIsDot() ? Errno.EINVAL : Errno.ENOTEMPTY);
        }
        DentryImpl directory = walk.dentry();
        directory.lock.lock();
        try {
            DentryImpl child = removable(task, walk);
            requireDeletable(task, directory, child);
            if (!child.isDirectory()) {
                throw ErrnoException.of(Errno.ENOTDIR);
            }
            child.lock.lock();
            try {
                requireNoMount(child);
                directory.inode().rmdir(task, walk.lastName(), child.inode());
                gone(walk, child);
            } catch (ErrnoException e) {
                throw walk.doubted(e);
            } finally {
                child.lock.unlock();
            }
        } finally {
            directory.lock.unlock();
        }
    }

    private static DentryImpl removable(Task task, PathWalkImpl walk) {
        if (walk.mount().readOnly()) {
            throw ErrnoException.of(Errno.EROFS);
        }
        walk.requireShortName();
        DentryImpl child = walk.lookupLastLocked(task);
        if (child == null) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        return child;
    }

    /** Whether the name may be taken away: write permission on the directory, and the sticky bit. */
    static void requireDeletable(Task task, DentryImpl directory, DentryImpl child) {
        Credentials who = Permissions.of(task);
        Permissions.require(who, directory.inode(), Permissions.WRITE | Permissions.EXECUTE);
        if (Permissions.stickyProtects(who, directory.inode(), child.inode())) {
            throw ErrnoException.of(Errno.EPERM);
        }
    }

    static void requireNoMount(DentryImpl child) {
        if (child.mounts > 0) {
            throw ErrnoException.of(Errno.EBUSY);
        }
    }

    private static void gone(PathWalkImpl walk, DentryImpl child) {
        child.delete();
        walk.dentry().rememberAbsence(child.nameBytes(), walk.lastHash());
    }
}
