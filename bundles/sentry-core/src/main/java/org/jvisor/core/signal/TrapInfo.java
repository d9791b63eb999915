// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.signal;

/** What the CPU said of a task's last exception, for the signal frame. Owned by the task's thread. */
public final class TrapInfo {

    // Vectors (Intel SDM volume 3, 6.15).
    public static final int DIVIDE_ERROR = 0;
    public static final int DEBUG = 1;
    public static final int BREAKPOINT = 3;
    public static final int INVALID_OPCODE = 6;
    public static final int GENERAL_PROTECTION = 13;
    public static final int PAGE_FAULT = 14;
    public static final int FLOATING_POINT = 16;
    public static final int ALIGNMENT_CHECK = 17;

    // The page fault's error code.
    public static final long PROTECTION = 1;
    public static final long WRITE = 2;
    public static final long USER = 4;
    public static final long INSTRUCTION = 16;

    public long vector;
    public long errorCode;
    /** CR2: where the last page fault was. */
    public long faultAddress;

    public void copyFrom(TrapInfo other) {
        vector = other.vector;
        errorCode = other.errorCode;
        faultAddress = other.faultAddress;
    }
}
