// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jvisor.api.abi.Clock;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.PidNamespace;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.vfs.DeviceDriver;
import org.jvisor.api.vfs.FileSystemType;

/** The texts of the files about the system (proc(5)). */
final class SystemText {
    private static final long NS_PER_TICK = Clock.NSEC_PER_SEC / Clock.USER_HZ;
    /** Load averages have 11 bits behind the point. */
    private static final int LOAD_SHIFT = 11;

    private SystemText() {
    }

    static byte[] version(Kernel kernel) {
        return Text.bytes("Linux version " + kernel.options().release() + " (jvisor@jvisor) (javac) " + Kernel.VERSION + "\n");
    }

    static byte[] cmdline(Kernel kernel) {
        return Text.bytes("BOOT_IMAGE=/boot/vmlinuz-" + kernel.options().release() + " quiet\n");
    }

    static byte[] uptime(Kernel kernel) {
        long up = kernel.clock().monotonicNs();
        Text text = new Text();
        hundredths(text, up);
        hundredths(text.add(' '), idleNs(kernel));
        return text.add('\n').bytes();
    }

    private static void hundredths(Text text, long ns) {
        text.add(ns / Clock.NSEC_PER_SEC).add('.').padded(ns % Clock.NSEC_PER_SEC / NS_PER_TICK, 2);
    }

    /** CPU time that no task used. */
    private static long idleNs(Kernel kernel) {
        return Math.max(0, kernel.clock().monotonicNs() * kernel.cpus() - kernel.userTimeNs() - kernel.systemTimeNs());
    }

    static byte[] loadavg(Kernel kernel, PidNamespace pids) {
        Text text = new Text();
        for (long load : kernel.loadAverages()) {
            // Linux rounds to the nearest hundredth.
            long rounded = load + (1L << LOAD_SHIFT) / 200;
            text.add(rounded >> LOAD_SHIFT).add('.');
            text.padded((rounded & (1L << LOAD_SHIFT) - 1) * 100 >> LOAD_SHIFT, 2).add(' ');
        }
        int tasks = 0;
        int last = 0;
        for (ThreadGroup group : pids.threadGroups()) {
            tasks += Math.max(1, group.taskCount());
            last = Math.max(last, group.pid());
        }
        return text.add(kernel.runnableTasks()).add('/').add(tasks).add(' ').add(last).add('\n').bytes();
    }

    /** What each CPU did is not known; it is dealt out evenly. */
    static byte[] stat(Kernel kernel) {
        int cpus = kernel.cpus();
        long user = kernel.userTimeNs() / NS_PER_TICK;
        long system = kernel.systemTimeNs() / NS_PER_TICK;
        long idle = idleNs(kernel) / NS_PER_TICK;
        Text text = new Text().add("cpu ");
        times(text, user, system, idle);
        for (int cpu = 0; cpu < cpus; cpu++) {
            times(text.add("cpu").add(cpu), user / cpus, system / cpus, idle / cpus);
        }
        text.add("intr 0\nctxt 0\n");
        long boot = kernel.clock().realtimeNs() - kernel.clock().monotonicNs();
        text.add("btime ").add(boot / Clock.NSEC_PER_SEC);
        text.add("\nprocesses ").add(kernel.forks());
        text.add("\nprocs_running ").add(kernel.runnableTasks());
        return text.add("\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n").bytes();
    }

    private static void times(Text text, long user, long system, long idle) {
        text.add(' ').add(user).add(" 0 ").add(system).add(' ').add(idle).add(" 0 0 0 0 0 0\n");
    }

    /** Of the container, whose memory is one file; what of it is page cache is not told apart. */
    static byte[] meminfo(MemoryFile file, PidNamespace pids) {
        long total = file.limit() >> 10;
        long used = Math.min(file.used(), file.limit()) >> 10;
        long free = total - used;
        long[] use = memoryUse(pids);
        long anonymous = Math.min(use[0] >> 10, used);
        long cached = used - anonymous;
        long mapped = Math.min(use[1] >> 10, cached);
        Text text = new Text();
        lines(text, "MemTotal", total, "MemFree", free, "MemAvailable", free + cached, "Buffers", 0L, "Cached", cached,
                "SwapCached", 0L, "Active", used, "Inactive", 0L, "Active(anon)", anonymous, "Inactive(anon)", 0L,
                "Active(file)", cached, "Inactive(file)", 0L, "Unevictable", 0L, "Mlocked", 0L, "SwapTotal", 0L, "SwapFree", 0L,
                "Zswap", 0L, "Zswapped", 0L, "Dirty", 0L, "Writeback", 0L, "AnonPages", anonymous, "Mapped", mapped,
                "Shmem", 0L, "KReclaimable", 0L, "Slab", 0L, "SReclaimable", 0L, "SUnreclaim", 0L, "KernelStack", 0L,
                "PageTables", 0L, "SecPageTables", 0L, "NFS_Unstable", 0L, "Bounce", 0L, "WritebackTmp", 0L,
                "CommitLimit", total, "Committed_AS", anonymous);
        text.add("VmallocTotal:   34359738367 kB\n");
        lines(text, "VmallocUsed", 0L, "VmallocChunk", 0L, "Percpu", 0L, "AnonHugePages", 0L, "ShmemHugePages", 0L,
                "ShmemPmdMapped", 0L, "FileHugePages", 0L, "FilePmdMapped", 0L);
        text.add("HugePages_Total:       0\nHugePages_Free:        0\nHugePages_Rsvd:        0\nHugePages_Surp:        0\n");
        lines(text, "Hugepagesize", 2048L, "Hugetlb", 0L);
        return text.bytes();
    }

