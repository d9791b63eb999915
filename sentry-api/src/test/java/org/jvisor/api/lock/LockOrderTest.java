// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.lock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LockOrderTest {

    private final KillableLock position = new KillableLock(LockRank.FILE_POSITION);
    private final KillableLock pipe = new KillableLock(LockRank.PIPE);
    private final Mutex tree = new Mutex(LockRank.PROCESS_TREE);
    private final Mutex group = new Mutex(LockRank.THREAD_GROUP);
    private final Mutex child = new Mutex(LockRank.THREAD_GROUP);

    /** Whatever a test has taken, its thread holds nothing for the next one. */
    @AfterEach
    void giveBack() {
        for (OwnedLock lock : new OwnedLock[] {position, pipe, tree, group, child}) {
            while (lock.isHeldByCurrentThread()) {
                lock.unlock();
            }
        }
        LockOrder.holdsNothing("after a test");
    }

    private static void assertFails(String message, Runnable action) {
        assertEquals("order of locks: " + message, assertThrows(AssertionError.class, action::run).getMessage());
    }

    @Test
    void shouldBeOnInTests() {
        assertTrue(LockOrder.CHECKED);
    }

    @Test
    void shouldLetLocksBeTakenInTheirOrder() {
        try (KillableLock _ = position.take(); KillableLock _ = pipe.take(); Mutex _ = tree.take(); Mutex _ = group.take();
                Mutex _ = child.take()) {
            assertTrue(group.isHeldByCurrentThread());
        }
        // In whatever order they are given back.
        position.lock();
        tree.take();
        position.unlock();
        group.take();
    }

    @Test
    void shouldFailAtTheFirstTakenOutOfOrder() {
        group.take();
        assertFails("PROCESS_TREE taken with THREAD_GROUP held", tree::take);
    }

    @Test
    void shouldFailAtASecondOfARankWithoutAnOrder() {
        tree.take();
        assertFails("PROCESS_TREE taken with PROCESS_TREE held", () -> new Mutex(LockRank.PROCESS_TREE).take());
    }

    @Test
    void shouldLetTheOwnerTakeALockAgain() {
        try (Mutex _ = tree.take(); Mutex _ = group.take(); Mutex _ = tree.take()) {
            assertTrue(tree.isHeldByCurrentThread());
        }
        assertTrue(!tree.isHeldByCurrentThread());
    }

    @Test
    void shouldNotMindTheOrderOfWhoDoesNotWait() {
        group.take();
        assertTrue(tree.tryLock());
    }

    @Test
    void shouldFailAtALongWaitWithAMutexHeld() {
        position.lock();
        LockOrder.mayWait("a page fault");
        tree.take();
        assertFails("a page fault with FILE_POSITION, PROCESS_TREE held", () -> LockOrder.mayWait("a page fault"));
    }

    @Test
    void shouldFailWhereAMutexWouldBeHeldOverAKillableLock() {
        Mutex early = new Mutex(LockRank.FILE_POSITION);
        try (Mutex _ = early.take()) {
            assertFails("PIPE, which may be held for long, taken with FILE_POSITION held", pipe::lock);
        }
    }

    @Test
    void shouldFailWhereAnythingIsHeldAtTheEnd() {
        position.lock();
        assertFails("FILE_POSITION held on the way back", () -> LockOrder.holdsNothing("on the way back"));
    }

    @Test
    void shouldFailWhereALockIsHeldThatThoseWhoAreWaitedForMayNeed() {
        position.lock();
        LockOrder.holdsOnlyBefore(LockRank.PIPE, "at the gate");
        pipe.lock();
        assertFails("FILE_POSITION, PIPE held at the gate", () -> LockOrder.holdsOnlyBefore(LockRank.PIPE, "at the gate"));
    }

    /** The condition's own lock is given back, and only that, and only once. */
    @Test
    void shouldFailAtAConditionWithAnotherMutexHeld() {
        Condition ended = new Condition(group);
        position.lock();
        group.take();
        assertTrue(ended.awaitUntil(System.nanoTime() + 1_000_000));
        try (Mutex _ = group.take()) {
            assertFails("a condition of THREAD_GROUP with FILE_POSITION, THREAD_GROUP held", ended::await);
        }
        group.unlock();
        tree.take();
        group.take();
        assertFails("a condition of THREAD_GROUP with FILE_POSITION, PROCESS_TREE, THREAD_GROUP held", ended::await);
        assertTrue(group.isHeldByCurrentThread());
    }
}
