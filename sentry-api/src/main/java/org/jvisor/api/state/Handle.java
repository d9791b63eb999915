// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.state;

/**
 * A thing of the kernel that a bundle does the work for: what others refer to, while the object in the bundle is replaced. Owned
 * by the core.
 */
public interface Handle {

    /** Unique among those of its kind while it lives. */
    long id();

    /** For people, with an article left out: inode, super block, file description, mapping, address space, … */
    String kind();

    /** What an object has to be to do the work. */
    Class<?> type();

    /** The object that does the work; the only reference that the core has to it. */
    Object target();

    /**
     * {@code fresh}, which is a {@link #type}, is about to do the work: does beforehand whatever of the switch can fail, calls the
     * bundle or allocates. Nothing changes for who uses the handle. Then comes {@link #replace} or {@link #giveUp}.
     *
     * <p>This and what follows is called while no task is inside the Sentry's code. A handle that has been found on several ways may
     * hear each of it more than once.
     *
     * @param fresh made of what {@link #target} saved
     * @throws StateException when it cannot do the work
     */
    default void prepare(Object fresh) {}

    /** From now on {@code fresh}, which {@link #prepare} has passed, does the work. Cannot fail. */
    void replace(Object fresh);

    /** {@code fresh}, which was to be prepared, will not do the work. */
    default void giveUp(Object fresh) {}
}
