// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import java.util.List;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.Cgroup;
import org.osgi.annotation.versioning.ProviderType;

/** A tree of mounts. Any thread. */
@ProviderType
public interface MountNamespace {

    VfsPath root();

    /** All mounts, parents first; allocates. */
    List<Mount> mounts();

    /** A copy for CLONE_NEWNS, with one user, that is charged to {@code payer}. @throws ErrnoException ENOSPC when that may not have it */
    MountNamespace copy(Cgroup payer);

    /** Where a place of the namespace that this one is a {@link #copy} of lies here; {@code path} itself when it has no counterpart. */
    VfsPath translate(VfsPath path);

    /** One more task uses it; new ones have one user. */
    void retain();

    /** One user less: with the last one all its mounts go, lazily as with MNT_DETACH. */
    void release();

    /** Signalled with POLLPRI | POLLERR when the tree changes: what poll(2) on /proc/PID/mounts waits for. */
    org.jvisor.api.wait.WaitQueue changes();

    /** Number of changes so far. */
    int changeCount();
}
