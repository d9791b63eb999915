// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.StringTokenizer;
import java.util.stream.Stream;

/** What a Sentry has of the host: its threads by name, its descriptors by what they are of, and how many processes. */
record SentryUse(List<String> threads, List<String> descriptors, long processes) {
    /** Threads of the virtual machine that come when there is much to do. */
    private static final List<String> PASSING_THREADS = List.of("C1 CompilerThre", "Common-Cleaner", "Cleaner-0", "control-request");
    private static final int LOOKS = 600;
    private static final long LOOK_MILLIS = 100;

    /** @param sentry its folder in the host's /proc */
    static SentryUse of(Path sentry) throws IOException {
        List<String> threads;
        long processes;
        try (Stream<Path> tasks = Files.list(sentry.resolve("task"))) {
            threads = tasks.map(task -> read(task.resolve("comm")).strip()).filter(name -> !PASSING_THREADS.contains(name)).sorted().toList();
        }
        try (Stream<Path> tasks = Files.list(sentry.resolve("task"))) {
            processes = tasks.mapToLong(task -> new StringTokenizer(read(task.resolve("children"))).countTokens()).sum();
        }
        try (Stream<Path> descriptors = Files.list(sentry.resolve("fd"))) {
            return new SentryUse(threads, descriptors.map(SentryUse::target).sorted().toList(), processes);
        }
    }

    /** Waits until it has no more than this again: what has ended may take a moment to go. */
    void awaitAgain(Path sentry) throws Exception {
        SentryUse now = of(sentry);
        for (int i = 0; i < LOOKS && !now.isWithin(this); i++) {
            Thread.sleep(LOOK_MILLIS);
            now = of(sentry);
        }
        assertTrue(now.isWithin(this), "before " + this + ", after " + now);
    }

    private boolean isWithin(SentryUse other) {
        return threads.size() <= other.threads.size() && descriptors.size() <= other.descriptors.size() && processes <= other.processes;
    }

    /** Empty for one that has just been closed. */
    private static String target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (IOException e) {
            return "";
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