    /** Bytes of anonymous and of mapped file memory; memory that processes share counts for each, so the caller limits it. */
    private static long[] memoryUse(PidNamespace pids) {
        long[] use = new long[2];
        Set<MemoryManager> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        for (ThreadGroup group : pids.threadGroups()) {
            Target.process(group).withMemory(null, use, mm -> {
                if (seen.add(mm)) {
                    MemoryUse one = MemoryUse.of(mm);
                    use[0] += one.rssAnonymous;
                    use[1] += one.rssFile + one.rssShared;
                }
                return use;
            });
        }
        return use;
    }

    private static void lines(Text text, Object... namesAndKilobytes) {
        for (int i = 0; i < namesAndKilobytes.length; i += 2) {
            String name = namesAndKilobytes[i] + ":";
            text.left(name, 16).right((long) namesAndKilobytes[i + 1], 24 - Math.max(16, name.length())).add(" kB\n");
        }
    }

    static byte[] vmstat(MemoryFile file, PidNamespace pids) {
        long free = Math.max(0, file.limit() - file.used()) / MemoryFile.PAGE;
        long[] use = memoryUse(pids);
        long faults = 0;
        for (ThreadGroup group : pids.threadGroups()) {
            faults += group.usage().faults();
        }
        Text text = new Text();
        text.add("nr_free_pages ").add(free).add("\nnr_anon_pages ").add(use[0] / MemoryFile.PAGE);
        text.add("\nnr_mapped ").add(use[1] / MemoryFile.PAGE).add("\nnr_file_pages ").add(use[1] / MemoryFile.PAGE);
        text.add("\nnr_dirty 0\nnr_writeback 0\nnr_slab_reclaimable 0\nnr_slab_unreclaimable 0\nnr_page_table_pages 0\n");
        text.add("nr_kernel_stack 0\nnr_shmem 0\npgpgin 0\npgpgout 0\npswpin 0\npswpout 0\npgfree 0\n");
        return text.add("pgfault ").add(faults).add("\npgmajfault 0\n").bytes();
    }

    static byte[] filesystems(Kernel kernel) {
        Text text = new Text();
        for (FileSystemType type : kernel.vfs().fileSystemTypes()) {
            if (type.userMountable()) {
                text.add(type.nodev() ? "nodev" : "").add('\t').add(type.name()).add('\n');
            }
        }
        return text.bytes();
    }

    static byte[] devices(List<DeviceDriver> drivers) {
        Map<Integer, String> names = new TreeMap<>();
        drivers.forEach(driver -> names.merge(driver.major(), driver.name(),
                (one, other) -> one.contains(other) ? one : one + "\n" + other));
        Text text = new Text().add("Character devices:\n");
        names.forEach((major, all) -> all.lines().forEach(name -> text.right(major, 3).add(' ').add(name).add('\n')));
        return text.add("\nBlock devices:\n").bytes();
    }

    static byte[] cgroups() {
        return Text.bytes("#subsys_name\thierarchy\tnum_cgroups\tenabled\n");
    }

    static byte[] interrupts(Kernel kernel) {
        return cpuColumns(new Text().spaces(11), kernel).bytes();
    }

    private static Text cpuColumns(Text text, Kernel kernel) {
        for (int cpu = 0; cpu < kernel.cpus(); cpu++) {
            text.left("CPU" + cpu, 11);
        }
        return text.add('\n');
    }

    static byte[] softirqs(Kernel kernel) {
        Text text = new Text().spaces(20);
        for (int cpu = 0; cpu < kernel.cpus(); cpu++) {
            text.left("CPU" + cpu, 11);
        }
        text.add('\n');
        for (String name : List.of("HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED", "HRTIMER",
                "RCU")) {
            text.right(name, 12).add(':');
            for (int cpu = 0; cpu < kernel.cpus(); cpu++) {
                text.add(' ').right(0, 10);
            }
            text.add('\n');
        }
        return text.bytes();
    }

    /** Readers of terminals' names, like ps(1), look here. */
    static byte[] ttyDrivers() {
        return Text.bytes("""
            /dev/tty             /dev/tty        5       0 system:/dev/tty
            /dev/console         /dev/console    5       1 system:console
            /dev/ptmx            /dev/ptmx       5       2 system
            pty_slave            /dev/pts      136 0-1048575 pty:slave
            pty_master           /dev/ptm      128 0-1048575 pty:master
            """);
    }
}
