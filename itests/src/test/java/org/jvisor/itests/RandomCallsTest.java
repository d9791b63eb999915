// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.jvisor.itests.osgi.Build;

/**
 * Random calls, while bundles are replaced and round trips made: the Sentry survives them, answers, and meets no defect of its own; and
 * when the workers have ended it has no more heap, threads, descriptors and processes of the host than after the first third of the time,
 * in which each bundle has been replaced.
 * System property {@code random-calls} says for how many seconds (10), {@code random-seed} from which seed on.
 */
class RandomCallsTest {
    private static final long SECONDS = Long.getLong("random-calls", 10);
    private static final long SEED = Long.getLong("random-seed", 17);
    private static final String CAPABILITIES = Stream.of("CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "SETGID", "SETUID", "SYS_ADMIN",
            "SYS_CHROOT", "SYS_PTRACE", "MKNOD", "NET_ADMIN", "NET_BIND_SERVICE", "IPC_OWNER", "SYS_RESOURCE")
            .map(name -> "\"CAP_" + name + "\"").toList().toString();

    /** Replacements after all bundles' first ones, at least. */
    private static final int MORE = 5;
    /** What is compiled late is not the same at any two times, and what is charged is charged about. */
    private static final long HEAP_SLACK = 4 << 20;

    @TempDir
    Path folder;

    /** What there is while nobody makes calls. */
    private record Rest(SentryUse use, long heapBytes, long chargedHeapBytes) {
        long uncharged() {
            return heapBytes - chargedHeapBytes;
        }
    }

    @Test
    void shouldSurviveRandomCalls() throws Exception {
        Path rootfs = Files.createDirectories(folder.resolve("rootfs"));
        Path data = Files.createDirectories(folder.resolve("data"));
        Path log = folder.resolve("debug.log");
        Files.createDirectories(rootfs.resolve("tmp"));
        Path program = Programs.compile(Path.of("src/test/programs/random-calls.c"));
        Files.copy(program, rootfs.resolve("random-calls"));
        Path beside = Files.createDirectories(folder.resolve("beside"));
        Files.copy(program, Files.createDirectories(beside.resolve("rootfs")).resolve("answer"));
        Files.writeString(beside.resolve("config.json"), """
                {"ociVersion": "1.0.0", "root": {"path": "rootfs"}, "process": {"args": ["/answer", "answer"], "cwd": "/"}}""");
        Files.writeString(folder.resolve("config.json"), """
                {"ociVersion": "1.0.0", "hostname": "test", "root": {"path": "rootfs"},
                 "process": {"args": ["/random-calls", "%d"], "cwd": "/", "user": {"uid": 0, "gid": 0},
                             "capabilities": {"bounding": %s, "effective": %s, "permitted": %s}},
                 "linux": {"resources": {"memory": {"limit": 1073741824}}},
                 "mounts": [{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}, {"destination": "/proc", "type": "proc"},
                            {"destination": "/sys", "type": "sysfs", "source": "sysfs"},
                            {"destination": "/data", "type": "bind", "source": "%s", "options": ["rbind", "rw"]}]}
                """.formatted(SEED, CAPABILITIES, CAPABILITIES, CAPABILITIES, data));
        try (SwappedSandbox sandbox = new SwappedSandbox(folder, "--debug-log", log.toString(), "run", "--bundle", folder.toString(),
                "itest-random")) {
            assertEquals("round 0", sandbox.readLine().substring(0, 7));
            long begin = System.nanoTime();
            long end = begin + TimeUnit.SECONDS.toNanos(SECONDS);
            Rest early = null;
            int replaced = 0;
            int trips = 0;
            do {
                sandbox.replace(Replacer.BUNDLES.get(replaced++ % Replacer.BUNDLES.size()), Build.Change.NONE);
                if (replaced % 5 == 0) {
                    sandbox.roundTrip();
                    trips++;
                    assertAnswers(sandbox);
                }
                if (early == null && replaced >= Replacer.BUNDLES.size() && System.nanoTime() - begin > (end - begin) / 3) {
                    early = rest(sandbox);
                    sandbox.inputLine();
                }
            } while (System.nanoTime() < end || replaced < Replacer.BUNDLES.size() + MORE);
            Rest late = rest(sandbox);
            System.out.println("heap after the first third " + early.heapBytes + ", at the end " + late.heapBytes);
            assertTrue(late.uncharged() < early.uncharged() + HEAP_SLACK, "early " + early + ", late " + late);
            early.use.awaitAgain(sandbox.sentry());
            sandbox.endInput();
            String last = sandbox.readToEnd();
            System.out.println("seed " + SEED + ": " + last + ", " + replaced + " bundles replaced, " + trips + " round trips");
            assertEquals("ok:", last.substring(0, 3), last);
            assertEquals(0, sandbox.waitForExit(), sandbox.errors());
            assertEquals("", sandbox.errors());
        }
        assertEquals(List.of(), defects(log));
    }

    /** Has the workers end and no other ones begin. */
    private static Rest rest(SwappedSandbox sandbox) throws IOException {
        sandbox.inputLine();
        while (!sandbox.readLine().equals("quiet")) {
            // a round
        }
        long heap = sandbox.heapBytes(); // first: what has ended is gone then
        return new Rest(SentryUse.of(sandbox.sentry()), heap, sandbox.charged("heap"));
    }

    /** A container beside, where no signal of the workers' reaches anybody. */
    private void assertAnswers(SwappedSandbox sandbox) throws IOException {
        assertEquals(new Runsc.Result(0, "alive\n", ""), sandbox.runBeside(folder.resolve("beside"), "itest-random-beside"));
    }

    /** Traces of stacks: of whatever the Sentry did not expect. */
    private static List<String> defects(Path log) throws IOException {
        try (Stream<String> lines = Files.lines(log)) {
            return lines.filter(line -> line.startsWith("\tat ") || line.contains("Exception") || line.contains("Error:")).toList();
        }
    }
}
