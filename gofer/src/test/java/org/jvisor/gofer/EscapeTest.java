// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Attributes;
import org.jvisor.api.p9.P9Requests;

/** Somebody on the host changes the tree while a client walks in it: whatever is found, it is never outside. */
final class EscapeTest {
    private static final int ROUNDS = 3000;

    @TempDir
    Path folder;

    private Path tree;
    private Path outside;
    private final AtomicBoolean ended = new AtomicBoolean();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private Future<Long> changes;

    @BeforeEach
    void makeTrees() throws IOException {
        tree = Files.createDirectory(folder.resolve("tree"));
        outside = Files.createDirectory(folder.resolve("outside"));
        Files.createDirectory(outside.resolve("dir"));
        Files.writeString(outside.resolve("secret"), "outside");
        Files.writeString(outside.resolve("dir/secret"), "outside");
        Files.createDirectory(tree.resolve("dir"));
        Files.writeString(tree.resolve("dir/secret"), "inside");
        Files.writeString(tree.resolve("secret"), "inside");
    }

    @AfterEach
    void endThreads() throws InterruptedException {
        threads.shutdown();
        assertTrue(threads.awaitTermination(300, TimeUnit.SECONDS));
    }

    /** Repeats {@code change} on another thread until {@link #stopChanging}; it has happened once when this returns. */
    private void keepChanging(Callable<?> change) throws Exception {
        change.call();
        changes = threads.submit(() -> {
            long count = 0;
            while (!ended.get()) {
                change.call();
                count++;
            }
            return count;
        });
    }

    private void stopChanging() throws Exception {
        ended.set(true);
        assertTrue(changes.get(300, TimeUnit.SECONDS) > 0);
    }

    private static long inode(Path path) throws IOException {
        return (long) Files.getAttribute(path, "unix:ino", LinkOption.NOFOLLOW_LINKS);
    }

    @Test
    void shouldNotFollowADirectoryThatBecomesALink() throws Exception {
        Path dir = tree.resolve("dir");
        Path aside = tree.resolve("aside");
        Path link = tree.resolve("link");
        Files.createSymbolicLink(link, outside.resolve("dir"));
        boolean[] isLink = {false};
        try (InProcessGofer gofer = InProcessGofer.jvisor(tree)) {
            keepChanging(() -> {
                Files.move(dir, isLink[0] ? link : aside);
                Files.move(isLink[0] ? aside : link, dir);
                isLink[0] = !isLink[0];
                return null;
            });
            int whole = 0;
            for (int i = 0; i < ROUNDS; i++) {
                List<P9Attributes> found = gofer.client.walkattr(TestClient.ROOT, 10, "dir", "secret");
                if (found.size() == 2) {
                    whole++;
                    assertEquals("inside", content(gofer.client, 11));
                    gofer.client.clunk(11);
                }
                if (!found.isEmpty()) {
                    gofer.client.clunk(10);
                }
            }
            stopChanging();
            assertTrue(whole > 0, "never got through");
        }
    }

    private static String content(TestClient client, int fid) {
        int descriptor = client.openfd(fid, Open.O_RDONLY);
        long buffer = InProcessGofer.HOST.allocate(16);
        int got = (int) InProcessGofer.HOST.syscall(SyscallNr.PREAD64, descriptor, buffer, 16, 0);
        byte[] bytes = new byte[got];
        InProcessGofer.HOST.copyIn(buffer, bytes, 0, got);
        InProcessGofer.HOST.free(buffer);
        InProcessGofer.HOST.syscall(SyscallNr.CLOSE, descriptor);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    @Test
    void shouldNotClimbOutOfADirectoryThatIsMovedAway() throws Exception {
        Path here = tree.resolve("dir");
        Path there = outside.resolve("moved");
        long outsideInode = inode(outside);
        boolean[] isThere = {false};
        try (InProcessGofer gofer = InProcessGofer.plain(tree)) {
            int dir = gofer.client.walk(TestClient.ROOT, "dir");
            keepChanging(() -> {
                Files.move(isThere[0] ? there : here, isThere[0] ? here : there);
                isThere[0] = !isThere[0];
                return null;
            });
            for (int i = 0; i < ROUNDS; i++) {
                int up = gofer.client.newFid();
                P9Requests.walk(gofer.client.request, dir, up, new String[] {"..", "secret"}, 0, 2);
                assertEquals(2, gofer.client.call().getShort());
                P9Attributes above = new P9Attributes();
                above.readQid(gofer.client.reply);
                assertNotEquals(outsideInode, above.qidPath);
                gofer.client.lopen(up, Open.O_RDONLY);
                assertEquals("inside", new String(gofer.client.read(up, 0, 16), StandardCharsets.ISO_8859_1));
                gofer.client.clunk(up);
            }
            stopChanging();
        }
    }

    @Test
    void shouldMakeNothingThroughALink() throws Exception {
        Object mode = Files.getAttribute(outside, "unix:mode");
        Files.createSymbolicLink(tree.resolve("link"), outside);
        Files.createSymbolicLink(tree.resolve("new"), outside.resolve("new"));
        try (InProcessGofer gofer = InProcessGofer.jvisor(tree)) {
            TestClient client = gofer.client;
            assertEquals(1, client.walkattr(TestClient.ROOT, 10, "link", "secret").size());
            P9Requests.createfd(client.request, TestClient.ROOT, 20, "new", Open.O_RDWR, 0644, 0, 0);
            assertFails(client);
            P9Requests.createfd(client.request, 10, 20, "made", Open.O_RDWR, 0644, 0, 0);
            assertFails(client);
            P9Requests.openfd(client.request, 10, Open.O_RDWR);
            assertFails(client);
            P9Requests.readdirattr(client.request, 10, 0, 1000);
            assertFails(client);
            P9Requests.unlinkat(client.request, 10, "secret", 0);
            assertFails(client);
            P9Requests.Changes changes = new P9Requests.Changes();
            changes.valid = P9.SETATTR_MODE;
            changes.mode = 0;
            P9Requests.setattr(client.request, 10, changes);
            assertFails(client);
            changes.valid = P9.SETATTR_SIZE;
            P9Requests.setattr(client.request, 10, changes);
            assertFails(client);
        }
        assertEquals("outside", Files.readString(outside.resolve("secret")));
        try (var list = Files.list(outside)) {
            assertEquals(2, list.count());
        }
        assertEquals(mode, Files.getAttribute(outside, "unix:mode"));
    }

    private static void assertFails(TestClient client) {
        assertTrue(client.channel.call(client.request, client.reply) < 0);
    }

    @Test
    void shouldTakeAnUnlinkedTreeForWhatItIs() throws Exception {
        try (InProcessGofer gofer = InProcessGofer.jvisor(tree)) {
            gofer.client.walkattr(TestClient.ROOT, 10, "dir", "secret");
            Files.delete(tree.resolve("dir/secret"));
            Files.delete(tree.resolve("dir"));
            assertEquals(0, gofer.client.walkattr(10, 20, "secret").size());
            assertEquals("inside", content(gofer.client, 11));
            P9Requests.createfd(gofer.client.request, 10, 20, "new", Open.O_RDWR, 0644, 0, 0);
            assertFails(gofer.client);
        }
    }
}
