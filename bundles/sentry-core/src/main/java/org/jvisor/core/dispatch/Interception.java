// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.dispatch;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.syscall.SyscallInterceptor;

/** What interceptors have said to a task's current call and have read of its memory: kept until the call has ended. */
public final class Interception {

    private static final long NO_DELAY = Long.MIN_VALUE;

    final SnapshotMemory memory;

    /** In the order in which they were asked; each once a call. */
    private final List<SyscallInterceptor> asked = new ArrayList<>();
    private long delayEndNs = NO_DELAY;

    public Interception(Memory memory) {
        this.memory = new SnapshotMemory(memory);
    }

    /** A call begins, or has ended: nothing of another one is left. */
    public void clear() {
        asked.clear();
        delayEndNs = NO_DELAY;
        memory.begin();
    }

    boolean wasAsked(SyscallInterceptor interceptor) {
        return asked.contains(interceptor);
    }

    void setAsked(SyscallInterceptor interceptor) {
        asked.add(interceptor);
    }

    void setUnasked(SyscallInterceptor interceptor) {
        asked.remove(interceptor);
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
