// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.jvisor.gofer.InProcessGofer.HOST;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Message;

/** A client that sends whatever it likes, from a fixed seed: every message has an answer, and nothing outside changes. */
final class HostileClientTest {
    private static final long SEED = 42;
    private static final int MESSAGES = 20_000;
    private static final int[] TYPES = {
        P9.TSTATFS, P9.TLOPEN, P9.TLCREATE, P9.TSYMLINK, P9.TMKNOD, P9.TRENAME, P9.TREADLINK, P9.TGETATTR, P9.TSETATTR,
        P9.TXATTRWALK, P9.TXATTRCREATE, P9.TREADDIR, P9.TFSYNC, P9.TLOCK, P9.TGETLOCK, P9.TLINK, P9.TMKDIR, P9.TRENAMEAT,
        P9.TUNLINKAT,
        P9.TVERSION, P9.TAUTH, P9.TATTACH, P9.TFLUSH, P9.TWALK, P9.TREAD, P9.TWRITE, P9.TCLUNK, P9.TREMOVE, P9.TWALKATTR,
        P9.TREADDIRATTR,
        P9.TOPENFD, P9.TCREATEFD, P9.TMAKE, P9.TRENAMEAT2, P9.TCLUNKMANY, P9.TGETXATTR, P9.TSETXATTR, P9.TREMOVEXATTR,
        P9.TSETATTRGET, 0, 1, 6, 7, 101, 199, 201, 255,
    };
    private static final String[] NAMES = {"a", "b", "file", "dir", "..", ".", "", "a/b", "x\0y", "../outside", "user.a",
        "n".repeat(300)};

    @TempDir
    Path folder;

    private final Random random = new Random(SEED);
    private final P9Message message = new P9Message(TestClient.SIZE);
    private final long buffer = HOST.allocate(TestClient.SIZE);

    @ParameterizedTest
    @ValueSource(strings = {P9.VERSION_JVISOR, P9.VERSION})
    void shouldAnswerEveryMessage(String version) throws Exception {
        Path tree = Files.createDirectory(folder.resolve("tree"));
        Files.createDirectories(tree.resolve("a/b"));
        Files.writeString(tree.resolve("file"), "text");
        Files.createSymbolicLink(tree.resolve("dir"), Path.of("../outside"));
        Files.createDirectory(folder.resolve("outside"));
        Files.writeString(folder.resolve("outside/file"), "canary");
        try (InProcessGofer gofer = new InProcessGofer(tree, false, Socket.SOCK_SEQPACKET)) {
            gofer.client.begin(version);
            for (int i = 0; i < MESSAGES; i++) {
                int length = compose(i);
                HOST.copyOut(message.bytes(), 0, length, buffer);
                HOST.syscall(SyscallNr.SENDTO, gofer.clientDescriptor, buffer, length, Socket.MSG_NOSIGNAL, 0, 0);
                long answered;
                do {
                    answered = HOST.syscall(SyscallNr.RECVFROM, gofer.clientDescriptor, buffer, TestClient.SIZE, 0, 0, 0);
                } while (answered == -Errno.EAGAIN);
                assertTrue(answered >= P9Message.HEADER, "message " + i + ": " + answered);
                assertEquals(answered, HOST.getInt(buffer), "message " + i);
                assertEquals(message.tag(), HOST.getShort(buffer + 5) & 0xffff, "message " + i);
            }
            assertEquals(version, gofer.client.begin(version));
        }
        assertEquals("canary", Files.readString(folder.resolve("outside/file")));
        try (var outside = Files.list(folder.resolve("outside"))) {
            assertEquals(1, outside.count());
        }
        HOST.free(buffer);
    }

    /** A message with a correct header, and fields that are often right: a small fid, a known name. */
    private int compose(int number) {
        int type = TYPES[random.nextInt(TYPES.length)];
        if (type == P9.TVERSION && random.nextInt(50) > 0) {
            type = P9.TWALK;
        }
        message.start(type);
        int fields = random.nextInt(12);
        for (int i = 0; i < fields; i++) {
            switch (random.nextInt(6)) {
                case 0 -> message.putInt(random.nextInt(8));
                case 1 -> message.putInt(random.nextInt());
                case 2 -> message.putLong(random.nextBoolean() ? random.nextInt(64) : random.nextLong());
                case 3 -> message.putShort(random.nextInt(4));
                case 4 -> message.putString(NAMES[random.nextInt(NAMES.length)]);
                default -> message.putByte(random.nextInt());
            }
        }
        if (random.nextInt(4) == 0) {
            likely(type);
        }
        message.finish();
        message.setTag(number & 0x7fff);
        return message.length();
    }

    /** The beginning of a message as it should be, so that handlers get further. */
    private void likely(int type) {
        message.start(type).putInt(random.nextInt(4));
        switch (type) {
            case P9.TWALK -> message.putInt(random.nextInt(8)).putShort(1).putString(NAMES[random.nextInt(NAMES.length)]);
            case P9.TATTACH -> message.putInt(-1).putString("").putString("").putInt(0);
            case P9.TWALKATTR -> message.putShort(2).putInt(random.nextInt(8)).putString("a").putInt(random.nextInt(8))
                    .putString("b");
            case P9.TLOPEN, P9.TOPENFD -> message.putInt(random.nextInt(4));
            case P9.TREADDIR, P9.TREADDIRATTR, P9.TREAD -> message.putLong(random.nextInt(3)).putInt(random.nextInt());
            default -> message.putString(NAMES[random.nextInt(NAMES.length)]).putInt(random.nextInt()).putInt(random.nextInt())
                    .putInt(0).putInt(0);
        }
    }
}
