// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** bash with job control on a real terminal: first the host's own, then one in a sandbox. */
class TerminalTest {
    private static final String DRIVER = Path.of("src/test/py/terminal.py").toAbsolutePath().toString();

    @TempDir
    Path folder;

    private void pass(List<String> shell) {
        List<String> command = Stream.concat(Stream.of("python3", DRIVER), shell.stream()).toList();
        assertEquals(new Runsc.Result(0, "passed\n", ""), Runsc.run(folder, "", command));
    }

    @Test
    void shouldBeAsOnTheHost() {
        pass(List.of("bash", "--norc"));
        pass(List.of(Runsc.PROGRAM.toString(), "--root", folder + "/state", "do", "bash", "--norc"));
    }

    @Test
    void shouldComeFromTheBundle() throws Exception {
        Files.writeString(folder.resolve("config.json"), """
            {"ociVersion":"1.0.0","process":{"terminal":true,"args":["/bin/bash","--norc"],"env":["PATH=/usr/bin:/bin","TERM=xterm"],
             "cwd":"/"},"root":{"path":"/"}}""");
        pass(List.of(Runsc.PROGRAM.toString(), "--root", folder + "/state", "run", "terminal"));
    }
}
