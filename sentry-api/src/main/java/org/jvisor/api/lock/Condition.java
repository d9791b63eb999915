// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.lock;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * What threads wait for that serve the sandbox, under a {@link Mutex}; tasks wait in a {@link org.jvisor.api.wait.WaitQueue}. All
 * methods are for the lock's owner, who has taken it once. Whoever has waited looks again whether what it waits for is true.
 */
public final class Condition {

    private final Mutex lock;
    private final List<Thread> waiting = new ArrayList<>(1);

    public Condition(Mutex lock) {
        this.lock = lock;
    }

    /** Gives the lock back until {@link #signalAll} or for nothing, and takes it again. Interrupts are kept for later. */
    public void await() {
        awaitUntil(Long.MAX_VALUE);
    }

    /**
     * The same, up to a moment.
     *
     * @param deadlineNs in {@link System#nanoTime}'s terms; Long.MAX_VALUE: none
     * @return whether there was time left
     */
    public boolean awaitUntil(long deadlineNs) {
        long leftNs = deadlineNs == Long.MAX_VALUE ? Long.MAX_VALUE : deadlineNs - System.nanoTime();
        if (leftNs <= 0) {
            return false;
        }
        LockOrder.awaits(lock);
        Thread self = Thread.currentThread();
        waiting.add(self);
        lock.unlock();
        if (leftNs == Long.MAX_VALUE) {
            LockSupport.park(this);
        } else {
            LockSupport.parkNanos(this, leftNs);
        }
        boolean interrupted = Thread.interrupted();
        lock.take();
        waiting.remove(self);
        if (interrupted) {
            self.interrupt();
        }
        return true;
    }

    public void signalAll() {
        for (int i = 0; i < waiting.size(); i++) {
            LockSupport.unpark(waiting.get(i));
        }
    }
}
