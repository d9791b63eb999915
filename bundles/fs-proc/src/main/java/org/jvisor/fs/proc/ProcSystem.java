// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.function.Supplier;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.vfs.DeviceDriver;
import org.jvisor.api.vfs.ProcEntry;

/** What all mounted instances have in common. */
final class ProcSystem {
    private static final int DEFAULT_COREDUMP_FILTER = 0x33;

    private final Kernel kernel;
    private final CpuInfo cpuInfo;
    private final Supplier<List<DeviceDriver>> drivers;
    private final Supplier<List<ProcEntry>> entries;
    private final Sysctls sysctls;
    private final Namespaces namespaces;
    private final String bootId;

    /** Guarded by itself: what differs from the default. */
    private final Map<ThreadGroup, Integer> coredumpFilters = new WeakHashMap<>();

    ProcSystem(Kernel kernel, CpuInfo cpuInfo, Supplier<List<DeviceDriver>> drivers, Supplier<List<ProcEntry>> entries) {
        this.kernel = kernel;
        this.cpuInfo = cpuInfo;
        this.drivers = drivers;
        this.entries = entries;
        bootId = randomUuid();
        sysctls = new Sysctls(this);
        namespaces = new Namespaces(kernel);
    }

    Kernel kernel() {
        return kernel;
    }

    CpuInfo cpuInfo() {
        return cpuInfo;
    }

    List<DeviceDriver> drivers() {
        return drivers.get();
    }

    List<ProcEntry> entries() {
        return entries.get();
    }

    Sysctls sysctls() {
        return sysctls;
    }

    Namespaces namespaces() {
        return namespaces;
    }

    String bootId() {
        return bootId;
    }

    /** A random UUID of RFC 4122, version 4. */
    String randomUuid() {
        byte[] random = new byte[16];
        kernel.random(random, 0, random.length);
        random[6] = (byte) (random[6] & 0x0f | 0x40);
        random[8] = (byte) (random[8] & 0x3f | 0x80);
        Text text = new Text();
        for (int i = 0; i < random.length; i++) {
            text.add(i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "").hex(random[i] & 0xff, 2);
        }
        return text.toString();
    }

    /** Bits of core(5), "Controlling which mappings are written to the core dump". */
    int coredumpFilter(ThreadGroup group) {
        synchronized (coredumpFilters) {
            return coredumpFilters.getOrDefault(group, DEFAULT_COREDUMP_FILTER);
        }
    }

    void setCoredumpFilter(ThreadGroup group, int bits) {
        synchronized (coredumpFilters) {
            coredumpFilters.put(group, bits);
        }
    }

    /** CLOCK_REALTIME of the boot, in ns. */
    long bootTimeNs() {
        return kernel.clock().realtimeNs() - kernel.clock().monotonicNs();
    }
}
