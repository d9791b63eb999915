// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** Restartable sequences: rseq(2). Layouts: {@link RseqLayout}, {@link RseqCsLayout}. */
public final class Rseq {
    // Flags
    public static final int RSEQ_FLAG_UNREGISTER = 0x1;

    // cpu_id of a thread without
    public static final int RSEQ_CPU_ID_UNINITIALIZED = -1;
    public static final int RSEQ_CPU_ID_REGISTRATION_FAILED = -2;

    // Flags of struct rseq_cs
    public static final int RSEQ_CS_FLAG_NO_RESTART_ON_PREEMPT = 0x1;
    public static final int RSEQ_CS_FLAG_NO_RESTART_ON_SIGNAL = 0x2;
    public static final int RSEQ_CS_FLAG_NO_RESTART_ON_MIGRATE = 0x4;

    private Rseq() {
    }
}
