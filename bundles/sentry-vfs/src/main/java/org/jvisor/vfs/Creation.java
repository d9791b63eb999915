// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.util.function.Supplier;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.Inode;

/** What all that makes a new name has in common: permission, owner and mode of the new object, the name in the cache. */
final class Creation {

    /** Whether names may be added to {@code directory}. Under its lock. */
    static void requireAllowed(Task task, MountImpl mount, DentryImpl directory) {
        if (mount.readOnly()) {
            throw ErrnoException.of(Errno.EROFS);
        }
        if (directory.isDeleted()) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        Permissions.require(Permissions.of(task), directory.inode(), Permissions.WRITE | Permissions.EXECUTE);
    }

    /** A directory with the set-group-ID bit passes its group on (inode(7)). */
    static Inode.Owner owner(Task task, Inode directory) {
        Credentials who = Permissions.of(task);
        return new Inode.Owner(who.fsuid(), (directory.mode() & Mode.S_ISGID) != 0 ? directory.gid() : who.fsgid());
    }

    /** Umask, and no set-group-ID program for a group that the maker is not in. */
    static int fileMode(Task task, Inode directory, int mode) {
        int masked = masked(task, mode);
        boolean giveaway = (masked & (Mode.S_ISGID | Mode.S_IXGRP)) == (Mode.S_ISGID | Mode.S_IXGRP)
                && (directory.mode() & Mode.S_ISGID) != 0;
        Credentials who = Permissions.of(task);
        if (giveaway && !who.inGroup(directory.gid()) && !who.has(Capability.CAP_FSETID)) {
            return masked & ~Mode.S_ISGID;
        }
        return masked;
    }

    /** A directory in one with the set-group-ID bit gets it too. */
    static int directoryMode(Task task, Inode directory, int mode) {
        int masked = masked(task, mode & (Mode.S_IRWXUGO | Mode.S_ISVTX));
        return Mode.S_IFDIR | masked | directory.mode() & Mode.S_ISGID;
    }

    private static int masked(Task task, int mode) {
        return task == null ? mode : mode & ~task.fs().umask();
    }

    /** Makes something, and enters it under the walk's last name. Under the directory's lock. */
    static DentryImpl enter(PathWalkImpl walk, Supplier<Inode> maker) {
        DentryImpl directory = walk.dentry();
        NameCache names = directory.superBlock.names;
        names.take(1);
        boolean made = false;
        try {
            Inode inode = maker.get();
            made = true;
            byte[] name = walk.lastBytes();
            forgetAbsence(directory, name, walk.lastHash());
            return Lookup.enter(directory, name, walk.lastHash(), inode);
        } finally {
            names.give(made ? 0 : 1);
        }
    }

    /** The name is about to exist. */
    static void forgetAbsence(DentryImpl directory, byte[] name, int hash) {
        NameEntry absent = directory.cachedLocked(name, 0, name.length, hash);
        if (absent != null) {
            directory.drop(absent);
        }
    }

    private Creation() {
    }
}
