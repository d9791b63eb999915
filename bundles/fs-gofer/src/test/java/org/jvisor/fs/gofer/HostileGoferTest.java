// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Message;
import org.jvisor.api.p9.P9Port;
import org.jvisor.api.vfs.FileOperations;

/**
 * A gofer that answers each of many callers at once as it likes, from fixed seeds: late, twice, never, somebody else, nonsense, or by
 * closing the connection. Every call ends with a result or an errno, the killed ones too, and nothing is left.
 */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class HostileGoferTest {
    private static final long SEED = 20_261_202;
    private static final int ROUNDS = 8;
    private static final int CALLERS = 4;
    private static final int PATIENCE_S = 100;

    @TempDir
    Path folder;

    private void fill() throws Exception {
        Files.createDirectories(folder.resolve("dir/inner"));
        for (String name : List.of("made", "made2", "hard", "moved", "link")) {
            Files.deleteIfExists(folder.resolve("dir").resolve(name));
        }
        Files.writeString(folder.resolve("dir/file"), "text");
        Files.writeString(folder.resolve("dir/other"), "other");
        Files.createSymbolicLink(folder.resolve("dir/link"), Path.of("target"));
    }

    /** Files of the folder that are open in this process. */
    private List<String> open() throws Exception {
        List<String> open = new ArrayList<>();
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            for (Path descriptor : all.toList()) {
                try {
                    String path = Files.readSymbolicLink(descriptor).toString();
                    if (path.startsWith(folder.resolve("dir").toString())) {
                        open.add(path);
                    }
                } catch (NoSuchFileException e) {
                    // Closed meanwhile.
                }
            }
        }
        return open;
    }

    /** Replies by chance. */
    private static final class Chance implements Middleman.Delivery {
        private final Random random;
        private final Middleman middleman;
        /** Held back until another comes. */
        private final List<P9Message> late = new ArrayList<>();

        Chance(long seed, Middleman middleman) {
            random = new Random(seed);
            this.middleman = middleman;
        }

        @Override
        public synchronized void deliver(P9Message reply, P9Port client) {
            switch (random.nextInt(40)) {
                case 0 -> {
                    client.send(reply);
                    client.send(reply);
                }
                case 1 -> {
                    reply.setTag(random.nextBoolean() ? random.nextInt(1 << 16) : random.nextInt(4));
                    client.send(reply);
                }
                case 2 -> middleman.close();
                case 3, 4, 5 -> {
                    int descriptor = reply.takeDescriptor(); // gone by then
                    if (descriptor != P9Message.NO_DESCRIPTOR) {
                        MountedGofer.HOST.syscall(SyscallNr.CLOSE, descriptor);
                    }
                    late.add(reply);
                }
                case 6, 7 -> { }
                case 8, 9, 10, 11 -> client.send(LateGoferTest.altered(reply, random));
                default -> client.send(reply);
            }
            if (!late.isEmpty() && random.nextInt(4) == 0) {
                client.send(late.remove(random.nextInt(late.size())));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"cache=exclusive", "cache=shared"})
    void shouldEndEveryCallHoweverTheGoferAnswers(String options) throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            fill();
            Random random = new Random(SEED + round);
            try (MountedGofer gofer = new MountedGofer(folder, options, true)) {
                Map<Integer, Runnable> kinds = LateGoferTest.calls(gofer);
                kinds.remove(P9.TOPENFD); // what it opens stays open
                List<Runnable> calls = new ArrayList<>(kinds.values());
                calls.addAll(contents(gofer));
                gofer.middleman.delivery = new Chance(SEED - round, gofer.middleman);
                List<List<Runnable>> orders = new ArrayList<>();
                for (int i = 0; i < CALLERS; i++) {
                    List<Runnable> order = new ArrayList<>(calls);
                    Collections.shuffle(order, random);
                    orders.add(order);
                }
                // Side by side, and who has no answer after a while is killed, as is now and then one that would have had it.
                for (int step = 0; step < calls.size(); step++) {
                    List<Caller> callers = new ArrayList<>();
                    for (List<Runnable> order : orders) {
                        callers.add(Caller.start(order.get(step)));
                    }
                    for (Caller caller : callers) {
                        caller.join(1 + random.nextInt(30));
                        if (!caller.hasEnded()) {
                            caller.kill();
                        }
                        long result = caller.result();
                        assertTrue(result >= 0 || Errno.isError(result), "result " + result);
                    }
                }
                Caller.start(() -> gofer.fileSystem.sync()).kill().result();
                gofer.middleman.close();
                assertEquals(-Errno.EIO, Caller.start(() -> gofer.root().lookup(null, "none whatever")).result());
            }
        }
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_S);
        while (!open().isEmpty() && System.nanoTime() < deadline) {
            Thread.sleep(10); // the server closes its own by and by
        }
        assertEquals(List.of(), open());
    }

    /** Reading, writing and mapping a file, each by what it was opened with before; as far as that goes. */
    private static List<Runnable> contents(MountedGofer gofer) {
        GoferInode file = (GoferInode) gofer.find("dir/file");
        return List.of(
                () -> using(file, Open.O_RDONLY, open -> MountedGofer.text(open, 0, 100)),
                () -> using(file, Open.O_RDWR, open -> ErrnoException.check(gofer.write(open, 3, "written"))),
                () -> using(file, Open.O_RDWR, open -> ErrnoException.check(open.mappable(null, gofer.file(0)).frame(0, true))),
                () -> using(file, Open.O_RDWR, open -> ErrnoException.check(open.fsync(null, false))),
                () -> using(file, Open.O_RDWR, open -> ErrnoException.check(open.fallocate(null, 0, 0, 9))));
    }

    private static void using(GoferInode file, int flags, Consumer<FileOperations> use) {
        FileOperations open = file.open(null, flags);
        try {
            use.accept(open);
        } finally {
            open.release(null);
        }
    }

    /** As Linux has it: a directory with such a name cannot be read. */
    @Test
    void shouldTakeNoNameThatAPathCannotHave() throws Exception {
        fill();
        Files.createFile(folder.resolve("dir/abc"));
        for (char wrong : new char[] {'/', '\0'}) {
            try (MountedGofer gofer = new MountedGofer(folder, "", true)) {
                gofer.middleman.alteration = reply -> {
                    byte[] bytes = reply.bytes();
                    int at = new String(bytes, 0, reply.length(), StandardCharsets.ISO_8859_1).indexOf("abc");
                    if (reply.type() == P9.TREADDIRATTR + 1 && at >= 0) {
                        bytes[at + 1] = (byte) wrong;
                    }
                    return reply;
                };
                GoferDirectory dir = (GoferDirectory) gofer.find("dir");
                assertEquals(-Errno.EIO, Caller.start(() -> gofer.names(dir).size()).result());
            }
        }
    }
}
