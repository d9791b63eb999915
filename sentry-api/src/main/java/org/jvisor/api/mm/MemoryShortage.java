// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.mm;

import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Task;
import org.osgi.annotation.versioning.ConsumerType;

/** What is done when there is no page to be had: the core's, which has caches give theirs up, or ends a process as Linux's OOM killer does. */
@ConsumerType
@FunctionalInterface
public interface MemoryShortage {

    /**
     * Sees to it that memory is given back, and waits for that. By the thread that needs it, with no mutex held.
     *
     * @param container whose limit, or the sandbox's, leaves no room
     * @param task for whom the wait ends when it has anything else to do; null: only when the thread's task is killed
     * @param meanwhile is called now and then: gives back what is held for nothing, as only the thread itself can
     * @return whether it makes sense to try once more; false: there is nothing to be had, or the thread's task is killed
     */
    boolean relieve(Cgroup container, Task task, Runnable meanwhile);

    /**
     * The part of it that ends nobody and waits for nobody: has caches give theirs up. By the thread that needs memory, with no mutex held.
     *
     * @return whether there was anything
     */
    default boolean reclaim(Cgroup container) {
        return false;
    }
}
