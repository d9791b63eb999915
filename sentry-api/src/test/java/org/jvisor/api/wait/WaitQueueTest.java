// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.wait;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Poll;

class WaitQueueTest {

    private final WaitQueue queue = new WaitQueue();

    private static final class Sleeper implements Waiter {
        final WaitQueue.Entry entry = new WaitQueue.Entry(this);
        boolean asleep = true;
        int wakes;

        @Override
        public void wake(int events) {
            wakes++;
        }

        @Override
        public boolean wakeIfAsleep(int events) {
            wake(events);
            return asleep;
        }
    }

    private Sleeper exclusive(int events) {
        Sleeper sleeper = new Sleeper();
        queue.addExclusive(sleeper.entry, events);
        return sleeper;
    }

    private Sleeper shared(int events) {
        Sleeper sleeper = new Sleeper();
        queue.add(sleeper.entry, events);
        return sleeper;
    }

    @Test
    void shouldWakeAllOthersAndOneExclusiveWaiter() {
        Sleeper first = exclusive(Poll.POLLIN);
        Sleeper second = exclusive(Poll.POLLIN);
        Sleeper third = shared(Poll.POLLIN);
        Sleeper forRoom = shared(Poll.POLLOUT);
        assertTrue(queue.wake(Poll.POLLIN));
        assertEquals(1, first.wakes);
        assertEquals(0, second.wakes);
        assertEquals(1, third.wakes);
        assertEquals(0, forRoom.wakes);
    }

    @Test
    void shouldSpendAnEventOnlyOnAnExclusiveWaiterThatSleeps() {
        exclusive(Poll.POLLIN).asleep = false;
        Sleeper second = exclusive(Poll.POLLIN);
        Sleeper third = exclusive(Poll.POLLIN);
        assertTrue(queue.wake(Poll.POLLIN));
        assertEquals(1, second.wakes);
        assertEquals(0, third.wakes);
    }

    /** What is true for good has to reach everybody: the first who sees it does not use it up. */
    @Test
    void shouldTellAllOfAnEnd() {
        for (int end : new int[] {Poll.POLLHUP, Poll.POLLRDHUP, Poll.POLLERR}) {
            int mask = Poll.POLLIN | Poll.POLLRDHUP | Poll.POLLERR | Poll.POLLHUP;
            Sleeper first = exclusive(mask);
            Sleeper second = exclusive(mask);
            queue.wake(Poll.POLLIN | end);
            assertEquals(1, first.wakes);
            assertEquals(1, second.wakes);
            queue.remove(first.entry);
            queue.remove(second.entry);
        }
    }

    @Test
    void shouldForgetWhoeverHasLeft() {
        Sleeper first = shared(Poll.POLLIN);
        Sleeper second = shared(Poll.POLLIN);
        Sleeper third = shared(Poll.POLLIN);
        queue.remove(second.entry);
        queue.remove(second.entry);
        queue.wake(Poll.POLLIN);
        assertEquals(0, second.wakes);
        assertEquals(1, third.wakes);
        queue.remove(third.entry);
        queue.remove(first.entry);
        assertTrue(queue.isEmpty());
        assertFalse(queue.wake(Poll.POLLIN));
    }

    @Test
    void shouldRefuseAnEntryThatWaitsAlready() {
        Sleeper sleeper = shared(Poll.POLLIN);
        assertThrows(IllegalStateException.class, () -> queue.add(sleeper.entry, Poll.POLLIN));
        new WaitQueue().remove(sleeper.entry);
        assertFalse(queue.isEmpty(), "another queue's entry is not its own");
    }
}
