// SPDX-License-Identifier: Apache-2.0
package org.jvisor.time;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jvisor.api.abi.Clock;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.abi.TimespecLayout;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;

/** The clocks of the host that the Sentry runs on. Made before the Sentry is sealed: it reads /proc/cpuinfo. */
final class HostTime implements TimeSource {
    private final HostKernel host;
    private final boolean steady;

    private final Mutex lock = new Mutex(LockRank.LEAF);
    /** Guarded by the lock: one timespec. */
    private final long timespec;

    HostTime(HostKernel host) {
        this.host = host;
        steady = isSteady(Path.of("/proc/cpuinfo"));
        timespec = host.allocate(TimespecLayout.SIZE);
    }

    /** What Intel calls invariant TSC: constant over frequency changes, running on in sleep states. */
    private static boolean isSteady(Path cpuinfo) {
        try (var lines = Files.lines(cpuinfo, StandardCharsets.ISO_8859_1)) {
            String flags = lines.filter(line -> line.startsWith("flags")).findFirst().orElse("") + ' ';
            return flags.contains(" constant_tsc ") && flags.contains(" nonstop_tsc ");
        } catch (IOException noCpuinfo) {
            return false;
        }
    }

    @Override
    public long counter() {
        return host.timeStampCounter();
    }

    /** HotSpot on Linux reads CLOCK_MONOTONIC for this, without a system call. */
    @Override
    public long monotonicNs() {
        return System.nanoTime();
    }

    @Override
    public long realtimeNs() {
        try (Mutex _ = lock.take()) {
            ErrnoException.check(host.syscall(SyscallNr.CLOCK_GETTIME, Clock.CLOCK_REALTIME, timespec));
            return host.getLong(timespec) * Clock.NSEC_PER_SEC + host.getLong(timespec + Long.BYTES);
        }
    }

    @Override
    public boolean counterIsSteady() {
        return steady;
    }
}
