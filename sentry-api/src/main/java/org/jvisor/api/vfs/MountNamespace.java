// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/** A tree of mounts. Any thread. */
@ProviderType
public interface MountNamespace {

    VfsPath root();

    /** All mounts, parents first; allocates. */
    List<Mount> mounts();

    /** A copy for CLONE_NEWNS. */
    MountNamespace copy();

    /** Signalled with POLLPRI | POLLERR when the tree changes: what poll(2) on /proc/PID/mounts waits for. */
    org.jvisor.api.wait.WaitQueue changes();

    /** Number of changes so far. */
    int changeCount();
}
