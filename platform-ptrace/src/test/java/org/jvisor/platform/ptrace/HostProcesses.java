// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Stub processes as the host sees them, by the name of the memory file that they hold. */
final class HostProcesses {

    private HostProcesses() {
    }

    /** Ids of the stubs whose memory file has a name; zombies hold no files any more. */
    static List<Integer> withMemoryFile(String name) {
        try (Stream<Path> all = Files.list(Path.of("/proc"))) {
            return all.filter(path -> path.getFileName().toString().matches("\\d+"))
                .filter(path -> isStub(path, name))
                .map(path -> Integer.valueOf(path.getFileName().toString()))
                .toList();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static boolean isStub(Path process, String name) {
        try {
            return Files.readSymbolicLink(process.resolve("fd/0")).toString().startsWith("/memfd:" + name + " ")
                && Files.readString(process.resolve("comm")).startsWith("jvisor-stub");
        } catch (IOException e) {
            return false; // gone meanwhile, or without a descriptor 0
        }
    }

    /** Whether there is such a process, be it one that has ended without anybody having waited for it. */
    static boolean exists(int process) {
        return Files.exists(Path.of("/proc/" + process));
    }

    static String status(int process, String key) {
        return read(process, "status").lines().filter(line -> line.startsWith(key + ":"))
            .map(line -> line.substring(key.length() + 1).trim()).findFirst().orElseThrow();
    }

    static String read(int process, String file) {
        try {
            return Files.readString(Path.of("/proc/" + process, file));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static List<String> descriptors(int process) {
        try (Stream<Path> all = Files.list(Path.of("/proc/" + process, "fd"))) {
            return all.map(path -> path.getFileName().toString()).toList();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
