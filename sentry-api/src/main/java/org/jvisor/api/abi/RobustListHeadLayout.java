// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct robust_list_head} of set_robust_list(2). */
public final class RobustListHeadLayout {
    public static final int SIZE = 24;

    public static final int NEXT = 0; // pointer, first entry; the head itself if there is none
    public static final int FUTEX_OFFSET = 8; // s64, from an entry to its futex word
    public static final int LIST_OP_PENDING = 16; // pointer, entry being locked or unlocked

    private RobustListHeadLayout() {
    }

    public static long next(byte[] b, int off) {
        return Bytes.getLong(b, off + NEXT);
    }

    public static void next(byte[] b, int off, long value) {
        Bytes.putLong(b, off + NEXT, value);
    }

    public static long futexOffset(byte[] b, int off) {
        return Bytes.getLong(b, off + FUTEX_OFFSET);
    }

    public static void futexOffset(byte[] b, int off, long value) {
        Bytes.putLong(b, off + FUTEX_OFFSET, value);
    }

    public static long listOpPending(byte[] b, int off) {
        return Bytes.getLong(b, off + LIST_OP_PENDING);
    }

    public static void listOpPending(byte[] b, int off, long value) {
        Bytes.putLong(b, off + LIST_OP_PENDING, value);
    }
}
