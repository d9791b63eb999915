// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;
import org.osgi.annotation.versioning.ProviderType;

/** The sandbox's clocks, the same that the vDSO reads. Any thread; nothing is allocated. */
@ProviderType
public interface KernelClock {

    /** CLOCK_MONOTONIC: since the sandbox booted. */
    long monotonicNs();

    /** CLOCK_REALTIME: since 1970. */
    long realtimeNs();

    /** Tells {@code target} once at {@code deadlineNs} ({@link System#nanoTime}'s terms), on a thread that all timers share. */
    Timer schedule(long deadlineNs, Target target);

    /** All timers that are scheduled, in no order; a whole only while they are held back ({@link #pause}). */
    default List<Pending> pending() {
        throw new UnsupportedOperationException("this clock's timers cannot be told");
    }

    /** {@code System.nanoTime() - monotonicNs()}, constant. */
    long nanoTimeOffsetNs();

    /**
     * Holds expirations back until {@link #resume}; what falls due meanwhile is told then. Not by a target.
     *
     * @return whether none is being told any more; after {@code deadlineNs} ({@link System#nanoTime}'s terms) nothing is held back
     */
    default boolean pause(long deadlineNs) {
        throw new UnsupportedOperationException("this clock's timers cannot be held back");
    }

    default void resume() {
        throw new UnsupportedOperationException("this clock's timers cannot be held back");
    }

    /** A scheduled expiration. */
    interface Timer {
        /** It will not be told any more, unless it is being told already. */
        void cancel();
    }

    /**
     * What a timer is for: an object of the kernel that can be found again by what it says of itself, so that a scheduled timer is
     * nothing but data.
     */
    @ConsumerType
    interface Target {

        /** For process timers {@link #object} is the process's id, for a timer descriptor the description's. */
        String INTERVAL = "interval timer";
        String CPU_LIMIT = "cpu limit";
        String POSIX = "posix timer";
        String DESCRIPTOR = "timer descriptor";
        /** The clock's own. */
        String CLOCK = "clock";

        /** One of the words above. */
        String kind();

        /** The id of the container that the object's id is of; empty where ids are the sandbox's. */
        default String container() {
            return "";
        }

        /** The id of the object, unique among those of its kind in {@link #container}. */
        long object();

        /** Which of the object's timers. */
        int index();

        /** After how long it comes again; 0: once. */
        long intervalNs();

        /** Its time has come. Must not block; what it throws is logged, and other timers go on. */
        void expired(Timer timer);
    }

    /** A timer that is scheduled, as {@link #pending} tells it. */
    record Pending(String kind, String container, long object, int index, long deadlineNs, long intervalNs) {}
}
