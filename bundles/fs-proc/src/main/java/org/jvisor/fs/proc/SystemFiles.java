// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.vfs.PseudoDirectory;
import org.jvisor.api.vfs.PseudoFile;
import org.jvisor.api.vfs.PseudoLink;

/** The files and directories of /proc that are not about a process. */
final class SystemFiles {

    private SystemFiles() {
    }

    static void addTo(PseudoDirectory root, ProcFileSystem fs) {
        ProcSystem system = fs.system();
        Kernel kernel = system.kernel();
        file(root, fs, "cgroups", task -> SystemText.cgroups());
        file(root, fs, "cmdline", task -> SystemText.cmdline(kernel));
        file(root, fs, "consoles", task -> Text.bytes(""));
        file(root, fs, "cpuinfo", task -> system.cpuInfo().text(kernel.cpus()));
        file(root, fs, "crypto", task -> Text.bytes(""));
        file(root, fs, "devices", task -> SystemText.devices(system.drivers()));
        file(root, fs, "diskstats", task -> Text.bytes(""));
        file(root, fs, "execdomains", task -> Text.bytes("0-0\tLinux           \t[kernel]\n"));
        file(root, fs, "filesystems", task -> SystemText.filesystems(kernel));
        file(root, fs, "interrupts", task -> SystemText.interrupts(kernel));
        file(root, fs, "kallsyms", task -> Text.bytes(""));
        root.add("kmsg", new PseudoFile(fs, fs.newIno(), 0400, task -> kernel.log().bytes()));
        file(root, fs, "loadavg", task -> SystemText.loadavg(kernel, fs.pids(task)));
        file(root, fs, "locks", task -> Text.bytes(""));
        file(root, fs, "meminfo", task -> SystemText.meminfo(kernel.memory().file(task.cgroup()), fs.pids(task)));
        file(root, fs, "misc", task -> Text.bytes(""));
        file(root, fs, "modules", task -> Text.bytes(""));
        root.add("mounts", new PseudoLink(fs, fs.newIno(), "self/mounts"));
        root.add("net", new PseudoLink(fs, fs.newIno(), "self/net"));
        file(root, fs, "partitions", task -> Text.bytes("major minor  #blocks  name\n\n"));
        pressure(root, fs);
        file(root, fs, "softirqs", task -> SystemText.softirqs(kernel));
        file(root, fs, "stat", task -> SystemText.stat(kernel));
        file(root, fs, "swaps", task -> Text.bytes("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"));
        root.add("sys", system.sysctls().directory(fs));
        PlainDirectory tty = root.add("tty", new PlainDirectory(fs, "tty/"));
        tty.file("drivers", task -> SystemText.ttyDrivers());
        tty.file("ldiscs", task -> Text.bytes("n_tty       0\n"));
        file(root, fs, "uptime", task -> SystemText.uptime(kernel));
        file(root, fs, "version", task -> SystemText.version(kernel));
        file(root, fs, "vmstat", task -> SystemText.vmstat(kernel.memory().file(task.cgroup()), fs.pids(task)));
        root.add("sysvipc", new PlainDirectory(fs, "sysvipc/"));
        root.add("fs", new PlainDirectory(fs, "fs/"));
    }

    /** Nobody waits for a resource that others hold up: the sandbox cannot see it. */
    private static void pressure(PseudoDirectory root, ProcFileSystem fs) {
        PlainDirectory pressure = root.add("pressure", new PlainDirectory(fs, "pressure/"));
        for (String resource : new String[] {"cpu", "io", "memory"}) {
            pressure.file(resource, task -> Text.bytes("some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
                    + "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"));
        }
    }

    private static void file(PseudoDirectory root, ProcFileSystem fs, String name, PseudoFile.Source source) {
        root.add(name, new PseudoFile(fs, fs.newIno(), 0444, source));
    }
}
