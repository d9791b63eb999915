// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What cannot be run is refused in one line, with runsc's status for it, and leaves nothing behind. */
class BadInputTest {
    private static final int FAILED = 128;
    private static final int USAGE = 2;

    @TempDir
    Path bundle;

    @TempDir
    Path state;

    @AfterEach
    void nothingIsLeft() throws IOException {
        try (Stream<Path> left = Files.list(state)) {
            assertEquals(List.of(), left.toList());
        }
    }

    private Runsc.Result runsc(String... words) {
        List<String> command = new ArrayList<>(List.of(Runsc.PROGRAM.toString(), "--root", state.toString()));
        command.addAll(List.of(words));
        return Runsc.run(bundle, "", command);
    }

    private Runsc.Result run(String config) throws IOException {
        Files.writeString(bundle.resolve("config.json"), config);
        return runsc("run", "--bundle", bundle.toString(), "c");
    }

    private static String config(String program, String root) {
        return "{\"ociVersion\":\"1.0.0\",\"process\":{\"args\":[\"" + program + "\"],\"cwd\":\"/\"},\"root\":{\"path\":\"" + root
            + "\"}}";
    }

    private static void assertRefused(int status, String part, Runsc.Result result) {
        assertEquals(status, result.status(), result.err());
        assertEquals("", result.out());
        assertTrue(result.err().contains(part), result.err());
        assertEquals(1, result.err().lines().count(), result.err());
    }

    @Test
    void shouldRefuseBundlesThatAreNotThereOrNotAsTheyShouldBe() throws IOException {
        assertRefused(FAILED, "config.json\": No such file or directory", runsc("run", "--bundle", bundle.toString(), "c"));
        assertRefused(FAILED, "unexpected end of JSON input", run("{"));
        assertRefused(FAILED, "process: must be defined", run("{\"ociVersion\":\"1.0.0\"}"));
        assertRefused(FAILED, "/rootfs: No such file or directory", run(config("/bin/true", "rootfs")));
    }

    @Test
    void shouldRefuseProgramsThatCannotRun() throws IOException {
        assertRefused(FAILED, "no such file or directory", run(config("/no/such/program", "/")));
        assertRefused(FAILED, "permission denied", run(config("/etc/passwd", "/")));
        Path program = bundle.resolve("program");
        for (String content : List.of("", "no program", "\u007fELF", "#!", "#!/no/such/interpreter\n")) {
            Files.writeString(program, content);
            assertTrue(program.toFile().setExecutable(true));
            assertRefused(FAILED, "exec", run(config(program.toString(), "/")));
        }
    }

    @Test
    void shouldRefuseFlagsThatMakeNoSense() {
        assertRefused(USAGE, "flag provided but not defined: -bogus", runsc("--bogus", "do", "true"));
        assertRefused(USAGE, "invalid network type", runsc("--network=moon", "do", "true"));
        assertRefused(FAILED, "no platform \"moon\"", runsc("--platform", "moon", "do", "true"));
        assertRefused(FAILED, "unknown subcommand", runsc("fly"));
        assertRefused(FAILED, "run takes one container id", runsc("run"));
        assertRefused(FAILED, "invalid container id", runsc("run", "a/b"));
        assertRefused(FAILED, "do takes a command", runsc("do"));
        assertRefused(USAGE, "must have from 1 to 64 bytes", runsc("--kernel-release", "6".repeat(65), "do", "true"));
        for (String user : List.of("4294967295", "abc", ":")) {
            assertRefused(FAILED, "UID is to be a number from 0 to 4294967294", runsc("exec", "--user", user, "c", "true"));
        }
        assertRefused(FAILED, "cannot allocate tty if runsc will detach", runsc("exec", "--detach", "--tty", "c", "true"));
        assertRefused(FAILED, "bundle takes install, uninstall or list", runsc("bundle", "list", "c", "d"));
    }

    @Test
    void shouldMakeTheFolderOfItsLogs() throws IOException {
        Path logs = bundle.resolve("a/b");
        assertEquals(new Runsc.Result(0, "", ""), runsc("--debug", "--debug-log", logs + "/", "do", "true"));
        try (Stream<Path> made = Files.list(logs)) {
            List<String> names = made.map(log -> log.getFileName().toString()).toList();
            assertEquals(2, names.size(), names.toString());
            assertTrue(names.stream().anyMatch(name -> name.matches("runsc\\.log\\..*\\.boot\\.txt")), names.toString());
            assertTrue(names.stream().anyMatch(name -> name.matches("runsc\\.log\\..*\\.gofer\\.txt")), names.toString());
        }
        Path named = bundle.resolve("c/%ID%/log");
        assertEquals(128, runsc("--debug", "--debug-log", named.toString(), "run", "--bundle", "/no/such", "one").status());
        assertTrue(Files.exists(bundle.resolve("c/one/log")));
    }

    @Test
    void shouldShowTheLongestReleaseWhole() {
        assertEquals(new Runsc.Result(0, "6".repeat(64) + "\n", ""),
                runsc("--kernel-release", "6".repeat(64), "do", "uname", "-r"));
    }

    @Test
    void shouldTellTheCallersLog() throws IOException {
        Path log = bundle.resolve("log.json");
        Runsc.Result result = runsc("--log", log.toString(), "--log-format=json", "run", "c");
        assertEquals(FAILED, result.status());
        String line = Files.readString(log);
        assertTrue(line.startsWith("{\"msg\":\"reading spec: ") && line.contains("\"level\":\"error\""), line);
    }

    @Test
    void shouldSayHowItIsUsed() {
        Runsc.Result help = runsc("help");
        assertEquals(0, help.status());
        for (String verb : List.of("run", "do", "spec", "bundle", "help", "flags")) {
            assertTrue(help.out().contains("\t" + verb + " "), help.out());
            assertFalse(runsc("help", verb).out().isEmpty());
        }
        assertTrue(runsc("--version").out().matches("runsc version release-\\S+\nspec: 1\\.1\\.0\n"));
    }
}
