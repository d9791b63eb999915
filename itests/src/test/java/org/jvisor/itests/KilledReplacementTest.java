// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.jvisor.itests.osgi.Build;

/**
 * The Sentry, the gofer or runsc is killed while a bundle is being replaced under a virtual machine, a database and a build: nothing of
 * the sandbox is left, and whoever can tells why. System property {@code kills} says how many times (3).
 */
class KilledReplacementTest {
    private static final int TIMES = Integer.getInteger("kills", 3);
    private static final int LATEST_MILLIS = 150;
    private static final long LIMIT_SECONDS = 300;
    private static final int SIGKILLED = 137;
    /** Of a line of mountinfo, see proc(5). */
    private static final int MOUNT_POINT = 4;
    private static final int CGROUP_DEPTH = 6;

    @TempDir
    Path folder;

    /** What a sandbox could leave on the host beside processes and files: where there are mounts, and which cgroups. */
    private record Leftovers(List<String> mounts, List<String> cgroups) {
        static Leftovers now() throws IOException {
            try (Stream<String> mounts = Files.lines(Path.of("/proc/self/mountinfo"), StandardCharsets.ISO_8859_1);
                    Stream<Path> cgroups = Files.find(Path.of("/sys/fs/cgroup"), CGROUP_DEPTH, (path, kind) -> kind.isDirectory()
                            && path.toString().contains("itest"))) {
                return new Leftovers(mounts.map(line -> line.split(" ")[MOUNT_POINT]).toList(), cgroups.map(Path::toString).toList());
            }
        }
    }

    @Test
    void shouldLeaveNothing() throws Exception {
        Random random = new Random(TIMES);
        int answered = 0;
        for (int i = 0; i < TIMES; i++) {
            String bundle = Replacer.BUNDLES.get(i % Replacer.BUNDLES.size());
            String victim = List.of("runsc-sandbox", "runsc-gofer", "runsc").get(i % 3);
            if (kill(Files.createDirectories(folder.resolve("run" + i)), victim, bundle, random.nextInt(LATEST_MILLIS))) {
                answered++;
            }
        }
        System.out.println("killed " + TIMES + " times, " + answered + " after the answer");
    }

    /** Whether the replacement had been answered by then. */
    private static boolean kill(Path run, String victim, String bundle, int millis) throws Exception {
        Path programs = Files.createDirectories(run.resolve("programs"));
        Files.copy(Path.of("src/test/programs/busy.sh"), programs.resolve("busy.sh"));
        Files.writeString(run.resolve("config.json"), """
                {"ociVersion": "1.0.0", "hostname": "test", "root": {"path": "/", "readonly": true},
                 "process": {"args": ["/bin/sh", "/mnt/busy.sh", "%s"], "cwd": "/", "env": ["PATH=/usr/bin:/bin"]},
                 "mounts": [{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}, {"destination": "/proc", "type": "proc"},
                            {"destination": "/mnt", "type": "bind", "source": "%s", "options": ["rbind", "ro"]}]}
                """.formatted(System.getProperty("java.home"), programs));
        Leftovers before = Leftovers.now();
        try (SwappedSandbox sandbox = new SwappedSandbox(run, "run", "--bundle", run.toString(), "itest-killed")) {
            assertEquals("started", sandbox.readLine());
            List<ProcessHandle> all = sandbox.processes();
            byte[] jar = Build.of(bundle, "9.1", Build.Change.NONE);
            CompletableFuture<Boolean> answer = CompletableFuture.supplyAsync(() -> install(sandbox, bundle, jar));
            Thread.sleep(millis);
            boolean answered = answer.isDone();
            sandbox.process(victim).destroyForcibly();
            int status = sandbox.waitForExit();
            System.out.println(run.getFileName() + ": " + victim + " killed " + millis + " ms into replacing " + bundle
                    + (answered ? " (answered)" : "") + ": status " + status + ", " + sandbox.errors().strip());
            if (victim.equals("runsc")) {
                assertEquals(SIGKILLED, status);
            } else {
                String who = victim.equals("runsc-gofer") ? "the gofer" : "the Sentry";
                assertEquals(128, status, sandbox.errors());
                assertTrue(sandbox.errors().lines().filter(line -> line.contains("was killed by SIGKILL")).toList()
                        .equals(List.of(who + " was killed by SIGKILL")), sandbox.errors());
            }
            for (ProcessHandle one : all) {
                one.onExit().get(LIMIT_SECONDS, TimeUnit.SECONDS);
            }
            answer.get(LIMIT_SECONDS, TimeUnit.SECONDS);
            assertEquals(List.of(), sandbox.state(), "what a killed runsc leaves, the next one takes away");
            assertEquals(before, Leftovers.now(), "mounts and cgroups");
            return answered;
        }
    }

    /** Whatever comes of it. */
    private static boolean install(SwappedSandbox sandbox, String bundle, byte[] jar) {
        try (SandboxControl control = sandbox.control()) {
            return control.install(bundle, jar).problem().isEmpty();
        } catch (IOException e) {
            return false;
        }
    }
}
