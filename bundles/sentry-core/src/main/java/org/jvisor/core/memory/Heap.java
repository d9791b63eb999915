// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.memory;

import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;

/** The virtual machine's heap. One thread, but for {@link #interrupt}. */
class Heap {

    private final Runtime runtime = Runtime.getRuntime();
    private final ReferenceQueue<Object> collected = new ReferenceQueue<>();
    /** To an object that goes with the next collection, of whatever kind. */
    private volatile WeakReference<Object> canary = newCanary();

    private WeakReference<Object> newCanary() {
        return new WeakReference<>(new Object(), collected);
    }

    /** Bytes that it can ever have. */
    long maximum() {
        return runtime.maxMemory();
    }

    /** Bytes that are in use, by garbage among others. */
    long used() {
        return runtime.totalMemory() - runtime.freeMemory();
    }

    /** @return the bytes that are in use for good */
    long collect() {
        System.gc();
        return used();
    }

    /** Waits until there has been a collection since the last time that this returned, or {@link #interrupt} was called. */
    void awaitCollection() {
        try {
            collected.remove();
        } catch (InterruptedException e) {
            // Nobody's message: as if there had been one.
            return;
        } finally {
            canary = newCanary();
        }
    }

    /** Ends the wait, or the next one. Any thread; allocates nothing. */
    void interrupt() {
        canary.enqueue();
    }
}
