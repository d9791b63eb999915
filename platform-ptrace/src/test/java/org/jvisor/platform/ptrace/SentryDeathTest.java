// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Nothing of a sandbox outlives its Sentry, whatever the Sentry was doing when it was killed. */
@Timeout(300)
class SentryDeathTest {

    @RepeatedTest(12)
    void shouldTakeAllStubsAlongWhenKilled(RepetitionInfo repetition) throws Exception {
        String name = "swarm-" + ProcessHandle.current().pid() + "-" + repetition.getCurrentRepetition();
        Process sentry = start(name);
        // Some moment while stubs come and go; its seed is fixed so that a failure can be looked for again.
        long delayNs = new Random(repetition.getCurrentRepetition()).nextLong(TimeUnit.MILLISECONDS.toNanos(60));
        long end = System.nanoTime() + delayNs;
        while (System.nanoTime() < end) {
            LockSupport.parkNanos(end - System.nanoTime());
        }
        sentry.destroyForcibly().waitFor();
        // The host ends them after, not with, their tracer: the deadline is the test's.
        List<Integer> left = HostProcesses.withMemoryFile(name);
        while (!left.isEmpty()) {
            Thread.onSpinWait();
            left = HostProcesses.withMemoryFile(name);
        }
        assertEquals(List.of(), left);
    }

    @Test
    void shouldLeaveNothingBehindWhenStopped() {
        String name = "stop-" + ProcessHandle.current().pid();
        Machine machine = new Machine(name);
        machine.code(0, "0f 05");
        machine.inTask(() -> {
            var context = machine.newContext();
            context.run(Machine.startAt(Machine.CODE));
            context.forkAddressSpace();
            context.newContext(context.space());
            return null; // released by nobody
        });
        machine.close();
        assertEquals(List.of(), HostProcesses.withMemoryFile(name));
    }

    private static Process start(String name) throws IOException {
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
            "-cp", System.getProperty("java.class.path"), StubSwarm.class.getName(), name)
            .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        BufferedReader output = process.inputReader();
        assertEquals("running", output.readLine());
        return process;
    }
}
