// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import org.jvisor.api.vfs.MountNamespace;

/**
 * The namespaces that a task is in (namespaces(7)), but for the user namespace, which is its credentials'. Immutable: who enters
 * another one gets another object.
 *
 * @param pid whom it knows by id
 * @param net whom its sockets can reach
 */
public record Namespaces(MountNamespace mounts, UtsNamespace uts, IpcNamespace ipc, PidNamespace pid, NetNamespace net,
        CgroupNamespace cgroup, TimeNamespace time) {

    /** One more task uses those that are counted. */
    public void retain() {
        mounts.retain();
        ipc.retain();
    }

    /** One less. */
    public void release() {
        try {
            mounts.release();
        } finally {
            ipc.release();
        }
    }

    public Namespaces withMounts(MountNamespace other) {
        return new Namespaces(other, uts, ipc, pid, net, cgroup, time);
    }

    public Namespaces withUts(UtsNamespace other) {
        return new Namespaces(mounts, other, ipc, pid, net, cgroup, time);
    }

    public Namespaces withIpc(IpcNamespace other) {
        return new Namespaces(mounts, uts, other, pid, net, cgroup, time);
    }
}
