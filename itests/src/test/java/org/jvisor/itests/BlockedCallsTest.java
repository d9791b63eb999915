// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.jvisor.itests.osgi.Build;

/** Calls that have moved bytes, or that have waited, when their family is replaced: none is short, and none is interrupted. */
class BlockedCallsTest {

    private static final long PAUSE_MILLIS = 300;
    private static final int TIMES = 20;

    private final Path program = Programs.compile(Path.of("src/test/programs/blocked.c"));

    @TempDir
    Path folder;

    @Test
    void shouldMoveAllOnTheHost() throws Exception {
        Process process = new ProcessBuilder(program.toString()).start();
        try {
            assertEquals("started", process.inputReader().readLine());
            assertEquals(0, new ProcessBuilder("kill", "-USR1", Long.toString(process.pid())).start().waitFor());
            assertEquals("ok:", process.inputReader().readLine().substring(0, 3));
            assertEquals(0, process.waitFor());
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    @Test
    void shouldMoveAllWhileTheirFamiliesAreReplaced() throws Exception {
        try (SwappedSandbox sandbox = new SwappedSandbox(folder, "do", program.toString())) {
            assertEquals("started", sandbox.readLine());
            long due = System.nanoTime();
            for (int i = 0; i < TIMES; i++) {
                due += TimeUnit.MILLISECONDS.toNanos(PAUSE_MILLIS);
                TimeUnit.NANOSECONDS.sleep(due - System.nanoTime());
                sandbox.replace(i % 2 == 0 ? "syscalls-fs" : "syscalls-net", Build.Change.NONE);
            }
            sandbox.signal("USR1");
            String last = sandbox.readLine();
            System.out.println(last);
            assertEquals("ok:", last.substring(0, 3), last);
            assertEquals(0, sandbox.waitForExit(), sandbox.errors());
        }
    }
}
