// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import java.util.List;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Task;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * An object of a file system, with what its file system does with it. The vfs has checked permissions, read-only mounts, name
 * lengths and file types before it calls, and holds the directory's lock over every operation that changes a directory
 * ({@link #create} to {@link #rename}); otherwise calls come from many threads. Failures are thrown as {@link ErrnoException}.
 * Names hold one char a byte, and are never empty, ".", ".." or with a slash.
 */
@ConsumerType
public interface Inode {

    FileSystem fileSystem();

    long ino();

    /** S_IF* and permission bits. Cheap: asked on every path walk. */
    int mode();

    int uid();

    int gid();

    /** Fills in all fields. {@code stat.dev} is {@link FileSystem#device}. */
    void stat(Stat stat);

    /** Length in bytes, for lseek(2) and O_APPEND. */
    default long size() {
        Stat stat = new Stat();
        stat(stat);
        return stat.size;
    }

    /** Changes attributes; the caller may. Clearing of set-user-ID bits has been decided already. */
    default void setAttributes(Task task, SetAttributes changes) {
        throw ErrnoException.of(Errno.EPERM);
    }

    /** May {@code credentials} access this as {@code mask} (4 read, 2 write, 1 execute or search)? 0, or a negative errno; the generic check of mode, owner, group and capabilities when {@link #OWN_CHECK} is not answered. */
    default int permission(Credentials credentials, int mask) {
        return GENERIC_CHECK;
    }

    /** {@link #permission}'s answer: the vfs shall do what Linux's generic_permission does. */
    int GENERIC_CHECK = 1;

    // ---- directories

    /** The child, or null when there is none. */
    default Inode lookup(Task task, String name) {
        throw ErrnoException.of(Errno.ENOTDIR);
    }

    /**
     * Looks several steps up at once, for file systems for which a step is a round trip: from {@code names[first]} on, each in
     * the one before, until a name is missing, or the found inode is no directory, or the array ends.
     *
     * @param found receives the inodes, index 0 for {@code names[first]}
     * @return how many were found; less than asked and the last a directory: the next name does not exist
     */
    default int walk(Task task, String[] names, int first, int count, Inode[] found) {
        Inode inode = lookup(task, names[first]);
        if (inode == null) {
            return 0;
        }
        found[0] = inode;
        return 1;
    }

    /** Whether a walk of several steps is cheaper than one at a time. */
    default boolean prefersWalk() {
        return false;
    }

    /** Whether the cached {@code child} (null: a cached absence) still is what {@code name} means here. Asked on each use of a cached dentry of file systems with {@link FileSystem#mayChangeOutside}. */
    default boolean revalidate(Task task, String name, Inode child) {
        return true;
    }

    /** Makes a regular file, socket, fifo or device. {@code mode} has type bits; umask is applied already. Owner as in {@code owner}. */
    default Inode create(Task task, String name, int mode, long device, Owner owner) {
        throw ErrnoException.of(Errno.EPERM);
    }

    default Inode mkdir(Task task, String name, int mode, Owner owner) {
        throw ErrnoException.of(Errno.EPERM);
    }

    default Inode symlink(Task task, String name, String target, Owner owner) {
        throw ErrnoException.of(Errno.EPERM);
    }

    default void link(Task task, String name, Inode existing) {
        throw ErrnoException.of(Errno.EPERM);
    }

    default void unlink(Task task, String name, Inode child) {
        throw ErrnoException.of(Errno.EPERM);
    }

    default void rmdir(Task task, String name, Inode child) {
        throw ErrnoException.of(Errno.EPERM);
    }

    /**
     * rename(2): {@code replaced} is what {@code newName} means, or null.
     *
     * @param flags RENAME_NOREPLACE (checked already), RENAME_EXCHANGE, RENAME_WHITEOUT
     */
    default void rename(Task task, String oldName, Inode child, Inode newDirectory, String newName, Inode replaced, int flags) {
        throw ErrnoException.of(Errno.EPERM);
    }

    /** An unnamed file in this directory (O_TMPFILE). */
    default Inode tmpfile(Task task, int mode, Owner owner) {
        throw ErrnoException.of(Errno.EOPNOTSUPP);
    }

    /**
     * It has been read, or followed, where its time of last access is kept (not by O_NOATIME, and not in a mount with MS_NOATIME). Any
     * thread.
     *
     * @param strict whether each access counts; otherwise only one after a change (mount(2), MS_RELATIME)
     */
    default void accessed(boolean strict) {}

    // ---- symbolic links

    default String readlink(Task task) {
        throw ErrnoException.of(Errno.EINVAL);
    }

    /** For links that lead to an object and not to a name (/proc/PID/fd/N, exe, cwd, root): where; null for ordinary ones. */
    default VfsPath jump(Task task) {
        return null;
    }

    // ---- opening

    /**
     * Opens this. O_CREAT, O_EXCL and permissions have been dealt with; with O_TRUNC a regular file is truncated already.
     * Fifos, sockets and device nodes do not come here: the vfs opens fifos, and device nodes through {@link DeviceDriver}.
     */
    FileOperations open(Task task, int flags);

    /** Whether opening comes to {@link #open} whatever the type is: fifos and terminals of the host. */
    default boolean opensItself() {
        return false;
    }

    // ---- extended attributes

    default byte[] getXattr(Task task, String name) {
        throw ErrnoException.of(Errno.EOPNOTSUPP);
    }

    /** @param flags XATTR_CREATE, XATTR_REPLACE */
    default void setXattr(Task task, String name, byte[] value, int flags) {
        throw ErrnoException.of(Errno.EOPNOTSUPP);
    }

    default List<String> listXattr(Task task) {
        return List.of();
    }

    default void removeXattr(Task task, String name) {
        throw ErrnoException.of(Errno.EOPNOTSUPP);
    }

    /** The vfs forgets this inode: no dentry and no description has it any more. */
    default void evict() {}

    /** Who a new object belongs to. */
    record Owner(int uid, int gid) {}
}
