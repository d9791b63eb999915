// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.boot;

import java.util.concurrent.TimeUnit;
import org.osgi.framework.BundleException;

/** Work that a bundle's own code takes part in: that code may throw whatever it likes, and may never return. */
final class Timed {
    private static final long THREAD_STACK_BYTES = 512 << 10;

    private final Step work;
    private final Step late;
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
        thread.start();
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

    private synchronized boolean finish(BundleException problem) {
        failure = problem;
        finished = true;
        notifyAll();
        return !abandoned;
    }

    private synchronized boolean await(long limitMillis) throws BundleException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(limitMillis);
        boolean interrupted = false;
        while (!finished && end - System.nanoTime() > 0) {
            try {
                TimeUnit.NANOSECONDS.timedWait(this, end - System.nanoTime());
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        abandoned = !finished;
        if (failure != null) {
            throw failure;
        }
        return finished;
    }
}
