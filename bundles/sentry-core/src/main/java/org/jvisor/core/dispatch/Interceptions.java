// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.dispatch;

import java.util.Arrays;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.platform.Registers;
import org.jvisor.api.syscall.Arguments;

/**
 * A task's calls that interceptors have seen: the current one, and those that a signal's handler with SA_RESTART has come in between
 * of, which the program makes anew when it returns from that. Such a call is the same one still. It is known by what rt_sigreturn(2)
 * goes back to: the very instruction, stack and arguments.
 */
public final class Interceptions {

    /** A program that is interrupted in a handler's calls, again and again, makes those anew that were interrupted first. */
    static final int SUSPENDED_MOST = 4;

    private static final class Suspended {
        final Interception interception;
        final int number;
        final long[] values = new long[6];
        final long instruction;
        final long stack;

        Suspended(Interception interception, Arguments arguments, Registers registers) {
            this.interception = interception;
            number = arguments.number;
            copy(arguments, values);
            instruction = registers.get(Registers.RIP);
            stack = registers.get(Registers.RSP);
        }

        boolean isAt(Registers registers) {
            return registers.get(Registers.RIP) == instruction && registers.get(Registers.RSP) == stack
                    && (int) registers.get(Registers.RAX) == number;
        }

        boolean isMadeBy(Arguments arguments) {
            long[] now = new long[values.length];
            copy(arguments, now);
            return arguments.number == number && Arrays.equals(values, now);
        }

        private static void copy(Arguments a, long[] to) {
            to[0] = a.a0;
            to[1] = a.a1;
            to[2] = a.a2;
            to[3] = a.a3;
            to[4] = a.a4;
            to[5] = a.a5;
        }
    }

    private final Memory memory;
    private Interception current;
    /** The last interrupted is the last. */
    private final Suspended[] suspended = new Suspended[SUSPENDED_MOST];
    private int count;
    /** Whether a handler has just returned to the last of them. */
    private boolean returned;

    public Interceptions(Memory memory) {
        this.memory = memory;
    }

    /** A call begins: a new one, or the one that a handler has returned to. */
    public Interception begin(Arguments arguments) {
        if (returned && suspended[count - 1].isMadeBy(arguments)) {
            returned = false;
            current = suspended[--count].interception;
            suspended[count] = null;
            return current;
        }
        returned = false;
        if (current == null) {
            current = new Interception(memory);
        }
        current.clear();
        return current;
    }

    public Interception current() {
        return current;
    }

    /**
     * The current call is interrupted by a handler, after which the program makes it anew.
     *
     * @param registers as they will be when it does
     */
    public void suspend(Arguments arguments, Registers registers) {
        if (count == SUSPENDED_MOST) {
            System.arraycopy(suspended, 1, suspended, 0, --count);
        }
        suspended[count++] = new Suspended(current, arguments, registers);
        current = null;
        returned = false;
    }

    /** A handler has returned to where {@code registers} say: those that were interrupted after that were left by siglongjmp(3). */
    public void returnTo(Registers registers) {
        int at = count - 1;
        while (at >= 0 && !suspended[at].isAt(registers)) {
            at--;
        }
        returned = at >= 0;
        if (returned) {
            Arrays.fill(suspended, at + 1, count, null);
            count = at + 1;
        }
    }

    /** The program is another one. */
    public void forgetSuspended() {
        Arrays.fill(suspended, 0, count, null);
        count = 0;
        returned = false;
    }
}
