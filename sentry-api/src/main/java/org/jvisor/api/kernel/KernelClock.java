// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import org.osgi.annotation.versioning.ProviderType;

/** The sandbox's clocks, the same that the vDSO reads. Any thread; nothing is allocated. */
@ProviderType
public interface KernelClock {

    /** CLOCK_MONOTONIC: since the sandbox booted. */
    long monotonicNs();

    /** CLOCK_REALTIME: since 1970. */
    long realtimeNs();

    /**
     * Runs {@code action} once at {@code deadlineNs} ({@link System#nanoTime}'s terms), on a thread that all timers share: it
     * must not block.
     */
    Timer schedule(long deadlineNs, Runnable action);

    /** {@code System.nanoTime() - monotonicNs()}, constant. */
    long nanoTimeOffsetNs();

    /**
     * Holds actions back until {@link #resume}; what falls due meanwhile runs then. Not by an action.
     *
     * @return whether none is running any more; after {@code deadlineNs} ({@link System#nanoTime}'s terms) nothing is held back
     */
    default boolean pause(long deadlineNs) {
        throw new UnsupportedOperationException("this clock's timers cannot be held back");
    }

    default void resume() {
        throw new UnsupportedOperationException("this clock's timers cannot be held back");
    }

    /** A scheduled action. */
    interface Timer {
        /** It will not run any more, unless it is running already. */
        void cancel();
    }
}
