// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** Commands and flags of membarrier(2). */
public final class Membarrier {
    // Commands
    public static final int MEMBARRIER_CMD_QUERY = 0x0;
    public static final int MEMBARRIER_CMD_GLOBAL = 0x1;
    public static final int MEMBARRIER_CMD_GLOBAL_EXPEDITED = 0x2;
    public static final int MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED = 0x4;
    public static final int MEMBARRIER_CMD_PRIVATE_EXPEDITED = 0x8;
    public static final int MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED = 0x10;
    public static final int MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE = 0x20;
    public static final int MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE = 0x40;
    public static final int MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ = 0x80;
    public static final int MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ = 0x100;
    public static final int MEMBARRIER_CMD_GET_REGISTRATIONS = 0x200;

    // Flags
    public static final int MEMBARRIER_CMD_FLAG_CPU = 0x1;

    private Membarrier() {
    }
}
