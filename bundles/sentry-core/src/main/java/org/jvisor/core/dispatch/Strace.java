// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.dispatch;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.BitSet;
import java.util.List;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;

/** Logs calls the way strace(1) shows them, of tasks with the hook {@code TaskImpl.STRACE}. */
public final class Strace {

    private static final Logger LOG = System.getLogger("org.jvisor.strace");

    private final BitSet numbers = new BitSet(SyscallTable.NUMBERS);

    /** @param names which calls; empty: all */
    public Strace(List<String> names) {
        if (names.isEmpty()) {
            numbers.set(0, SyscallTable.NUMBERS);
        }
        for (String name : names) {
            int number = SyscallNr.byName(name.trim());
            if (number >= 0) {
                numbers.set(number);
            } else {
                LOG.log(Level.WARNING, "no system call is named {0}", name);
            }
        }
    }

    public boolean covers(int number) {
        return numbers.get(number);
    }

    public void before(Task task, Arguments arguments) {
        // What a call is given may be gone when it has ended, and calls that never return would never show.
        if (StraceFormat.showsEntry(arguments.number)) {
            LOG.log(Level.INFO, StraceFormat.prefix(task) + StraceFormat.call(task, arguments, -1) + " ...");
        }
    }

    public void after(Task task, Arguments arguments, long result) {
        LOG.log(Level.INFO, StraceFormat.prefix(task) + StraceFormat.call(task, arguments, result) + " = "
                + StraceFormat.result(arguments.number, result));
    }
}
