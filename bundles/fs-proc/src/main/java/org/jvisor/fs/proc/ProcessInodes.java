// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import org.jvisor.api.abi.Mode;
import org.jvisor.api.kernel.Task;

/** What all files about a process have in common: who owns them (proc(5)). */
final class ProcessInodes {
    /** Directories with this mode are always the user's. */
    private static final int PUBLIC_DIRECTORY = Mode.S_IFDIR | 0555;

    private ProcessInodes() {
    }

    /** The effective user; root, when others may not look into the process. */
    static int uid(Target target, int mode) {
        return mode == PUBLIC_DIRECTORY || Access.isDumpable(target.task()) ? target.task().credentials().euid() : 0;
    }

    static int gid(Target target, int mode) {
        return mode == PUBLIC_DIRECTORY || Access.isDumpable(target.task()) ? target.task().credentials().egid() : 0;
    }

    /** When the process began. */
    static long timeNs(ProcSystem system, Task task) {
        return system.bootTimeNs() + task.startTimeNs();
    }
}
