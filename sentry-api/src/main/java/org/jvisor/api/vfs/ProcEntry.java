// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.kernel.Task;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A file below /proc that belongs to what another bundle does, like {@code net/unix} or {@code sys/net/ipv4/ip_forward}: a
 * service. It takes the place of a file of proc's own with the same path, in mounts that are there already, too.
 */
@ConsumerType
public interface ProcEntry {

    /** Relative to /proc, at least one directory deep; directories are made as needed. */
    String path();

    /** Permission bits. */
    default int permissions() {
        return 0444;
    }

    /** Its text, made anew for each reading from the start. Called by the reader's thread. */
    byte[] read(Task reader);

    /** Takes a write: 0 or a negative errno. Called by the writer's thread. */
    default long write(Task writer, byte[] data) {
        return -Errno.EIO;
    }
}
