// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.jvisor.api.kernel.Charge;

/** Processes that are added to a running container, and containers that are added to a running sandbox. */
class ContainersTest {
    private static final String ROOT = "itest-containers";
    private static final String SECOND = "itest-containers-2";
    /** Runs until it is told to end; says so once it can be. */
    private static final String WAITING = "trap 'exit 7' TERM; echo ready; while :; do sleep 0.1; done";

    @TempDir
    Path folder;

    /** Of each test, whose containers may be dying while the next one has some of the same names. */
    @TempDir
    Path state;

    private final List<Process> started = new ArrayList<>();

    @BeforeEach
    void start() throws IOException {
        assertEquals("ready", firstLine(run(ROOT, bundle("first"))));
    }

    @AfterEach
    void end() throws InterruptedException {
        for (Process process : started) {
            process.destroyForcibly().waitFor();
        }
    }

    /** The host's programs, with a folder of its own at /own. */
    private Path bundle(String name) throws IOException {
        Path bundle = Files.createDirectories(folder.resolve(name));
        Path own = Files.createDirectories(bundle.resolve("own"));
        Files.writeString(own.resolve("name"), name + "\n");
        Files.writeString(bundle.resolve("config.json"), """
            {"ociVersion": "1.0.0",
             "process": {"args": ["/bin/sh", "-c", "%s"], "cwd": "/", "env": ["PATH=/usr/bin:/bin", "WHERE=%s"],
                "user": {"uid": 0, "gid": 0}},
             "root": {"path": "/", "readonly": true}, "hostname": "%s",
             "mounts": [{"destination": "/mnt", "type": "bind", "source": "%s", "options": ["bind"]}]}
            """.formatted(WAITING, name, name, own));
        return bundle;
    }

    private List<String> runsc(String... words) {
        List<String> line = new ArrayList<>(List.of(Runsc.PROGRAM.toString(), "--root", state.toString()));
        line.addAll(List.of(words));
        return line;
    }

    private Process run(String id, Path bundle, String... flags) throws IOException {
        List<String> line = runsc("run", "--bundle", bundle.toString());
        line.addAll(List.of(flags));
        line.add(id);
        return process(line);
    }

    private Process process(List<String> line) throws IOException {
        Process process = new ProcessBuilder(line).redirectError(ProcessBuilder.Redirect.INHERIT)
                .redirectInput(Path.of("/dev/null").toFile()).start();
        started.add(process);
        return process;
    }

