// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs.anon;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.kernel.KernelClock;

/** A clock that stands still until it is moved on, and then tells of what is due. */
final class Timers implements KernelClock {

    private static final long BOOT_NS = 1_700_000_000_000_000_000L;
    private static final long OFFSET_NS = 5_000_000_000L;

    private final class Due implements Timer {
        final long deadlineNs;
        final Target target;

        Due(long deadlineNs, Target target) {
            this.deadlineNs = deadlineNs;
            this.target = target;
        }

        @Override
        public void cancel() {
            due.remove(this);
        }
    }

    private final List<Due> due = new ArrayList<>();
    private long now = 1_000_000_000L;
    int scheduled;

    void advance(long ns) {
        now += ns;
        for (Due one : List.copyOf(due)) {
            if (one.deadlineNs <= now + OFFSET_NS && due.remove(one)) {
                one.target.expired(one);
            }
        }
    }

    @Override
    public long monotonicNs() {
        return now;
    }

    @Override
    public long realtimeNs() {
        return BOOT_NS + now;
    }

    @Override
    public long nanoTimeOffsetNs() {
        return OFFSET_NS;
    }

    @Override
    public Timer schedule(long deadlineNs, Target target) {
        Due one = new Due(deadlineNs, target);
        due.add(one);
        scheduled++;
        return one;
    }

    @Override
    public List<Pending> pending() {
        return due.stream().map(one -> new Pending(one.target.kind(), one.target.container(), one.target.object(),
                one.target.index(), one.deadlineNs, one.target.intervalNs())).toList();
    }
}
