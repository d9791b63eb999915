// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.NetNamespace;
import org.jvisor.api.kernel.Task;

/**
 * Where a new socket belongs.
 *
 * @param cgroup what it and its buffers are charged to: that of the process that made it
 * @param net where its name is looked up, and others' are
 * @param owner the effective user who makes it
 * @param memory where its buffers lie
 */
record Home(Cgroup cgroup, NetNamespace net, int owner, SocketMemory memory) {

    static Home of(Task task, SocketMemory memory) {
        return new Home(task.cgroup(), task.namespaces().net(), task.credentials().euid(), memory);
    }
}
