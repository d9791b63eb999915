// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.wait;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;

/**
 * A lock that may be held over a page fault or a file server's answer: whoever waits for it can be killed meanwhile, as in
 * mutex_lock_killable of Linux. Its holder may take it again. Taken while it is free it costs one compare-and-set, and allocates
 * nothing; who comes while it is being handed on may be quicker than those who wait.
 */
public final class KillableLock {

    private static final VarHandle OWNER;
    private static final VarHandle WAITING;

    /** The lock is mostly held for less than it takes to fall asleep. */
    private static final int SPINS = 64;

    static {
        try {
            OWNER = MethodHandles.lookup().findVarHandle(KillableLock.class, "owner", Thread.class);
            WAITING = MethodHandles.lookup().findVarHandle(KillableLock.class, "waiting", Queue.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private volatile Thread owner;
    /** How often the owner took it beyond the first time; the owner's. */
    private int again;
    /** Null until somebody had to wait. The first is woken when the lock becomes free. */
    private volatile Queue<Thread> waiting;

    /** @throws ErrnoException EINTR when the calling thread's task is killed before the lock is free; see {@link Killable} */
    public void lock() {
        if (!tryLock() && !await(true)) {
            throw ErrnoException.of(Errno.EINTR);
        }
    }

    /** For what has to be done in any case, as giving something back. */
    public void lockAlways() {
        if (!tryLock()) {
            await(false);
        }
    }

    public boolean tryLock() {
        Thread self = Thread.currentThread();
        if (OWNER.compareAndSet(this, null, self)) {
            return true;
        }
        if (owner == self) {
            again++;
            return true;
        }
        return false;
    }

    public void unlock() {
        if (owner != Thread.currentThread()) {
            throw new IllegalMonitorStateException("not the owner");
        }
        if (again > 0) {
            again--;
            return;
        }
        owner = null;
        wakeFirst();
    }

    public boolean isHeldByCurrentThread() {
        return owner == Thread.currentThread();
    }

    /** Who waits enters the queue first and looks at the owner then; who leaves does it the other way round. */
    private void wakeFirst() {
        Queue<Thread> queue = waiting;
        if (queue != null) {
            LockSupport.unpark(queue.peek());
        }
    }

    private boolean await(boolean killable) {
        Thread self = Thread.currentThread();
        for (int i = 0; i < SPINS; i++) {
            if (owner == null && OWNER.compareAndSet(this, null, self)) {
                return true;
            }
            Thread.onSpinWait();
        }
        Queue<Thread> queue = queue();
        queue.add(self);
        boolean interrupted = false;
        boolean taken;
        while (!(taken = OWNER.compareAndSet(this, null, self)) && !(killable && isKilled(self))) {
            LockSupport.park(this);
            interrupted |= Thread.interrupted();
        }
        queue.remove(self);
        if (!taken && owner == null) {
            // The wake-up that was for this one is the next one's.
            wakeFirst();
        }
        if (interrupted) {
            self.interrupt();
        }
        return taken;
    }

    private static boolean isKilled(Thread thread) {
        return thread instanceof Killable task && task.killed();
    }

    private Queue<Thread> queue() {
        Queue<Thread> known = waiting;
        if (known != null) {
            return known;
        }
        Queue<Thread> fresh = new ConcurrentLinkedQueue<>();
        return WAITING.compareAndSet(this, null, fresh) ? fresh : waiting;
    }
}
