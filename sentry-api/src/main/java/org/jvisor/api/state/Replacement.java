// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.state;

import java.util.function.Predicate;

/**
 * One bundle that another takes the place of.
 *
 * @param owned tells the objects and services of the one that goes
 * @param before its driver; null when it has none, and then it must not do the work for anything
 * @param after the driver of the one that comes; null when {@code before} is
 * @param services of both
 */
public record Replacement(Predicate<Object> owned, Driver before, Driver after, Services services) {

    /**
     * What happens to the services of the two bundles. All of it is done while no task is inside the Sentry's code, so that no
     * program is served by the new one before it has all of the old one's objects, or by the old one afterwards.
     */
    public interface Services {

        /**
         * Makes those of the new bundle known: all its successors are made by then, and nothing is switched yet.
         *
         * @throws RuntimeException when that cannot be, with a line that says why: nothing is replaced then
         */
        void offer();

        /** The replacement has failed, perhaps before {@link #offer}: takes away again what the new bundle offers. */
        void revoke();

        /** The new bundle serves: takes away what makes objects of the old one's kind. */
        void withdraw();
    }

    /** There are no services to take care of. */
    public static final Services NO_SERVICES = new Services() {

        @Override
        public void offer() {}

        @Override
        public void revoke() {}

        @Override
        public void withdraw() {}
    };
}
