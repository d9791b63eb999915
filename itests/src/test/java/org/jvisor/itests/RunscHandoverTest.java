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
 * The bundles below a container's root, which takes a gofer to test, are replaced by runsc under a program of many processes and
 * threads that checks every result and every byte. The others' tests are in the package osgi.
 */
class RunscHandoverTest {

    private static final int TIMES = 20;
    private static final int NEWER_SCHEMA_AT = 10;
    private static final int COLLECTIONS = 20;

    @TempDir
    Path folder;

    @Test
    void shouldReplaceWhatServesFilesUnderLoad() throws Exception {
        Path rootfs = Files.createDirectories(folder.resolve("rootfs"));
        Path data = Files.createDirectories(folder.resolve("data"));
        Files.createDirectories(rootfs.resolve("tmp"));
        Files.copy(Programs.compile(Path.of("src/test/programs/handover.c")), rootfs.resolve("handover"));
        Files.writeString(folder.resolve("config.json"), """
                {"ociVersion": "1.0.0", "hostname": "test", "root": {"path": "rootfs"},
                 "process": {"args": ["/handover", "-n", "20000", "/", "/data"], "cwd": "/", "user": {"uid": 0, "gid": 0}},
                 "mounts": [{"destination": "/data", "type": "bind", "source": "%s", "options": ["rbind", "rw"]}]}
                """.formatted(data));
        try (SwappedSandbox sandbox = new SwappedSandbox(folder, "run", "--bundle", folder.toString(), "itest-handover")) {
            assertEquals("started", sandbox.readLine());
            replace(sandbox, "fs-gofer");
            replace(sandbox, "p9-unix");
            awaitCollection(sandbox);
            sandbox.signal("USR1");
            String last = sandbox.readLine();
            System.out.println(last);
            assertEquals("ok:", last.substring(0, 3), last);
            assertEquals(0, sandbox.waitForExit(), sandbox.errors());
        }
        try (var left = Files.walk(data)) {
            assertEquals(4, left.filter(Files::isRegularFile).count(), "each of two threads keeps two files");
        }
    }

    private static void replace(SwappedSandbox sandbox, String bundle) throws IOException {
        int mostObjects = 0;
        int longestMillis = 0;
        for (int i = 1; i <= TIMES; i++) {
            SwappedSandbox.Report report = sandbox.replace(bundle, i == NEWER_SCHEMA_AT ? Build.Change.NEWER_SCHEMA : Build.Change.NONE);
            assertTrue(report.objects() > 0, bundle);
            mostObjects = Math.max(mostObjects, report.objects());
            longestMillis = Math.max(longestMillis, report.pauseMillis());
        }
        System.out.println(bundle + ": replaced " + TIMES + " times, " + mostObjects + " objects, longest pause " + longestMillis + " ms");
    }

    /** Each list asks for a collection; what is on some thread's stack at one is not at all of them. */
    private static void awaitCollection(SwappedSandbox sandbox) throws IOException {
        List<String> left = sandbox.uncollected();
        for (int i = 0; i < COLLECTIONS && !left.isEmpty(); i++) {
            left = sandbox.uncollected();
        }
        assertEquals(List.of(), left);
    }
}
