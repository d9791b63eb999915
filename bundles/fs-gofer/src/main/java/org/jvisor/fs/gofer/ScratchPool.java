// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import java.util.Arrays;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;

/** Memory for structures of the host's system calls, a block a thread at a time. Any thread; waits for nobody. */
final class ScratchPool {
    /** Enough for any structure of the host, and for a page. */
    static final int BLOCK_BYTES = 4096;
    private static final int KEPT = 64;

    private final HostKernel host;
    private final Mutex lock = new Mutex(LockRank.P9_CLIENT);
    /** Addresses of blocks that nobody uses. Guarded by the lock, as is all below. */
    private final long[] idle = new long[KEPT];

    private int idleCount;

    ScratchPool(HostKernel host) {
        this.host = host;
    }

    long take() {
        try (Mutex _ = lock.take()) {
            if (idleCount > 0) {
                return idle[--idleCount];
            }
        }
        return host.allocate(BLOCK_BYTES);
    }

    void give(long block) {
        try (Mutex _ = lock.take()) {
            if (idleCount < KEPT) {
                idle[idleCount++] = block;
                return;
            }
        }
        host.free(block);
    }

    /** Nobody uses a block any more. */
    void free() {
        try (Mutex _ = lock.take()) {
            Arrays.stream(idle, 0, idleCount).forEach(host::free);
            idleCount = 0;
        }
    }
}
