// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.abi.Statfs;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Message;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.SetAttributes;

/** A gofer that answers late, never, or nonsense: who waits for it can be killed, and nothing gets out of step by that. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class LateGoferTest {
    private static final long SEED = 20_261_201;

    @TempDir
    Path folder;

    @BeforeEach
    void fill() throws Exception {
        Files.createDirectories(folder.resolve("dir/inner"));
        Files.writeString(folder.resolve("dir/file"), "text");
        Files.writeString(folder.resolve("dir/other"), "other");
        Files.deleteIfExists(folder.resolve("dir/link"));
        Files.createSymbolicLink(folder.resolve("dir/link"), Path.of("target"));
    }

    private static Stat stat(Inode inode) {
        Stat stat = new Stat();
        inode.stat(stat);
        return stat;
    }

    private static SetAttributes chmod(int mode) {
        SetAttributes changes = new SetAttributes();
        changes.valid = SetAttributes.MODE;
        changes.mode = mode;
        return changes;
    }

    /** Each kind of message, and a call that sends it. */
    static Map<Integer, Runnable> calls(MountedGofer gofer) {
        GoferDirectory dir = (GoferDirectory) gofer.find("dir");
        GoferInode file = (GoferInode) gofer.find("dir/file");
        GoferInode other = (GoferInode) gofer.find("dir/other");
        Inode link = gofer.find("dir/link");
        Inode inner = gofer.find("dir/inner");
        Map<Integer, Runnable> calls = new LinkedHashMap<>();
        calls.put(P9.TWALKATTR, () -> dir.lookup(null, "inner2"));
        calls.put(P9.TGETATTR, () -> {
            file.attributes.stale = true;
            stat(file);
        });
        calls.put(P9.TREADLINK, () -> link.readlink(null));
        calls.put(P9.TSTATFS, () -> gofer.fileSystem.statfs(new Statfs()));
        calls.put(P9.TREADDIRATTR, () -> gofer.names(dir));
        calls.put(P9.TGETXATTR, () -> file.listXattr(null));
        calls.put(P9.TFSYNC, () -> ErrnoException.check(dir.fsync(false)));
        calls.put(P9.TOPENFD, () -> file.open(null, Open.O_RDONLY));
        calls.put(P9.TSETXATTR, () -> file.setXattr(null, "user.a", new byte[] {1}, 0));
        calls.put(P9.TREMOVEXATTR, () -> file.removeXattr(null, "user.a"));
        calls.put(P9.TSETATTRGET, () -> file.setAttributes(null, chmod(0600)));
        calls.put(P9.TCREATEFD, () -> dir.create(null, "made", Mode.S_IFREG | 0600, 0, MountedGofer.OWNER));
        calls.put(P9.TMAKE, () -> dir.mkdir(null, "made2", 0700, MountedGofer.OWNER));
        calls.put(P9.TLINK, () -> dir.link(null, "hard", other));
        calls.put(P9.TRENAMEAT2, () -> dir.rename(null, "other", other, dir, "moved", null, 0));
        calls.put(P9.TUNLINKAT, () -> dir.rmdir(null, "inner", inner));
        return calls;
    }

    @ParameterizedTest
    @ValueSource(strings = {"cache=exclusive", "cache=shared"})
    void shouldLetGoWhoIsKilledInAnyCall(String options) throws Exception {
        try (MountedGofer gofer = new MountedGofer(folder, options, true)) {
            GoferDirectory dir = (GoferDirectory) gofer.find("dir");
            for (Map.Entry<Integer, Runnable> call : calls(gofer).entrySet()) {
                int type = call.getKey();
                dir.names.forget();
                gofer.middleman.hold(type);
                Caller caller = Caller.start(call.getValue());
                gofer.middleman.awaitHeld(1);
                assertFalse(caller.hasEnded(), "message " + type);
                assertEquals(-Errno.EINTR, caller.kill().result(), "message " + type);
                gofer.middleman.release();
                // What follows sees the change made, and made once.
                gofer.find("dir/file");
                assertNotNull(gofer.names(dir));
            }
            assertEquals(0600, gofer.find("dir/file").mode() & 07777);
            assertEquals(List.of("file", "hard", "link", "made", "made2", "moved"), gofer.names(dir).stream().sorted().toList());
            assertEquals(2, stat(gofer.find("dir/moved")).nlink);
            assertNull(gofer.find("dir/other"));
            assertNull(gofer.find("dir/inner"));
            assertEquals("other", MountedGofer.text(gofer.find("dir/hard").open(null, Open.O_RDONLY), 0, 100));
            Inode made = gofer.find("dir/made");
            FileOperations file = made.open(null, Open.O_RDWR);
            assertEquals(4, gofer.write(file, 0, "more"));
            file.release(null);
            dir.unlink(null, "made", made);
            assertFalse(Files.exists(folder.resolve("dir/made")));
        }
    }

    /** Before the answer has come nobody can tell whether the name is there; and who waits for that can be killed, too. */
    @Test
    void shouldWaitForWhatBecomesOfAName() throws Exception {
        try (MountedGofer gofer = new MountedGofer(folder, "", true)) {
            GoferDirectory dir = (GoferDirectory) gofer.find("dir");
            GoferInode file = (GoferInode) gofer.find("dir/file");
            gofer.names(dir);
            gofer.middleman.hold(P9.TUNLINKAT, P9.TCREATEFD);
            Caller remover = Caller.start(() -> dir.unlink(null, "file", file));
            gofer.middleman.awaitHeld(1);
            assertEquals(-Errno.EINTR, remover.kill().result());
            Caller looker = Caller.start(() -> dir.lookup(null, "file") == null ? 0L : 1L);
            Caller maker = Caller.start(() -> (long) dir.create(null, "file", Mode.S_IFREG | 0640, 0, MountedGofer.OWNER).mode());
            Caller reader = Caller.start(() -> gofer.names(dir));
            Caller killed = Caller.start(() -> dir.lookup(null, "file"));
            assertEquals(-Errno.EINTR, killed.kill().result());
            // Other directories are not concerned, nor is what is known of the file itself.
            assertNotNull(gofer.root().lookup(null, "dir"));
            assertEquals(4, stat(file).size);
            assertFalse(looker.hasEnded() || maker.hasEnded() || reader.hasEnded());
            gofer.middleman.release();
            assertTrue(looker.result() >= 0);
            assertEquals(Mode.S_IFREG | 0640, maker.result());
            reader.result();
            assertEquals(0, stat(file).nlink);
            assertEquals(0, stat(gofer.find("dir/file")).size);
        }
    }

    /** Fids of answers that nobody waited for are given back, and their numbers are used again. */
    @Test
    void shouldGiveBackTheFidsOfTheKilled() throws Exception {
        try (MountedGofer gofer = new MountedGofer(folder, "", true)) {
            GoferDirectory dir = (GoferDirectory) gofer.find("dir");
            int before = gofer.fileSystem.client.newFid();
            gofer.fileSystem.client.freeFid(before);
            for (int i = 0; i < 40; i++) {
                gofer.middleman.hold(P9.TWALKATTR);
                List<Caller> callers = new ArrayList<>();
                for (int n = 0; n < 4; n++) {
                    callers.add(Caller.start(() -> dir.lookup(null, "inner")));
                }
                gofer.middleman.awaitHeld(4);
                callers.forEach(Caller::kill);
                for (Caller caller : callers) {
                    assertEquals(-Errno.EINTR, caller.result());
                }
                gofer.middleman.release();
                assertNull(dir.lookup(null, "none"));
                gofer.fileSystem.client.flushClunks();
            }
            gofer.fileSystem.statfs(new Statfs());
            int after = gofer.fileSystem.client.newFid();
            assertTrue(after < before + 40, before + " " + after);
            assertNotNull(dir.lookup(null, "inner"));
        }
    }

    /** What ends a process, or a container, waits for no answer. */
    @Test
    void shouldGiveBackWithoutWaiting() throws Exception {
        try (MountedGofer gofer = new MountedGofer(folder, "", true)) {
            GoferDirectory dir = (GoferDirectory) gofer.find("dir");
            GoferInode file = (GoferInode) gofer.find("dir/file");
            FileOperations open = file.open(null, Open.O_RDWR);
            Mappable pages = open.mappable(null, null);
            Mappable.Mapping mapping = (offset, length) -> { };
            pages.addMapping(mapping);
            gofer.writeMapped(pages, 0, "TEXT");
            gofer.middleman.hold(P9.TWALKATTR, P9.TGETATTR, P9.TSETATTRGET, P9.TOPENFD, P9.TCLUNKMANY, P9.TREADDIRATTR);
            Caller[] asking = {
                Caller.start(() -> dir.lookup(null, "none")),
                Caller.start(() -> gofer.names(dir)),
                Caller.start(() -> file.setAttributes(null, chmod(0644))),
                Caller.start(() -> gofer.find("dir/other").open(null, Open.O_RDONLY)),
            };
            gofer.middleman.awaitHeld(asking.length);
            Caller ending = Caller.start(() -> {
                pages.removeMapping(mapping);
                open.release(null);
                file.evict();
                dir.evict();
                file.drop();
                gofer.fileSystem.giveFidsBack();
            });
            assertEquals(0, ending.result());
            assertEquals("TEXT", Files.readString(folder.resolve("dir/file")));
            gofer.fileSystem.unmount();
            for (Caller caller : asking) {
                assertEquals(-Errno.EIO, caller.result());
            }
        }
    }

    @Test
    void shouldEndEveryCallWhenTheGoferIsKilled() throws Exception {
        for (int type : List.of(P9.TWALKATTR, P9.TGETATTR, P9.TREADDIRATTR, P9.TOPENFD, P9.TCREATEFD, P9.TUNLINKAT, P9.TRENAMEAT2)) {
            try (MountedGofer gofer = new MountedGofer(folder, "", true)) {
                Runnable call = calls(gofer).get(type);
                GoferDirectory dir = (GoferDirectory) gofer.find("dir");
                gofer.middleman.hold(type);
                Caller killed = Caller.start(call);
                gofer.middleman.awaitHeld(1);
                assertEquals(-Errno.EINTR, killed.kill().result());
                Caller waiting = Caller.start(() -> dir.create(null, "new", Mode.S_IFREG, 0, MountedGofer.OWNER).ino());
                gofer.middleman.close();
                assertTrue(waiting.result() == -Errno.EIO || waiting.result() > 0);
                assertEquals(-Errno.EIO, Caller.start(() -> dir.lookup(null, "no")).result());
            }
            fill();
        }
    }

    /** Answers that are cut, changed at random or of another kind: each call ends with some result, and the tree can be unmounted. */
    @ParameterizedTest
    @ValueSource(strings = {"cache=exclusive", "cache=shared"})
    void shouldEndEveryCallWhateverTheGoferAnswers(String options) throws Exception {
        for (int round = 0; round < 100; round++) {
            Random random = new Random(SEED + round);
            if (!Files.exists(folder.resolve("dir/inner"))) {
                Files.createDirectories(folder.resolve("dir/inner"));
            }
            for (String name : List.of("made", "made2", "hard", "moved")) {
                Files.deleteIfExists(folder.resolve("dir").resolve(name));
            }
            Files.writeString(folder.resolve("dir/other"), "other");
            try (MountedGofer gofer = new MountedGofer(folder, options, true)) {
                Map<Integer, Runnable> calls = calls(gofer);
                gofer.middleman.alteration = reply -> altered(reply, random);
                for (Runnable call : calls.values()) {
                    Caller.start(call).result();
                }
                gofer.fileSystem.sync();
            }
        }
    }

    static synchronized P9Message altered(P9Message reply, Random random) {
        if (random.nextInt(3) != 0) {
            return reply;
        }
        int length = reply.length();
        byte[] bytes = reply.bytes();
        switch (random.nextInt(4)) {
            case 0 -> {
                // Cut, with a header that says so.
                int tag = reply.tag();
                int type = reply.type();
                int kept = random.nextInt(length - P9Message.HEADER + 1);
                P9Message cut = new P9Message(P9Message.HEADER + kept);
                cut.start(type).putBytes(bytes, P9Message.HEADER, kept).finish();
                cut.setTag(tag);
                return cut;
            }
            case 1 -> bytes[4] = (byte) random.nextInt(256);
            default -> {
                for (int i = random.nextInt(4); i >= 0 && length > P9Message.HEADER; i--) {
                    bytes[P9Message.HEADER + random.nextInt(length - P9Message.HEADER)] = (byte) random.nextInt(256);
                }
            }
        }
        return reply;
    }
}
