// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code --host}: the whole of a sandbox by either host bundle, and nothing of the other one. */
class HostChoiceTest {

    private static final String SCRIPT = """
        cd /tmp && seq 1000 > numbers && sort -rn numbers | head -n 1
        for i in 1 2 3; do (echo $i) & done; wait
        echo ready; read line; echo "$line"
        """;

    @ParameterizedTest
    @CsvSource({"ffm,false", "jnr,true", "auto,false"})
    void shouldServeByTheBundleThatIsChosen(String host, boolean jnr) throws Exception {
        Process process = new ProcessBuilder(List.of(Runsc.PROGRAM.toString(), "--root", Runsc.stateFolder(), "--network", "none",
            "--ignore-cgroups", "--host=" + host, "do", "sh", "-c", SCRIPT)).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.ISO_8859_1))) {
            assertEquals("1000", out.readLine());
            assertEquals(List.of("1", "2", "3"), Stream.of(out.readLine(), out.readLine(), out.readLine()).sorted().toList());
            assertEquals("ready", out.readLine());
            for (String role : List.of("SentryMain", "gofer.Main")) {
                ProcessHandle jvm = process.descendants().filter(child -> commandLine(child).contains(role)).findFirst().orElseThrow();
                assertEquals(jnr, Files.readString(Path.of("/proc/" + jvm.pid() + "/maps"), StandardCharsets.ISO_8859_1)
                    .contains("jffi"), role);
                assertEquals(jnr, commandLine(jvm).contains("host-jnr.jar"), role);
            }
            process.getOutputStream().write("end\n".getBytes(StandardCharsets.ISO_8859_1));
            process.getOutputStream().close();
            assertEquals("end", out.readLine());
            assertTrue(process.waitFor(300, TimeUnit.SECONDS));
            assertEquals(0, process.exitValue());
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    private static String commandLine(ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            // It has ended meanwhile.
            return "";
        }
    }
}
