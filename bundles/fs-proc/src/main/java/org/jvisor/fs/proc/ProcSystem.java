// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import java.util.List;
import java.util.function.Supplier;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.vfs.DeviceDriver;
import org.jvisor.api.vfs.ProcEntry;

/** What all mounted instances have in common. */
final class ProcSystem {
    private final Kernel kernel;
    private final CpuInfo cpuInfo;
    private final Supplier<List<DeviceDriver>> drivers;
    private final Supplier<List<ProcEntry>> entries;
    private final Sysctls sysctls;

    ProcSystem(Kernel kernel, CpuInfo cpuInfo, Supplier<List<DeviceDriver>> drivers, Supplier<List<ProcEntry>> entries) {
        this.kernel = kernel;
        this.cpuInfo = cpuInfo;
        this.drivers = drivers;
        this.entries = entries;
        sysctls = new Sysctls(kernel);
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

    /** CLOCK_REALTIME of the boot, in ns. */
    long bootTimeNs() {
        return kernel.clock().realtimeNs() - kernel.clock().monotonicNs();
    }
}
