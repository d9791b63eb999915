// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.futex;

import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Futex;
import org.jvisor.api.abi.RobustListHeadLayout;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.core.process.TaskImpl;

/** The locks that a thread holds when it ends (get_robust_list(2)): they are marked, and a waiter of each is woken. */
public final class RobustList {

    private final TaskImpl task;
    private final UserMemory memory;

    public RobustList(TaskImpl task) {
        this.task = task;
        this.memory = task.memory();
    }

    public void release() {
        try {
            walk(task.robustList());
        } catch (ErrnoException e) {
            // The list is the application's: where it leads astray it ends.
            task.setRobustList(0);
        }
    }

    private void walk(long head) {
        long futexOffset = memory.getLong(head + RobustListHeadLayout.FUTEX_OFFSET);
        long pendingEntry = memory.getLong(head + RobustListHeadLayout.LIST_OP_PENDING);
        long entry = memory.getLong(head + RobustListHeadLayout.NEXT);
        for (int i = 0; i < Futex.ROBUST_LIST_LIMIT && address(entry) != head; i++) {
            // The next one is read before the lock goes: its new owner may move on.
            long next = memory.getLong(address(entry));
            if (entry != pendingEntry) {
                die(address(entry) + futexOffset, false);
            }
            entry = next;
        }
        if (pendingEntry != 0) {
            die(address(pendingEntry) + futexOffset, true);
        }
    }

    private static long address(long entry) {
        return entry & ~(long) Futex.ROBUST_LIST_PI;
    }

    private void die(long address, boolean pending) {
        if ((address & 3) != 0) {
            return;
        }
        // Who never lets the word stand still has it.
        for (int i = 0; i < FutexBuckets.ROUNDS_OF_DYING; i++) {
            int word = memory.getIntVolatile(address);
            if (pending && word == 0) {
                // It was being unlocked: the wake-up may be missing.
                wake(address);
                return;
            }
            if ((word & Futex.FUTEX_TID_MASK) != task.tid() || task.kernelImpl().futexes().inherit(task, address)) {
                return;
            }
            int dead = word & Futex.FUTEX_WAITERS | Futex.FUTEX_OWNER_DIED;
            if (memory.compareAndExchangeInt(address, word, dead) == word) {
                if ((word & Futex.FUTEX_WAITERS) != 0) {
                    wake(address);
                }
                return;
            }
        }
    }

    private void wake(long address) {
        task.kernel().futexes().wake(task, address, true, 1, Futex.FUTEX_BITSET_MATCH_ANY);
    }
}
