// SPDX-License-Identifier: Apache-2.0
package org.jvisor.p9.unix;

import org.jvisor.api.lock.Killable;

/**
 * How long a thread waits whose task is killed: for a moment, so that a server that is well has answered by then and nothing is left
 * to be settled. Owned by one thread at a time; reusable.
 */
final class Patience {
    private static final long GRACE_NS = 100_000_000;
    /** A wait in the host's kernel is looked after so often. */
    static final long SLICE_NS = 25_000_000;

    private boolean ending;
    private long endNs;

    void begin() {
        ending = false;
    }

    static boolean isKilled() {
        return Thread.currentThread() instanceof Killable task && task.killed();
    }

    /** Of the calling thread. */
    boolean isOver() {
        if (!isKilled()) {
            return false;
        }
        long now = System.nanoTime();
        if (!ending) {
            ending = true;
            endNs = now + GRACE_NS;
        }
        return now - endNs >= 0;
    }
}
