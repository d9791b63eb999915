// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.sandbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.host.ffm.FfmHostKernel;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.host.HostCalls;

class StateFolderTest {
    private final HostCalls calls = new HostCalls(new FfmHostKernel());

    @TempDir
    private Path folder;

    @Test
    void shouldLeaveNothingBehind() throws IOException {
        String root = folder + "/a/b";
        try (StateFolder state = StateFolder.create(calls, root, "c")) {
            state.write("running", 42, "/bundle");
            assertTrue(Files.readString(Path.of(root, "c", "state.json")).contains("\"pid\":42"));
        }
        try (var left = Files.list(Path.of(root))) {
            assertEquals(0, left.count());
        }
    }

    /** Whatever the umask says, and whatever mode a folder has that was left behind. */
    @Test
    void shouldBeItsOwnersAlone() throws IOException {
        Path left = Files.createDirectories(folder.resolve("root").resolve("old"));
        Files.setPosixFilePermissions(left, PosixFilePermissions.fromString("rwxrwxrwx"));
        long umask = calls.host().syscall(SyscallNr.UMASK, 0);
        try (StateFolder state = StateFolder.create(calls, folder + "/a/b", "c");
                StateFolder old = StateFolder.create(calls, folder + "/root", "old")) {
            int listener = calls.listen(state.controlSocket());
            state.write("running", 1, "/");
            assertEquals("rwx------", mode(folder.resolve("a")));
            assertEquals("rwx------", mode(folder.resolve("a/b")));
            assertEquals("rwx------", mode(folder.resolve("a/b/c")));
            assertEquals("rwx------", mode(left));
            for (String file : new String[] {"lock", "state.json", "control.sock"}) {
                assertEquals("rw-------", mode(folder.resolve("a/b/c").resolve(file)), file);
            }
            assertTrue(old.lock() >= 0);
            calls.close(listener);
        } finally {
            calls.host().syscall(SyscallNr.UMASK, umask);
        }
    }

    private static String mode(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }

    @Test
    void shouldKnowWhoseASocketsPeerIs() throws Exception {
        Assumptions.assumeTrue(calls.host().syscall(SyscallNr.GETEUID) == 0, "not root");
        String path = folder + "/socket";
        int listener = calls.listen(path);
        int connection = calls.connect(path);
        int accepted = calls.accept(listener);
        assertTrue(calls.isPeerOurs(connection));
        assertTrue(calls.isPeerOurs(accepted));
        calls.close(connection);
        calls.close(accepted);
        // Another user, where the modes would let him in.
        Thread other = new Thread(() -> {
            calls.host().syscall(SyscallNr.SETRESUID, -1, 12345, -1);
            int fd = calls.connect(path);
            calls.close(fd);
        });
        for (Path open : new Path[] {folder, Path.of(path)}) {
            Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        }
        other.start();
        int foreign = calls.accept(listener);
        other.join();
        assertFalse(calls.isPeerOurs(foreign));
        calls.close(foreign);
        calls.close(listener);
    }

    @Test
    void shouldRefuseASecondContainerOfOneName() {
        try (StateFolder first = StateFolder.create(calls, folder.toString(), "c")) {
            first.write("creating", 1, "/");
            RunscException e = assertThrows(RunscException.class, () -> StateFolder.create(calls, folder.toString(), "c"));
            assertEquals("container with id \"c\" already exists", e.getMessage());
        }
    }

    @Test
    void shouldTakeOverWhatAKilledRunscLeft() throws IOException {
        Path left = Files.createDirectories(folder.resolve("c"));
        Files.writeString(left.resolve("state.json"), "{\"pid\":1}");
        Files.createFile(left.resolve("lock"));
        StateFolder.create(calls, folder.toString(), "c").close();
        assertFalse(Files.exists(left));
    }

    @Test
    void shouldRemoveWhatOthersLeftButNotWhatTheyUse() throws IOException {
        Path left = Files.createDirectories(folder.resolve("dead"));
        Files.writeString(left.resolve("state.json"), "{}");
        Files.createFile(left.resolve("lock"));
        // Those whose start was cut short: before the state was written, before there was a lock, or a name.
        Path early = Files.createDirectories(folder.resolve("early"));
        Files.createFile(early.resolve("lock"));
        Path unnamed = Files.createDirectories(folder.resolve("making~"));
        // What is no container's.
        Path strange = Files.createDirectories(folder.resolve("strange"));
        Files.createFile(strange.resolve("lock"));
        Files.createFile(strange.resolve("letter"));
        Path empty = Files.createDirectories(folder.resolve("empty"));
        try (StateFolder used = StateFolder.create(calls, folder.toString(), "used")) {
            used.write("running", 1, "/");
            StateFolder.create(calls, folder.toString(), "other").close();
            assertFalse(Files.exists(left));
            assertFalse(Files.exists(early));
            assertFalse(Files.exists(unnamed));
            assertTrue(Files.exists(strange.resolve("lock")));
            assertTrue(Files.exists(empty));
            assertTrue(Files.exists(folder.resolve("used")));
            Files.createFile(Files.createDirectories(unnamed).resolve("lock"));
            Files.createFile(Files.createDirectories(early).resolve("lock"));
            StateFolder.sweep(calls, folder.toString());
            assertFalse(Files.exists(unnamed));
            assertFalse(Files.exists(early));
            assertTrue(Files.exists(folder.resolve("used/state.json")));
        }
    }

    /** Starts, ends and looks at once: a folder is there as long as it is its owner's, and nobody's lock is taken for a container's. */
    @Test
    void shouldMakeFoldersBesideOthers() throws Exception {
        List<Thread> threads = new ArrayList<>();
        Queue<String> problems = new ConcurrentLinkedQueue<>();
        for (int i = 0; i < 4; i++) {
            String id = "c" + i;
            threads.add(new Thread(() -> {
                for (int round = 0; round < 50; round++) {
                    try (StateFolder state = StateFolder.create(calls, folder.toString(), id)) {
                        state.write("running", 1, "/");
                        StateFolder.sweep(calls, folder.toString());
                        if (!Files.exists(folder.resolve(id).resolve("state.json"))) {
                            problems.add(id + " is gone");
                        }
                    } catch (RunscException e) {
                        problems.add(e.getMessage());
                    }
                }
            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(List.of(), List.copyOf(problems));
        try (var left = Files.list(folder)) {
            assertEquals(0, left.count());
        }
    }

    @Test
    void shouldConnectBySocketsWithLongPaths() throws IOException {
        Path deep = Files.createDirectories(folder.resolve("x".repeat(100)).resolve("y".repeat(100)));
        try (StateFolder state = StateFolder.create(calls, deep.toString(), "c")) {
            int listener = calls.listen(state.controlSocket());
            int connection = calls.connect(state.controlSocket());
            assertTrue(connection >= 0);
            calls.close(connection);
            calls.close(listener);
        }
    }
}
