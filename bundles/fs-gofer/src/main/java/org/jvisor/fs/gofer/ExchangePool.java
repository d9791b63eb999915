// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import java.util.ArrayDeque;
import java.util.concurrent.locks.LockSupport;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.lock.Killable;
import org.jvisor.api.lock.LockOrder;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;

/**
 * The exchanges of a connection. They are large, so there are only as many as questions can be under way usefully; who comes beyond
 * waits. A thread has one at a time. Any thread.
 */
final class ExchangePool {
    /** Twice what a gofer works on at once. */
    private static final int MOST = 16;

    private final int messageSize;
    private final Mutex lock = new Mutex(LockRank.P9_CLIENT);
    /** Guarded by the lock, as is all below. */
    private final ArrayDeque<Exchange> idle = new ArrayDeque<>();

    private int made;
    private final ArrayDeque<Thread> waiting = new ArrayDeque<>();

    ExchangePool(int messageSize) {
        this.messageSize = messageSize;
    }

    /** @throws ErrnoException EINTR when the calling thread's task is killed before there is one */
    Exchange take() {
        LockOrder.mayWait("a question to a file server");
        Exchange free = tryTake();
        return free != null ? free : await();
    }

    void give(Exchange exchange) {
        try (Mutex _ = lock.take()) {
            idle.push(exchange);
            LockSupport.unpark(waiting.peek());
        }
    }

    private Exchange tryTake() {
        try (Mutex _ = lock.take()) {
            if (!idle.isEmpty()) {
                return idle.pop();
            }
            if (made == MOST) {
                return null;
            }
            made++;
        }
        try {
            return new Exchange(messageSize);
        } catch (OutOfMemoryError e) {
            try (Mutex _ = lock.take()) {
                made--;
            }
            throw e;
        }
    }

    private Exchange await() {
        Thread self = Thread.currentThread();
        queue(self, true);
        boolean interrupted = false;
        Exchange free;
        while ((free = tryTake()) == null && !(self instanceof Killable task && task.killed())) {
            LockSupport.park(this);
            interrupted |= Thread.interrupted();
        }
        queue(self, false);
        if (interrupted) {
            self.interrupt();
        }
        if (free == null) {
            throw ErrnoException.of(Errno.EINTR);
        }
        return free;
    }

    /** Who leaves the queue passes on a wake-up that may have been for it. */
    private void queue(Thread thread, boolean enters) {
        try (Mutex _ = lock.take()) {
            if (enters) {
                waiting.add(thread);
            } else {
                waiting.remove(thread);
                LockSupport.unpark(waiting.peek());
            }
        }
    }
}
