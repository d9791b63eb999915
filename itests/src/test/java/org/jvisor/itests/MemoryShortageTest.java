// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.jvisor.api.kernel.Charge;
import org.jvisor.itests.swap.SwapBundle;

/**
 * When the Sentry's heap gets short, in spite of all charges: a bundle of the test's fills it, for programs that ask it to. A neighbour in
 * another container goes on all the while.
 */
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MemoryShortageTest {
    private static final String ROOT = "itest-shortage";
    private static final String SECOND = "itest-shortage-2";
    private static final String THIRD = "itest-shortage-3";
    private static final long LIMIT_SECONDS = 300;

    /** How many times as much as is usual. */
    private static final long GREED = Long.getLong("greed", 1);

    private static final int CHARGED = 1;
    private static final int LOST = 2;
    private static final int ALL = 3;
    private static final int STACK = 4;

    @TempDir
    Path folder;

    @TempDir
    Path state;

    private final List<Process> started = new ArrayList<>();
    private Program neighbour;
    private Program program;

    /** The program of the test in a container, which does what it is told. */
    private record Program(Process runsc, BufferedReader out, Path err, Path log) {
        String read() throws IOException {
            String line = out.readLine();
            if (line == null) {
                throw new AssertionError("it is at its end: " + Files.readString(err) + Files.readString(log));
            }
            return line;
        }

        String ask(String command) throws IOException {
            tell(command);
            return read();
        }

        void tell(String command) throws IOException {
            runsc.getOutputStream().write((command + "\n").getBytes(StandardCharsets.ISO_8859_1));
            runsc.getOutputStream().flush();
        }

        int status() throws InterruptedException {
            assertTrue(runsc.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS));
            return runsc.exitValue();
        }
    }

    private List<String> runsc(String... words) {
        List<String> line = new ArrayList<>(List.of(Runsc.PROGRAM.toString(), "--root", state.toString()));
        line.addAll(List.of(words));
        return line;
    }

    private Program start(String id, String... flags) throws IOException {
        Path bundle = Files.createDirectories(folder.resolve(id));
        Path binary = Programs.compile(Path.of("src/test/programs/hoard.c"));
        Path rootfs = Files.createDirectories(bundle.resolve("rootfs"));
        Files.copy(binary, rootfs.resolve("hoard"));
        Files.writeString(bundle.resolve("config.json"), """
            {"ociVersion": "1.0.0", "process": {"args": ["/hoard"], "cwd": "/"}, "root": {"path": "rootfs"}}""");
        List<String> line = runsc("--debug-log", folder + "/log.%COMMAND%", "run", "--bundle", bundle.toString());
        line.addAll(List.of(flags));
        line.add(id);
        Path err = folder.resolve(id + ".err");
        Process runsc = new ProcessBuilder(line).redirectError(err.toFile()).start();
        started.add(runsc);
        Program program = new Program(runsc, runsc.inputReader(StandardCharsets.ISO_8859_1), err,
            folder.resolve("log.boot"));
        assertEquals("ready", program.read());
        return program;
    }

    @BeforeEach
    void start() throws IOException {
        neighbour = start(ROOT);
        Path jar = Files.write(folder.resolve("hoard.jar"), SwapBundle.hoard());
        Runsc.Result installed = Runsc.run(folder, "", runsc("bundle", "install", "--limit", "300000", ROOT, jar.toString()));
        assertEquals(0, installed.status(), installed.err());
        program = start(SECOND, "--in", ROOT);
    }

    @AfterEach
    void end() throws InterruptedException {
        for (Process process : started) {
            process.destroyForcibly().waitFor();
        }
    }

    private String log() throws IOException {
        return Files.readString(folder.resolve("log.boot"));
    }

    private void assertAllGoesOn() throws IOException {
        assertEquals("alive", neighbour.ask("live"));
        assertEquals("alive", program.ask("live"));
        Runsc.Result list = Runsc.run(folder, "", runsc("bundle", "list", SECOND));
        assertTrue(list.out().contains("org.jvisor.itests.hoard"), list.err());
    }

    @Test
    void shouldKillTheProcessThatIsChargedMost() throws Exception {
        for (int i = 0; i < 3; i++) {
            assertEquals("begun", program.ask("bomb " + CHARGED + " 1024 " + (1 + 7 * i)));
            program.tell("wait");
            while (!program.out.ready()) {
                assertEquals("alive", neighbour.ask("live"));
            }
            assertEquals("killed by 9", program.read());
            assertAllGoesOn();
        }
        assertEquals(3, log().lines().filter(line -> line.matches("W .* out of memory: killed process \\d+ \\(hoard\\) of container "
            + SECOND + ", which was charged for \\d+ KiB; \\d+ MiB of the heap were in use, now \\d+")).count(), log());
    }

    /** What the whole sandbox is charged with, by kind; but for names, which stay cached. */
    private Map<String, String> charges() {
        Runsc.Result shown = Runsc.run(folder, "", runsc("debug", "--charges", ROOT));
        assertEquals(0, shown.status(), shown.err());
        Map<String, String> charges = shown.out().lines().map(line -> line.split("\t"))
                .collect(Collectors.toMap(columns -> columns[0], columns -> columns[3]));
        charges.keySet().retainAll(Arrays.stream(Charge.values()).map(Charge::name).toList());
        charges.keySet().removeAll(Set.of(Charge.DENTRY.name(), Charge.CACHED_INODE.name()));
        return charges;
    }

    private void awaitCharges(Map<String, String> expected) throws InterruptedException {
        for (int i = 0; i < LIMIT_SECONDS && !charges().equals(expected); i++) {
            Thread.sleep(1000);
        }
        assertEquals(expected, charges());
    }

    /** Nobody has to be killed for what is charged. {@link #GREED} says how many times as much is tried. */
    @Test
    void shouldRefuseWhoWantsTooMuchAndKeepNothing() throws Exception {
        Map<String, String> before = charges();
        Map<String, String> ends = Map.of("sparse-file 400000", "ENOSPC", "mappings 300", "ENOMEM", "polls 20", "nothing",
            "in-flight 10000", "nothing", "socket-pairs 300000", "EN(FILE|OBUFS)", "own-entries 2000", "nothing");
        for (Map.Entry<String, String> end : ends.entrySet()) {
            String[] way = end.getKey().split(" ");
            assertEquals("begun", program.ask("greed " + way[0] + " " + GREED * Long.parseLong(way[1])));
            program.tell("wait");
            while (!program.out.ready()) {
                assertEquals("alive", neighbour.ask("live"));
            }
            String told = program.read();
            assertTrue(told.matches("ended with " + end.getValue()), end.getKey() + ": " + told);
            awaitCharges(before);
        }
        assertAllGoesOn();
        assertFalse(log().contains("out of memory"), log());
    }

    @Test
    void shouldEndAContainerThatTakesWhatItCan() throws Exception {
        Map<String, String> before = charges();
        for (String way : List.of("mappings 3000", "own-entries 1000000000")) {
            String id = THIRD + way.charAt(0);
            Program greedy = start(id, "--in", ROOT);
            assertEquals("begun", greedy.ask("greed " + way));
            assertEquals("alive", neighbour.ask("live"));
            greedy.runsc.toHandle().destroy(); // its input stays open
            assertEquals(128 + 15, greedy.status());
            awaitCharges(before);
            assertAllGoesOn();
        }
    }

    /** Small pieces, of which there is always one more that fits. */
    @Test
    void shouldKillWhoFillsItBitByBit() throws Exception {
        assertEquals("begun", program.ask("bomb " + CHARGED + " 4 8"));
        assertEquals("killed by 9", program.ask("wait"));
        assertAllGoesOn();
    }

    @Test
    void shouldCostTheCallThatHasMetAnErrorAndNothingElse() throws Exception {
        for (int threads : new int[] {1, 4, 16}) {
            assertEquals("begun", program.ask("bomb " + ALL + " 512 " + threads));
            assertEquals("ended with ENOMEM", program.ask("wait"));
            assertAllGoesOn();
        }
        assertEquals("begun", program.ask("bomb " + STACK + " 0 1"));
        assertEquals("killed by 31", program.ask("wait"));
        assertAllGoesOn();
    }

    @Test
    void shouldEndWithOneLineWhenNothingHelps() throws Exception {
        program.tell("bomb " + LOST + " 1024 1");
        String line = "the Sentry's memory is exhausted, and to end processes does not help\n";
        assertEquals(128, neighbour.status());
        assertEquals(line, Files.readString(neighbour.err));
        assertTrue(log().endsWith(line), log());
        assertEquals(128, program.status());
        assertEquals("the sandbox has ended\n", Files.readString(program.err));
    }
}
