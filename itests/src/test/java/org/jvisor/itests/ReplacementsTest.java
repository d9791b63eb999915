// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.jvisor.itests.osgi.Build;

/**
 * Each bundle is replaced many times in a row, each time by a build of another version, under a program that checks every result. At
 * the end the Sentry has no more class loaders, threads, descriptors and host processes than before, and its heap holds no more. System property
 * {@code replacements} says how many times (3), {@code replaced} which bundles (all but the core's).
 */
class ReplacementsTest {
    private static final int TIMES = Integer.getInteger("replacements", 3);
    private static final List<String> BUNDLES = List.of(System.getProperty("replaced", String.join(",", Replacer.BUNDLES)).split(","));
    private static final long LIMIT_MILLIS = 300_000;
    /** What programs have there, and what is compiled late, is not the same at any two times. */
    private static final long HEAP_SLACK = 2 << 20;
    private static final int LOOKS = 600;
    private static final long LOOK_MILLIS = 100;

    @TempDir
    Path folder;

    @Test
    void shouldLeaveNothingOfWhatWasReplaced() throws Exception {
        Path rootfs = Files.createDirectories(folder.resolve("rootfs"));
        Path data = Files.createDirectories(folder.resolve("data"));
        Files.createDirectories(rootfs.resolve("tmp"));
        Files.copy(Programs.compile(Path.of("src/test/programs/handover.c")), rootfs.resolve("handover"));
        Files.writeString(folder.resolve("config.json"), """
                {"ociVersion": "1.0.0", "hostname": "test", "root": {"path": "rootfs"},
                 "process": {"args": ["/handover", "-n", "20000", "/", "/data"], "cwd": "/", "user": {"uid": 0, "gid": 0}},
                 "mounts": [{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}, {"destination": "/proc", "type": "proc"},
                            {"destination": "/data", "type": "bind", "source": "%s", "options": ["rbind", "rw"]}]}
                """.formatted(data));
        try (SwappedSandbox sandbox = new SwappedSandbox(folder, "run", "--bundle", folder.toString(), "itest-replacements")) {
            assertEquals("started", sandbox.readLine());
            try (SandboxControl control = sandbox.control()) {
                replaceAll(control, 1, 1); // what is made when it is first needed is there then
                awaitCollection(control);
                Path sentry = sandbox.sentry();
                SentryUse before = SentryUse.of(sentry);
                long heapBefore = sandbox.heapBytes();
                replaceAll(control, 2, TIMES);
                awaitCollection(control);
                before.awaitAgain(sentry);
                long heapAfter = sandbox.heapBytes();
                System.out.println(BUNDLES.size() + " bundles replaced " + TIMES + " times each: heap before " + heapBefore + ", after "
                        + heapAfter);
                assertTrue(heapAfter < heapBefore + HEAP_SLACK, "heap before " + heapBefore + ", after " + heapAfter);
            }
            sandbox.signal("USR1");
            String last = sandbox.readToEnd();
            assertEquals("ok:", last.substring(0, 3), last);
            assertEquals(0, sandbox.waitForExit(), sandbox.errors());
        }
    }

    private static void replaceAll(SandboxControl control, int series, int times) throws IOException {
        for (String bundle : BUNDLES) {
            for (int i = 0; i < times; i++) {
                byte[] jar = Build.of(bundle, "9." + series + "." + i, Build.Change.NONE);
                SandboxControl.Answer answer = control.install(bundle, jar, LIMIT_MILLIS);
                assertEquals("", answer.problem(), bundle);
            }
        }
    }

    /** Each list asks for a collection; what is on some thread's stack at one is not at all of them. */
    private static void awaitCollection(SandboxControl control) throws Exception {
        for (int i = 0; control.bundles().contains("\twithdrawn\t"); i++) {
            assertTrue(i < LOOKS, () -> "still there: " + list(control));
            Thread.sleep(LOOK_MILLIS);
        }
    }

    private static String list(SandboxControl control) {
        try {
            return control.bundles();
        } catch (IOException e) {
            return e.toString();
        }
    }
}
