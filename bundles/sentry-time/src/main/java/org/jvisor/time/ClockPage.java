// SPDX-License-Identifier: Apache-2.0
package org.jvisor.time;

import org.jvisor.api.host.HostKernel;

/**
 * The page of parameters that the vDSO reads.
 *
 * <pre>
 *    0  sequence   int; its lowest bit says which slot is valid
 *   64  slot 0     usable int, 8 baseCounter, 16 rate, 24 baseNs, 32 realtimeOffsetNs long: a {@link TimeLine}
 *  128  slot 1
 * 2048  cpus       short for each of the host's CPUs: which of the sandbox's it is
 * </pre>
 *
 * A sequence lock of two slots: the writer fills the slot that nobody reads and then moves the sequence, so a reader never waits
 * for a writer that was preempted; it only tries again when the sequence moved meanwhile. One writer at a time.
 */
final class ClockPage {
    static final int SIZE = 4096;
    static final int SLOTS = 64;
    static final int SLOT_SHIFT = 6;
    static final int USABLE = 0;
    static final int BASE_COUNTER = 8;
    static final int RATE = 16;
    static final int BASE_NS = 24;
    static final int REALTIME_OFFSET_NS = 32;
    static final int CPUS = 2048;
    static final int CPU_COUNT = (SIZE - CPUS) / 2;

    private final HostKernel host;
    private final long address;

    /** @param address zeroed memory of {@link #SIZE} bytes in the Sentry */
    ClockPage(HostKernel host, long address) {
        this.host = host;
        this.address = address;
    }

    void publish(TimeLine line) {
        int sequence = host.getInt(address) + 1;
        long slot = address + SLOTS + ((long) (sequence & 1) << SLOT_SHIFT);
        host.putLong(slot + BASE_COUNTER, line.baseCounter());
        host.putLong(slot + RATE, line.rate());
        host.putLong(slot + BASE_NS, line.baseNs());
        host.putLong(slot + REALTIME_OFFSET_NS, line.realtimeOffsetNs());
        host.putIntVolatile(slot + USABLE, line.usable() ? 1 : 0);
        host.putIntVolatile(address, sequence);
    }

    /** Says that the sandbox has {@code cpus} CPUs; the host's are dealt out to them in turn. */
    void setCpus(int cpus) {
        for (int cpu = 0; cpu < CPU_COUNT; cpu++) {
            host.putShort(address + CPUS + 2L * cpu, (short) (cpu % cpus));
        }
    }
}
