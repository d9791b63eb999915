// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import static org.jvisor.api.abi.Mount.MS_NOEXEC;

import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.SetAttributes;
import org.jvisor.api.vfs.VfsPath;

/** stat(2), access(2), chmod(2), chown(2), truncate(2), utimensat(2): who may, and what changes along. */
final class Attributes {

    private static final int UNCHANGED = -1;

    void stat(Task task, int dirfd, PathWalkImpl walk, int walkFlags, Stat stat) {
        walk.resolve(task, dirfd, walkFlags);
        walk.inode().stat(stat);
        stat.mountId = walk.mount().id();
    }

    void stat(FileDescription file, Stat stat) {
        file.inode().stat(stat);
        stat.mountId = file.path().mount().id();
    }

    // ---- access(2)

    void access(Task task, int dirfd, PathWalkImpl walk, int mask, int walkFlags, boolean effective) {
        if ((mask & ~(Open.R_OK | Open.W_OK | Open.X_OK)) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        Credentials who = effective ? task.credentials() : real(task.credentials());
        walk.askAs(who);
        walk.resolve(task, dirfd, walkFlags);
        if (mask == Open.F_OK) {
            return;
        }
        Inode inode = walk.inode();
        int mode = inode.mode();
        if ((mask & Open.X_OK) != 0 && Mode.isRegular(mode) && (walk.mount().flags() & MS_NOEXEC) != 0) {
            throw ErrnoException.of(Errno.EACCES);
        }
        Permissions.require(who, inode, mask);
        int type = Mode.type(mode);
        boolean stored = type == Mode.S_IFREG || type == Mode.S_IFDIR || type == Mode.S_IFLNK;
        if ((mask & Open.W_OK) != 0 && stored && walk.mount().readOnly()) {
            throw ErrnoException.of(Errno.EROFS);
        }
    }

    /** The real ids in the place of the file system's, with the capabilities that such a user would have (access(2)). */
    private static Credentials real(Credentials who) {
        boolean keeps = (who.secureBits() & Capability.SECBIT_NO_SETUID_FIXUP) != 0;
        long effective = keeps ? who.effective() : who.uid() == 0 ? who.permitted() : 0;
        if (who.fsuid() == who.uid() && who.fsgid() == who.gid() && effective == who.effective()) {
            return who;
        }
        return who.with(b -> {
            b.fsuid = b.uid;
            b.fsgid = b.gid;
            b.effective = effective;
        });
    }

    // ---- changes

    void set(Task task, int dirfd, PathWalkImpl walk, int walkFlags, SetAttributes changes) {
        if ((changes.valid & SetAttributes.SIZE) != 0 && changes.size < 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        walk.resolve(task, dirfd, walkFlags);
        if ((changes.valid & SetAttributes.SIZE) != 0) {
            requireTruncatable(task, walk.inode());
        }
        set(task, walk.mount().readOnly(), walk.inode(), changes);
    }

    private static void requireTruncatable(Task task, Inode inode) {
        int mode = inode.mode();
        if (Mode.isDir(mode)) {
            throw ErrnoException.of(Errno.EISDIR);
        }
        if (!Mode.isRegular(mode)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        Permissions.require(Permissions.of(task), inode, Permissions.WRITE);
    }

    void set(Task task, FileDescription file, SetAttributes changes) {
        if ((changes.valid & SetAttributes.SIZE) != 0 && (!file.writable() || !Mode.isRegular(file.inode().mode()))) {
            throw ErrnoException.of(Errno.EINVAL); // ftruncate(2)
        }
        set(task, file.path().mount().readOnly(), file.inode(), changes);
    }

    void set(Task task, VfsPath path, SetAttributes changes) {
        set(task, path.mount().readOnly(), path.inode(), changes);
    }

    private void set(Task task, boolean readOnly, Inode inode, SetAttributes changes) {
        if (readOnly) {
            throw ErrnoException.of(Errno.EROFS);
        }
        Credentials who = Permissions.of(task);
        int valid = changes.valid;
        if ((valid & SetAttributes.SIZE) != 0) {
            truncate(task, inode, changes.size);
            return;
        }
        if ((valid & (SetAttributes.ATIME | SetAttributes.MTIME)) != 0) {
            requireTimesAllowed(who, inode, valid);
        }
        if ((valid & (SetAttributes.UID | SetAttributes.GID)) != 0) {
            prepareOwner(who, inode, changes);
        }
        if ((valid & SetAttributes.MODE) != 0) {
            prepareMode(who, inode, changes);
        }
        if (changes.valid != 0) {
            inode.setAttributes(task, changes);
        }
    }

    void truncate(Task task, Inode inode, long size) {
        if (size < 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (task != null) {
            ErrnoException.check(FileSizes.checkSize(task, size));
        }
        SetAttributes changes = new SetAttributes();
        changes.valid = SetAttributes.SIZE;
        changes.size = size;
        int mode = inode.mode();
        int without = Permissions.withoutSetId(Permissions.of(task), inode);
        if (without != mode && !Permissions.of(task).has(Capability.CAP_FSETID)) {
            changes.valid |= SetAttributes.MODE;
            changes.mode = without & Mode.PERMISSIONS;
        }
        inode.setAttributes(task, changes);
    }

    /** utimensat(2): "now" for both takes write permission or ownership, all else ownership. */
    private static void requireTimesAllowed(Credentials who, Inode inode, int valid) {
        int bothNow = SetAttributes.ATIME | SetAttributes.MTIME | SetAttributes.ATIME_NOW | SetAttributes.MTIME_NOW;
        if (Permissions.owns(who, inode)) {
            return;
        }
        if ((valid & bothNow) != bothNow) {
            throw ErrnoException.of(Errno.EPERM);
        }
        Permissions.require(who, inode, Permissions.WRITE);
    }

    private static void prepareMode(Credentials who, Inode inode, SetAttributes changes) {
        if (Mode.isSymlink(inode.mode())) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }
        if (!Permissions.owns(who, inode)) {
            throw ErrnoException.of(Errno.EPERM);
        }
        changes.mode &= Mode.PERMISSIONS;
        if (!who.inGroup(inode.gid()) && !who.has(Capability.CAP_FSETID)) {
            changes.mode &= ~Mode.S_ISGID; // chmod(2)
        }
    }

    private static void prepareOwner(Credentials who, Inode inode, SetAttributes changes) {
        if ((changes.valid & SetAttributes.UID) != 0 && changes.uid == UNCHANGED) {
            changes.valid &= ~SetAttributes.UID;
        }
        if ((changes.valid & SetAttributes.GID) != 0 && changes.gid == UNCHANGED) {
            changes.valid &= ~SetAttributes.GID;
        }
        boolean owner = who.fsuid() == inode.uid();
        boolean uidAllowed = (changes.valid & SetAttributes.UID) == 0 || owner && changes.uid == inode.uid();
        boolean gidAllowed = (changes.valid & SetAttributes.GID) == 0
                || owner && (changes.gid == inode.gid() || who.inGroup(changes.gid));
        if (!(uidAllowed && gidAllowed) && !who.has(Capability.CAP_CHOWN)) {
            throw ErrnoException.of(Errno.EPERM);
        }
        int mode = inode.mode();
        int without = Permissions.withoutSetId(who, inode);
        if (!Mode.isDir(mode) && without != mode && (changes.valid & SetAttributes.MODE) == 0) {
            if (!Permissions.owns(who, inode)) {
                throw ErrnoException.of(Errno.EPERM); // it is a change of the mode as well, even if of nothing else
            }
            changes.valid |= SetAttributes.MODE;
            changes.mode = without & Mode.PERMISSIONS;
        }
    }
}
