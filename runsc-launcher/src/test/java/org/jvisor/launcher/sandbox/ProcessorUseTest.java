// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.sandbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.jvisor.host.ffm.FfmHostKernel;
import org.jvisor.launcher.host.HostCalls;
import org.jvisor.launcher.sandbox.ProcessorUse.State;

class ProcessorUseTest {
    private static final long LIMIT_NS = TimeUnit.SECONDS.toNanos(300);

    private final HostCalls calls = new HostCalls(new FfmHostKernel());
    private Process process;

    @AfterEach
    void end() throws InterruptedException {
        if (process != null) {
            process.destroyForcibly().waitFor();
        }
    }

    private ProcessorUse start(String... command) throws Exception {
        process = new ProcessBuilder(command).start();
        return new ProcessorUse(calls, (int) process.pid());
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long begin = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - begin < LIMIT_NS);
            Thread.sleep(10);
        }
    }

    private void signal(String name) throws Exception {
        assertEquals(0, new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor());
    }

    @Test
    void shouldTellWhoSleepsAndWhoIsStopped() throws Exception {
        ProcessorUse use = start("sleep", "1000");
        await(() -> use.state() == State.ASLEEP);
        signal("STOP");
        await(() -> use.state() == State.HELD);
        signal("CONT");
        await(() -> use.state() == State.ASLEEP);
    }

    @Test
    void shouldTellWhatWhoComputesHasHad() throws Exception {
        ProcessorUse use = start("sh", "-c", "while :; do :; done");
        await(() -> use.state() == State.ACTIVE);
        await(() -> use.timeNs() > 50_000_000);
    }

    /** As with --rootless. */
    @Test
    void shouldLookBehindUnshare() throws Exception {
        ProcessorUse use = start("unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child=KILL", "--",
            "sh", "-c", "while :; do :; done");
        await(() -> use.state() == State.ACTIVE && use.timeNs() > 50_000_000);
    }

    @Test
    void shouldKnowNothingOfWhoIsNotThere() {
        assertEquals(State.UNKNOWN, ProcessorUse.unknown(calls).state());
        assertEquals(-1, ProcessorUse.unknown(calls).timeNs());
    }
}
