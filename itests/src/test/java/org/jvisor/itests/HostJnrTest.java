// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Programs of {@link ProgramTest} in sandboxes that reach the host by host-jnr: those that between them need files, memory, signals,
 * timers, sockets, processes and threads of it. All of them run so with {@code -Dhost=jnr}.
 */
class HostJnrTest {

    @ParameterizedTest
    @ValueSource(strings = {"files", "faults", "signals", "polling", "sockets", "processes", "threads"})
    void shouldServeWholePrograms(String name) {
        Path binary = Programs.compile(Path.of("src/test/c", name + ".c"));
        for (String platform : Runsc.platforms()) {
            Runsc.Result result = Runsc.inJvisorBy("jnr", Path.of("/tmp"), platform, binary.toString());
            assertEquals(0, result.status(), platform + ": " + result.out() + result.err());
        }
    }
}
