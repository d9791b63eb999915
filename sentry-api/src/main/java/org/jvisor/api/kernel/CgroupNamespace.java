// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

/** What those in it see as the root of all cgroups (cgroup_namespaces(7)). */
public final class CgroupNamespace {

    private final Cgroup root;

    public CgroupNamespace(Cgroup root) {
        this.root = root;
    }

    public Cgroup root() {
        return root;
    }
}
