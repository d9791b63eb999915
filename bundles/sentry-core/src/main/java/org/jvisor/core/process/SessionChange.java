// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.lock.Mutex;

/** setpgid(2) and setsid(2). */
final class SessionChange {

    private SessionChange() {}

    static long setProcessGroup(PidNamespaceImpl namespace, ThreadGroupImpl caller, ThreadGroupImpl target, int pgid) {
        if (pgid < 0) {
            return -Errno.EINVAL;
        }
        int id = pgid == 0 ? target.pid() : pgid;
        try (Mutex _ = namespace.processes().lock.take()) {
            if (target.zombie()) {
                return -Errno.ESRCH;
            }
            if (target != caller) {
                if (target.parent() != caller) {
                    return -Errno.ESRCH;
                }
                if (target.session() != caller.session()) {
                    return -Errno.EPERM;
                }
                if (target.hasExecuted()) {
                    return -Errno.EACCES;
                }
            }
            SessionImpl session = target.processGroup().session();
            if (session.id() == target.pid()) {
                return -Errno.EPERM;
            }
            ProcessGroupImpl group = namespace.processGroup(id);
            if (id != target.pid() && (group == null || group.session() != session)) {
                return -Errno.EPERM;
            }
            if (group != target.processGroup()) {
                target.enter(group == null ? new ProcessGroupImpl(namespace, id, session) : group);
            }
            return 0;
        }
    }

    static long newSession(PidNamespaceImpl namespace, ThreadGroupImpl group) {
        try (Mutex _ = namespace.processes().lock.take()) {
            if (namespace.processGroup(group.pid()) != null) {
                return -Errno.EPERM;
            }
            SessionImpl session = new SessionImpl(namespace, group);
            namespace.add(session);
            group.enter(new ProcessGroupImpl(namespace, group.pid(), session));
            return group.pid();
        }
    }
}
