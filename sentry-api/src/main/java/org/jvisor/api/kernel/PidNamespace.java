// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The processes that see each other, by the ids that they know each other by (pid_namespaces(7)): those of one container. Ids begin
 * at 1 in each. Any thread; look-ups take no lock.
 */
@ProviderType
public interface PidNamespace {

    /** @return null where there is none */
    Task task(int tid);

    /** @return null where there is none */
    ThreadGroup threadGroup(int pid);

    /** @return null where there is none */
    ProcessGroup processGroup(int id);

    /** All processes, zombies among them, by ascending pid; allocates. */
    List<ThreadGroup> threadGroups();

    /**
     * kill(2) of more than one process: to all of them at once, so that no child is left out that one of them makes meanwhile.
     *
     * @param pid 0: those of the sender's process group; -1: all but the sender and its container's first one; below: those of the
     *     process group {@code -pid}
     * @param signal 0: only looks whether it may be sent
     * @return 0 or a negative errno
     */
    long kill(Task sender, int pid, int signal);
}
