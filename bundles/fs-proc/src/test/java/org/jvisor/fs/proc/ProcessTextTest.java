// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.kernel.Usage;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.mm.MemoryManager.VmaInfo;

/** The texts about processes, beside those of the Linux that the tests run on. */
class ProcessTextTest {
    private static final Pattern MAPS_LINE = Pattern.compile("(\\w+)-(\\w+) (....) (\\w+) (\\w+):(\\w+) (\\d+) *(.*)");

    private final Machine machine = new Machine();

    /** Prints the mappings of this very JVM, and gets the host's text byte for byte. */
    @Test
    void shouldPrintMapsAsLinuxDoes() throws IOException {
        String host = readHost("/proc/self/maps");
        MemoryManager mm = Machine.memory(0, "", new MemoryManager.Layout(), vmas(host));
        Task task = machine.process(5, "a", 0, new Fake().with("mm", mm), new Fake());
        assertEquals(host, Text.string(MapsText.maps(null, Target.process(task.group()))));
    }

    private static List<VmaInfo> vmas(String maps) {
        List<VmaInfo> vmas = new ArrayList<>();
        for (String line : maps.lines().toList()) {
            Matcher m = MAPS_LINE.matcher(line);
            assertTrue(m.matches(), line);
            String access = m.group(3);
            int prot = (access.charAt(0) == 'r' ? Mman.PROT_READ : 0) | (access.charAt(1) == 'w' ? Mman.PROT_WRITE : 0)
                    | (access.charAt(2) == 'x' ? Mman.PROT_EXEC : 0);
            vmas.add(new VmaInfo(Long.parseUnsignedLong(m.group(1), 16), Long.parseUnsignedLong(m.group(2), 16), prot,
                    access.charAt(3) == 's' ? Mman.MAP_SHARED : Mman.MAP_PRIVATE, Long.parseLong(m.group(4), 16),
                    Mode.makeDev(Integer.parseInt(m.group(5), 16), Integer.parseInt(m.group(6), 16)), Long.parseLong(m.group(7)),
                    m.group(8), 0, 0));
        }
        return vmas;
    }

    @Test
    void shouldPrintLimitsAsLinuxDoes() throws IOException {
        List<String> host = readHost("/proc/self/limits").lines().toList();
        ThreadGroup group = new Fake().when("softLimit", a -> hostLimit(host, (int) a[0], 26))
                .when("hardLimit", a -> hostLimit(host, (int) a[0], 47)).as(ThreadGroup.class);
        assertEquals(host, Text.string(LimitsText.limits(group)).lines().toList());
    }

    private static long hostLimit(List<String> host, int resource, int column) {
        List<Integer> rows = List.of(Rlimit.RLIMIT_CPU, Rlimit.RLIMIT_FSIZE, Rlimit.RLIMIT_DATA, Rlimit.RLIMIT_STACK,
                Rlimit.RLIMIT_CORE, Rlimit.RLIMIT_RSS, Rlimit.RLIMIT_NPROC, Rlimit.RLIMIT_NOFILE, Rlimit.RLIMIT_MEMLOCK,
                Rlimit.RLIMIT_AS, Rlimit.RLIMIT_LOCKS, Rlimit.RLIMIT_SIGPENDING, Rlimit.RLIMIT_MSGQUEUE, Rlimit.RLIMIT_NICE,
                Rlimit.RLIMIT_RTPRIO, Rlimit.RLIMIT_RTTIME);
        String text = host.get(rows.indexOf(resource) + 1).substring(column, column + 20).strip();
        return text.equals("unlimited") ? Rlimit.RLIM_INFINITY : Long.parseUnsignedLong(text);
    }

    /** In the host's order, but for what is newer than Linux 6.1. */
    @Test
    void shouldHaveTheFieldsOfStatus() throws IOException {
        Set<String> newer = Set.of("Kthread", "untag_mask", "x86_Thread_features", "x86_Thread_features_locked");
        List<String> host = fieldNames(readHost("/proc/self/status")).stream().filter(name -> !newer.contains(name)).toList();
        Task task = machine.process(5, "a", 0,
                new Fake().with("mm", Machine.memory(0, "", new MemoryManager.Layout(), List.of())), new Fake());
        assertEquals(host, fieldNames(Text.string(StatusText.status(null, Target.process(task.group())))));
    }

