// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.futex;

import org.jvisor.api.abi.Futex;
import org.jvisor.api.mm.UserMemory;

/** The operation and comparison of FUTEX_WAKE_OP, as packed into one int (futex(2)). */
final class FutexWord {

    private final int operation;
    private final int comparison;
    private final int operand;
    private final int limit;

    FutexWord(int packed) {
        int code = packed >>> 28;
        operation = code & 7;
        comparison = packed >>> 24 & 15;
        // Both operands have 12 bits and a sign.
        int raw = packed << 8 >> 20;
        operand = (code & Futex.FUTEX_OP_OPARG_SHIFT) != 0 ? 1 << (raw & 31) : raw;
        limit = packed << 20 >> 20;
    }

    boolean valid() {
        return operation <= Futex.FUTEX_OP_XOR && comparison <= Futex.FUTEX_OP_CMP_GE;
    }

    /**
     * Changes the word at {@code address}: 1 when the old value compares as asked, 0, or {@link UserMemory#ABSENT}, also when others
     * have been quicker many times.
     */
    long apply(UserMemory memory, long address) {
        for (int i = 0; i < FutexBuckets.TRIES; i++) {
            long old = memory.getIntIfPresent(address);
            if (old == UserMemory.ABSENT) {
                return old;
            }
            long found = memory.compareAndExchangeIntIfPresent(address, (int) old, changed((int) old));
            if (found == UserMemory.ABSENT) {
                return found;
            }
            if (found == old) {
                return compares((int) old) ? 1 : 0;
            }
        }
        return UserMemory.ABSENT;
    }

    private int changed(int old) {
        return switch (operation) {
            case Futex.FUTEX_OP_SET -> operand;
            case Futex.FUTEX_OP_ADD -> old + operand;
            case Futex.FUTEX_OP_OR -> old | operand;
            case Futex.FUTEX_OP_ANDN -> old & ~operand;
            default -> old ^ operand;
        };
    }

    private boolean compares(int old) {
        return switch (comparison) {
            case Futex.FUTEX_OP_CMP_EQ -> old == limit;
            case Futex.FUTEX_OP_CMP_NE -> old != limit;
            case Futex.FUTEX_OP_CMP_LT -> old < limit;
            case Futex.FUTEX_OP_CMP_LE -> old <= limit;
            case Futex.FUTEX_OP_CMP_GT -> old > limit;
            default -> old >= limit;
        };
    }
}
