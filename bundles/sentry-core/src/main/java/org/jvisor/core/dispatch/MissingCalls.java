// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.dispatch;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;
import org.jvisor.api.syscall.SyscallHandler;

/** Answers the calls that nobody else does, and counts them. */
final class MissingCalls implements SyscallHandler {

    /** The last slot counts the numbers beyond the table. */
    private final AtomicLongArray counts = new AtomicLongArray(SyscallTable.NUMBERS + 1);

    @Override
    public long call(Task task, Arguments arguments) {
        int number = arguments.number;
        counts.incrementAndGet(number >= 0 && number < SyscallTable.NUMBERS ? number : SyscallTable.NUMBERS);
        return -Errno.ENOSYS;
    }

    /** Number and count alternate. */
    long[] counts() {
        long[] all = new long[2 * (SyscallTable.NUMBERS + 1)];
        int used = 0;
        for (int number = 0; number <= SyscallTable.NUMBERS; number++) {
            long count = counts.get(number);
            if (count > 0) {
                all[used++] = number;
                all[used++] = count;
            }
        }
        return Arrays.copyOf(all, used);
    }
}
