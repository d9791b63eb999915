// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.wait;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jvisor.api.lock.LockOrder;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;

/**
 * A thread of the kernel's own that does one turn of its work after the other, all of its life. Whatever a turn throws, an Error too,
 * costs that turn alone: the log has one message for it, or for all that come closely one after the other, and the next turn comes a
 * little later, the more so the more often it happens. So a turn leaves what it works on in such a state that another one can go on
 * with it.
 */
public final class ServiceThread {

    /** A turn of the work. */
    @FunctionalInterface
    public interface Turn {

        /**
         * Does what there is to do, or waits for it: by {@link #rest} or {@link #restNanos}, or in a call of the host's.
         *
         * @return false when the thread is to end for good
         */
        boolean take();
    }

    private static final Logger LOG = System.getLogger(ServiceThread.class.getName());

    /** After a turn that failed; twice as long after each that follows, up to the longest. */
    private static final long FIRST_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long LONGEST_PAUSE_NS = TimeUnit.SECONDS.toNanos(1);
    /** Failures that come closer to each other than this are told of once. */
    private static final long QUIET_NS = TimeUnit.SECONDS.toNanos(10);

    private final String name;
    private final long stackBytes;
    private final Turn turn;
    private final Runnable farewell;

    private final Mutex lock = new Mutex(LockRank.SERVICE);
    /** Null: it holds still, or has not started. Written with the lock. */
    private volatile Thread thread;
    private volatile boolean halting;

    // The thread's own.
    private long pauseNs;
    private long toldAt;
    private long untold;
    private boolean hasTold;

    /** @param stackBytes what the thread's work takes; 0: as much as the virtual machine thinks fit */
    public ServiceThread(String name, long stackBytes, Turn turn) {
        this(name, stackBytes, turn, () -> { });
    }

    /** @param farewell what the thread does last when a turn has ended it for good */
    public ServiceThread(String name, long stackBytes, Turn turn, Runnable farewell) {
        this.name = name;
        this.stackBytes = stackBytes;
        this.turn = turn;
        this.farewell = farewell;
    }

    /** Begins, or goes on after {@link #halt} has returned; nothing while it runs already. Any thread. */
    public void start() {
        try (Mutex _ = lock.take()) {
            if (thread != null) {
                return;
            }
            halting = false;
            Thread starting = Thread.ofPlatform().name(name).daemon().stackSize(stackBytes).unstarted(this::run);
            thread = starting;
            try {
                starting.start();
            } catch (Throwable failure) {
                thread = null;
                throw failure;
            }
        }
    }

    /** Returns when no turn is being taken any more; a turn that waits in a call of the host's has to be ended by the caller. */
    public void halt() {
        Thread ending;
        try (Mutex _ = lock.take()) {
            ending = thread;
            halting = true;
        }
        if (ending == null) {
            return;
        }
        LockSupport.unpark(ending);
        join(ending, 0);
        try (Mutex _ = lock.take()) {
            if (thread == ending) {
                thread = null;
            }
        }
    }

    /** Ends the rest that the thread is in, or its next one. Any thread; allocates nothing. */
    public void wake() {
        LockSupport.unpark(thread);
    }

    /** For the thread: sleeps until it is woken, or without a reason. */
    public void rest() {
        LockOrder.holdsNothing("where a service thread rests");
        if (!halting) {
            LockSupport.park(this);
        }
    }

    /** For the thread: as {@link #rest}, but not for longer than said. */
    public void restNanos(long ns) {
        LockOrder.holdsNothing("where a service thread rests");
        if (!halting) {
            LockSupport.parkNanos(this, ns);
        }
    }

    /**
     * Waits until the thread, which somebody has told to end for good, has done so.
     *
     * @param timeoutMs 0: for as long as it takes
     * @return whether it has
     */
    public boolean join(long timeoutMs) {
        Thread ending = thread;
        return ending == null || join(ending, timeoutMs);
    }

    private static boolean join(Thread ending, long timeoutMs) {
        LockOrder.mayWait("the end of a service thread");
        boolean interrupted = false;
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        long left = timeoutMs;
        while (ending.isAlive() && (timeoutMs == 0 || left > 0)) {
            try {
                ending.join(left);
            } catch (InterruptedException e) {
                interrupted = true;
            }
            left = timeoutMs == 0 ? 0 : TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return !ending.isAlive();
    }

    private void run() {
        while (!halting) {
            LockOrder.holdsNothing("between two turns of a service thread");
            if (!survives()) {
                farewell.run();
                return;
            }
            Thread.interrupted(); // nobody's message: it would only keep the thread from resting
        }
    }

    /** Takes a turn. */
    private boolean survives() {
        try {
            boolean goesOn = turn.take();
            pauseNs = 0;
            return goesOn;
        } catch (Throwable failure) {
            recover(failure);
            return true;
        }
    }

    private void recover(Throwable failure) {
        try {
            tell(failure);
        } catch (Throwable unspeakable) {
            // There is no room even for words. The next failure's tell of this one.
            hasTold = false;
        }
        pauseNs = Math.clamp(2 * pauseNs, FIRST_PAUSE_NS, LONGEST_PAUSE_NS);
        restNanos(pauseNs);
    }

    private void tell(Throwable failure) {
        long now = System.nanoTime();
        untold++;
        if (hasTold && now - toldAt < QUIET_NS) {
            return;
        }
        String often = untold > 1 ? " " + untold + " times, at last so," : "";
        LOG.log(Level.ERROR, name + " has failed" + often + " and goes on", failure);
        untold = 0;
        toldAt = now;
        hasTold = true;
    }
}
