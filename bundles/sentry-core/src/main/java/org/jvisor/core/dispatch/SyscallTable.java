// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.dispatch;

import java.util.Arrays;
import org.jvisor.api.syscall.SyscallHandler;

/** One generation of the dispatch table. Immutable. */
public final class SyscallTable {

    /** Numbers from 0 up that can have a handler: Linux's, and room for those of plugins. */
    static final int NUMBERS = 1024;

    /** From 1 up, each table's greater than the last one's. */
    public final long generation;

    /** One slot a number, and one more for all numbers beyond. No slot is null. */
    private final SyscallHandler[] handlers;

    /** The generation in which a slot got the handler that it has. */
    private final long[] changed;

    private SyscallTable(long generation, SyscallHandler[] handlers, long[] changed) {
        this.generation = generation;
        this.handlers = handlers;
        this.changed = changed;
    }

    static SyscallTable first(SyscallHandler missing) {
        SyscallHandler[] handlers = new SyscallHandler[NUMBERS + 1];
        Arrays.fill(handlers, missing);
        return new SyscallTable(1, handlers, new long[NUMBERS + 1]);
    }

    /** The table after this one; {@code next} has NUMBERS handlers, null where there is none. */
    SyscallTable next(SyscallHandler[] next) {
        SyscallHandler missing = handlers[NUMBERS];
        SyscallHandler[] slots = new SyscallHandler[NUMBERS + 1];
        long[] since = changed.clone();
        for (int number = 0; number < NUMBERS; number++) {
            slots[number] = next[number] == null ? missing : next[number];
            if (slots[number] != handlers[number]) {
                since[number] = generation + 1;
            }
        }
        slots[NUMBERS] = missing;
        return new SyscallTable(generation + 1, slots, since);
    }

    public SyscallHandler handler(int number) {
        return handlers[slot(number)];
    }

    /** Whether a call of {@code number} that was dispatched by the table of {@code generation} has another handler now. */
    boolean replacedSince(long generation, int number) {
        return generation < changed[slot(number)];
    }

    private static int slot(int number) {
        return Integer.compareUnsigned(number, NUMBERS) < 0 ? number : NUMBERS;
    }
}
