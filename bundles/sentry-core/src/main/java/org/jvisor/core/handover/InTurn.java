// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.handover;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jvisor.api.lock.Condition;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.StateException;

/**
 * Does one thing with each of many objects of a bundle. Whatever one of them does, the others have their turn: what is thrown is
 * logged, and what does not come back is left alone by those that follow, in another thread.
 */
final class InTurn<T> {

    /** So often the limit is waited for. */
    private static final int PATIENCE = 3;

    private final List<T> objects;
    private final Consumer<? super T> action;
    private final Consumer<? super Throwable> log;

    private final Mutex lock = new Mutex(LockRank.SERVICE);
    private final Condition done = new Condition(lock);
    /** All guarded by the lock: whose turn is next, whose thread works, since when it is with one of them. */
    private int next;
    private Thread worker;
    private long sinceNs;

    private InTurn(List<T> objects, Consumer<? super T> action, Consumer<? super Throwable> log) {
        this.objects = objects;
        this.action = action;
        this.log = log;
    }

    /**
     * Returns when all have had their turn. After {@code limitNs} for each of those that hang, or for all the others together, it
     * returns, too, while the rest goes on.
     *
     * @param log any thread; must not throw
     */
    static <T> void each(List<T> objects, Consumer<? super T> action, long limitNs, Consumer<? super Throwable> log) {
        InTurn<T> all = new InTurn<>(objects, action, log);
        long deadline = System.nanoTime() + PATIENCE * limitNs;
        do {
            if (!all.begin()) {
                // There is no thread for it: better without a limit than not at all.
                all.work();
                return;
            }
        } while (all.hangs(limitNs, deadline));
        int left = all.left();
        if (left > 0) {
            log.accept(new StateException("no end after " + TimeUnit.NANOSECONDS.toMillis(PATIENCE * limitNs) + " ms: " + left
                    + " objects are left to a thread of their own"));
        }
    }

    private int left() {
        try (Mutex _ = lock.take()) {
            return objects.size() - next;
        }
    }

    private boolean begin() {
        Thread thread;
        try {
            thread = Thread.ofPlatform().name("hand-over").daemon().unstarted(this::work);
            replaceWorker(thread);
            thread.start();
            return true;
        } catch (OutOfMemoryError e) {
            // What Thread.start throws when pthread_create(3) fails.
            replaceWorker(Thread.currentThread());
            return false;
        }
    }

    private void replaceWorker(Thread thread) {
        try (Mutex _ = lock.take()) {
            worker = thread;
            sinceNs = System.nanoTime();
        }
    }

    private void work() {
        for (T object = take(); object != null; object = take()) {
            try {
                action.accept(object);
            } catch (Throwable t) {
                log.accept(t);
            }
        }
    }

    /** The next one; null when there is none, or another thread has taken over. */
    private T take() {
        try (Mutex _ = lock.take()) {
            if (worker != Thread.currentThread()) {
                return null;
            }
            if (next == objects.size()) {
                worker = null;
                done.signalAll();
                return null;
            }
            sinceNs = System.nanoTime();
            return objects.get(next++);
        }
    }

    /** Waits for the worker. True: it hangs, and is left alone. False: it has come to the end, or to that of all patience. */
    private boolean hangs(long limitNs, long deadlineNs) {
        Thread stuck = awaitEnd(limitNs, deadlineNs);
        if (stuck == null) {
            return false;
        }
        StackTraceElement[] stack = stuck.getStackTrace();
        stuck.interrupt();
        log.accept(new StateException("no end after " + TimeUnit.NANOSECONDS.toMillis(limitNs) + " ms"
                + (stack.length == 0 ? "" : ", in " + stack[0])));
        return true;
    }

    /** The worker that hangs; null: none. */
    private Thread awaitEnd(long limitNs, long deadlineNs) {
        try (Mutex _ = lock.take()) {
            while (worker != null) {
                long untilNs = sinceNs + limitNs;
                if (untilNs - System.nanoTime() <= 0) {
                    Thread stuck = worker;
                    worker = null;
                    return stuck;
                }
                if (deadlineNs - System.nanoTime() <= 0) {
                    return null;
                }
                done.awaitUntil(untilNs - deadlineNs < 0 ? untilNs : deadlineNs);
            }
            return null;
        }
    }
}
