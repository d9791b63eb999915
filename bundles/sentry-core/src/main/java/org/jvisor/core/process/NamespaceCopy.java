// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import org.jvisor.api.abi.Clone;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.IpcNamespace;
import org.jvisor.api.kernel.Namespaces;
import org.jvisor.api.vfs.FsContext;
import org.jvisor.api.vfs.MountNamespace;

/** What a task's namespaces are after clone(2) or unshare(2). */
final class NamespaceCopy {

    private NamespaceCopy() {}

    /**
     * @param flags CLONE_NEW*
     * @param fs whose root and working directory move into a new mount namespace (mount_namespaces(7))
     * @param payer who is charged for what is made
     * @return with a use of those that are counted, which is the caller's
     */
    static Namespaces of(Namespaces original, long flags, FsContext fs, Cgroup payer) {
        Namespaces copy = original;
        if ((flags & Clone.CLONE_NEWUTS) != 0) {
            copy = copy.withUts(copy.uts().copy());
        }
        if ((flags & Clone.CLONE_NEWNS) != 0) {
            MountNamespace mounts = original.mounts().copy(payer);
            fs.setRoot(mounts.translate(fs.root()));
            fs.setWorkingDirectory(mounts.translate(fs.workingDirectory()));
            copy = copy.withMounts(mounts);
        } else {
            copy.mounts().retain();
        }
        if ((flags & Clone.CLONE_NEWIPC) != 0) {
            copy = copy.withIpc(new IpcNamespace());
        } else {
            copy.ipc().retain();
        }
        return copy;
    }
}
