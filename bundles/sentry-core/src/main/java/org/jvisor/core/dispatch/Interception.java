// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.dispatch;

import java.util.Arrays;
import org.jvisor.api.mm.Memory;

/** What interceptors have said to a task's current call and have read of its memory: kept until the call has ended. */
public final class Interception {

    private static final long NO_DELAY = Long.MIN_VALUE;

    final SnapshotMemory memory;

    /** Service ids, each once a call: the services themselves may go meanwhile. */
    private long[] asked = new long[2];
    private int askedCount;
    private long delayEndNs = NO_DELAY;

    public Interception(Memory memory) {
        this.memory = new SnapshotMemory(memory);
    }

    /** A call begins, or has ended: nothing of another one is left. */
    public void clear() {
        askedCount = 0;
        delayEndNs = NO_DELAY;
        memory.begin();
    }

    boolean wasAsked(long interceptor) {
        for (int i = 0; i < askedCount; i++) {
            if (asked[i] == interceptor) {
                return true;
            }
        }
        return false;
    }

    void setAsked(long interceptor) {
        if (askedCount == asked.length) {
            asked = Arrays.copyOf(asked, 2 * askedCount);
        }
        asked[askedCount++] = interceptor;
    }

    /** The one that was asked last has not answered. */
    void setUnasked() {
        askedCount--;
    }

    boolean delayed() {
        return delayEndNs != NO_DELAY;
    }

    long delayEndNs() {
        return delayEndNs;
    }

    void delay(long ns) {
        delayEndNs = System.nanoTime() + ns;
    }

    void endDelay() {
        delayEndNs = NO_DELAY;
    }
}
