// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.process;

import java.util.concurrent.atomic.AtomicLongArray;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;

/** A process's resource limits, compared as unsigned numbers (getrlimit(2)). Any thread. */
public final class Limits implements Restorable {

    private static final long MIB = 1 << 20;

    private final AtomicLongArray soft = new AtomicLongArray(Rlimit.RLIM_NLIMITS);
    private final AtomicLongArray hard = new AtomicLongArray(Rlimit.RLIM_NLIMITS);

    private Limits() {}

    /** What Linux gives the first process. */
    public static Limits initial() {
        Limits limits = new Limits();
        for (int resource = 0; resource < Rlimit.RLIM_NLIMITS; resource++) {
            limits.set(resource, Rlimit.RLIM_INFINITY, Rlimit.RLIM_INFINITY);
        }
        limits.set(Rlimit.RLIMIT_STACK, 8 * MIB, Rlimit.RLIM_INFINITY);
        limits.set(Rlimit.RLIMIT_CORE, 0, Rlimit.RLIM_INFINITY);
        limits.set(Rlimit.RLIMIT_NPROC, 31_000, 31_000);
        limits.set(Rlimit.RLIMIT_NOFILE, 1024, 1 << 20);
        limits.set(Rlimit.RLIMIT_MEMLOCK, 8 * MIB, 8 * MIB);
        limits.set(Rlimit.RLIMIT_SIGPENDING, 31_000, 31_000);
        limits.set(Rlimit.RLIMIT_MSGQUEUE, 819_200, 819_200);
        limits.set(Rlimit.RLIMIT_NICE, 0, 0);
        limits.set(Rlimit.RLIMIT_RTPRIO, 0, 0);
        return limits;
    }

    Limits copy() {
        Limits copy = new Limits();
        for (int resource = 0; resource < Rlimit.RLIM_NLIMITS; resource++) {
            copy.set(resource, soft(resource), hard(resource));
        }
        return copy;
    }

    long soft(int resource) {
        return soft.get(resource);
    }

    long hard(int resource) {
        return hard.get(resource);
    }

    public void set(int resource, long softLimit, long hardLimit) {
        soft.set(resource, softLimit);
        hard.set(resource, hardLimit);
    }

    // ---- Restorable

    @Override
    public StateRecord save() {
        long[] softOnes = new long[Rlimit.RLIM_NLIMITS];
        long[] hardOnes = new long[Rlimit.RLIM_NLIMITS];
        for (int resource = 0; resource < Rlimit.RLIM_NLIMITS; resource++) {
            softOnes[resource] = soft(resource);
            hardOnes[resource] = hard(resource);
        }
        return new StateRecord("limits", 1).put("soft", softOnes).put("hard", hardOnes);
    }

    @Override
    public void forget() {
        for (int resource = 0; resource < Rlimit.RLIM_NLIMITS; resource++) {
            set(resource, 0, 0);
        }
    }

    @Override
    public void restore(StateRecord record) {
        long[] softOnes = record.getLongs("soft");
        long[] hardOnes = record.getLongs("hard");
        for (int resource = 0; resource < Rlimit.RLIM_NLIMITS; resource++) {
            set(resource, softOnes[resource], hardOnes[resource]);
        }
    }
}
