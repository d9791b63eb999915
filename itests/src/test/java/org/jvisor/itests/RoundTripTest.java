// SPDX-License-Identifier: Apache-2.0
package org.jvisor.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What bundles and the core do the work for goes through a stream of records and back while programs check every result. */
class RoundTripTest {

    private static final int TIMES = 20;

    @TempDir
    Path folder;

    @Test
    void shouldLeaveAloneWhatTheCoreHolds() throws Exception {
        check("checkpoint", List.of("gofer.inode", "tmpfs.file", "ptrace.address-space", "file description", "descriptor table",
            "file locks", "pipe", "eventfd", "timerfd", "signalfd", "epoll", "process", "task",
            "cpu times", "user counts", "cgroup", "uts namespace", "mount namespace", "mount", "fs context",
            "signal queue", "process group", "session",
            "address space", "mappings", "mapped object"));
    }

    @Test
    void shouldTakeBackWhatBundlesHold() throws Exception {
        check("handover", List.of("dev.null", "devpts.root", "gofer.inode", "gofer.open-file", "gofer.pages", "host.open-file",
            "p9-unix.channel", "proc.inode", "ptrace.context", "tmpfs.open-file"), "-n", "20000", "/", "/data");
    }

    @Test
    void shouldLeaveADebianSessionAlone() throws Exception {
        Path data = Files.createDirectories(folder.resolve("data"));
        for (String name : List.of("session.sh", "session.commands", "session.pl")) {
            Files.copy(Path.of("src/test/programs/" + name), data.resolve(name));
        }
        Files.writeString(folder.resolve("config.json"), """
                {"ociVersion": "1.0.0", "hostname": "test", "root": {"path": "/", "readonly": true},
                 "process": {"args": ["/bin/bash", "/mnt/session.sh", "/mnt"], "cwd": "/", "user": {"uid": 0, "gid": 0},
                             "env": ["PATH=/usr/bin:/bin"]},
                 "mounts": [{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}, {"destination": "/proc", "type": "proc"},
                            {"destination": "/mnt", "type": "bind", "source": "%s", "options": ["rbind", "ro"]}]}
                """.formatted(data));
        runAndCheck("session", List.of("devpts.terminal", "task", "mount", "pipe"));
    }

    private void check(String program, List<String> types, String... arguments) throws Exception {
        Path rootfs = Files.createDirectories(folder.resolve("rootfs"));
        Path data = Files.createDirectories(folder.resolve("data"));
        Files.createDirectories(rootfs.resolve("tmp"));
        Files.copy(Programs.compile(Path.of("src/test/programs/" + program + ".c")), rootfs.resolve(program));
        Files.writeString(folder.resolve("config.json"), """
                {"ociVersion": "1.0.0", "hostname": "test", "root": {"path": "rootfs"},
                 "process": {"args": ["/%s"%s], "cwd": "/", "user": {"uid": 0, "gid": 0}},
                 "mounts": [{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}, {"destination": "/proc", "type": "proc"},
                            {"destination": "/data", "type": "bind", "source": "%s", "options": ["rbind", "rw"]}]}
                """.formatted(program, String.join("", List.of(arguments).stream().map(word -> ", \"" + word + "\"").toList()), data));
        runAndCheck(program, types);
    }

    /** What {@code folder} has a bundle of says that it has started, and after SIGUSR1 how it went. */
    private void runAndCheck(String program, List<String> types) throws Exception {
        try (SwappedSandbox sandbox = new SwappedSandbox(folder, "run", "--bundle", folder.toString(), "itest-" + program)) {
            assertEquals("started", sandbox.readLine());
            Set<String> seen = new HashSet<>();
            String summary = "";
            for (int i = 0; i < TIMES; i++) {
                List<String> lines = sandbox.roundTrip();
                lines.forEach(line -> seen.add(line.substring(line.indexOf('\t') + 1)));
                summary = lines.getLast();
            }
            System.out.println(program + ": " + TIMES + " round trips, the last one: " + summary);
            assertTrue(seen.containsAll(types), () -> types + " are not all among " + seen);
            sandbox.signal("USR1");
            String last = sandbox.readLine();
            assertEquals("ok:", last.substring(0, 3), last);
            assertEquals(0, sandbox.waitForExit(), sandbox.errors());
        }
    }
}
