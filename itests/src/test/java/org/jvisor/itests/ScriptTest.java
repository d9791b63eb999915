// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Each script of src/test/sh, made of Debian's own programs, prints and returns in jVisor what it does on the host. */
class ScriptTest {

    private static final Path SCRIPTS = Path.of("src/test/sh");

    @TestFactory
    Stream<DynamicTest> scripts() throws IOException {
        return Files.list(SCRIPTS).filter(file -> file.toString().endsWith(".sh")).sorted().flatMap(file -> Runsc.platforms()
                .stream().map(platform -> DynamicTest.dynamicTest(file.getFileName() + " on " + platform,
                        () -> compare(file.toAbsolutePath(), platform))));
    }

    private static void compare(Path script, String platform) {
        Runsc.Result host = Runsc.onHost(Path.of("/tmp"), "bash", script.toString());
        Runsc.Result jvisor = Runsc.inJvisor(Path.of("/tmp"), platform, "bash", script.toString());
        assertAll(() -> assertEquals(host.out(), jvisor.out()), () -> assertEquals(host.err(), jvisor.err()),
                () -> assertEquals(host.status(), jvisor.status()));
    }
}