    @Test
    void shouldHaveTheFieldsOfSmaps() throws IOException {
        Set<String> newer = Set.of("KSM", "ProtectionKey");
        VmaInfo vma = new VmaInfo(0x1000, 0x3000, Mman.PROT_READ, Mman.MAP_PRIVATE, 0, 0, 0, "", 8192, 4096);
        Task task = machine.process(5, "a", 0,
                new Fake().with("mm", Machine.memory(0, "", new MemoryManager.Layout(), List.of(vma))), new Fake());
        Target target = Target.process(task.group());
        List<String> host = fieldNames(readHost("/proc/self/smaps")).stream().filter(n -> !newer.contains(n)).distinct().toList();
        assertEquals(host, fieldNames(Text.string(MapsText.smaps(null, target))));
        host = fieldNames(readHost("/proc/self/smaps_rollup")).stream().filter(n -> !newer.contains(n)).toList();
        assertEquals(host, fieldNames(Text.string(MapsText.rollup(null, target))));
        assertTrue(Text.string(MapsText.smaps(null, target)).contains("\nRss:                   8 kB\n"));
    }

    private static List<String> fieldNames(String text) {
        return text.lines().map(line -> line.substring(0, Math.max(0, line.indexOf(':'))))
                .filter(name -> name.matches("[A-Za-z_0-9]+") && !name.matches("[0-9a-f]+-.*")).collect(Collectors.toList());
    }

    @Test
    void shouldTellStatus() {
        Fake task = new Fake().with("state", 'R').with("signalMask", 0x10000L).with("pendingSignals", 0x3L);
        Fake group = new Fake().with("pendingSignals", 0x2L).with("taskCount", 3);
        VmaInfo heap = new VmaInfo(0x10000, 0x20000, Mman.PROT_READ | Mman.PROT_WRITE, Mman.MAP_PRIVATE, 0, 0, 0, "[heap]",
                0x8000, 0x8000);
        VmaInfo library = new VmaInfo(0x40000, 0x50000, Mman.PROT_READ | Mman.PROT_EXEC, Mman.MAP_PRIVATE, 0, 1, 9, "/lib/x",
                0x4000, 0);
        task.with("mm", Machine.memory(0, "", new MemoryManager.Layout(), List.of(heap, library)));
        Target target = Target.process(machine.process(7, "tab\\le\n", 1000, task, group).group());
        String status = Text.string(StatusText.status(null, target));
        for (String line : List.of("Name:\ttab\\134le\\012", "Umask:\t0022", "State:\tR (running)", "Pid:\t7", "PPid:\t0",
                "Uid:\t1000\t1000\t1000\t1000", "FDSize:\t0", "Groups:\t ", "VmSize:\t     128 kB", "VmRSS:\t      48 kB",
                "RssAnon:\t      32 kB", "RssFile:\t      16 kB", "VmData:\t      64 kB", "VmLib:\t      64 kB", "Threads:\t3",
                "SigQ:\t2/5000", "SigPnd:\t0000000000000001", "ShdPnd:\t0000000000000002", "SigBlk:\t0000000000010000",
                "CapEff:\t0000000000000000", "Cpus_allowed:\t3", "Cpus_allowed_list:\t0-1")) {
            assertTrue(status.lines().toList().contains(line), line + " in\n" + status);
        }
    }

    @Test
    void shouldTellStatInFiftyTwoFields() {
        Usage usage = new Usage();
        usage.countFaults(11);
        Fake group = new Fake().with("userTimeNs", 1_230_000_000L).with("systemTimeNs", 40_000_000L).with("usage", usage);
        MemoryManager.Layout layout = new MemoryManager.Layout();
        layout.startCode = 4096;
        Fake task = new Fake().with("state", 'S')
                .with("mm", Machine.memory(0, "", layout, List.of(new VmaInfo(0, 8192, 1, 2, 0, 0, 0, "", 4096, 0))));
        Task made = machine.process(7, "a) b", 0, task, group);
        String stat = Text.string(StatText.stat(made, Target.process(made.group())));
        assertTrue(stat.startsWith("7 (a) b) S 0 7 1 0 -1 4194304 11 0 0 0 123 4 0 0 20 0 1 0 1234 8192 1 18446744073709551615 "
                + "4096 "), stat);
        assertEquals(50, stat.substring(stat.lastIndexOf(')') + 2).strip().split(" ").length);
        assertTrue(stat.endsWith("\n"));
    }

    @Test
    void shouldNotTellStrangersWhereThingsAre() {
        MemoryManager.Layout layout = new MemoryManager.Layout();
        layout.startCode = 4096;
        Task other = machine.process(7, "x", 1000, new Fake().with("mm", Machine.memory(0, "", layout, List.of())), new Fake());
        Task stranger = machine.process(8, "y", 1001);
        String[] fields = Text.string(StatText.stat(stranger, Target.process(other.group()))).strip().split(" ");
        assertEquals("1", fields[25]);
        assertEquals("1", fields[26]);
        assertEquals(52, fields.length);
        assertTrue(Arrays.asList(fields).subList(44, 52).stream().allMatch("0"::equals));
    }

    private static String readHost(String path) throws IOException {
        Path file = Path.of(path);
        assumeTrue(Files.isReadable(file));
        return Files.readString(file, StandardCharsets.ISO_8859_1);
    }
}
