// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import org.jvisor.api.abi.Clone;
import org.jvisor.api.abi.ErrnoException;
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
     * @throws ErrnoException ENOSPC; nothing has changed then
     * @return with a use of those that are counted, which is the caller's
     */
    static Namespaces of(Namespaces original, long flags, FsContext fs, Cgroup payer) {
        Namespaces copy = original;
        if ((flags & Clone.CLONE_NEWUTS) != 0) {
            copy = copy.withUts(copy.uts().copy());
        }
        if ((flags & Clone.CLONE_NEWIPC) != 0) {
            copy = copy.withIpc(new IpcNamespace(payer));
        } else {
            copy.ipc().retain();
        }
        if ((flags & Clone.CLONE_NEWNS) != 0) {
            copy = copy.withMounts(mounts(copy, payer));
            fs.setRoot(copy.mounts().translate(fs.root()));
            fs.setWorkingDirectory(copy.mounts().translate(fs.workingDirectory()));
        } else {
            copy.mounts().retain();
        }
        return copy;
    }

    /** Where it may have none of its own, it has no use of the IPC namespace either. */
    private static MountNamespace mounts(Namespaces copy, Cgroup payer) {
        try {
            return copy.mounts().copy(payer);
        } catch (ErrnoException e) {
            copy.ipc().release();
            throw e;
        }
    }
}
