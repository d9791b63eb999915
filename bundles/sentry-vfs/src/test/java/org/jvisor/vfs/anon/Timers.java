// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs.anon;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.kernel.KernelClock;

/** A clock that stands still until it is moved on, and then runs what is due. */
final class Timers implements KernelClock {

    private static final long BOOT_NS = 1_700_000_000_000_000_000L;
    private static final long OFFSET_NS = 5_000_000_000L;

    private record Due(long deadlineNs, Runnable action) {}

    private final List<Due> due = new ArrayList<>();
    private long now = 1_000_000_000L;
    int scheduled;

    void advance(long ns) {
        now += ns;
        for (Due one : List.copyOf(due)) {
            if (one.deadlineNs <= now + OFFSET_NS && due.remove(one)) {
                one.action.run();
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
    public Timer schedule(long deadlineNs, Runnable action) {
        Due one = new Due(deadlineNs, action);
        due.add(one);
        scheduled++;
        return () -> due.remove(one);
    }

    int pending() {
        return due.size();
    }
}
