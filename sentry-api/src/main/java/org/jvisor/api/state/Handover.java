// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.state;

import java.util.List;
import java.util.SortedMap;
import java.util.function.Predicate;
import org.osgi.annotation.versioning.ProviderType;

/** Moves everything that one bundle does the work for to another: a service of sentry-core. Any thread; one at a time. */
@ProviderType
public interface Handover {

    /** Unless others are said: for the tasks to come out, and again for the drivers to save and to adopt. */
    long LIMIT_NS = 10_000_000_000L;

    /**
     * What would be left without code if the objects and services that {@code owned} tells of went: a line for people each, like
     * "3 inodes" or "the system calls read, write and 12 more", of which only those are meant that were answered when the kernel
     * started; empty: nothing.
     */
    List<String> inUse(Predicate<Object> owned);

    /**
     * Lets {@code after} take over all objects of {@code before}. No task is inside the Sentry's code meanwhile; programs notice
     * nothing but the pause.
     *
     * @param withdraw takes the services away that make objects of {@code before}'s kind. Called when all have been taken over and
     *     before tasks go on, so that none is made by the old code any more and old and new never meet. What it throws is logged
     * @param limitNs for the tasks to come out, again for the drivers to save and to adopt, and again for {@code withdraw}
     * @throws StateException when that cannot be done: nothing has changed then, {@code before} goes on; one line that says why
     */
    Report replace(Driver before, Driver after, Runnable withdraw, long limitNs);

    /** The same within {@link #LIMIT_NS}. */
    default Report replace(Driver before, Driver after, Runnable withdraw) {
        return replace(before, after, withdraw, LIMIT_NS);
    }

    /** The same where no service makes more of them. */
    default Report replace(Driver before, Driver after) {
        return replace(before, after, () -> { });
    }

    /**
     * Saves all objects of all {@code drivers} to a stream of bytes in memory, and lets the same drivers take over what is read from
     * it: a checkpoint, and its restoration into the sandbox that it is of. Otherwise as {@link #replace}.
     *
     * @throws StateException when that cannot be done: nothing has changed then
     */
    RoundTrip roundTrip(List<? extends Driver> drivers, long limitNs);

    /**
     * What a {@link #roundTrip} moved.
     *
     * @param types how many objects there were, by the types of their records
     * @param bytes of the stream
     * @param handles references of the core that were switched
     * @param pauseNs for how long no call was answered
     */
    record RoundTrip(SortedMap<String, Integer> types, long bytes, int handles, long pauseNs) {}

    /**
     * What a hand-over moved.
     *
     * @param handles references of the core that were switched
     * @param objects objects that were saved and adopted
     * @param pauseNs for how long no call was answered
     */
    record Report(int handles, int objects, long pauseNs) {}
}
