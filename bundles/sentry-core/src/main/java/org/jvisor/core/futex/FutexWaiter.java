// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.futex;

import org.jvisor.api.mm.MemoryManager;
import org.jvisor.core.process.TaskImpl;

/** A task's place in a futex queue; a task waits for one futex at a time. Guarded by its bucket's lock, except where said. */
public final class FutexWaiter {

    final TaskImpl task;

    /** Where it waits; null when it does not. Written with the old and the new bucket's lock held, read without. */
    volatile FutexBuckets.Bucket bucket;
    FutexWaiter next;
    FutexWaiter previous;

    MemoryManager mm;
    long address;
    /** Position in the memory file, or -1 for a private futex. */
    long shareKey;
    int bitset;
    /** Waits for a lock that is handed over (FUTEX_LOCK_PI). */
    boolean forLock;

    /** Woken, or owner of the lock now. Read without the lock. */
    volatile boolean done;

    /** Its call begins again, and keeps its place in the queue until it is back. The task's thread. */
    boolean kept;

    public FutexWaiter(TaskImpl task) {
        this.task = task;
    }
}
