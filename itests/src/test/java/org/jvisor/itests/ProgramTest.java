// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Each program of src/test/c passes on the host's Linux, and then the same binary in jVisor on every platform. */
class ProgramTest {

    private static final Path SOURCES = Path.of("src/test/c");

    @TempDir
    Path folder;

    @TestFactory
    Stream<DynamicNode> programs() throws IOException {
        List<DynamicNode> nodes = new ArrayList<>();
        List<Path> sources;
        try (Stream<Path> files = Files.list(SOURCES)) {
            sources = files.filter(file -> file.toString().endsWith(".c")).sorted().toList();
        }
        for (Path source : sources) {
            String name = source.getFileName().toString().replace(".c", "");
            Path binary = Path.of("target/programs").resolve(name).toAbsolutePath();
            List<DynamicTest> tests = new ArrayList<>();
            tests.add(DynamicTest.dynamicTest("on the host", () -> {
                Programs.compile(source);
                pass(Runsc.onHost(folder, binary.toString()));
            }));
            for (String platform : Runsc.platforms()) {
                tests.add(DynamicTest.dynamicTest("on " + platform,
                        () -> pass(Runsc.inJvisor(Path.of("/tmp"), platform, binary.toString()))));
            }
            nodes.add(DynamicContainer.dynamicContainer(name, tests));
        }
        return nodes.stream();
    }

    private static void pass(Runsc.Result result) {
        assertEquals(0, result.status(), result.out() + result.err());
    }
}
