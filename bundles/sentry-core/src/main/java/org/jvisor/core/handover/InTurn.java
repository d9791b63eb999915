// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.handover;

import java.util.List;
import java.util.concurrent.Executor;
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
    /** All guarded by the lock: whose turn is next, the number of the thread that works, that thread, how long it is with one. */
    private int next;
    private int working;
    private Thread worker;
    private long sinceNs;
    private boolean ended;

    private InTurn(List<T> objects, Consumer<? super T> action, Consumer<? super Throwable> log) {
        this.objects = objects;
        this.action = action;
        this.log = log;
    }

    /**
     * Returns when all have had their turn. After {@code limitNs} for each of those that hang, or for all the others together, it
     * returns, too, while the rest goes on.
     *
     * @param workers threads to do it
     * @param log any thread; must not throw
     */
    static <T> void each(List<T> objects, Consumer<? super T> action, Executor workers, long limitNs, Consumer<? super Throwable> log) {
        InTurn<T> all = new InTurn<>(objects, action, log);
        long deadline = System.nanoTime() + PATIENCE * limitNs;
        do {
            if (!all.begin(workers)) {
                // There is no thread for it: better without a limit than not at all.
                all.work(all.next());
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

    private boolean begin(Executor workers) {
        int number = next();
        try {
            workers.execute(() -> work(number));
            return true;
        } catch (OutOfMemoryError e) {
            // What Thread.start throws when pthread_create(3) fails.
            return false;
        }
    }

    /** The number of the thread that takes over. */
    private int next() {
        try (Mutex _ = lock.take()) {
            worker = null;
            sinceNs = System.nanoTime();
            return ++working;
        }
    }

    private void work(int number) {
        for (T object = take(number); object != null; object = take(number)) {
            try {
                action.accept(object);
            } catch (Throwable t) {
                log.accept(t);
            }
        }
    }

    /** The next one; null when there is none, or another thread has taken over. */
    private T take(int number) {
        try (Mutex _ = lock.take()) {
            if (working != number) {
                return null;
            }
            if (next == objects.size()) {
                ended = true;
                done.signalAll();
                return null;
            }
            worker = Thread.currentThread();
            sinceNs = System.nanoTime();
            return objects.get(next++);
        }
    }

    /** Waits for the worker. True: it hangs, and is left alone. False: it has come to the end, or to that of all patience. */
    private boolean hangs(long limitNs, long deadlineNs) {
        String place;
        try (Mutex _ = lock.take()) {
            if (!awaitEnd(limitNs, deadlineNs)) {
                return false;
            }
            place = HandoverService.place(worker);
            if (worker != null) {
                // It cannot come to anybody else's work before the lock is free.
                worker.interrupt();
            }
            working++;
        }
        log.accept(new StateException("no end after " + TimeUnit.NANOSECONDS.toMillis(limitNs) + " ms" + place));
        return true;
    }

    /** With the lock; whether the worker hangs. */
    private boolean awaitEnd(long limitNs, long deadlineNs) {
        while (!ended) {
            long untilNs = sinceNs + limitNs;
            if (untilNs - System.nanoTime() <= 0) {
                return true;
            }
            if (deadlineNs - System.nanoTime() <= 0) {
                return false;
            }
            done.awaitUntil(untilNs - deadlineNs < 0 ? untilNs : deadlineNs);
        }
        return false;
    }
}
