// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

/**
 * Who shares System V objects (ipc_namespaces(7)). The objects are those who provide them keep by it, weakly: when nothing is in it
 * any more, they go.
 */
public final class IpcNamespace {

    private final SysctlValues sysctls = new SysctlValues();

    /** What has been set for it below /proc/sys/kernel and /proc/sys/fs/mqueue; see {@link IpcSysctl}. */
    public SysctlValues sysctls() {
        return sysctls;
    }
}
