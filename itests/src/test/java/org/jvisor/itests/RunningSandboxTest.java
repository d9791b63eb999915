// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.jvisor.itests.swap.SwapBundle;

/** Bundles that come and go by {@code runsc bundle} while a container runs. */
class RunningSandboxTest {

    @TempDir
    Path folder;

    private Process start(String id, String program) throws IOException {
        Path binary = Programs.compile(Path.of("src/test/programs/" + program + ".c"));
        Path rootfs = Files.createDirectories(folder.resolve("rootfs"));
        Files.createDirectories(rootfs.resolve("tmp"));
        Files.copy(binary, rootfs.resolve(program));
        Files.writeString(folder.resolve("config.json"), """
                {"ociVersion": "1.0.0", "process": {"args": ["/%s", "stay"], "cwd": "/", "user": {"uid": 0, "gid": 0}},
                 "root": {"path": "rootfs"}, "hostname": "test"}
                """.formatted(program));
        return new ProcessBuilder(runsc("run", "--bundle", folder.toString(), id)).redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static List<String> runsc(String... words) {
        List<String> line = new java.util.ArrayList<>(
                List.of(Runsc.PROGRAM.toString(), "--root", Runsc.stateFolder(), "--network", "none", "--ignore-cgroups"));
        line.addAll(List.of(words));
        return line;
    }

    private Runsc.Result bundle(String... words) {
        List<String> line = runsc("bundle");
        line.addAll(List.of(words));
        return Runsc.run(folder, "", line);
    }

    /** The container may not be there yet. */
    private void install(String id, Path jar) {
        Runsc.Result result = bundle("install", "--name", "plugin", id, jar.toString());
        for (int i = 0; i < 300 && result.status() != 0; i++) {
            result = bundle("install", "--name", "plugin", id, jar.toString());
        }
        assertEquals(0, result.status(), result.err());
    }

    @Test
    void shouldReplaceABundleUnderARunningProgram() throws Exception {
        Path first = Files.write(folder.resolve("first.jar"), SwapBundle.jar(1));
        Path second = Files.write(folder.resolve("second.jar"), SwapBundle.jar(2));
        Process process = start("itest-swap", "hotswap");
        try (BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.ISO_8859_1))) {
            install("itest-swap", first);
            assertEquals("ready", out.readLine());
            install("itest-swap", second);
            assertEquals("swapped", out.readLine());
            process.getOutputStream().close();
            assertTrue(process.waitFor(300, TimeUnit.SECONDS));
            assertEquals(0, process.exitValue());
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    private static SocketChannel connect(String id) throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(Path.of(Runsc.stateFolder(), id, "control.sock")));
    }

    /** Clients that say half a word and nothing more, or nonsense: others are served, and the container goes on. */
    @Test
    void shouldServeOthersBesideClientsThatAreStuckOrHostile() throws Exception {
        Path first = Files.write(folder.resolve("first.jar"), SwapBundle.jar(1));
        Path second = Files.write(folder.resolve("second.jar"), SwapBundle.jar(2));
        Process process = start("itest-stuck", "hotswap");
        List<SocketChannel> stuck = new ArrayList<>();
        try (BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.ISO_8859_1))) {
            install("itest-stuck", first);
            assertEquals("ready", out.readLine());
            for (int i = 0; i < 4; i++) {
                stuck.add(connect("itest-stuck"));
                stuck.getLast().write(ByteBuffer.wrap(new byte[5 * i]));
            }
            Random random = new Random(20261126);
            for (int i = 0; i < 200; i++) {
                try (SocketChannel hostile = connect("itest-stuck")) {
                    ByteBuffer bytes = ByteBuffer.allocate(16 + random.nextInt(64)).order(ByteOrder.LITTLE_ENDIAN);
                    random.nextBytes(bytes.array());
                    if (i % 4 != 0) {
                        // A header that makes sense, signals apart, which do as they are told; the rest is as it comes.
                        bytes.putInt(0, 4 + random.nextInt(5)).putInt(4, bytes.capacity() - 16);
                    }
                    hostile.write(bytes);
                } catch (IOException e) {
                    // Closed while it was still talking.
                    assertTrue(process.isAlive());
                }
            }
            Runsc.Result list = bundle("list", "itest-stuck");
            for (int i = 0; i < 300 && list.status() != 0; i++) {
                // The last of the hostile ones may not be gone yet.
                list = bundle("list", "itest-stuck");
            }
            assertTrue(list.out().contains("sentry-core"), list.err());
            install("itest-stuck", second);
            assertEquals("swapped", out.readLine());
            process.getOutputStream().close();
            assertTrue(process.waitFor(300, TimeUnit.SECONDS));
            assertEquals(0, process.exitValue());
        } finally {
            for (SocketChannel client : stuck) {
                client.close();
            }
            process.destroyForcibly().waitFor();
        }
    }

    /** By the JVM's own counters, see the example bundle allocation-probe. */
    @Test
    void shouldAllocateNothingOnHotPaths() throws Exception {
        Process process = start("itest-allocation", "allocation");
        try (BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.ISO_8859_1))) {
            install("itest-allocation", Path.of(System.getProperty("allocation-probe")));
            int figures = 0;
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                String[] figure = line.split("\t");
                // 10,000 calls: less than a tenth of a byte each leaves room for a compilation or two, and for nothing a call.
                assertTrue(Long.parseLong(figure[1]) < 1000, line);
                figures++;
            }
            assertEquals(8, figures);
            assertTrue(process.waitFor(300, TimeUnit.SECONDS));
            assertEquals(0, process.exitValue());
        } finally {
            process.destroyForcibly().waitFor();
        }
    }
}
