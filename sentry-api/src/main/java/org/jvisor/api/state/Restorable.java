// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.state;

import java.util.function.Consumer;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * An object of the core: unlike a {@link Stateful} one it stays the same object while bundles are replaced, but what it holds can be
 * written to a record and set again from one. All methods are called by one thread while the kernel is at rest and no timer or thread
 * of a driver runs: nobody sees the object between {@link #forget} and {@link #restore}.
 *
 * <p>What never changes in an object's life is written as well, and compared ({@link StateRecord#expect}). Left out is what others
 * tell again (who listens to it) and what lasts no longer than a call (scratch, locks, who waits).
 */
@ConsumerType
public interface Restorable {

    /** What this object holds; changes nothing. */
    StateRecord save();

    /** Gives up all that {@link #save} tells of and that can change, without a look at another object, which may have forgotten. */
    void forget();

    /** Sets all that {@link #forget} gave up. Every object has forgotten by then, and those that follow have not been restored. */
    void restore(StateRecord record);

    /** Other objects of the core that are reached by this one, perhaps not by it alone. */
    default void forEachPart(Consumer<? super Restorable> visitor) {}
}
