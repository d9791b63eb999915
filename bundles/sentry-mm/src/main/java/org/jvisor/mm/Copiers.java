// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import java.util.Arrays;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;

/**
 * Who may be copying to the pages of one manager just now, by an address that was looked up before: see {@link TaskMemory#held}.
 * Those that never copied while somebody else had the memory, too, are not in it. Any thread.
 */
final class Copiers {

    private static final TaskMemory[] NONE = {};

    /** Guards the writing of {@link #all}. */
    private final Mutex lock = new Mutex(LockRank.LEAF);
    private volatile TaskMemory[] all = NONE;

    TaskMemory[] all() {
        return all;
    }

    void add(TaskMemory copier) {
        try (Mutex _ = lock.take()) {
            TaskMemory[] more = Arrays.copyOf(all, all.length + 1);
            more[all.length] = copier;
            all = more;
        }
    }

    /** A task, which is the caller's, leaves the memory, or one of those that it looks at others' memory through. */
    void remove(Task task) {
        try (Mutex _ = lock.take()) {
            if (all.length == 0 || task == null) {
                return;
            }
            TaskMemory[] left = new TaskMemory[all.length];
            int count = 0;
            for (TaskMemory copier : all) {
                if (copier.isOf(task)) {
                    copier.leave();
                } else {
                    left[count++] = copier;
                }
            }
            all = count == 0 ? NONE : Arrays.copyOf(left, count);
        }
    }
}
