// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Descriptors of the host as files inside: the standard streams that a container was given. A service of fs-host. Any thread.
 * What is read and written moves the host's own position, which others may share (as in {@code (runsc …; cat) < file}, or with
 * {@code 2>&1}); the host's file status flags are never changed; and no task ever blocks in the host.
 */
@ProviderType
public interface HostFiles {

    /**
     * Wraps a descriptor, which belongs to the result from now on and is closed after its last use.
     *
     * @param uid owner that the application sees
     * @param gid group that the application sees
     * @return a description with one reference, the caller's, readable and writable as the host's is
     * @throws org.jvisor.api.abi.ErrnoException EBADF and what else the host says
     */
    FileDescription open(int hostFd, int uid, int gid);
}
