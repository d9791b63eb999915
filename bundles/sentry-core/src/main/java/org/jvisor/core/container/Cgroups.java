// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.container;

import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;

/**
 * The sandbox's cgroup, and what a container gets of it. The Sentry's heap is bounded, and no application may fill it; a container
 * may use most of what all together may, but never all, so that its neighbours can go on.
 */
public final class Cgroups {

    /** The part of the heap that all may fill together. */
    private static final int HEAP_SHARE = 2;

    /** The parts of it that sockets' buffers, open files and names of files can fill. */
    private static final int SOCKET_SHARE = 5;
    private static final int OPEN_FILES_SHARE = 4;
    private static final int NAMES_SHARE = 4;

    /** Each task costs the Sentry a Java thread: so many are more than any container needs and less than what hurts. */
    private static final int TASKS = 16_384;

    /** As Linux has it (pty(7)). */
    private static final int PTYS = 4096;

    private final Cgroup sandbox = new Cgroup(null);

    public Cgroups(long heapBytes) {
        sandbox.setHeapLimit(heapBytes / HEAP_SHARE);
        sandbox.setLimit(Charge.SOCKET_BYTE, heapBytes / SOCKET_SHARE);
        sandbox.setLimit(Charge.OPEN_FILE, heapBytes / OPEN_FILES_SHARE / Charge.OPEN_FILE.heapBytes());
        // Who is refused anything else must not find all the room taken by names that are only cached.
        sandbox.setLimit(Charge.DENTRY, heapBytes / NAMES_SHARE / (Charge.DENTRY.heapBytes() + Charge.CACHED_INODE.heapBytes()));
        sandbox.setLimit(Charge.TASK, TASKS);
        sandbox.setLimit(Charge.PTY, PTYS);
    }

    Cgroup sandbox() {
        return sandbox;
    }

    /** @param memoryLimitBytes 0: as much as the sandbox has */
    Cgroup newContainer(long memoryLimitBytes) {
        Cgroup container = new Cgroup(sandbox);
        if (memoryLimitBytes > 0) {
            container.setMemoryLimit(memoryLimitBytes);
        }
        container.setHeapLimit(partOf(sandbox.heapLimit()));
        for (Charge kind : Charge.values()) {
            long all = sandbox.limit(kind);
            if (all != Long.MAX_VALUE) {
                container.setLimit(kind, partOf(all));
            }
        }
        return container;
    }

    private static long partOf(long all) {
        return all - all / 4;
    }
}
