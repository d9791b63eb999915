// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

/** What the CPU said of a task's last exception, for the signal frame. Owned by the task's thread. */
final class TrapInfo {

    // Vectors (Intel SDM volume 3, 6.15).
    static final int DIVIDE_ERROR = 0;
    static final int DEBUG = 1;
    static final int BREAKPOINT = 3;
    static final int INVALID_OPCODE = 6;
    static final int GENERAL_PROTECTION = 13;
    static final int PAGE_FAULT = 14;
    static final int FLOATING_POINT = 16;
    static final int ALIGNMENT_CHECK = 17;

    // The page fault's error code.
    static final long PROTECTION = 1;
    static final long WRITE = 2;
    static final long USER = 4;
    static final long INSTRUCTION = 16;

    long vector;
    long errorCode;
    /** CR2: where the last page fault was. */
    long faultAddress;

    void copyFrom(TrapInfo other) {
        vector = other.vector;
        errorCode = other.errorCode;
        faultAddress = other.faultAddress;
    }
}
