// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

/** A place in the tree of files: a dentry, as seen through a mount. */
public record VfsPath(Mount mount, Dentry dentry) {

    public Inode inode() {
        return dentry.inode();
    }
}
