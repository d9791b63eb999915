// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.task;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.UserMemory;

/**
 * The arguments and the environment of a program that is to be executed, on their way from the old program's memory to the new
 * one's (execve(2)): bounded together, and charged to the process until this is closed. One thread.
 */
final class ProgramStrings implements AutoCloseable {

    /** The longest single string. */
    private static final int STRING_MAX = 32 * 4096;

    private static final int STRINGS_MAX = 0x7fffffff;
    private static final long SPACE_MIN = 32 * 4096;
    private static final long SPACE_MAX = 6 << 20;

    /** What a string takes of the heap beside its bytes, about. */
    private static final int OVERHEAD = 24;

    private final Task task;
    private final UserMemory memory;
    private byte[] buffer = new byte[256];
    /** What there is room for: a quarter of the stack's limit, at least 128 KiB. */
    private long space;
    private long charged;

    ProgramStrings(Task task) {
        this.task = task;
        memory = task.memory();
        space = Math.min(Math.max(SPACE_MIN, task.group().softLimit(Rlimit.RLIMIT_STACK) >>> 2), SPACE_MAX);
    }

    /** The strings of a list that ends with a null pointer; none for 0. @throws ErrnoException EFAULT, E2BIG */
    List<byte[]> read(long list) {
        List<byte[]> strings = new ArrayList<>();
        if (list == 0) {
            return strings;
        }
        for (int i = 0; i < STRINGS_MAX; i++) {
            long pointer = memory.getLong(list + (long) Long.BYTES * i);
            if (pointer == 0) {
                return strings;
            }
            int length = copyIn(pointer);
            space -= length + 1 + Long.BYTES;
            int cost = length + OVERHEAD;
            if (space < 0 || !task.cgroup().tryCharge(Charge.EXEC_BYTE, cost)) {
                throw ErrnoException.of(Errno.E2BIG);
            }
            charged += cost;
            strings.add(Arrays.copyOf(buffer, length));
        }
        throw ErrnoException.of(Errno.E2BIG);
    }

    /** Copies a string into the buffer, which grows with it: its length. */
    private int copyIn(long pointer) {
        int length = memory.copyInString(pointer, buffer);
        while (length == -Errno.ENAMETOOLONG) {
            if (buffer.length >= STRING_MAX) {
                throw ErrnoException.of(Errno.E2BIG);
            }
            buffer = new byte[Math.min(buffer.length * 8, STRING_MAX)];
            length = memory.copyInString(pointer, buffer);
        }
        return length;
    }

    @Override
    public void close() {
        task.cgroup().uncharge(Charge.EXEC_BYTE, charged);
    }
}
