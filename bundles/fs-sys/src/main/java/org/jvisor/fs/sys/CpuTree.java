// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.sys;

import java.util.Locale;
import org.jvisor.api.kernel.CpuMask;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.mm.MemoryFile;

/** devices/system: the sandbox's CPUs, each a core of its own in one package, and its one memory node. */
final class CpuTree {
    /** Highest number that a CPU of this kernel could have. */
    private static final int KERNEL_MAX = 63;

    private CpuTree() {
    }

    static void addTo(SysDirectory root, Kernel kernel, CpuCaches caches) {
        int cpus = kernel.cpus();
        long all = CpuMask.all(cpus);
        String list = CpuMask.list(all);
        SysDirectory cpu = root.directory("devices/system/cpu");
        cpu.file("isolated", "").file("kernel_max", KERNEL_MAX).file("offline", "").file("online", list).file("possible", list)
                .file("present", list);
        cpu.directory("smt").file("active", 0).file("control", "notsupported");
        for (int i = 0; i < cpus; i++) {
            addCpu(cpu.directory("cpu" + i), i, cpus, caches);
        }
        SysDirectory nodes = root.directory("devices/system/node");
        for (String name : new String[] {"has_cpu", "has_memory", "has_normal_memory", "online", "possible"}) {
            nodes.file(name, 0);
        }
        SysDirectory node = nodes.directory("node0");
        node.file("cpulist", list).file("cpumap", CpuMask.hex(all, cpus)).file("distance", 10);
        node.source("meminfo", 0444, task -> meminfo(kernel.memory().file(task.cgroup())));
        for (int i = 0; i < cpus; i++) {
            node.link("cpu" + i, "../../cpu/cpu" + i);
        }
        SysDirectory bus = root.directory("bus/cpu/devices");
        for (int i = 0; i < cpus; i++) {
            bus.link("cpu" + i, "../../../devices/system/cpu/cpu" + i);
        }
        root.directory("bus/node/devices").link("node0", "../../../devices/system/node/node0");
    }

    private static void addCpu(SysDirectory cpu, int number, int cpus, CpuCaches caches) {
        long own = 1L << number;
        long all = CpuMask.all(cpus);
        SysDirectory topology = cpu.directory("topology");
        topology.file("core_id", number).file("die_id", 0).file("physical_package_id", 0);
        masks(topology, "core_cpus", own, cpus);
        masks(topology, "thread_siblings", own, cpus);
        masks(topology, "core_siblings", all, cpus);
        masks(topology, "die_cpus", all, cpus);
        masks(topology, "package_cpus", all, cpus);
        for (int i = 0; i < caches.caches().size(); i++) {
            CpuCaches.Cache cache = caches.caches().get(i);
            SysDirectory index = cpu.directory("cache/index" + i);
            long users = cache.shared() ? all : own;
            index.file("coherency_line_size", cache.lineSize()).file("id", cache.shared() ? 0 : number)
                    .file("level", cache.level()).file("number_of_sets", cache.sets())
                    .file("physical_line_partition", cache.partition()).file("shared_cpu_list", CpuMask.list(users))
                    .file("shared_cpu_map", CpuMask.hex(users, cpus)).file("size", cache.size()).file("type", cache.type())
                    .file("ways_of_associativity", cache.ways());
        }
        cpu.verbatim("uevent", "DRIVER=processor\n");
        cpu.link("node0", "../../node/node0").link("subsystem", "../../../../bus/cpu");
    }

    private static void masks(SysDirectory directory, String name, long mask, int cpus) {
        directory.file(name, CpuMask.hex(mask, cpus)).file(name + "_list", CpuMask.list(mask));
    }

    private static byte[] meminfo(MemoryFile memory) {
        long total = memory.limit() >> 10;
        long used = Math.min(memory.used(), memory.limit()) >> 10;
        StringBuilder b = new StringBuilder();
        Object[] lines = {"MemTotal:", total, "MemFree:", total - used, "MemUsed:", used};
        for (int i = 0; i < lines.length; i += 2) {
            b.append("Node 0 ").append(String.format(Locale.ROOT, "%-10s %12d kB\n", lines[i], lines[i + 1]));
        }
        return SysDirectory.text(b.toString());
    }
}