    private static String firstLine(Process process) throws IOException {
        return new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.ISO_8859_1)).readLine();
    }

    private Runsc.Result exec(String input, String id, String... command) {
        List<String> line = runsc("exec", id);
        line.addAll(List.of(command));
        return Runsc.run(folder, input, line);
    }

    private void assertPrints(String expected, String id, String script) {
        Runsc.Result result = exec("", id, "sh", "-c", script);
        assertEquals(expected + "\n", result.out(), result.err());
        assertEquals(0, result.status());
    }

    private static int exitOf(Process process) throws InterruptedException {
        assertTrue(process.waitFor(300, TimeUnit.SECONDS));
        return process.exitValue();
    }

    @Test
    void shouldRunFurtherProcessesInAContainer() {
        // Its streams are the caller's, its status is told.
        Runsc.Result result = exec("a line\n", ROOT, "sh", "-c", "cat; echo told >&2; exit 3");
        assertEquals(3, result.status());
        assertEquals("a line\n", result.out());
        assertEquals("told\n", result.err());
        // It has the container's namespaces, files, environment; no parent there, and the leader of its session.
        assertPrints("first first first", ROOT, "echo $(hostname) $WHERE $(cat /mnt/name)");
        assertPrints("0", ROOT, "echo $PPID");
        assertPrints("same", ROOT, "for n in mnt uts ipc pid; do [ $(readlink /proc/1/ns/$n) = $(readlink /proc/self/ns/$n) ] || exit 1; done; "
                + "echo same");
        assertPrints("same", ROOT, "read -r pid name state parent group session rest < /proc/$$/stat; [ $session = $$ ] && echo same");
        // What it leaves behind is adopted by the first process.
        assertPrints("left", ROOT, "sleep 600 & echo left");
        assertPrints("1", ROOT, "for p in /proc/[0-9]*; do grep -sq 'Name:.sleep' $p/status && grep -sq 'PPid:.1$' $p/status "
                + "&& grep -aq 600 $p/cmdline && echo 1; done; true");
        List<String> line = runsc("exec", "--cwd", "/usr", "--user", "12:34", "--env", "WHERE=here", ROOT);
        line.addAll(List.of("sh", "-c", "echo $(id -u):$(id -g) $PWD $WHERE"));
        assertEquals("12:34 /usr here\n", Runsc.run(folder, "", line).out());
    }

    @Test
    void shouldShowWhatAContainerIsChargedWith() throws IOException {
        assertEquals("ready", firstLine(run(SECOND, bundle("second"), "--in", ROOT)));
        Runsc.Result shown = Runsc.run(folder, "", runsc("debug", "--charges", SECOND));
        assertEquals(0, shown.status(), shown.err());
        Map<String, String[]> lines = shown.out().lines().map(line -> line.split("\t"))
                .collect(Collectors.toMap(columns -> columns[0], columns -> columns));
        assertEquals(Charge.values().length + 3, lines.size(), shown.out());
        for (Charge kind : Charge.values()) {
            assertEquals(5, lines.get(kind.name()).length, shown.out());
        }
        for (String kept : List.of("heap", "memory", "TASK", "PROCESS", "VMA", "OPEN_FILE", "MOUNT")) {
            long own = Long.parseLong(lines.get(kept)[1]);
            assertTrue(own > 0 && own < Long.parseLong(lines.get(kept)[3]), kept + " of two containers:\n" + shown.out());
        }
        assertEquals(128, Runsc.run(folder, "", runsc("debug", "--charges", "itest-none")).status());
    }

    @Test
    void shouldSayWhyAProcessDoesNotStart() {
        Runsc.Result result = exec("", ROOT, "/no/such/program");
        assertNotEquals(0, result.status());
        assertTrue(result.err().contains("/no/such/program"), result.err());
        assertEquals(1, result.err().lines().count(), result.err());
        result = exec("", "itest-no-such-container", "true");
        assertEquals(new Runsc.Result(128, "", "loading container \"itest-no-such-container\": file does not exist\n"), result);
        assertPrints("goes on", ROOT, "echo goes on");
    }

    @Test
    void shouldPassSignalsOnToAFurtherProcess() throws Exception {
        List<String> line = runsc("exec", ROOT);
        line.addAll(List.of("sh", "-c", WAITING));
        Process process = process(line);
        assertEquals("ready", firstLine(process));
        process.destroy();
        assertEquals(7, exitOf(process));
        line = runsc("exec", ROOT);
        line.addAll(List.of("sh", "-c", "kill -KILL $$"));
        assertEquals(128 + 9, exitOf(process(line)));
        assertPrints("goes on", ROOT, "echo goes on");
    }

    /** A process from outside is its caller's, unless that has said otherwise. */
    @Test
    void shouldEndAFurtherProcessWithItsCaller() throws Exception {
        List<String> line = runsc("exec", ROOT);
        line.addAll(List.of("sh", "-c", "echo ready; exec sleep 1001"));
        Process caller = process(line);
        assertEquals("ready", firstLine(caller));
        line = runsc("exec", "--detach", ROOT);
        line.addAll(List.of("sh", "-c", "echo ready; exec sleep 1002"));
        Process detaching = process(line);
        assertEquals("ready", firstLine(detaching));
        assertEquals(0, exitOf(detaching));
        caller.destroyForcibly().waitFor();
        assertPrints("ended", ROOT, "while grep -aq 100[1] /proc/[0-9]*/cmdline; do sleep 0.1; done 2> /dev/null; echo ended");
        assertPrints("1", ROOT, "grep -al 100[2] /proc/[0-9]*/cmdline 2> /dev/null | wc -l");
    }

    /** bash with job control, as on the host's terminals (see {@link TerminalTest}). */
    @Test
    void shouldGiveAFurtherProcessATerminal() {
        List<String> line = new ArrayList<>(List.of("python3", Path.of("src/test/py/terminal.py").toAbsolutePath().toString()));
        line.addAll(runsc("exec", "--tty", "--env", "TERM=xterm", ROOT, "bash", "--norc"));
        assertEquals(new Runsc.Result(0, "passed\n", ""), Runsc.run(folder, "", line));
        assertPrints("goes on", ROOT, "echo goes on");
    }

    /** Each descriptor that was handed over for it is closed with it, whether it starts or not. */
    @Test
    void shouldTakeManyProcessesOneAfterTheOtherAndAtOnce() throws Exception {
        for (int i = 0; i < 5; i++) {
            List<Process> all = new ArrayList<>();
            for (int j = 0; j < 4; j++) {
                List<String> line = runsc("exec", ROOT);
                line.addAll(j == 3 ? List.of("/no/such/program") : List.of("sh", "-c", "exit " + (10 + j)));
                all.add(new ProcessBuilder(line).redirectErrorStream(true).redirectInput(Path.of("/dev/null").toFile()).start());
            }
            started.addAll(all);
            for (int j = 0; j < 3; j++) {
                assertEquals(10 + j, exitOf(all.get(j)));
            }
            assertNotEquals(0, exitOf(all.get(3)));
        }
    }

    @Test
    void shouldRunASecondContainerInTheSandbox() throws Exception {
        Process second = run(SECOND, bundle("second"), "--in", ROOT);
        assertEquals("ready", firstLine(second));
        // Files, names, ids and processes of its own; the kernel is the same one.
        assertPrints("second second second", SECOND, "echo $(hostname) $WHERE $(cat /mnt/name)");
        assertPrints("first first first", ROOT, "echo $(hostname) $WHERE $(cat /mnt/name)");
        assertPrints("sh", SECOND, "cat /proc/1/comm");
        Runsc.Result bootId = exec("", ROOT, "cat", "/proc/sys/kernel/random/boot_id");
        assertEquals(bootId.out(), exec("", SECOND, "cat", "/proc/sys/kernel/random/boot_id").out());
        for (String kind : List.of("mnt", "uts", "ipc", "pid")) {
            assertNotEquals(exec("", ROOT, "readlink", "/proc/self/ns/" + kind).out(),
                    exec("", SECOND, "readlink", "/proc/self/ns/" + kind).out());
        }
        assertPrints("none", SECOND, "for p in /proc/[0-9]*; do tr '\\\\0' '\\\\n' < $p/environ | grep -sx WHERE=first; done; echo none");
        assertPrints("written", SECOND, "echo written > /mnt/file; cat /mnt/file");
        assertEquals("written\n", Files.readString(folder.resolve("second/own/file")));
        assertFalse(Files.exists(folder.resolve("first/own/file")));
        // An id is given once, and an end is one container's.
        Process again = run(SECOND, bundle("third"), "--in", ROOT);
        assertNotEquals(0, exitOf(again));
        second.destroy();
        assertEquals(7, exitOf(second));
        assertPrints("goes on", ROOT, "echo goes on");
        assertNotEquals(0, exec("", SECOND, "true").status());
        // Its place can be taken.
        second = run(SECOND, bundle("second"), "--in", ROOT);
        assertEquals("ready", firstLine(second));
        assertPrints("second", SECOND, "hostname");
    }

    @Test
    void shouldEndAContainerWithWhoServesItsFiles() throws Exception {
        Process second = run(SECOND, bundle("second"), "--in", ROOT);
        assertEquals("ready", firstLine(second));
        second.destroyForcibly().waitFor();
        // Its id is free once it has ended in the sandbox, too.
        Process again = run(SECOND, bundle("second"), "--in", ROOT);
        String line = firstLine(again);
        while (line == null && exitOf(again) != 0) {
            again = run(SECOND, bundle("second"), "--in", ROOT);
            line = firstLine(again);
        }
        assertEquals("ready", line);
        assertPrints("goes on", ROOT, "echo goes on");
    }

    @Test
    void shouldEndAContainerWithItsGofer() throws Exception {
        Path pidFile = folder.resolve("second.pid");
        Process second = run(SECOND, bundle("second"), "--in", ROOT, "--pid-file", pidFile.toString());
        assertEquals("ready", firstLine(second));
        // The process that ends with this container, and with no other one of the sandbox.
        ProcessHandle gofer = ProcessHandle.of(Long.parseLong(Files.readString(pidFile))).orElseThrow();
        assertTrue(second.toHandle().children().anyMatch(gofer::equals));
        gofer.destroyForcibly();
        assertEquals(128, exitOf(second));
        assertPrints("goes on", ROOT, "echo goes on");
        Runsc.Result result = exec("", SECOND, "true");
        assertEquals(new Runsc.Result(128, "", "loading container \"" + SECOND + "\": file does not exist\n"), result);
    }

    @Test
    void shouldEndTheSandboxWithItsFirstContainer() throws Exception {
        Process second = run(SECOND, bundle("second"), "--in", ROOT);
        assertEquals("ready", firstLine(second));
        started.getFirst().destroy();
        assertEquals(7, exitOf(started.getFirst()));
        assertNotEquals(7, exitOf(second));
    }
}
