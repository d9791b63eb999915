// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import org.jvisor.api.kernel.Task;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Walks a path; one object a task, reused for each walk, which allocates nothing while all it meets is cached. A path is loaded
 * once, from application memory or from a String, then resolved; results hold until the next load. The task's thread only.
 * Failures are thrown as ErrnoException (ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG, EXDEV).
 */
@ProviderType
public interface PathWalk {

    /** Follow a symbolic link in the last place. */
    int FOLLOW = 1;
    /** The result must be a directory. */
    int DIRECTORY = 2;
    /** An empty path means the descriptor itself (AT_EMPTY_PATH). */
    int EMPTY_PATH = 4;
    /** Stop before the last component: the result is its directory, {@link #lastName} the rest. */
    int PARENT = 8;
    /** openat2(2)'s RESOLVE_NO_XDEV, NO_MAGICLINKS, NO_SYMLINKS, BENEATH, IN_ROOT. */
    int NO_XDEV = 16;
    int NO_MAGICLINKS = 32;
    int NO_SYMLINKS = 64;
    int BENEATH = 128;
    int IN_ROOT = 256;

    /** Copies the path in from application memory. Throws EFAULT, ENAMETOOLONG; an empty path is refused when resolved. */
    PathWalk load(Task task, long address);

    PathWalk load(String path);

    /** Resolves the loaded path from {@code dirfd} (or AT_FDCWD). */
    void resolve(Task task, int dirfd, int flags);

    /** Resolves the loaded path from {@code start}. */
    void resolve(Task task, VfsPath start, int flags);

    Mount mount();

    /** What was found (with PARENT: its directory); its inode is never null. */
    Dentry dentry();

    Inode inode();

    /** The found place as an object of its own; allocates. */
    VfsPath path();

    /** With PARENT: the last component, without trailing slashes; "." or ".." or "" when the path ends so. */
    String lastName();

    /** Whether slashes followed the last component. */
    boolean trailingSlash();

    /** The loaded path; allocates. */
    String pathString();
}
