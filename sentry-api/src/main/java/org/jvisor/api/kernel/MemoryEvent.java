// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

/** What memory.events of a cgroup counts (Linux, Documentation/admin-guide/cgroup-v2.rst). */
public enum MemoryEvent {
    /** The limit was reached, and something had to be done about it. */
    MAX,
    /** There was nothing that could just be given up. */
    OOM,
    /** A process was ended. */
    OOM_KILL
}
