// SPDX-License-Identifier: Apache-2.0
package org.jvisor.time;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.jvisor.api.host.HostKernel;
import org.jvisor.host.ffm.FfmHostKernel;

/** Proves the image by the tools and the loader of the host, where they are installed. */
class VdsoImageTest {
    private final HostKernel host = new FfmHostKernel();

    @TempDir
    Path folder;

    private Path image;

    @BeforeEach
    void writeImage() throws IOException {
        image = Files.write(folder.resolve("vdso.so"), VdsoImage.build());
    }

    @Test
    void shouldBeWhatReadelfTakesForASharedObject() throws Exception {
        assumeTrue(installed("readelf"));
        Output output = run("readelf", "-W", "--all", image.toString());
        assertEquals("", output.errors);
        assertEquals(0, output.status);
        for (VdsoCode.Function function : VdsoCode.FUNCTIONS) {
            assertTrue(Pattern.compile("FUNC +GLOBAL DEFAULT +\\d+ __vdso_" + function.name() + "@@LINUX_2.6\n")
                    .matcher(output.text).find(), function.name());
            assertTrue(Pattern.compile("FUNC +WEAK +DEFAULT +\\d+ " + function.name() + "@@LINUX_2.6\n")
                    .matcher(output.text).find(), function.name());
        }
        assertTrue(output.text.contains("Library soname: [linux-vdso.so.1]"), output.text);
        assertFalse(output.text.contains("rror"), output.text);
        assertFalse(output.text.contains("arning"), output.text);
    }

    @Test
    void shouldTellTheTimeFromThePage() throws Exception {
        HostTime time = new HostTime(host);
        assumeTrue(time.counterIsSteady());
        SandboxClock clock = new SandboxClock(time);
        long end = System.nanoTime() + SandboxClock.FIRST_REFRESH_NS;
        while (System.nanoTime() < end) {
            Thread.onSpinWait();
        }
        clock.refresh();
        assertTrue(clock.line().usable());
        check(clock);
    }

    @Test
    void shouldAskTheKernelWhenTheCounterIsNotUsable() throws Exception {
        TimeSource unsteady = new FakeTime(false);
        check(new SandboxClock(unsteady));
    }

    private void check(SandboxClock clock) throws Exception {
        assumeTrue(installed("gcc"));
        long address = host.allocate(ClockPage.SIZE);
        ClockPage page = new ClockPage(host, address);
        page.setCpus(2);
        clock.publishTo(page);
        byte[] bytes = new byte[ClockPage.SIZE];
        host.copyIn(address, bytes, 0, bytes.length);
        Path pageFile = Files.write(folder.resolve("page"), bytes);
        Path source = folder.resolve("check.c");
        try (InputStream in = VdsoImageTest.class.getResourceAsStream("vdso-check.c")) {
            Files.copy(in, source);
        }
        Path program = folder.resolve("check");
        Output compiled = run("gcc", "-O1", "-o", program.toString(), source.toString(), "-ldl");
        assertEquals(0, compiled.status, compiled.errors);
        Output output = run(program.toString(), image.toString(), pageFile.toString(), Long.toString(clock.bootNs()), "2",
                "compare");
        assertEquals("all right\n", output.text);
        assertEquals(0, output.status);
    }

    private record Output(int status, String text, String errors) {}

    private Output run(String... command) throws IOException, InterruptedException {
        Path errors = folder.resolve("errors");
        Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
        String text = new String(process.getInputStream().readAllBytes());
        return new Output(process.waitFor(), text, Files.readString(errors));
    }

    private static boolean installed(String program) {
        return Files.isExecutable(Path.of("/usr/bin", program));
    }
}
