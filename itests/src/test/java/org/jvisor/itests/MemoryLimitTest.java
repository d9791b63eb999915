// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two containers in one sandbox, which has 256 MiB for programs: one may have 64 of them, as its config.json says; the other is its
 * neighbour, which goes on all the while.
 */
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MemoryLimitTest {
    private static final String ROOT = "itest-limit";
    private static final String SECOND = "itest-limit-2";
    private static final long LIMIT_SECONDS = 300;
    private static final int MIB = 1 << 20;
    private static final int PAGE = 4096;
    /** More than the container may have. */
    private static final int DATA_MIB = 150;

    @TempDir
    Path folder;

    @TempDir
    Path state;

    private final List<Process> started = new ArrayList<>();
    private Program neighbour;
    private Program program;

    /** The program of the test in a container, which does what it is told. */
    private record Program(Process runsc, BufferedReader out, Path err) {
        String ask(String command) throws IOException {
            runsc.getOutputStream().write((command + "\n").getBytes(StandardCharsets.ISO_8859_1));
            runsc.getOutputStream().flush();
            return read();
        }

        String read() throws IOException {
            String line = out.readLine();
            if (line == null) {
                throw new AssertionError("it is at its end: " + Files.readString(err));
            }
            return line;
        }

        int end() throws IOException, InterruptedException {
            runsc.getOutputStream().close();
            assertTrue(runsc.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS));
            return runsc.exitValue();
        }
    }

    private Program start(String id, long limit, String... flags) throws IOException {
        Path bundle = Files.createDirectories(folder.resolve(id));
        Path rootfs = Files.createDirectories(bundle.resolve("rootfs"));
        Files.copy(Programs.compile(Path.of("src/test/programs/memory.c")), rootfs.resolve("memory"));
        Files.writeString(bundle.resolve("config.json"), """
            {"ociVersion": "1.0.0", "process": {"args": ["/memory"], "cwd": "/"}, "root": {"path": "rootfs"},
             "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
                {"destination": "/sys", "type": "sysfs", "source": "sysfs"},
                {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]},
                {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"},
                {"destination": "/mnt", "type": "bind", "source": "%s", "options": ["bind", "ro"]}],
             "linux": {"resources": {"memory": {"limit": %d}}}}""".formatted(folder.resolve("mnt"), limit));
        List<String> line = new ArrayList<>(List.of(Runsc.PROGRAM.toString(), "--root", state.toString(), "--debug-log",
            folder + "/log.%COMMAND%", "--total-memory", Long.toString(256L * MIB), "run", "--bundle", bundle.toString()));
        line.addAll(List.of(flags));
        line.add(id);
        Path err = folder.resolve(id + ".err");
        Process runsc = new ProcessBuilder(line).redirectError(err.toFile()).start();
        started.add(runsc);
        Program made = new Program(runsc, runsc.inputReader(StandardCharsets.ISO_8859_1), err);
        assertEquals("ready", made.read());
        return made;
    }

    @BeforeEach
    void start() throws IOException {
        Files.createDirectories(folder.resolve("mnt"));
        ByteBuffer data = ByteBuffer.allocate(DATA_MIB * MIB).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < data.capacity(); i += PAGE) {
            data.putLong(i, i);
        }
        Files.write(folder.resolve("mnt/data"), data.array());
        neighbour = start(ROOT, -1);
        program = start(SECOND, 64L * MIB, "--in", ROOT);
    }

    @AfterEach
    void end() throws InterruptedException {
        for (Process process : started) {
            process.destroyForcibly().waitFor();
        }
    }

    @Test
    void shouldTellWhatThereIs() throws Exception {
        assertEquals("64", program.ask("total"));
        assertEquals("256", neighbour.ask("total"));
    }

    @Test
    void shouldKillWhoTakesMoreThanItsContainerMayHave() throws Exception {
        assertEquals("held", neighbour.ask("hold 20"));
        int killed = 0;
        for (String kind : List.of("anon", "shared", "memfd")) {
            assertEquals("ended with nothing", program.ask(kind + " 40"));
            assertEquals("killed by 9", program.ask(kind + " 70"), kind);
            assertEquals(Integer.toString(++killed), program.ask("log"));
            assertEquals("ended with nothing", program.ask(kind + " 40"));
            assertEquals("ended with nothing", neighbour.ask(kind + " 100"));
        }
        assertEquals("0", Files.readString(program.err).isEmpty() ? "0" : Files.readString(program.err));
        assertEquals(killed, Files.readString(folder.resolve("log.boot")).lines()
            .filter(line -> line.matches("W .* out of memory: killed process \\d+ \\(memory\\) of container " + SECOND + ", .*")).count());
    }

    @Test
    void shouldRefuseFilesAndBuffersInMemory() throws Exception {
        assertEquals("ended with ENOSPC", program.ask("file 70"));
        assertEquals("ended with ENOBUFS", program.ask("sockets"));
        assertEquals("ended with nothing", program.ask("anon 40"));
        assertEquals("0", program.ask("log"));
    }

    /** What can be read again is given up. */
    @Test
    void shouldReadMoreOfFilesThanThereIsMemory() throws Exception {
        assertEquals("ended with nothing", program.ask("pages " + DATA_MIB));
        assertEquals("held", program.ask("hold 40"));
        assertEquals("ended with nothing", program.ask("pages " + DATA_MIB));
        assertEquals("0", program.ask("log"));
    }

    /** What others have mapped of files is no reason to refuse anything. */
    @Test
    void shouldHaveRoomForBuffersBesideFiles() throws Exception {
        assertEquals("mapped", program.ask("map " + DATA_MIB));
        assertEquals("ended with nothing", program.ask("pipes"));
        assertEquals("mapped", program.ask("map " + DATA_MIB));
        assertEquals("ended with nothing", program.ask("file 20"));
        assertEquals("0", program.ask("log"));
    }

    @Test
    void shouldKillTheLargestOfTheLargestContainerWhenTheSandboxIsFull() throws Exception {
        assertEquals("held", program.ask("hold 50"));
        assertEquals("killed by 9", neighbour.ask("anon 250"));
        assertEquals("ended with nothing", neighbour.ask("anon 150"));
        assertEquals("ended with nothing", program.ask("anon 5"));
    }

    @Test
    void shouldGiveAllBackWithTheContainer() throws Exception {
        long free = Long.parseLong(neighbour.ask("free"));
        assertEquals("held", program.ask("hold 50"));
        assertTrue(Long.parseLong(neighbour.ask("free")) <= free - 50);
        assertEquals(0, program.end());
        assertTrue(Long.parseLong(neighbour.ask("free")) >= free);
    }
}
