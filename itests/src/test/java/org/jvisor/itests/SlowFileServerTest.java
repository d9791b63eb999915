// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.jvisor.itests.osgi.Build;

/** Bundles are replaced while a file server takes its time, and while terminals end: programs that have nothing to do with it go on. */
class SlowFileServerTest {
    private static final String ID = "itest-slow";
    private static final String BUNDLE = "syscalls-mm";
    private static final int LINES = 50;
    /** For an installation that is to find out whether somebody is inside. */
    private static final long SHORT_MILLIS = 500;
    private static final long HOURS_MILLIS = 9_000_000;

    @TempDir
    Path folder;

    private final List<Process> started = new ArrayList<>();
    private Process container;
    private BufferedReader out;
    private SandboxControl control;
    private int lines;
    private int builds;
    private ProcessHandle stopped;

    @BeforeEach
    void start() throws Exception {
        Path rootfs = Files.createDirectories(folder.resolve("rootfs"));
        Files.createDirectories(rootfs.resolve("tmp"));
        Files.createDirectories(rootfs.resolve("data"));
        Path data = Files.createDirectories(folder.resolve("data"));
        for (String program : List.of("echo", "syncs")) {
            Files.copy(Programs.compile(Path.of("src/test/programs/" + program + ".c")), rootfs.resolve(program));
        }
        Files.writeString(folder.resolve("config.json"), """
                {"ociVersion": "1.0.0", "process": {"args": ["/echo"], "cwd": "/", "user": {"uid": 0, "gid": 0}},
                 "root": {"path": "rootfs"}, "hostname": "test",
                 "mounts": [{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"},
                            {"destination": "/data", "type": "bind", "source": "%s", "options": ["rbind", "rw"]}]}
                """.formatted(data));
        container = runsc("run", "--bundle", folder.toString(), ID);
        out = container.inputReader(StandardCharsets.ISO_8859_1);
        assertWorks();
        control = new SandboxControl(Path.of(Runsc.stateFolder(), ID, "control.sock"));
    }

    @AfterEach
    void end() throws Exception {
        try {
            goOn();
            control.close();
            container.getOutputStream().close();
            assertTrue(container.waitFor(60, TimeUnit.SECONDS));
            assertEquals(0, container.exitValue());
        } finally {
            for (Process process : started) {
                process.destroyForcibly().waitFor();
            }
        }
    }

    private Process runsc(String... words) throws IOException {
        List<String> line = new ArrayList<>(List.of(Runsc.PROGRAM.toString(), "--root", Runsc.stateFolder(), "--network", "none",
                "--ignore-cgroups"));
        line.addAll(List.of(words));
        Process process = new ProcessBuilder(line).redirectError(folder.resolve("err" + started.size()).toFile()).start();
        started.add(process);
        return process;
    }

    private void assertWorks() throws IOException {
        String line = "line " + ++lines;
        container.getOutputStream().write((line + "\n").getBytes(StandardCharsets.ISO_8859_1));
        container.getOutputStream().flush();
        assertEquals(line, out.readLine());
    }

    private byte[] build() throws IOException {
        return Build.of(BUNDLE, "9." + ++builds, Build.Change.NONE);
    }

    /** The file server does not answer from here on. */
    private void stopFileServer() throws Exception {
        stopped = container.descendants().filter(SlowFileServerTest::isFileServer).findFirst().orElseThrow();
        signal("STOP", stopped);
    }

    private static boolean isFileServer(ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"), StandardCharsets.ISO_8859_1).startsWith("runsc-gofer");
        } catch (IOException e) {
            return false;
        }
    }

    private void goOn() throws Exception {
        if (stopped != null) {
            signal("CONT", stopped);
            stopped = null;
        }
    }

    private static void signal(String name, ProcessHandle process) throws Exception {
        assertEquals(0, new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor());
    }

    /** Installs until that is refused because of who is inside, for there is no other way to know. */
    private void awaitInside(String who) throws IOException {
        String problem = "";
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
        while (!problem.contains(who)) {
            assertTrue(System.nanoTime() - end < 0, () -> "nobody is inside");
            problem = control.install(BUNDLE, build(), SHORT_MILLIS).problem();
            assertTrue(problem.isEmpty() || problem.contains("not at rest within"), problem);
        }
    }

    /** Nothing of this can be done while all are stopped. */
    private void replaceWhileOthersRun() throws Exception {
        control.beginInstall(BUNDLE, build(), HOURS_MILLIS);
        for (int i = 0; i < LINES; i++) {
            assertWorks();
        }
        goOn();
        SandboxControl.Answer answer = control.receive();
        assertEquals("", answer.problem());
        assertTrue(answer.done().startsWith("replaced " + BUNDLE + " "), answer.done());
        assertWorks();
    }

    @Test
    void shouldStopNobodyWhileAProcessIsMade() throws Exception {
        stopFileServer();
        // Its program is looked up at the file server.
        Process exec = runsc("exec", ID, "/syncs", "/nowhere");
        awaitInside("threads that make or control containers");
        replaceWhileOthersRun();
        assertTrue(exec.waitFor(60, TimeUnit.SECONDS));
        assertEquals(1, exec.exitValue());
    }

    @Test
    void shouldStopNobodyForCallsThatLast() throws Exception {
        Process first = runsc("exec", ID, "/syncs", "/data");
        assertEquals("ready", first.inputReader(StandardCharsets.ISO_8859_1).readLine());
        stopFileServer();
        awaitInside("(syncs) in ");
        replaceWhileOthersRun();
        // It has lost nothing.
        assertTrue(first.isAlive());
        first.destroy();
        assertTrue(first.waitFor(60, TimeUnit.SECONDS));
    }

    /** What terminals still have to say is carried out by threads of their own, which need the kernel for it. */
    @Test
    void shouldReplaceWhileProcessesWithTerminalsEnd() throws Exception {
        Path script = Files.writeString(folder.resolve("terminals.py"), """
                import os, pty, sys
                for i in range(10):
                    status = pty.spawn(sys.argv[1:])
                    if status != 0:
                        sys.exit(status >> 8 or status)
                """);
        Files.copy(Path.of("/bin/busybox"), folder.resolve("rootfs/busybox"));
        List<String> line = new ArrayList<>(List.of("python3", script.toString(), Runsc.PROGRAM.toString(), "--root", Runsc.stateFolder(),
                "exec", "--tty", ID, "/busybox", "seq", "300"));
        Process terminals = new ProcessBuilder(line).redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(folder.resolve("out").toFile()).redirectErrorStream(true).start();
        started.add(terminals);
        int replaced = 0;
        while (terminals.isAlive()) {
            SandboxControl.Answer answer = control.install("fs-dev", Build.of("fs-dev", "9." + ++builds, Build.Change.NONE));
            assertEquals("", answer.problem());
            assertWorks();
            replaced++;
        }
        String said = Files.readString(folder.resolve("out"), StandardCharsets.ISO_8859_1);
        assertEquals(0, terminals.exitValue(), said);
        assertEquals(10, said.lines().filter("300"::equals).count(), said);
        System.out.println(replaced + " replacements while 10 processes with terminals ended");
    }
}
