// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.lock;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;

/**
 * What both kinds of locks are. Taken while it is free it costs one compare-and-set; its owner may take it again. Who comes while it
 * is being handed on may be quicker than those who wait. Nothing is allocated, but by a thread that waits for the first time.
 *
 * <p>Who waits enters {@link #arrivals} first and tries the lock then; who leaves sets it free first and looks for arrivals then. So
 * either the one sees that the lock is free or the other that somebody waits. Only the owner takes waiters out of the list, so that
 * their nodes can be used again.
 */
abstract sealed class OwnedLock permits Mutex, KillableLock {

    /** A lock is mostly held for less than it takes to fall asleep. */
    private static final int SPINS = 64;

    private static final VarHandle OWNER;
    private static final VarHandle ARRIVALS;
    private static final VarHandle STATE;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            OWNER = lookup.findVarHandle(OwnedLock.class, "owner", Thread.class);
            ARRIVALS = lookup.findVarHandle(OwnedLock.class, "arrivals", Waiting.class);
            STATE = lookup.findVarHandle(Waiting.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** A thread in a lock's list; it waits for one lock at a time. */
    private static final class Waiting {
        /** In no list. */
        static final int OUT = 0;
        /** In a list, to be woken. */
        static final int IN = 1;
        /** In no list: its lock's owner has taken it out, and wakes it when the lock is free. */
        static final int CALLED = 2;
        /** Perhaps in a list, but nobody waits there any more. */
        static final int GONE = 3;

        static final ThreadLocal<Waiting> OF_THREAD = ThreadLocal.withInitial(Waiting::new);

        final Thread thread = Thread.currentThread();
        volatile int state = OUT;
        Waiting next;

        boolean change(int from, int to) {
            return STATE.compareAndSet(this, from, to);
        }
    }

    final LockRank rank;
    private volatile Thread owner;
    /** How often the owner took it beyond the first time; the owner's. */
    private int again;
    /** Those who have come, the last one first. */
    private volatile Waiting arrivals;
    /** Those who had come before, the first one first; the owner's. */
    private Waiting queue;

    OwnedLock(LockRank rank) {
        this.rank = rank;
    }

    public final LockRank rank() {
        return rank;
    }

    public final boolean isHeldByCurrentThread() {
        return owner == Thread.currentThread();
    }

    /** The owner's. */
    final boolean isTakenAgain() {
        return again > 0;
    }

    /** Takes it if that needs no waiting; in whatever order, since who does not wait does not deadlock. */
    public final boolean tryLock() {
        Thread self = Thread.currentThread();
        if (OWNER.compareAndSet(this, null, self)) {
            if (LockOrder.CHECKED) {
                LockOrder.taken(this);
            }
            return true;
        }
        if (owner == self) {
            again++;
            return true;
        }
        return false;
    }

    public final void unlock() {
        Thread self = Thread.currentThread();
        if (owner != self) {
            throw new IllegalMonitorStateException("not the owner");
        }
        if (again > 0) {
            again--;
            return;
        }
        if (LockOrder.CHECKED) {
            LockOrder.released(this);
        }
        Waiting first;
        do {
            first = queue == null && arrivals == null ? null : takeFirst();
            owner = null;
            if (first != null && first.change(Waiting.CALLED, Waiting.OUT)) {
                LockSupport.unpark(first.thread);
                return;
            }
            // The first may have given up meanwhile, or somebody come; another one who owns the lock now will see to that.
        } while ((first != null || arrivals != null) && OWNER.compareAndSet(this, null, self));
    }

    /**
     * Takes it, however long that lasts.
     *
     * @return whether it was taken; false: the calling thread's task is to die ({@link Killable}), and {@code killable}
     */
    final boolean take(boolean killable) {
        if (LockOrder.CHECKED && owner != Thread.currentThread()) {
            LockOrder.check(this);
        }
        return tryLock() || await(killable);
    }

    private boolean await(boolean killable) {
        Thread self = Thread.currentThread();
        for (int i = 0; i < SPINS; i++) {
            if (owner == null && tryLock()) {
                return true;
            }
            Thread.onSpinWait();
        }
        Waiting waiting = Waiting.OF_THREAD.get();
        boolean interrupted = false;
        boolean taken;
        while (true) {
            if (waiting.state != Waiting.IN) {
                enter(waiting);
            }
            taken = tryLock();
            if (taken || killable && self instanceof Killable task && task.killed()) {
                break;
            }
            LockSupport.park(this);
            interrupted |= Thread.interrupted();
        }
        if (taken) {
            unlink(waiting);
        } else {
            abandon(waiting);
        }
        if (interrupted) {
            self.interrupt();
        }
        return taken;
    }

    private void enter(Waiting waiting) {
        waiting.state = Waiting.IN;
        Waiting last;
        do {
            last = arrivals;
            waiting.next = last;
        } while (!ARRIVALS.compareAndSet(this, last, waiting));
    }

    // ---- by the owner

    /** The first who waits, out of the list now; null when nobody does. */
    private Waiting takeFirst() {
        while (true) {
            if (queue == null) {
                line();
            }
            Waiting first = queue;
            if (first == null) {
                return null;
            }
            queue = first.next;
            if (first.change(Waiting.IN, Waiting.CALLED)) {
                return first;
            }
        }
    }

    /** Moves the arrivals to the end of the queue, which is turned round on the way. */
    private void line() {
        Waiting last = (Waiting) ARRIVALS.getAndSet(this, null);
        Waiting first = null;
        while (last != null) {
            Waiting before = last.next;
            last.next = first;
            first = last;
            last = before;
        }
        if (queue == null) {
            queue = first;
            return;
        }
        Waiting end = queue;
        while (end.next != null) {
            end = end.next;
        }
        end.next = first;
    }

    /** Takes the new owner's node out, unless it has been taken out to wake it. */
    private void unlink(Waiting own) {
        if (own.state != Waiting.IN) {
            return;
        }
        line();
        if (queue == own) {
            queue = own.next;
        } else {
            Waiting before = queue;
            while (before.next != own) {
                before = before.next;
            }
            before.next = own.next;
        }
        own.state = Waiting.OUT;
    }

    // ---- by who waits no more, and does not own it

    private void abandon(Waiting waiting) {
        if (waiting.change(Waiting.IN, Waiting.GONE) || waiting.change(Waiting.CALLED, Waiting.GONE)) {
            // An owner comes past it in the list, or finds that it cannot be woken any more, and wakes the next one.
            Waiting.OF_THREAD.remove();
        } else if (tryLock()) {
            // The lock was free already when the wake-up came that is the next one's now.
            unlock();
        }
    }
}
