// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import java.util.List;

/**
 * What a container is to be: the part of the OCI runtime specification's config.json that the Sentry carries out, checked, and
 * with the descriptors that runsc handed over in place of host paths.
 *
 * @param arguments argv
 * @param environment NAME=value
 * @param noNewPrivileges see prctl(2)
 * @param rootfs how / comes to be
 * @param mounts in order
 * @param stdio host descriptors of standard input, output and error, or -1
 * @param terminal whether stdio that is a terminal (tty, see {@code ttyFd}) is replaced by a pty of the sandbox's own
 * @param ttyFd the host's terminal, in raw mode, that the pty's master is connected with; -1 without one
 * @param ttyFds which of 0, 1 and 2 the pty takes the place of, as bits
 */
public record ContainerSpec(String id, String hostname, String domainname, List<String> arguments, List<String> environment,
        String workingDirectory, User user, Capabilities capabilities, List<Rlimit> rlimits, boolean noNewPrivileges, Root rootfs,
        List<MountSpec> mounts, int[] stdio, boolean terminal, int ttyFd, int ttyFds, int ttyRows, int ttyColumns) {

    public record User(int uid, int gid, List<Integer> additionalGids, int umask) {}

    /** Each as bits by CAP_*. */
    public record Capabilities(long bounding, long effective, long inheritable, long permitted, long ambient) {}

    /** @param type RLIMIT_* */
    public record Rlimit(int type, long soft, long hard) {}

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
