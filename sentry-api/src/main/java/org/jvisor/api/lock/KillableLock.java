// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.lock;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;

/**
 * A lock that may be held over a page fault or a file server's answer: whoever waits for it can be killed meanwhile, as in
 * mutex_lock_killable of Linux. It is not to be taken while a {@link Mutex} is held. The owner may take it again.
 */
public final class KillableLock extends OwnedLock implements AutoCloseable {

    public KillableLock(LockRank rank) {
        super(rank);
    }

    /** @throws ErrnoException EINTR when the calling thread's task is killed before the lock is free; see {@link Killable} */
    public void lock() {
        if (!take(true)) {
            throw ErrnoException.of(Errno.EINTR);
        }
    }

    /** For what has to be done in any case, as giving something back. */
    public void lockAlways() {
        take(false);
    }

    /**
     * {@link #lock}, for a try with resources.
     *
     * @return this lock, to be closed
     */
    public KillableLock take() {
        lock();
        return this;
    }

    /** {@link #lockAlways}, for a try with resources. */
    public KillableLock takeAlways() {
        lockAlways();
        return this;
    }

    /** {@link #unlock}. */
    @Override
    public void close() {
        unlock();
    }
}
