// SPDX-License-Identifier: Apache-2.0
package org.jvisor.time;

/** The host's clocks. Any thread. */
interface TimeSource {

    /** The time stamp counter. */
    long counter();

    /** The host's CLOCK_MONOTONIC in ns, which is also {@link System#nanoTime}. */
    long monotonicNs();

    /** The host's CLOCK_REALTIME in ns. */
    long realtimeNs();

    /** Whether the counter runs at one rate, whatever the CPU does. */
    boolean counterIsSteady();
}
