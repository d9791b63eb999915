// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.handover;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
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

    /** All guarded by this: whose turn is next, whose thread works, since when it is with one of them. */
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

    private synchronized int left() {
        return objects.size() - next;
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

    private synchronized void replaceWorker(Thread thread) {
        worker = thread;
        sinceNs = System.nanoTime();
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
    private synchronized T take() {
        if (worker != Thread.currentThread()) {
            return null;
        }
        if (next == objects.size()) {
            worker = null;
            notifyAll();
            return null;
        }
        sinceNs = System.nanoTime();
        return objects.get(next++);
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
    private synchronized Thread awaitEnd(long limitNs, long deadlineNs) {
        boolean interrupted = false;
        Thread stuck = null;
        while (worker != null && stuck == null) {
            long now = System.nanoTime();
            long left = Math.min(sinceNs + limitNs - now, deadlineNs - now);
            if (sinceNs + limitNs - now <= 0) {
                stuck = worker;
                worker = null;
            } else if (left <= 0) {
                break;
            } else {
                try {
                    TimeUnit.NANOSECONDS.timedWait(this, left);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return stuck;
    }
}
