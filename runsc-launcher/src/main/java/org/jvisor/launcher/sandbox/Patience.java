// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.sandbox;

import java.util.concurrent.TimeUnit;
import org.jvisor.launcher.sandbox.ProcessorUse.State;

/**
 * Judges whether a process that owes an answer will never give it. A busy machine may keep it from answering for any time, and so may a
 * debugger: neither is its fault. So it is given up when it has had much of the processors since, or has long been asleep; whoever holds
 * it has it begin anew.
 */
final class Patience {
    private static final long GAP_NS = TimeUnit.SECONDS.toNanos(5);

    private final ProcessorUse use;
    private final long leastNs;
    private final long processorNs;
    private final long asleepNs;
    private final long mostNs;

    private long since;
    private long usedBefore;
    private long asleepSince;
    private long heldNs;
    private long lookedAt;

    /**
     * @param leastNs it is waited for so long in any case
     * @param processorNs then until it has had so much of the processors,
     * @param asleepNs or has been seen asleep all the time for so long, and never awake in between,
     * @param mostNs or for so long, held or not; Long.MAX_VALUE: for as long as it takes
     */
    Patience(ProcessorUse use, long leastNs, long processorNs, long asleepNs, long mostNs) {
        this.use = use;
        this.leastNs = leastNs;
        this.processorNs = processorNs;
        this.asleepNs = asleepNs;
        this.mostNs = mostNs;
    }

    /** It has been asked. */
    void begin(long now) {
        since = now;
        lookedAt = now;
        heldNs = 0;
        asleepSince = now;
        usedBefore = use.timeNs();
    }

    /** To be asked about once a second or so. Whether there will be no answer. */
    boolean isOver(long now) {
        long passed = now - lookedAt;
        lookedAt = now;
        State state = use.state();
        // Who looks may have been held, too, or have had none of the processors: then nothing is known of the time between.
        boolean unseen = passed > GAP_NS;
        if (state == State.HELD || unseen) {
            heldNs += passed;
        }
        if (state != State.ASLEEP || unseen) {
            asleepSince = now;
        }
        long waited = now - since;
        if (waited >= mostNs) {
            return true;
        }
        if (state == State.HELD || waited - heldNs < leastNs) {
            return false;
        }
        long used = use.timeNs();
        boolean hadEnough = used >= 0 && usedBefore >= 0 && used - usedBefore >= processorNs;
        return hadEnough || now - asleepSince >= asleepNs;
    }

    /** For people. */
    String text(long now) {
        long used = use.timeNs();
        String seconds = TimeUnit.NANOSECONDS.toSeconds(now - since) + " s";
        return used < 0 || usedBefore < 0 ? "for " + seconds
            : "for " + seconds + ", in which it has had " + TimeUnit.NANOSECONDS.toSeconds(used - usedBefore) + " s of the processors";
    }
}
