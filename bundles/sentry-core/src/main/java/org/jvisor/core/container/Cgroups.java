// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.container;

import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Cgroup.Counter;

/**
 * The sandbox's cgroup, and what a container gets of it. The Sentry's heap is bounded, and no application may fill it; a container
 * may use most of what all together may, but never all, so that its neighbours can go on.
 */
public final class Cgroups {

    /** The part of the heap that applications can fill with inodes, names and the like. */
    private static final int HEAP_SHARE = 3;

    /** The part of it that sockets' buffers can fill, which are arrays of the heap. */
    private static final int SOCKET_SHARE = 5;

    /** What a file description takes with all that hangs on it, and the part of the heap that all may take. */
    private static final int OPEN_FILE_BYTES = 512;
    private static final int OPEN_FILES_SHARE = 4;

    /** Each task costs the Sentry a Java thread: so many are more than any container needs and less than what hurts. */
    private static final int TASKS = 16_384;

    private final Cgroup sandbox = new Cgroup(null);

    public Cgroups(long heapBytes) {
        sandbox.setLimit(Counter.HEAP_BYTES, heapBytes / HEAP_SHARE);
        sandbox.setLimit(Counter.SOCKET_BYTES, heapBytes / SOCKET_SHARE);
        sandbox.setLimit(Counter.OPEN_FILES, heapBytes / OPEN_FILES_SHARE / OPEN_FILE_BYTES);
        sandbox.setLimit(Counter.TASKS, TASKS);
    }

    Cgroup sandbox() {
        return sandbox;
    }

    Cgroup newContainer() {
        Cgroup container = new Cgroup(sandbox);
        for (Counter counter : Counter.values()) {
            long all = sandbox.limit(counter);
            if (all != Long.MAX_VALUE) {
                container.setLimit(counter, all - all / 4);
            }
        }
        return container;
    }
}
