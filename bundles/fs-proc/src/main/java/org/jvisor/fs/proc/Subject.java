// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import java.lang.ref.WeakReference;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;

/**
 * Whom an inode is about, without keeping him: names and open files about a process that has ended hold nothing of it, as those of
 * Linux hold no more than its number. Two are equal when they mean the same process or thread, not merely the same number.
 */
final class Subject {

    private final WeakReference<ThreadGroup> group;
    /** Null when the process as a whole is meant. */
    private final WeakReference<Task> thread;
    private final int id;
    private final long startTimeNs;

    Subject(Target target) {
        group = new WeakReference<>(target.group());
        thread = target.whole() ? null : new WeakReference<>(target.thread());
        id = target.id();
        startTimeNs = target.task().startTimeNs();
    }

    /** The process or thread; null once nobody knows it any more. That it was waited for is another matter: see {@link Target#exists}. */
    Target find() {
        ThreadGroup process = group.get();
        if (process == null) {
            return null;
        }
        if (thread == null) {
            return Target.process(process);
        }
        Task task = thread.get();
        return task == null ? null : new Target(process, task);
    }

    /** @throws ErrnoException ESRCH when it was waited for */
    Target check() {
        Target target = find();
        if (target == null) {
            throw ErrnoException.of(Errno.ESRCH);
        }
        return target.check();
    }

    /** Whether it was not waited for yet. */
    boolean exists() {
        Target target = find();
        return target != null && target.exists();
    }

    /** When it began, in ns since the boot. */
    long startTimeNs() {
        return startTimeNs;
    }

    @Override
    public boolean equals(Object o) {
        if (o == this) {
            return true;
        }
        Target mine = find();
        return mine != null && o instanceof Subject other && mine.equals(other.find());
    }

    @Override
    public int hashCode() {
        return id;
    }
}
