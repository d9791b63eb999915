// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.oci;

import java.util.List;
import org.jvisor.api.kernel.ProcessSpec.Capabilities;
import org.jvisor.api.kernel.ProcessSpec.Rlimit;
import org.jvisor.api.kernel.ProcessSpec.User;

/**
 * What jVisor takes from the OCI runtime specification's config.json, checked, with host paths as they stand in it.
 *
 * @param memoryLimitBytes linux.resources.memory.limit; 0: none
 */
public record OciConfig(Process process, Root root, String hostname, String domainname, List<OciMount> mounts, long memoryLimitBytes) {

    /** @param consoleRows with {@code consoleColumns}: the window to begin with, 0 for the caller's terminal's */
    public record Process(boolean terminal, int consoleRows, int consoleColumns, List<String> arguments,
            List<String> environment, String workingDirectory, User user, Capabilities capabilities, List<Rlimit> rlimits,
            boolean noNewPrivileges) {}

    /** @param path relative to the bundle, or absolute */
    public record Root(String path, boolean readOnly) {}

    /**
     * @param source for bind: relative to the bundle, or absolute
     * @param flags MS_*
     * @param data the options that are no flags, joined by commas
     */
    public record OciMount(String destination, String type, String source, long flags, String data) {

        public boolean isBind() {
            return type.equals("bind");
        }
    }
}
