// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The programs and scripts of {@link ProgramTest} and {@link ScriptTest} see nothing of it that their calls begin again: each wait comes
 * out as for the replacement of its handler, once, twice, or at random ({@code runsc --TESTONLY-begin-again}). Each runs in one of the
 * modes, or in those that the system property {@code begin-again} names: {@code -Dbegin-again=once,twice,random:7}.
 */
class BeginAgainTest {

    private static final List<String> MODES = List.of("once", "twice", "random:1");
    private static final String WANTED = System.getProperty("begin-again", "");
    private static final Path PROGRAMS = Path.of("src/test/c");
    private static final Path SCRIPTS = Path.of("src/test/sh");

    @TestFactory
    Stream<DynamicContainer> programs() throws IOException {
        return eachInItsMode(PROGRAMS, ".c", (file, mode) -> {
            Runsc.Result result = run(mode, Programs.compile(file).toString());
            assertEquals(0, result.status(), result.out() + result.err());
        });
    }

    @TestFactory
    Stream<DynamicContainer> scripts() throws IOException {
        return eachInItsMode(SCRIPTS, ".sh", (file, mode) -> {
            String script = file.toAbsolutePath().toString();
            Runsc.Result host = Runsc.onHost(Path.of("/tmp"), "bash", script);
            Runsc.Result jvisor = run(mode, "bash", script);
            assertAll(() -> assertEquals(host.out(), jvisor.out()), () -> assertEquals(host.err(), jvisor.err()),
                    () -> assertEquals(host.status(), jvisor.status()));
        });
    }

    private interface Check {
        void of(Path file, String mode) throws IOException;
    }

    private static Stream<DynamicContainer> eachInItsMode(Path folder, String ending, Check check) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(folder)) {
            files = all.filter(file -> file.toString().endsWith(ending)).sorted().toList();
        }
        List<DynamicContainer> containers = new ArrayList<>();
        for (int i = 0; i < files.size(); i++) {
            Path file = files.get(i);
            List<String> modes = WANTED.isEmpty() ? List.of(MODES.get(i % MODES.size())) : List.of(WANTED.split(","));
            containers.add(DynamicContainer.dynamicContainer(file.getFileName().toString(),
                    modes.stream().map(mode -> DynamicTest.dynamicTest(mode, () -> check.of(file, mode)))));
        }
        return containers.stream();
    }

    private static Runsc.Result run(String mode, String... command) {
        List<String> line = new ArrayList<>(List.of(Runsc.PROGRAM.toString(), "--root", Runsc.stateFolder(),
                "--platform", Runsc.platforms().getFirst(), "--TESTONLY-begin-again", mode, "--network", "none", "--ignore-cgroups",
                "do", "--cwd", "/tmp"));
        line.addAll(List.of(command));
        return Runsc.run(Path.of("/tmp"), "", line);
    }
}
