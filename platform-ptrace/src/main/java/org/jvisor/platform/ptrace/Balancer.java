// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jvisor.api.wait.ServiceThread;

/**
 * Spreads the pairs of tracer and tracee over the CPUs. A new pair starts where its creator is, since the two often wait for each
 * other; when more than one of a CPU's pairs wants to run for some time, and another CPU has less to do, one moves there. A pair
 * that computes, without system calls, is not bound to a CPU meanwhile: the host knows better what else runs on which.
 *
 * <p>The thread looks every few milliseconds while code runs and sleeps otherwise, so that an idle container costs nothing.
 */
final class Balancer {
    private static final long TICK_NS = TimeUnit.MILLISECONDS.toNanos(4);
    /** Ticks without anything to do, after which the thread sleeps until a context runs. */
    private static final int IDLE_TICKS = 3;
    /** Ticks between two looks at processes that may have been killed. */
    private static final int REAP_TICKS = 64;
    /** The average load of a CPU forgets a half of itself in about five ticks. */
    private static final double MEMORY = 0.87;
    /** How far apart the loads of two CPUs must be, in contexts that want to run. */
    private static final double IMBALANCE = 1.5;

    private final Set<PtraceContext> contexts = ConcurrentHashMap.newKeySet();
    private final double[] load;
    private final ServiceThread thread = new ServiceThread("ptrace-balancer", 256 << 10, this::tick);
    private volatile boolean awake;

    // The thread's own.
    private int idleTicks;
    private long ticks;

    Balancer(Cpus cpus) {
        load = new double[cpus.count()];
    }

    /** Starts, perhaps again. */
    void start() {
        thread.start();
    }

    /** Returns when nothing is looked at or moved any more. */
    void halt() {
        thread.halt();
    }

    void add(PtraceContext context) {
        contexts.add(context);
    }

    void remove(PtraceContext context) {
        contexts.remove(context);
    }

    /** Called by a context that is about to run; costs a read as long as the thread is awake. */
    void onRun() {
        if (!awake && contexts.size() > 1) {
            awake = true;
            thread.wake();
        }
    }

    private boolean tick() {
        if (idleTicks < IDLE_TICKS) {
            thread.restNanos(TICK_NS);
        } else {
            awake = false;
            thread.rest();
            awake = true;
            idleTicks = 0;
        }
        idleTicks = measure() ? 0 : idleTicks + 1;
        balance();
        if (ticks++ % REAP_TICKS == 0) {
            contexts.forEach(PtraceContext::reapSiblingsOfLeader);
        }
        return true;
    }

    /** Returns whether any code runs. */
    private boolean measure() {
        boolean active = false;
        for (int cpu = 0; cpu < load.length; cpu++) {
            load[cpu] *= MEMORY;
        }
        for (PtraceContext context : contexts) {
            if (context.wantsItsCpu()) {
                load[context.cpu()] += 1 - MEMORY;
                active = true;
            } else {
                active |= context.isRunning();
            }
        }
        return active && contexts.size() > 1;
    }

    /** Moves at most one pair. */
    private void balance() {
        int busiest = 0;
        int idlest = 0;
        for (int cpu = 1; cpu < load.length; cpu++) {
            busiest = load[cpu] > load[busiest] ? cpu : busiest;
            idlest = load[cpu] < load[idlest] ? cpu : idlest;
        }
        if (load[busiest] - load[idlest] < IMBALANCE) {
            return;
        }
        for (PtraceContext context : contexts) {
            if (context.cpu() == busiest && context.isRunning()) {
                context.moveTo(idlest);
                // What it has weighed so far counts on its new CPU, or the next tick would move another one.
                load[busiest] -= 1;
                load[idlest] += 1;
                return;
            }
        }
    }
}
