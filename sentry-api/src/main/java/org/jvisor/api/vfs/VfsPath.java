// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import org.jvisor.api.state.StateRecord;

/** A place in the tree of files: a dentry, as seen through a mount. */
public record VfsPath(Mount mount, Dentry dentry) {

    public Inode inode() {
        return dentry.inode();
    }

    /** Two fields of {@code record}; none for null. */
    public static void save(StateRecord record, String name, VfsPath path) {
        if (path != null) {
            record.putCore(name, path.dentry).putCore(name + "Mount", path.mount);
        }
    }

    /** What {@link #save} has written, or null. */
    public static VfsPath read(StateRecord record, String name) {
        return record.has(name)
                ? new VfsPath(record.requireCore(name + "Mount", Mount.class), record.requireCore(name, Dentry.class)) : null;
    }
}
