// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.sandbox;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.Mount;
import org.jvisor.api.kernel.ContainerSpec;
import org.jvisor.api.kernel.ContainerSpec.MountSpec;
import org.jvisor.api.kernel.ProcessSpec;
import org.jvisor.api.p9.GoferExport;
import org.jvisor.launcher.oci.OciConfig;
import org.jvisor.launcher.oci.OciConfig.OciMount;

/**
 * What a container's configuration means for the gofer (which host trees it serves, one connection each, the root's first) and
 * for the Sentry.
 */
public final class ContainerPlan {
    /** File systems that no program does without; a bundle may leave them out. */
    private static final List<OciMount> MANDATORY = List.of(
        new OciMount("/proc", "proc", "proc", Mount.MS_NOSUID | Mount.MS_NODEV | Mount.MS_NOEXEC, ""),
        new OciMount("/dev", "devtmpfs", "devtmpfs", Mount.MS_NOSUID, "mode=0755"),
        new OciMount("/dev/pts", "devpts", "devpts", Mount.MS_NOSUID | Mount.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"),
        new OciMount("/dev/shm", "tmpfs", "shm", Mount.MS_NOSUID | Mount.MS_NODEV, "mode=1777"),
        new OciMount("/sys", "sysfs", "sysfs", Mount.MS_NOSUID | Mount.MS_NODEV | Mount.MS_NOEXEC | Mount.MS_RDONLY, ""));
    private static final long PROPAGATION = Mount.MS_PRIVATE | Mount.MS_SHARED | Mount.MS_SLAVE | Mount.MS_UNBINDABLE;

    private final String id;
    private final OciConfig config;
    private final boolean rootOverlay;
    private final boolean mountOverlay;
    private final long overlayBytes;
    private final List<OciMount> mounts;
    private final List<GoferExport> exports = new ArrayList<>();

    /**
     * @param bundle absolute
     * @param rootOverlay whether changes to the root stay in the sandbox's memory; {@code mountOverlay} the same of bind mounts
     * @param overlayBytes limit of each; 0: none
     */
    public ContainerPlan(String id, String bundle, OciConfig config, boolean rootOverlay, boolean mountOverlay, long overlayBytes) {
        this.id = id;
        this.config = config;
        // A read-only root needs one too: mount points that are missing are made in it before it is read-only.
        this.rootOverlay = rootOverlay || config.root().readOnly();
        this.mountOverlay = mountOverlay;
        this.overlayBytes = overlayBytes;
        this.mounts = withMandatory(config.mounts());
        // Whatever stays in memory needs no right to write on the host.
        exports.add(new GoferExport(absolute(bundle, config.root().path()), this.rootOverlay));
        for (OciMount mount : mounts) {
            if (mount.isBind()) {
                exports.add(new GoferExport(absolute(bundle, mount.source()), isReadOnly(mount) || mountOverlay));
            }
        }
    }

    private static List<OciMount> withMandatory(List<OciMount> given) {
        List<OciMount> all = new ArrayList<>();
        for (OciMount mount : given) {
            all.add(asOurs(mount));
        }
        int position = 0;
        for (OciMount mandatory : MANDATORY) {
            int there = indexOf(all, mandatory.destination());
            if (there < 0) {
                all.add(position++, mandatory);
            } else {
                position = Math.max(position, there + 1);
            }
        }
        return all;
    }

    /** A tmpfs for /dev is what runc fills with device nodes: here the device file system has them already. */
    private static OciMount asOurs(OciMount mount) {
        boolean devices = mount.type().equals("dev")
            || mount.type().equals("tmpfs") && trimmed(mount.destination()).equals("/dev");
        return devices
            ? new OciMount(mount.destination(), "devtmpfs", mount.source(), mount.flags(), mount.data()) : mount;
    }

    private static int indexOf(List<OciMount> mounts, String destination) {
        for (int i = 0; i < mounts.size(); i++) {
            if (trimmed(mounts.get(i).destination()).equals(destination)) {
                return i;
            }
        }
        return -1;
    }

    private static String trimmed(String path) {
        int end = path.length();
        while (end > 1 && path.charAt(end - 1) == '/') {
            end--;
        }
        return path.substring(0, end);
    }

    private static boolean isReadOnly(OciMount mount) {
        return (mount.flags() & Mount.MS_RDONLY) != 0;
    }

    static String absolute(String folder, String path) {
        return path.startsWith("/") ? path : folder + "/" + path;
    }

    public String id() {
        return id;
    }

    public OciConfig config() {
        return config;
    }

    public List<GoferExport> exports() {
        return exports;
    }

    /** @param connections to the gofer, one for each export */
    public ContainerSpec spec(int[] connections, Stdio stdio) {
        OciConfig.Process process = config.process();
        List<MountSpec> specs = new ArrayList<>();
        int next = 1;
        for (OciMount mount : mounts) {
            int connection = mount.isBind() ? connections[next++] : -1;
            // Nothing propagates between the sandbox and the host, so propagation flags mean nothing here.
            specs.add(new MountSpec(mount.destination(), mount.type(), mount.source(), mount.flags() & ~PROPAGATION, mount.data(),
                connection, mount.isBind() && mountOverlay && !isReadOnly(mount)));
        }
        int rows = process.consoleRows() > 0 ? process.consoleRows() : stdio.rows();
        int columns = process.consoleColumns() > 0 ? process.consoleColumns() : stdio.columns();
        ProcessSpec first = new ProcessSpec(process.arguments(), process.environment(), process.workingDirectory(), process.user(),
            process.capabilities(), process.rlimits(), process.noNewPrivileges(), stdio.descriptors(), stdio.terminalBits() != 0,
            stdio.terminal(), stdio.terminalBits(), rows, columns);
        return new ContainerSpec(id, config.hostname(), config.domainname(), first,
            new ContainerSpec.Root(connections[0], config.root().readOnly(), rootOverlay, overlayBytes), specs,
            config.memoryLimitBytes());
    }

    /**
     * What the container's first process has as standard input, output and error.
     *
     * @param descriptors the host's, -1 for a closed one
     * @param terminal the host's terminal that the container's own is connected with; -1 without one
     * @param terminalBits which of the three the container's own terminal takes the place of
     */
    public record Stdio(int[] descriptors, int terminal, int terminalBits, int rows, int columns) {}
}
