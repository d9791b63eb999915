// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.jvisor.api.vfs.DeviceDriver;

class SystemTextTest {
    private final Machine machine = new Machine();

    @Test
    void shouldTellTimesAndLoad() {
        machine.process(1, "init", 0);
        machine.process(9, "sh", 0);
        assertEquals("100.25 150.50\n", Text.string(SystemText.uptime(machine.kernel)));
        assertEquals("1.00 0.50 0.01 1/2 9\n", Text.string(SystemText.loadavg(machine.kernel, machine.pids)));
        assertEquals("Linux version 6.1.0-jvisor (jvisor@jvisor) (javac) #1 SMP PREEMPT_DYNAMIC jVisor\n",
                Text.string(SystemText.version(machine.kernel)));
    }

    @Test
    void shouldTellWhatTheCpusDid() {
        String stat = Text.string(SystemText.stat(machine.kernel));
        assertTrue(stat.startsWith("cpu  3000 0 2000 15050 0 0 0 0 0 0\ncpu0 1500 0 1000 7525 0 0 0 0 0 0\ncpu1 1500 "), stat);
        assertTrue(stat.contains("\nbtime 1699999900\nprocesses 17\nprocs_running 1\n"), stat);
    }

    @Test
    void shouldTellTheSandboxsMemory() {
        List<String> lines = Text.string(SystemText.meminfo(machine.kernel.memory().file(), machine.pids)).lines().toList();
        assertEquals("MemTotal:        1048576 kB", lines.get(0));
        assertEquals("MemFree:          786432 kB", lines.get(1));
        assertEquals("MemAvailable:    1048576 kB", lines.get(2));
        assertTrue(lines.contains("Active(anon):          0 kB"));
        assertTrue(lines.contains("HugePages_Total:       0"));
        for (String line : lines) {
            assertTrue(line.matches("[\\w()]+: +\\d+( kB)?"), line);
        }
    }

    @Test
    void shouldListDevicesByMajorNumber() {
        for (Object[] device : new Object[][] {{"ptmx", 5}, {"mem", 1}, {"pts", 136}, {"/dev/tty", 5}, {"mem", 1}}) {
            machine.drivers.add(new Fake().with("name", device[0]).with("major", device[1]).as(DeviceDriver.class));
        }
        assertEquals("Character devices:\n  1 mem\n  5 ptmx\n  5 /dev/tty\n136 pts\n\nBlock devices:\n",
                Text.string(SystemText.devices(machine.drivers)));
        assertEquals("nodev\tproc\n\text4\n", Text.string(SystemText.filesystems(machine.kernel)));
    }

    @Test
    void shouldShowTheHostsCpuAsOftenAsTheSandboxHasCpus() {
        CpuInfo info = new CpuInfo("processor\t: 4\nvendor_id\t: V\nmicrocode\t: 0x1\nphysical id\t: 3\nsiblings\t: 64\n"
                + "flags\t\t: a b\npower management:\n\nprocessor\t: 5\n");
        assertEquals("processor\t: 0\nvendor_id\t: V\nphysical id\t: 0\nsiblings\t: 2\nflags\t\t: a b\npower management:\n\n"
                + "processor\t: 1\nvendor_id\t: V\nphysical id\t: 0\nsiblings\t: 2\nflags\t\t: a b\npower management:\n\n",
                Text.string(info.text(2)));
    }
}
