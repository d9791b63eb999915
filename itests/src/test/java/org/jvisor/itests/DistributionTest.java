// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The distribution works wherever it stands and however it is called. */
class DistributionTest {

    @TempDir
    Path folder;

    /** With nothing in the environment. */
    private Runsc.Result run(Path program, String... words) {
        return Runsc.run(folder, "", Stream.concat(Stream.of("/usr/bin/env", "-i", program.toString()), Stream.of(words)).toList());
    }

    @Test
    void shouldRunThroughLinksWithAnEmptyEnvironment() throws IOException {
        Path first = Files.createSymbolicLink(folder.resolve("first"), Runsc.DISTRIBUTED);
        Path second = Files.createSymbolicLink(folder.resolve("second"), Path.of("first"));
        Runsc.Result result = run(second, "--root", folder + "/state", "do", "/bin/sh", "-c", "pwd; exit 3");
        assertEquals(new Runsc.Result(3, folder.toRealPath() + "\n", ""), result);
        assertEquals(0, run(first, "--version").status());
    }

    @Test
    void shouldWorkWhereTheArchiveIsUnpacked() throws IOException {
        Path archive;
        try (Stream<Path> files = Files.list(Runsc.DISTRIBUTED.getParent().getParent().getParent())) {
            archive = files.filter(file -> file.toString().endsWith(".tar.gz")).findFirst().orElseThrow();
        }
        Path place = Files.createDirectory(folder.resolve("a place"));
        assertEquals(0, Runsc.run(place, "", List.of("tar", "-xzf", archive.toString())).status());
        Runsc.Result result = run(place.resolve("runsc/bin/runsc"), "--root", folder + "/state", "do", "/bin/echo", "hello");
        assertEquals(new Runsc.Result(0, "hello\n", ""), result);
    }

    @Test
    void shouldRunABundleThatItBegan() throws IOException {
        Path root = Files.createDirectories(folder.resolve("rootfs/bin"));
        Files.copy(Path.of("/bin/busybox"), root.resolve("busybox"));
        assertEquals(0, run(Runsc.DISTRIBUTED, "spec", "--", "/bin/busybox", "sh", "-c", "echo hello; echo x > /x || echo no").status());
        Runsc.Result result = run(Runsc.DISTRIBUTED, "--root", folder + "/state", "run", "c");
        assertEquals(0, result.status(), result.err());
        // The root is read-only by what spec writes.
        assertEquals("hello\nno\n", result.out());
        assertTrue(result.err().contains("Read-only file system"), result.err());
        try (Stream<Path> files = Files.list(folder.resolve("rootfs"))) {
            assertEquals(List.of(root), files.toList());
        }
    }
}
