// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.syscall;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jvisor.api.abi.SyscallNr;

/**
 * The system calls that a family answers: a row a number, with who answers it, how much of the call that covers, and what to know
 * about it. The kernel's dispatch table, {@code runsc help syscalls} and the page about system calls are made of it.
 */
public final class CallTable {

    /** How much of what Linux does a call does. */
    public enum Support {
        /** All that a program can tell. */
        FULL,
        /** Not all: the note says what is missing. */
        PARTIAL
    }

    /** @param note empty where there is nothing to say */
    public record Row(int number, SyscallHandler handler, Support support, String note) {

        public String name() {
            return SyscallNr.name(number);
        }
    }

    private final List<Row> rows = new ArrayList<>();
    private SyscallHandler handler;

    /** @param handler of the rows that are added next */
    public CallTable(SyscallHandler handler) {
        this.handler = handler;
    }

    /** The rows that are added from here on have another handler. */
    public CallTable by(SyscallHandler other) {
        handler = other;
        return this;
    }

    /** Calls that do all that Linux's do. */
    public CallTable full(int... numbers) {
        for (int number : numbers) {
            rows.add(new Row(number, handler, Support.FULL, ""));
        }
        return this;
    }

    /** A call that does not do everything. */
    public CallTable partial(int number, String missing) {
        rows.add(new Row(number, handler, Support.PARTIAL, missing));
        return this;
    }

    /** In the order in which they were added. */
    public List<Row> rows() {
        return Collections.unmodifiableList(rows);
    }
}
