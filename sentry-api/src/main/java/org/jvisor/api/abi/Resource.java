// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** Numbers of getrusage(2), getpriority(2) and ioprio_set(2). */
public final class Resource {
    // Who of getrusage(2)
    public static final int RUSAGE_SELF = 0;
    public static final int RUSAGE_CHILDREN = -1;
    public static final int RUSAGE_THREAD = 1;

    // Which of getpriority(2)
    public static final int PRIO_MIN = -20;
    public static final int PRIO_MAX = 20;
    public static final int PRIO_PROCESS = 0;
    public static final int PRIO_PGRP = 1;
    public static final int PRIO_USER = 2;

    // ioprio_set(2)
    public static final int IOPRIO_CLASS_SHIFT = 13;
    public static final int IOPRIO_CLASS_NONE = 0;
    public static final int IOPRIO_CLASS_RT = 1;
    public static final int IOPRIO_CLASS_BE = 2;
    public static final int IOPRIO_CLASS_IDLE = 3;
    public static final int IOPRIO_WHO_PROCESS = 1;
    public static final int IOPRIO_WHO_PGRP = 2;
    public static final int IOPRIO_WHO_USER = 3;

    private Resource() {
    }
}
