// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import org.jvisor.api.abi.Mode;

/** What all files about a process have in common: who owns them (proc(5)). */
final class ProcessInodes {
    /** Directories with this mode are always the user's. */
    private static final int PUBLIC_DIRECTORY = Mode.S_IFDIR | 0555;

    private ProcessInodes() {
    }

    /** The effective user; root, when others may not look into the process. */
    static int uid(Subject subject, int mode) {
        Target target = subject.find();
        return isUsers(target, mode) ? target.task().credentials().euid() : 0;
    }

    static int gid(Subject subject, int mode) {
        Target target = subject.find();
        return isUsers(target, mode) ? target.task().credentials().egid() : 0;
    }

    /** What is about nobody any more is root's. */
    private static boolean isUsers(Target target, int mode) {
        return target != null && (mode == PUBLIC_DIRECTORY || Access.isDumpable(target.task()));
    }

    /** When the process began. */
    static long timeNs(ProcSystem system, Subject subject) {
        return system.bootTimeNs() + subject.startTimeNs();
    }
}
