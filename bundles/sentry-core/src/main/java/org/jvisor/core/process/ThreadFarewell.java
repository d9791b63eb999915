// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Futex;
import org.jvisor.core.futex.RobustList;

/** What a thread that leaves its memory, by its end or by execve(2), does for others that wait there. */
public final class ThreadFarewell {

    private ThreadFarewell() {}

    /** Lets go of robust futexes (get_robust_list(2)) and clears the thread's id (set_tid_address(2)). */
    public static void leave(TaskImpl task) {
        if (task.memory() == null) {
            return;
        }
        if (task.robustList() != 0) {
            Attempt.to("release robust futexes", () -> new RobustList(task).release());
            task.setRobustList(0);
        }
        Attempt.to("hand locks over", () -> inheritLocks(task));
        if (task.clearChildTid != 0) {
            Attempt.to("clear a thread's id", () -> clearTid(task, task.clearChildTid));
            task.clearChildTid = 0;
        }
    }

    private static void inheritLocks(TaskImpl task) {
        try {
            task.kernelImpl().futexes().inheritAll(task);
        } catch (ErrnoException e) {
            // A waiter's lock that is not mapped any more: nobody will ever get it.
            return;
        }
    }

    private static void clearTid(TaskImpl task, long address) {
        try {
            task.memory().putInt(address, 0);
            task.kernel().futexes().wake(task, address, true, 1, Futex.FUTEX_BITSET_MATCH_ANY);
        } catch (ErrnoException e) {
            // The application has unmapped it: nobody can be waiting there.
            return;
        }
    }
}
