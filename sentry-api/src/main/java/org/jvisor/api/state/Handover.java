// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.state;

import java.util.List;
import java.util.SortedMap;
import java.util.function.Predicate;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Moves everything that one bundle does the work for to another: a service of sentry-core. Any thread; one thing at a time, and who
 * comes meanwhile is refused.
 */
@ProviderType
public interface Handover {

    /** Unless others are said: for the tasks to come out, and again for each step of what follows. */
    long LIMIT_NS = 10_000_000_000L;

    /**
     * Lets the new bundle take over all objects of the old one. No task is inside the Sentry's code meanwhile; programs notice
     * nothing but the pause. When this returns the new one serves, whatever went wrong with the old one's end, which is logged.
     *
     * @param limitNs for the tasks to come out, and again for each step: to save and to adopt; to offer the new services; to end the
     *     old objects; to begin with the new ones; to withdraw the old services
     * @throws StateException when that cannot be done: nothing has changed then, the old one goes on; one line that says why
     */
    Report replace(Replacement replacement, long limitNs);

    /** The same within {@link #LIMIT_NS}, where no services make such objects. */
    default Report replace(Driver before, Driver after) {
        return replace(new Replacement(before::owns, before, after, Replacement.NO_SERVICES), LIMIT_NS);
    }

    /**
     * Takes a bundle away, unless something would be left without code: both in one rest, so that nothing comes in between.
     *
     * @param owned tells the bundle's objects and services
     * @param withdraw takes its services away
     * @param limitNs for the tasks to come out, and again for {@code withdraw}
     * @return what would be left, and then nothing has changed: a line for people each, like "3 inodes" or "the system calls read,
     *     write and 12 more", of which only those are meant that were answered when the kernel started
     * @throws StateException when tasks do not come out in time: nothing has changed then; or when {@code withdraw} fails
     */
    List<String> withdraw(Predicate<Object> owned, Runnable withdraw, long limitNs);

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
     * @param pause in which no call was answered
     */
    record RoundTrip(SortedMap<String, Integer> types, long bytes, int handles, Pause pause) {}

    /**
     * What a hand-over moved.
     *
     * @param handles references of the core that were switched
     * @param objects objects that were saved and adopted
     * @param pause in which no call was answered
     */
    record Report(int handles, int objects, Pause pause) {}

    /**
     * A time in which no call was answered.
     *
     * @param ns all of it
     * @param steps what it was spent on
     */
    record Pause(long ns, List<Step> steps) {

        /** @param name for people: what was done, as in "save 3 objects" */
        public record Step(String name, long ns) {}
    }
}
