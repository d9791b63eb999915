// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;
import org.jvisor.api.vfs.VfsPath;

/** Names of places, as getcwd(2) and the links of /proc/PID show them. */
final class PathNames {

    /**
     * @param root the caller's root; null: that of the namespace
     * @throws ErrnoException ENAMETOOLONG beyond PATH_MAX, as getcwd(2) and readlink(2) of /proc say
     */
    static String name(VfsPath path, VfsPath root) {
        MountImpl mount = (MountImpl) path.mount();
        DentryImpl dentry = (DentryImpl) path.dentry();
        if (dentry.isRoot() && mount.namespace() == null && mount.mountPoint() == null && !dentry.name().equals("/")) {
            return dentry.name(); // it has no place: "pipe:[12]"
        }
        boolean deleted = dentry.isDeleted();
        StringBuilder reversed = new StringBuilder();
        boolean reachable = climb(mount, dentry, root, reversed);
        if (reversed.isEmpty()) {
            reversed.append('/');
        }
        String name = reversed.reverse().toString();
        return (reachable ? "" : "(unreachable)") + name + (deleted ? " (deleted)" : "");
    }

    /** Appends the name backwards; whether the climb ended at {@code root}. */
    private static boolean climb(MountImpl fromMount, DentryImpl from, VfsPath root, StringBuilder reversed) {
        MountImpl mount = fromMount;
        DentryImpl dentry = from;
        for (;;) {
            if (root != null && dentry == root.dentry() && mount == root.mount()) {
                return true;
            }
            if (dentry == mount.root || dentry.isRoot()) {
                VfsPath point = mount.mountPoint();
                if (point == null || dentry != mount.root) {
                    return root == null;
                }
                mount = (MountImpl) point.mount();
                dentry = (DentryImpl) point.dentry();
            } else {
                String name = dentry.name();
                for (int i = name.length() - 1; i >= 0; i--) {
                    reversed.append(name.charAt(i));
                }
                reversed.append('/');
                if (reversed.length() >= Open.PATH_MAX) {
                    throw ErrnoException.of(Errno.ENAMETOOLONG);
                }
                dentry = dentry.parent();
            }
        }
    }

    private PathNames() {
    }
}
