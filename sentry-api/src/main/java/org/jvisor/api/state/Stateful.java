// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.state;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * An object that outlives the calls that it serves, and can be made anew of what it says about itself. All methods are called by
 * one thread while no task is inside the Sentry's code; none may block.
 *
 * <p>The order, for the object that goes: {@link #pause}, {@link #save}, then {@link #retire} when its successor serves, or
 * {@link #resume} when it stays. For its successor: {@link Driver#adopt}, {@link #link}, then {@link #resume}; or {@link #discard}
 * when it does not come to serve.
 */
@ConsumerType
public interface Stateful {

    /**
     * What this object is made of. Changes nothing: the object may have to go on. Whatever of the core it refers to (wait queues,
     * file descriptions, frames and their stores) is passed on by reference; what can be looked up again (services) is left out.
     */
    StateRecord save();

    /**
     * All objects of the driver have been made: takes the references among them that {@link Driver#adopt} could not take yet
     * because they lead in a circle.
     *
     * @param record the one that this object was made of
     */
    default void link(StateRecord record) {}

    /** The object whose class tells which bundle this one belongs to; another one for objects of classes of sentry-api. */
    default Object origin() {
        return this;
    }

    /** Threads of its own hold still from now on. */
    default void pause() {}

    /** It serves, perhaps again: threads of its own run from now on. */
    default void resume() {}

    /** Its successor serves: it gives up what was not handed over, and leaves alone what was. */
    default void retire() {}

    /** It never comes to serve: likewise. */
    default void discard() {}
}
