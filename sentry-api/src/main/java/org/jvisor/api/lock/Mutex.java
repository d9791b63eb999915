// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.lock;

/**
 * A lock that is held for short: its owner touches no application memory, does not sleep, and asks neither another process nor the
 * host what may take long. So whoever waits for it has it soon, and need not be killed for that. The owner may take it again.
 *
 * <pre>
 * try (Mutex _ = lock.take()) {
 *     …
 * }
 * </pre>
 */
public final class Mutex extends OwnedLock implements AutoCloseable {

    public Mutex(LockRank rank) {
        super(rank);
    }

    /** @return this lock, to be closed */
    public Mutex take() {
        take(false);
        return this;
    }

    /** {@link #unlock}. */
    @Override
    public void close() {
        unlock();
    }
}
