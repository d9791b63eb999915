// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import org.osgi.annotation.versioning.ProviderType;

/** A file system, or a part of one, in the tree of a mount namespace. Any thread. */
@ProviderType
public interface Mount {

    /** How many a namespace may have: fs.mount-max of Linux. */
    int MOUNT_MAX = 100_000;

    int id();

    FileSystem fileSystem();

    /** The part of the file system that is seen. */
    Dentry root();

    /** Where it is mounted; null for the root of a namespace and for mounts that nobody sees. */
    VfsPath mountPoint();

    String source();

    /** MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOATIME, MS_RELATIME. */
    int flags();

    boolean readOnly();

    /** The optional fields of /proc/PID/mountinfo, like "shared:2 master:1", or empty. */
    String propagation();

    /**
     * Somebody stands in it from now on, with his root or working directory: it is busy, and its file system stays, be it unmounted
     * lazily.
     *
     * @return false: the file system has ended
     */
    boolean enter();

    /** The reverse of {@link #enter}. With no lock of the vfs held: the file system may end by that. */
    void leave();
}
