// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.util.List;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Xattr;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.VfsPath;

/** Extended attributes, with the rules of xattr(7) for each namespace. */
final class Xattrs {

    byte[] get(Task task, VfsPath path, String name) {
        requireName(name);
        requireAllowed(Permissions.of(task), path.inode(), name, false);
        return path.inode().getXattr(task, name);
    }

    void set(Task task, VfsPath path, String name, byte[] value, int flags) {
        requireName(name);
        if ((flags & ~(Xattr.XATTR_CREATE | Xattr.XATTR_REPLACE)) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (value.length > Xattr.XATTR_SIZE_MAX) {
            throw ErrnoException.of(Errno.E2BIG);
        }
        requireWritable(path);
        requireAllowed(Permissions.of(task), path.inode(), name, true);
        path.inode().setXattr(task, name, value, flags);
    }

    void remove(Task task, VfsPath path, String name) {
        requireName(name);
        requireWritable(path);
        requireAllowed(Permissions.of(task), path.inode(), name, true);
        path.inode().removeXattr(task, name);
    }

    List<String> list(Task task, VfsPath path) {
        List<String> all = path.inode().listXattr(task);
        if (Permissions.of(task).has(Capability.CAP_SYS_ADMIN)) {
            return all;
        }
        return all.stream().filter(name -> !name.startsWith(Xattr.TRUSTED_PREFIX)).toList();
    }

    private static void requireName(String name) {
        if (name.isEmpty() || name.length() > Xattr.XATTR_NAME_MAX) {
            throw ErrnoException.of(Errno.ERANGE);
        }
    }

    private static void requireWritable(VfsPath path) {
        if (path.mount().readOnly()) {
            throw ErrnoException.of(Errno.EROFS);
        }
    }

    private static void requireAllowed(Credentials who, Inode inode, String name, boolean write) {
        if (name.startsWith(Xattr.USER_PREFIX)) {
            requireUserAllowed(who, inode, write);
        } else if (name.startsWith(Xattr.TRUSTED_PREFIX)) {
            if (!who.has(Capability.CAP_SYS_ADMIN)) {
                throw ErrnoException.of(write ? Errno.EPERM : Errno.ENODATA);
            }
        } else if (name.startsWith(Xattr.SECURITY_PREFIX)) {
            int needed = name.equals(Xattr.CAPABILITY) ? Capability.CAP_SETFCAP : Capability.CAP_SYS_ADMIN;
            if (write && !who.has(needed)) {
                throw ErrnoException.of(Errno.EPERM);
            }
        } else {
            throw ErrnoException.of(Errno.EOPNOTSUPP); // access control lists, and what nobody knows
        }
    }

    private static void requireUserAllowed(Credentials who, Inode inode, boolean write) {
        int mode = inode.mode();
        if (!Mode.isRegular(mode) && !Mode.isDir(mode)) {
            throw ErrnoException.of(write ? Errno.EPERM : Errno.ENODATA);
        }
        if (write && Mode.isDir(mode) && (mode & Mode.S_ISVTX) != 0 && !Permissions.owns(who, inode)) {
            throw ErrnoException.of(Errno.EPERM);
        }
        Permissions.require(who, inode, write ? Permissions.WRITE : Permissions.READ);
    }
}
