// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;

/**
 * The pages that page tables are made of: memory of the Sentry's own outside the Java heap, so that large applications need no
 * large heap, and with a limit, so that an application that touches memory far and wide runs out before the Sentry does.
 */
final class TableArena {

    static final int PAGE = 4096;

    private final HostKernel host;
    private final long base;
    private final int limit;
    private final Mutex lock = new Mutex(LockRank.LEAF);

    // Guarded by the lock.
    /** Pages handed out at least once. */
    private int top;
    /** Returned pages, by address; a list through their first words. */
    private long free;
    private int used;

    TableArena(HostKernel host, long bytes) {
        this.host = host;
        limit = (int) (bytes / PAGE);
        base = ErrnoException.check(host.syscall(SyscallNr.MMAP, 0, bytes, Mman.PROT_READ | Mman.PROT_WRITE,
                Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS | Mman.MAP_NORESERVE, -1, 0));
    }

    void close() {
        host.syscall(SyscallNr.MUNMAP, base, (long) limit * PAGE);
    }

    int used() {
        try (Mutex _ = lock.take()) {
            return used;
        }
    }

    /** A zeroed page. */
    long take() {
        long page;
        try (Mutex _ = lock.take()) {
            if (free == 0) {
                if (top == limit) {
                    throw ErrnoException.of(Errno.ENOMEM);
                }
                used++;
                return base + (long) top++ * PAGE;
            }
            page = free;
            free = host.getLong(page);
            used++;
        }
        host.fill(page, PAGE, (byte) 0);
        return page;
    }

    void give(long page) {
        try (Mutex _ = lock.take()) {
            host.putLong(page, free);
            free = page;
            used--;
        }
    }
}
