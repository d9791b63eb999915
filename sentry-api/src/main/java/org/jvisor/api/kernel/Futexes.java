// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import org.osgi.annotation.versioning.ProviderType;

/** futex(2)'s wait queues. Called by the task's thread; results are negative errnos or counts. */
@ProviderType
public interface Futexes {

    /** @param deadlineNs in {@link System#nanoTime}'s terms, or Long.MAX_VALUE; 0, -EAGAIN, -ETIMEDOUT, -ERESTARTSYS */
    long wait(Task task, long address, boolean shared, int value, int bitset, long deadlineNs);

    long wake(Task task, long address, boolean shared, int count, int bitset);

    /** FUTEX_REQUEUE, and with {@code compare} FUTEX_CMP_REQUEUE; the number woken plus, for the latter, moved. */
    long requeue(Task task, long from, long to, boolean shared, int wake, int move, boolean compare, int expected);

    long wakeOp(Task task, long address, long address2, boolean shared, int wake, int wake2, int operation);

    long lockPi(Task task, long address, boolean shared, long deadlineNs, boolean tryOnly);

    long unlockPi(Task task, long address, boolean shared);
}
