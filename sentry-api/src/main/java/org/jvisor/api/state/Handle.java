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

    /** The object that does the work; the only reference that the core has to it. */
    Object target();

    /**
     * From now on {@code fresh} does the work. Called while no task is inside the Sentry's code, by one thread, and cannot fail.
     *
     * @param fresh made of what {@link #target} saved
     */
    void replace(Object fresh);
}
