// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.util.concurrent.atomic.AtomicInteger;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;

/** How many descriptions there are, and may be: they live in the Sentry's heap, and no application may fill that. */
final class OpenFiles {

    /** What a description takes with all that hangs on it, about. */
    private static final long HEAP_BYTES = 512;

    private static final int LIMIT = (int) Math.min(Integer.MAX_VALUE / 2, Runtime.getRuntime().maxMemory() / 4 / HEAP_BYTES);
    private static final AtomicInteger COUNT = new AtomicInteger();

    /** Throws ENFILE, see /proc/sys/fs/file-max in proc(5). */
    static void take() {
        if (COUNT.incrementAndGet() > LIMIT) {
            COUNT.decrementAndGet();
            throw ErrnoException.of(Errno.ENFILE);
        }
    }

    static void give() {
        COUNT.decrementAndGet();
    }

    private OpenFiles() {
    }
}
