// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import java.util.function.Function;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.mm.MemoryManager;

/**
 * Whom a file is about: a process (/proc/PID), or a thread (/proc/PID/task/TID). Two are equal when they mean the same, not
 * merely the same number.
 *
 * @param thread null when the process as a whole is meant
 */
record Target(ThreadGroup group, Task thread) {

    static Target process(ThreadGroup group) {
        return new Target(group, null);
    }

    static Target thread(Task thread) {
        return new Target(thread.group(), thread);
    }

    /** The thread, or the process's first one, which can be another after execve(2). */
    Task task() {
        return thread == null ? group.leader() : thread;
    }

    boolean whole() {
        return thread == null;
    }

    Kernel kernel() {
        return task().kernel();
    }

    int id() {
        return thread == null ? group.pid() : thread.tid();
    }

    /** Whether it was not waited for yet. */
    boolean exists() {
        if (task().pidNamespace().threadGroup(group.pid()) != group) {
            return false;
        }
        // The leader of a process without live threads remains, as a zombie.
        return thread == null || group.task(thread.tid()) == thread || group.leader() == thread;
    }

    /**
     * Looks at the process's memory, which stays while {@code use} runs.
     *
     * @param without the answer of a process that has none any more
     */
    <T> T withMemory(Task reader, T without, Function<MemoryManager, T> use) {
        MemoryManager mm = task().mm();
        if (mm == null || !mm.tryRetain()) {
            return without;
        }
        try {
            return use.apply(mm);
        } finally {
            mm.release(reader);
        }
    }

    /** @throws ErrnoException ESRCH when it is gone */
    Target check() {
        if (!exists()) {
            throw ErrnoException.of(Errno.ESRCH);
        }
        return this;
    }
}
