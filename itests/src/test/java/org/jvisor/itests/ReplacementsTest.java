// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.StringTokenizer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.jvisor.itests.osgi.Build;

/**
 * Each bundle is replaced many times in a row, each time by a build of another version, under a program that checks every result. At
 * the end the Sentry has no more class loaders, threads, descriptors and host processes than before, and its heap holds no more. System property
 * {@code replacements} says how many times (3), {@code replaced} which bundles (all but the core's).
 */
class ReplacementsTest {
    private static final int TIMES = Integer.getInteger("replacements", 3);
    private static final List<String> BUNDLES = List.of(System.getProperty("replaced", String.join(",", Replacer.BUNDLES)).split(","));
    private static final long LIMIT_MILLIS = 300_000;
    /** What programs have there, and what is compiled late, is not the same at any two times. */
    private static final long HEAP_SLACK = 2 << 20;
    private static final int LOOKS = 600;
    private static final long LOOK_MILLIS = 100;
    /** Threads of the virtual machine that come when there is much to do. */
    private static final List<String> PASSING_THREADS = List.of("C1 CompilerThre", "Common-Cleaner", "Cleaner-0", "control-request");

    @TempDir
    Path folder;

    /** What a Sentry has of the host. */
    private record Use(List<String> threads, long descriptors, long children) {}

    @Test
    void shouldLeaveNothingOfWhatWasReplaced() throws Exception {
        Path rootfs = Files.createDirectories(folder.resolve("rootfs"));
        Path data = Files.createDirectories(folder.resolve("data"));
        Files.createDirectories(rootfs.resolve("tmp"));
        Files.copy(Programs.compile(Path.of("src/test/programs/handover.c")), rootfs.resolve("handover"));
        Files.writeString(folder.resolve("config.json"), """
                {"ociVersion": "1.0.0", "hostname": "test", "root": {"path": "rootfs"},
                 "process": {"args": ["/handover", "-n", "20000", "/", "/data"], "cwd": "/", "user": {"uid": 0, "gid": 0}},
                 "mounts": [{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}, {"destination": "/proc", "type": "proc"},
                            {"destination": "/data", "type": "bind", "source": "%s", "options": ["rbind", "rw"]}]}
                """.formatted(data));
        try (SwappedSandbox sandbox = new SwappedSandbox(folder, "run", "--bundle", folder.toString(), "itest-replacements")) {
            assertEquals("started", sandbox.readLine());
            try (SandboxControl control = sandbox.control()) {
                replaceAll(control, 1, 1); // what is made when it is first needed is there then
                awaitCollection(control);
                Path sentry = sandbox.sentry();
                Use before = use(sentry);
                long heapBefore = sandbox.heapBytes();
                replaceAll(control, 2, TIMES);
                awaitCollection(control);
                awaitNoMore(sentry, before);
                long heapAfter = sandbox.heapBytes();
                System.out.println(BUNDLES.size() + " bundles replaced " + TIMES + " times each: heap before " + heapBefore + ", after "
                        + heapAfter);
                assertTrue(heapAfter < heapBefore + HEAP_SLACK, "heap before " + heapBefore + ", after " + heapAfter);
            }
            sandbox.signal("USR1");
            String last = sandbox.readToEnd();
            assertEquals("ok:", last.substring(0, 3), last);
            assertEquals(0, sandbox.waitForExit(), sandbox.errors());
        }
    }

    private static void replaceAll(SandboxControl control, int series, int times) throws IOException {
        for (String bundle : BUNDLES) {
            for (int i = 0; i < times; i++) {
                byte[] jar = Build.of(bundle, "9." + series + "." + i, Build.Change.NONE);
                SandboxControl.Answer answer = control.install(bundle, jar, LIMIT_MILLIS);
                assertEquals("", answer.problem(), bundle);
            }
        }
    }

    /** Each list asks for a collection; what is on some thread's stack at one is not at all of them. */
    private static void awaitCollection(SandboxControl control) throws Exception {
        for (int i = 0; control.bundles().contains("\twithdrawn\t"); i++) {
            assertTrue(i < LOOKS, () -> "still there: " + list(control));
            Thread.sleep(LOOK_MILLIS);
        }
    }

    private static String list(SandboxControl control) {
        try {
            return control.bundles();
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static void awaitNoMore(Path sentry, Use before) throws Exception {
        Use now = use(sentry);
        for (int i = 0; i < LOOKS && (now.threads.size() > before.threads.size() || now.descriptors > before.descriptors
                || now.children > before.children); i++) {
            Thread.sleep(LOOK_MILLIS);
            now = use(sentry);
        }
        assertTrue(now.threads.size() <= before.threads.size(), "threads before " + before.threads + ", after " + now.threads);
        assertTrue(now.descriptors <= before.descriptors, "descriptors before " + before.descriptors + ", after " + now.descriptors);
        assertTrue(now.children <= before.children, "processes before " + before.children + ", after " + now.children);
    }

    private static Use use(Path sentry) throws IOException {
        List<String> threads;
        long children;
        try (Stream<Path> tasks = Files.list(sentry.resolve("task"))) {
            threads = tasks.map(task -> read(task.resolve("comm")).strip()).filter(name -> !PASSING_THREADS.contains(name)).sorted()
                    .collect(Collectors.toList());
        }
        try (Stream<Path> tasks = Files.list(sentry.resolve("task"))) {
            children = tasks.mapToLong(task -> new StringTokenizer(read(task.resolve("children"))).countTokens()).sum();
        }
        try (Stream<Path> descriptors = Files.list(sentry.resolve("fd"))) {
            return new Use(threads, descriptors.count(), children);
        }
    }

    /** Empty for who has just gone. */
    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }
}
