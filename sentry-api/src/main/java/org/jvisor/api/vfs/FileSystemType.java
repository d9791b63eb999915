// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Task;
import org.osgi.annotation.versioning.ConsumerType;

/** A kind of file system that can be mounted: a service. Of several with one name the one with the highest ranking is taken. */
@ConsumerType
public interface FileSystemType {

    String name();

    /** Whether it has no block device: "nodev" in /proc/filesystems. */
    default boolean nodev() {
        return true;
    }

    /** Whether a process with CAP_SYS_ADMIN inside the sandbox may mount it; the others only the boot of a container does. */
    default boolean userMountable() {
        return true;
    }

    /**
     * Makes an instance.
     *
     * @param task who mounts; null at boot
     * @param cgroup what the instance's files use up is charged to
     * @param source what mount(2) calls source
     * @param data comma-separated options, as in mount(2)'s data; unknown ones are EINVAL where Linux says so
     * @param attachment what cannot be said in text (a gofer's connection, layers of an overlay), or null
     */
    FileSystem mount(Task task, Cgroup cgroup, String source, String data, Object attachment);
}
