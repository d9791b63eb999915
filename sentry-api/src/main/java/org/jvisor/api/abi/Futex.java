// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/**
 * Operations of futex(2), futex_waitv(2) and robust lists. Layout of struct robust_list_head: {@link
 * RobustListHeadLayout}.
 */
public final class Futex {
    // Operations
    public static final int FUTEX_WAIT = 0;
    public static final int FUTEX_WAKE = 1;
    public static final int FUTEX_FD = 2;
    public static final int FUTEX_REQUEUE = 3;
    public static final int FUTEX_CMP_REQUEUE = 4;
    public static final int FUTEX_WAKE_OP = 5;
    public static final int FUTEX_LOCK_PI = 6;
    public static final int FUTEX_UNLOCK_PI = 7;
    public static final int FUTEX_TRYLOCK_PI = 8;
    public static final int FUTEX_WAIT_BITSET = 9;
    public static final int FUTEX_WAKE_BITSET = 10;
    public static final int FUTEX_WAIT_REQUEUE_PI = 11;
    public static final int FUTEX_CMP_REQUEUE_PI = 12;
    public static final int FUTEX_LOCK_PI2 = 13;

    // Flags beside the operation
    public static final int FUTEX_PRIVATE_FLAG = 128;
    public static final int FUTEX_CLOCK_REALTIME = 256;
    public static final int FUTEX_CMD_MASK = -385; // what is left is the operation

    // Bits of a futex word with PI or in a robust list
    public static final int FUTEX_WAITERS = 0x80000000;
    public static final int FUTEX_OWNER_DIED = 0x40000000;
    public static final int FUTEX_TID_MASK = 0x3fffffff;
    public static final int FUTEX_BITSET_MATCH_ANY = 0xffffffff;

    // FUTEX_WAKE_OP: op << 28 | cmp << 24 | oparg << 12 | cmparg
    public static final int FUTEX_OP_SET = 0;
    public static final int FUTEX_OP_ADD = 1;
    public static final int FUTEX_OP_OR = 2;
    public static final int FUTEX_OP_ANDN = 3;
    public static final int FUTEX_OP_XOR = 4;
    public static final int FUTEX_OP_OPARG_SHIFT = 8; // oparg is 1 << oparg
    public static final int FUTEX_OP_CMP_EQ = 0;
    public static final int FUTEX_OP_CMP_NE = 1;
    public static final int FUTEX_OP_CMP_LT = 2;
    public static final int FUTEX_OP_CMP_LE = 3;
    public static final int FUTEX_OP_CMP_GT = 4;
    public static final int FUTEX_OP_CMP_GE = 5;

    // Robust lists
    public static final int ROBUST_LIST_LIMIT = 2048; // entries walked at thread exit
    public static final int ROBUST_LIST_PI = 1; // in the lowest bit of an entry's address

    // futex_waitv(2) and the futex2 calls
    public static final int FUTEX_WAITV_MAX = 0x80;
    public static final int FUTEX2_SIZE_U8 = 0x0;
    public static final int FUTEX2_SIZE_U16 = 0x1;
    public static final int FUTEX2_SIZE_U32 = 0x2;
    public static final int FUTEX2_SIZE_U64 = 0x3;
    public static final int FUTEX2_SIZE_MASK = 0x3;
    public static final int FUTEX2_NUMA = 0x4;
    public static final int FUTEX2_PRIVATE = 0x80;

    private Futex() {
    }
}
