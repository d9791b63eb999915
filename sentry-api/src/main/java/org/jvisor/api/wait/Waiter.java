// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.wait;

/** Something that wants to hear of events: a sleeping task, an epoll instance. */
@FunctionalInterface
public interface Waiter {

    /**
     * Events took place. Called by any thread, with the queue's lock held: does not block, takes no lock but those that stand after WAIT_QUEUE in LockRank,
     * and may be called when nothing it waits for is true.
     *
     * @param events POLL* bits
     */
    void wake(int events);

    /**
     * The same, and whether it did wake somebody: an event for one exclusive waiter is spent only on such. False of a task that has
     * been woken already and has not looked yet.
     */
    default boolean wakeIfAsleep(int events) {
        wake(events);
        return true;
    }
}
