// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.util.concurrent.TimeUnit;
import org.jvisor.api.lock.Condition;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.osgi.framework.BundleException;

/** Work that a bundle's own code takes part in: that code may throw whatever it likes, and may never return. */
final class Timed {
    private static final long THREAD_STACK_BYTES = 512 << 10;

    private final Step work;
    private final Step late;
    private final Mutex lock = new Mutex(LockRank.SERVICE);
    private final Condition changed = new Condition(lock);
    /** All guarded by the lock. */
    private BundleException failure;
    private boolean finished;
    private boolean abandoned;

    interface Step {
        void run() throws BundleException;
    }

    private Timed(Step work, Step late) {
        this.work = work;
        this.late = late;
    }

    /**
     * Does the work in a thread of its own and waits for it.
     *
     * @param late what that thread does when it comes back after it was given up
     * @throws BundleException when the work failed, or took longer than the limit: then it is interrupted and left alone
     */
    static void run(long limitMillis, Step work, Step late) throws BundleException {
        Timed timed = new Timed(work, late);
        Thread thread = new Thread(null, timed::work, "bundle", THREAD_STACK_BYTES);
        thread.setDaemon(true);
        try {
            thread.start();
        } catch (OutOfMemoryError e) {
            // What Thread.start throws when pthread_create(3) fails.
            throw new BundleException("there is no thread for it", e);
        }
        if (!timed.await(limitMillis)) {
            thread.interrupt();
            throw new BundleException("it did not come to an end within " + limitMillis + " ms");
        }
    }

    private void work() {
        BundleException problem = null;
        try {
            work.run();
        } catch (BundleException e) {
            problem = e;
        } catch (Throwable e) {
            // A bundle's code may throw anything; whoever waits is told.
            problem = new BundleException(e.toString(), e);
        }
        if (!finish(problem)) {
            try {
                late.run();
            } catch (Throwable e) {
                // There is nobody left who would want to know.
                System.err.println("a bundle that came back late: " + e);
            }
        }
    }

    private boolean finish(BundleException problem) {
        try (Mutex _ = lock.take()) {
            failure = problem;
            finished = true;
            changed.signalAll();
            return !abandoned;
        }
    }

    private boolean await(long limitMillis) throws BundleException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(limitMillis);
        try (Mutex _ = lock.take()) {
            boolean inTime = true;
            while (!finished && inTime) {
                inTime = changed.awaitUntil(end);
            }
            abandoned = !finished;
            if (failure != null) {
                throw failure;
            }
            return finished;
        }
    }
}
