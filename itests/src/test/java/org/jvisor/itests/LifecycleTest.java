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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** However a sandbox ends, there is one clear line where there is something to say, the right status, and nothing left behind. */
class LifecycleTest {
    private static final long LIMIT_SECONDS = 300;

    @TempDir
    Path state;

    private final List<Process> started = new ArrayList<>();

    @AfterEach
    void killLeftovers() {
        started.forEach(Process::destroyForcibly);
    }

    /** A shell in a sandbox that has said "ready", so that the program runs. */
    private record Running(Process runsc, BufferedReader out) {

        ProcessHandle child(String name) {
            return runsc.children().filter(process -> commandLine(process).startsWith(name)).findFirst().orElseThrow();
        }

        private static String commandLine(ProcessHandle process) {
            try {
                return Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"), StandardCharsets.ISO_8859_1);
            } catch (IOException e) {
                return "";
            }
        }

        Runsc.Result end() throws Exception {
            assertTrue(runsc.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS), "runsc does not end");
            StringBuilder rest = new StringBuilder();
            out.lines().forEach(line -> rest.append(line).append('\n'));
            return new Runsc.Result(runsc.exitValue(), rest.toString(), new String(runsc.getErrorStream().readAllBytes()));
        }
    }

    private Running shell(String script) throws IOException {
        Process runsc = new ProcessBuilder(Runsc.PROGRAM.toString(), "--root", state.toString(), "do", "sh", "-c", script).start();
        started.add(runsc);
        BufferedReader out = runsc.inputReader(StandardCharsets.ISO_8859_1);
        assertEquals("ready", out.readLine());
        return new Running(runsc, out);
    }

    private void assertNothingIsLeft() throws IOException {
        try (Stream<Path> left = Files.list(state)) {
            assertEquals(List.of(), left.toList());
        }
    }

    private static void signal(ProcessHandle process, String name) throws Exception {
        assertEquals(0, new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor());
    }

    private static void awaitEnd(ProcessHandle process) throws Exception {
        CompletableFuture<ProcessHandle> end = process.onExit();
        end.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    @ParameterizedTest
    @CsvSource({"HUP,1", "INT,2", "QUIT,3", "USR1,10", "USR2,12", "TERM,15"})
    void shouldForwardSignals(String name, int status) throws Exception {
        Running running = shell("trap 'echo got; exit " + status + "' " + name + "; echo ready; read x; while :; do sleep 1; done");
        signal(running.runsc.toHandle(), name);
        assertEquals(new Runsc.Result(status, "got\n", ""), running.end());
        assertNothingIsLeft();
    }

    /** As the keys of a terminal do: the caller's whole process group gets the signal. The container's files are there still. */
    @Test
    void shouldKeepTheGoferWhenTheCallersGroupIsInterrupted() throws Exception {
        String script = "trap 'ls /usr > /dev/null; echo ls $?; exit 7' INT; echo ready; while :; do sleep 0.1; done";
        Process runsc = new ProcessBuilder("setsid", Runsc.PROGRAM.toString(), "--root", state.toString(), "do", "sh", "-c", script)
                .start();
        started.add(runsc);
        BufferedReader out = runsc.inputReader(StandardCharsets.ISO_8859_1);
        assertEquals("ready", out.readLine());
        assertEquals(0, new ProcessBuilder("kill", "-INT", "--", "-" + runsc.pid()).start().waitFor());
        assertEquals(new Runsc.Result(7, "ls 0\n", ""), new Running(runsc, out).end());
        assertNothingIsLeft();
    }

    /** All threads, those of the virtual machines among them. Needs root, as other users' sandboxes are in a namespace of theirs. */
    @ParameterizedTest
    @CsvSource({"runsc-sandbox,0000000000000000", "runsc-gofer,000000008000001f"})
    void shouldLeaveNoThreadMoreRightsThanItNeeds(String name, String capabilities) throws Exception {
        Assumptions.assumeTrue((int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0, "not root");
        Running running = shell("echo ready; cat /etc/passwd > /dev/null; read x; exit 0");
        List<String> expected = List.of("CapInh:\t0000000000000000", "CapPrm:\t" + capabilities, "CapEff:\t" + capabilities,
                "CapBnd:\t" + capabilities, "CapAmb:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2");
        List<Path> threads;
        try (Stream<Path> tasks = Files.list(Path.of("/proc/" + running.child(name).pid() + "/task"))) {
            threads = tasks.toList();
        }
        assertTrue(threads.size() > 8, threads + "");
        for (Path thread : threads) {
            List<String> status = Files.readAllLines(thread.resolve("status"));
            assertEquals(expected, status.stream().filter(line -> line.matches("(Cap...|NoNewPrivs|Seccomp):.*")).toList(),
                    status.getFirst());
        }
        running.runsc.outputWriter().write("\n");
        running.runsc.outputWriter().flush();
        assertEquals(new Runsc.Result(0, "", ""), running.end());
    }

    @Test
    void shouldTellThatTheSentryWasKilled() throws Exception {
        Running running = shell("echo ready; exec sleep 1000");
        ProcessHandle gofer = running.child("runsc-gofer");
        running.child("runsc-sandbox").destroyForcibly();
        assertEquals(new Runsc.Result(128, "", "the Sentry was killed by SIGKILL\n"), running.end());
        awaitEnd(gofer);
        assertNothingIsLeft();
    }

    @Test
    void shouldEndWithTheGofer() throws Exception {
        Running running = shell("echo ready; read x"); // which needs no file any more
        ProcessHandle sentry = running.child("runsc-sandbox");
        running.child("runsc-gofer").destroyForcibly();
        assertEquals(new Runsc.Result(128, "", "the gofer was killed by SIGKILL\n"), running.end());
        awaitEnd(sentry);
        assertNothingIsLeft();
    }

    @Test
    void shouldEndWithRunsc() throws Exception {
        Running running = shell("echo ready; exec sleep 1000");
        ProcessHandle sentry = running.child("runsc-sandbox");
        ProcessHandle gofer = running.child("runsc-gofer");
        List<ProcessHandle> stubs = sentry.descendants().toList();
        running.runsc.destroyForcibly();
        awaitEnd(sentry);
        awaitEnd(gofer);
        for (ProcessHandle stub : stubs) {
            awaitEnd(stub);
        }
        // A killed runsc cannot remove its state; the next one does.
        assertEquals(0, Runsc.run(Path.of("/"), "", List.of(Runsc.PROGRAM.toString(), "--root", state.toString(), "do", "true")).status());
        assertNothingIsLeft();
    }

    /** However early it was killed: whatever it had made goes with the next runsc, which need not make a container. */
    @Test
    void shouldLeaveNothingOfAStartThatWasKilled() throws Exception {
        // Some 300 ms on a machine that has nothing else to do.
        long step = 25;
        for (long millis = 0; millis < 600; millis += step) {
            Process runsc = new ProcessBuilder(Runsc.PROGRAM.toString(), "--root", state.toString(), "do", "sleep", "1000").start();
            started.add(runsc);
            Thread.sleep(millis);
            List<ProcessHandle> children = runsc.descendants().toList();
            runsc.destroyForcibly().waitFor();
            for (ProcessHandle child : children) {
                awaitEnd(child);
            }
        }
        // Until the last of their processes has noticed.
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        do {
            Runsc.Result result = Runsc.run(Path.of("/"), "", List.of(Runsc.PROGRAM.toString(), "--root", state.toString(),
                "bundle", "list", "none"));
            assertEquals(new Runsc.Result(128, "", "loading container \"none\": file does not exist\n"), result);
        } while (!isEmpty(state) && System.nanoTime() - deadline < 0);
        assertNothingIsLeft();
    }

    private static boolean isEmpty(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.findAny().isEmpty();
        }
    }

    /** A terminal's keys come from the operator, from whom no process is shielded: not even the first, which does nothing about it. */
    @ParameterizedTest
    @CsvSource({"03,INT,130", "1c,QUIT,131"})
    void shouldEndByTheKeysOfItsTerminal(String key, String name, int status) {
        assertEquals(new Runsc.Result(0, "passed\n", ""), Runsc.run(state, "", List.of("python3",
            Path.of("src/test/py/key.py").toAbsolutePath().toString(), key, Integer.toString(status), Runsc.PROGRAM.toString(),
            "--root", state.toString(), "do", "perl", "-e", "$| = 1; print q(ready); sleep 1000")));
    }

    @Test
    void shouldNotRunTwoContainersOfOneName(@TempDir Path bundle) throws Exception {
        Files.writeString(bundle.resolve("config.json"), """
            {"ociVersion":"1.0.0","process":{"args":["/bin/sh","-c","echo ready; read x"],"cwd":"/"},"root":{"path":"/"}}""");
        List<String> command = List.of(Runsc.PROGRAM.toString(), "--root", state.toString(), "run", "--bundle", bundle.toString(), "one");
        Process first = new ProcessBuilder(command).start();
        started.add(first);
        assertEquals("ready", first.inputReader().readLine());
        assertEquals(new Runsc.Result(128, "", "container with id \"one\" already exists\n"), Runsc.run(bundle, "", command));
        first.getOutputStream().close();
        assertTrue(first.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS));
        assertNothingIsLeft();
    }
}
