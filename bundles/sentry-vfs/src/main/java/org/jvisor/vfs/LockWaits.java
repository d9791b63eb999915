// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;

/**
 * Which processes wait for whose fcntl(2) locks, to find circles (EDEADLK). Locks of descriptions are not followed, as on
 * Linux.
 */
final class LockWaits {

    /** As long a chain as is followed: a longer one is taken for none. */
    private static final int MAX_CHAIN = 10;

    private final Mutex mutex = new Mutex(LockRank.LEAF);
    private final List<Wait> waits = new ArrayList<>();

    /** One sleeper; several threads of a process may each be one. */
    static final class Wait {
        private final Object waiter;
        private Object holder;

        private Wait(Object waiter) {
            this.waiter = waiter;
        }
    }

    static Wait newWait(Object waiter) {
        return new Wait(waiter);
    }

    /** Notes that {@code wait} is for {@code holder}; false when that would close a circle. */
    boolean begin(Wait wait, Object holder) {
        if (wait.waiter instanceof FileDescriptionImpl) {
            return true;
        }
        try (Mutex _ = mutex.take()) {
            waits.remove(wait);
            Object next = holder;
            for (int i = 0; next != null && i < MAX_CHAIN; i++) {
                if (next == wait.waiter) {
                    return false;
                }
                next = holderFor(next);
            }
            wait.holder = holder;
            waits.add(wait);
            return true;
        }
    }

    private Object holderFor(Object waiter) {
        for (Wait w : waits) {
            if (w.waiter == waiter) {
                return w.holder;
            }
        }
        return null;
    }

    void end(Wait wait) {
        try (Mutex _ = mutex.take()) {
            waits.remove(wait);
        }
    }
}
