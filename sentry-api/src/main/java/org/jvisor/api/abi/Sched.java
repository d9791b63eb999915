// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** Scheduling policies and flags of sched(7). */
public final class Sched {
    // Policies
    public static final int SCHED_NORMAL = 0;
    public static final int SCHED_FIFO = 1;
    public static final int SCHED_RR = 2;
    public static final int SCHED_BATCH = 3;
    public static final int SCHED_IDLE = 5;
    public static final int SCHED_DEADLINE = 6;

    // Beside the policy: children get SCHED_NORMAL
    public static final int SCHED_RESET_ON_FORK = 0x40000000;

    // Flags of sched_setattr(2)
    public static final int SCHED_FLAG_RESET_ON_FORK = 0x1;
    public static final int SCHED_FLAG_RECLAIM = 0x2;
    public static final int SCHED_FLAG_DL_OVERRUN = 0x4;
    public static final int SCHED_FLAG_KEEP_POLICY = 0x8;
    public static final int SCHED_FLAG_KEEP_PARAMS = 0x10;
    public static final int SCHED_FLAG_UTIL_CLAMP_MIN = 0x20;
    public static final int SCHED_FLAG_UTIL_CLAMP_MAX = 0x40;

    // Size of struct sched_attr, first version
    public static final int SCHED_ATTR_SIZE_VER0 = 48;

    // Static priorities of SCHED_FIFO and SCHED_RR
    public static final int MIN_RT_PRIO = 1;
    public static final int MAX_RT_PRIO = 99;

    private Sched() {
    }
}
