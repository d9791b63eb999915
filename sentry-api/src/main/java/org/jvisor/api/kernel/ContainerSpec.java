// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import java.util.List;

/**
 * What a container is to be: the part of the OCI runtime specification's config.json that the Sentry carries out, checked, and
 * with the descriptors that runsc handed over in place of host paths.
 *
 * @param process its first process
 * @param rootfs how / comes to be
 * @param mounts in order
 * @param memoryLimitBytes how much memory its processes, files in memory, page caches and buffers may use; 0: as much as the sandbox has
 */
public record ContainerSpec(String id, String hostname, String domainname, ProcessSpec process, Root rootfs, List<MountSpec> mounts,
        long memoryLimitBytes) {

    /**
     * The root file system.
     *
     * @param goferFd the connection to the gofer that serves it
     * @param readOnly whether / is read-only
     * @param overlay whether changes stay in the sandbox's memory
     * @param overlayBytes how much they may take; 0: no limit of its own
     */
    public record Root(int goferFd, boolean readOnly, boolean overlay, long overlayBytes) {}

    /**
     * A mount.
     *
     * @param destination absolute, in the container
     * @param type proc, sysfs, tmpfs, devtmpfs, dev, devpts, mqueue, bind, …
     * @param flags MS_*
     * @param data what remains of the options, joined by commas
     * @param goferFd for bind: the connection to the gofer; otherwise -1
     * @param overlay for bind: whether changes stay in memory
     */
    public record MountSpec(String destination, String type, String source, long flags, String data, int goferFd,
            boolean overlay) {}
}
