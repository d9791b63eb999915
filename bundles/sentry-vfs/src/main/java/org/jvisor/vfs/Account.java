// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.util.concurrent.atomic.AtomicLong;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;

/** What a file system has charged of one kind: all of it is given back at its end, and nothing counts any more. Any thread. */
final class Account {

    /** In the place of the count. */
    private static final long ENDED = -1;

    /** Null: nobody pays. */
    private final Cgroup payer;
    private final Charge kind;
    private final AtomicLong units = new AtomicLong();

    Account(Cgroup payer, Charge kind) {
        this.payer = payer;
        this.kind = kind;
    }

    boolean isFull() {
        return payer != null && payer.isFull(kind);
    }

    boolean hasEnded() {
        return units.get() == ENDED;
    }

    /** Whether there was room for so many more. */
    boolean tryTake(int count) {
        if (payer != null && !payer.tryCharge(kind, count)) {
            return false;
        }
        count(count);
        return true;
    }

    /** Takes so many, whatever the limits say. */
    void take(int count) {
        if (payer != null) {
            payer.charge(kind, count);
        }
        count(count);
    }

    /** What was charged already is given back where it counts no more. */
    private void count(int more) {
        if (!add(more)) {
            uncharge(more);
        }
    }

    void give(int count) {
        if (add(-count)) {
            uncharge(count);
        }
    }

    void end() {
        uncharge(units.getAndSet(ENDED));
    }

    private boolean add(int more) {
        for (;;) {
            long now = units.get();
            if (now == ENDED) {
                return false;
            }
            if (units.compareAndSet(now, now + more)) {
                return true;
            }
        }
    }

    private void uncharge(long count) {
        if (payer != null) {
            payer.uncharge(kind, count);
        }
    }
}
