// SPDX-License-Identifier: Apache-2.0
package org.jvisor.time;

/** A host whose time stands still until it is moved. */
final class FakeTime implements TimeSource {
    private final boolean steady;
    double ticksPerNs = 2.5;
    double counter = 1_000_000;
    long monotonic = 5_000_000_000L;
    long realtimeOffset = 1_700_000_000_000_000_000L;

    FakeTime(boolean steady) {
        this.steady = steady;
    }

    void advance(long ns) {
        monotonic += ns;
        counter += ns * ticksPerNs;
    }

    @Override
    public long counter() {
        return (long) counter;
    }

    @Override
    public long monotonicNs() {
        return monotonic;
    }

    @Override
    public long realtimeNs() {
        return monotonic + realtimeOffset;
    }

    @Override
    public boolean counterIsSteady() {
        return steady;
    }
}
