// SPDX-License-Identifier: Apache-2.0
package org.jvisor.launcher.control;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.ContainerSpec;
import org.jvisor.api.kernel.Kernel.KernelOptions;
import org.jvisor.api.kernel.ProcessSpec;
import org.jvisor.host.ffm.FfmHostKernel;
import org.jvisor.launcher.ByteStrings;
import org.jvisor.launcher.RunscException;
import org.jvisor.launcher.host.HostCalls;

class ControlSocketTest {
    private final HostKernel host = new FfmHostKernel();
    private final HostCalls calls = new HostCalls(host);
    private final int[] ends = calls.socketPair(Socket.SOCK_STREAM);
    private final ControlSocket left = new ControlSocket(host, ends[0]);
    private final ControlSocket right = new ControlSocket(host, ends[1]);

    @AfterEach
    void close() {
        left.close();
        right.close();
    }

    @Test
    void shouldCarryFramesInOrder() {
        assertTrue(left.send(1, new byte[] {1, 2, 3}));
        assertTrue(left.send(2, new byte[0]));
        ControlSocket.Frame first = right.receive();
        assertEquals(1, first.type());
        assertArrayEquals(new byte[] {1, 2, 3}, first.body());
        assertEquals(2, right.receive().type());
    }

    @Test
    void shouldCarryDescriptorsThatWork() {
        int file = calls.memoryFile("x", ByteStrings.bytes("hello"));
        left.send(7, new byte[] {9}, file, file);
        calls.close(file);
        int[] got = right.receive().descriptors();
        assertEquals(2, got.length);
        assertEquals("hello", ByteStrings.of(calls.readAll(got[0], 100, "reading")));
        long flags = host.syscall(SyscallNr.FCNTL, got[1], 1);
        assertEquals(1, flags, "FD_CLOEXEC");
        Arrays.stream(got).forEach(calls::close);
    }

    @Test
    void shouldCarryFramesLongerThanTheSocketsBuffer() throws InterruptedException {
        byte[] body = new byte[3 << 20];
        new Random(1).nextBytes(body);
        Thread sender = new Thread(() -> left.send(5, body, 0));
        sender.start();
        ControlSocket.Frame frame = right.receive();
        sender.join();
        assertArrayEquals(body, frame.body());
        assertEquals(1, frame.descriptors().length);
        calls.close(frame.descriptors()[0]);
    }

    /** Memory runs out before each of the steps of receiving a frame in turn: the frame is not lost, nor is any descriptor. */
    @Test
    void shouldGoOnAfterAnOutOfMemoryError() {
        byte[] body = new byte[(1 << 20) + 77];
        new Random(3).nextBytes(body);
        int file = calls.memoryFile("x", ByteStrings.bytes("hello"));
        int errors = 0;
        boolean more = true;
        for (int good = 0; more; good++) {
            int[] left = {good};
            HostKernel scarce = (HostKernel) Proxy.newProxyInstance(HostKernel.class.getClassLoader(), new Class<?>[] {HostKernel.class},
                (self, method, arguments) -> {
                    boolean memory = method.getName().equals("allocate") || method.getName().equals("syscall");
                    if (memory && left[0]-- == 0) {
                        throw new OutOfMemoryError("for the test");
                    }
                    return method.invoke(host, arguments);
                });
            int before = open();
            int[] pair = calls.socketPair(Socket.SOCK_STREAM);
            Thread sender = new Thread(() -> {
                new ControlSocket(host, pair[0]).send(5, 9, body, file);
                new ControlSocket(host, pair[0]).send(6, 10, new byte[0]);
            });
            sender.start();
            left[0] = Integer.MAX_VALUE;
            ControlSocket socket = new ControlSocket(scarce, pair[1]);
            left[0] = good;
            ControlSocket.Frame frame = receive(socket);
            more = left[0] < 0;
            errors += more ? 1 : 0;
            left[0] = Integer.MAX_VALUE;
            assertArrayEquals(body, frame.body());
            assertEquals(9, frame.request());
            assertEquals(1, frame.descriptors().length);
            assertEquals("hello", ByteStrings.of(calls.readAll(frame.descriptors()[0], 100, "reading")));
            host.syscall(SyscallNr.LSEEK, file, 0, 0);
            calls.close(frame.descriptors()[0]);
            assertEquals(6, socket.receive().type());
            socket.close();
            calls.close(pair[0]);
            assertEquals(before, open());
        }
        calls.close(file);
        assertTrue(errors > 3, errors + " places where it ran out");
    }

    private static ControlSocket.Frame receive(ControlSocket socket) {
        try {
            return socket.receive();
        } catch (OutOfMemoryError e) {
            return socket.receive();
        }
    }

    @Test
    void shouldSendAFrameThatWasPreparedBefore() {
        Runnable prepared = left.prepare(103, new byte[] {1, 2});
        assertTrue(left.offer(1, 7, new byte[] {3}));
        prepared.run();
        assertEquals(7, right.receive().request());
        assertArrayEquals(new byte[] {1, 2}, right.receive().body());
    }

    /** A peer that takes nothing. */
    @Test
    void shouldNotWaitToOfferAFrame() {
        int sent = 0;
        while (left.offer(1, sent, new byte[100])) {
            sent++;
        }
        for (int i = 0; i < sent; i++) {
            assertEquals(i, right.receive().request());
        }
        assertTrue(left.offer(1, sent, new byte[100]));
    }

    @Test
    void shouldTellWhenThePeerIsGone() {
        left.shutdown();
        assertNull(right.receive());
        assertFalse(right.send(1, new byte[1]));
    }

    private void write(byte... bytes) {
        calls.write(ends[0], bytes);
    }

    private static byte[] header(int type, int size, long request) {
        return ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putInt(type).putInt(size).putLong(request).array();
    }

    @Test
    void shouldRefuseFramesOfAbsurdLength() {
        write(header(1, -1, 0));
        assertThrows(RunscException.class, right::receive);
    }

    @Test
    void shouldRefuseFramesLongerThanTheReceiverTakes() {
        write(header(1, 101, 0));
        assertThrows(RunscException.class, () -> right.receive(100));
    }

    @Test
    void shouldRepeatTheNumberOfARequest() {
        left.send(1, Long.MIN_VALUE, new byte[3]);
        left.send(2, new byte[0]);
        assertEquals(Long.MIN_VALUE, right.receive().request());
        assertEquals(0, right.receive().request());
    }

    /** The memory for a frame is that of what has come of it; and it has to come. */
    @Test
    void shouldNotWaitForeverForTheRestOfAFrame() {
        ControlSocket impatient = new ControlSocket(host, ends[1], 50);
        assertFalse(impatient.awaitFrame(1));
        write(header(1, 60 << 20, 0));
        write(new byte[10]);
        assertTrue(impatient.awaitFrame(1000));
        assertThrows(RunscException.class, impatient::receive);
    }

    @Test
    void shouldNotWaitForeverForAPeerThatTakesNothing() {
        ControlSocket impatient = new ControlSocket(host, ends[0], 50);
        assertThrows(RunscException.class, () -> impatient.send(1, new byte[8 << 20]));
    }

    @Test
    void shouldCloseTheDescriptorsOfAFrameThatIsRefused() {
        int file = calls.memoryFile("x", new byte[1]);
        left.send(1, new byte[200], file, file, file);
        int before = open();
        assertThrows(RunscException.class, () -> right.receive(100));
        assertEquals(before, open());
        calls.close(file);
    }

    private static int open() {
        return new java.io.File("/proc/self/fd").list().length;
    }

    /** Garbage, and frames with some bytes changed, cut or repeated: a frame, an end or a RunscException, and nothing else. */
    @Test
    void shouldSurviveWhateverBytesCome() {
        Random random = new Random(20261126);
        for (int round = 0; round < 400; round++) {
            int[] pair = calls.socketPair(Socket.SOCK_STREAM);
            byte[] bytes = new byte[random.nextInt(200)];
            random.nextBytes(bytes);
            if (round % 2 == 0) {
                byte[] frame = header(random.nextInt(8), random.nextInt(150), random.nextLong());
                System.arraycopy(frame, 0, bytes, 0, Math.min(frame.length, bytes.length));
            }
            calls.write(pair[0], bytes);
            calls.close(pair[0]);
            try (ControlSocket socket = new ControlSocket(host, pair[1], 1000)) {
                for (ControlSocket.Frame frame = socket.receive(1000); frame != null; frame = socket.receive(1000)) {
                    assertTrue(frame.body().length <= 200);
                }
            } catch (RunscException e) {
                assertTrue(e.getMessage().contains("control socket"), e.getMessage());
            }
        }
    }

    /** What a body is read as is a value or an IllegalArgumentException, and takes no more memory than the body. */
    @Test
    void shouldSurviveWhateverBodiesCome() {
        Random random = new Random(20261127);
        List<Integer> descriptors = new ArrayList<>();
        byte[] good = SpecCodec.write(spec(), descriptors);
        BodyWriter writer = new BodyWriter();
        SpecCodec.write(writer, spec().process(), descriptors);
        byte[] process = writer.bytes();
        byte[] options = BootOptions.write(new KernelOptions("ptrace", "6.1.0", true, List.of("read", "write"), 1L << 33));
        int read = 0;
        for (int round = 0; round < 20_000; round++) {
            byte[] body = (round % 3 == 0 ? good : round % 3 == 1 ? process : options).clone();
            for (int change = random.nextInt(4); change >= 0; change--) {
                body[random.nextInt(body.length)] = (byte) (random.nextBoolean() ? random.nextInt() : -1);
            }
            if (random.nextInt(4) == 0) {
                body = Arrays.copyOf(body, random.nextInt(2 * body.length));
            }
            try {
                if (round % 3 == 0) {
                    SpecCodec.read(body, new int[random.nextInt(8)]);
                } else if (round % 3 == 1) {
                    SpecCodec.readProcess(new BodyReader(body), new int[random.nextInt(5)]);
                } else {
                    BootOptions.read(body);
                }
                read++;
            } catch (IllegalArgumentException e) {
                assertTrue(e.getMessage() != null);
            }
        }
        assertTrue(read > 100 && read < 19_900, read + " of them are read");
    }

    private static ContainerSpec spec() {
        ProcessSpec process = new ProcessSpec(List.of("a", "\u00ff"), List.of("A=b"), "/w",
            new ProcessSpec.User(1, -2, List.of(3), 022), new ProcessSpec.Capabilities(1, 2, 3, 4, 1L << 40),
            List.of(new ProcessSpec.Rlimit(7, 8, -1)), true, new int[] {0, -1, 42}, true, 43, 5, 24, 80);
        return new ContainerSpec("id", "host", "domain", process, new ContainerSpec.Root(40, true, true, 5),
            List.of(new ContainerSpec.MountSpec("/d", "bind", "s", 0x1000, "x", 41, true),
                new ContainerSpec.MountSpec("/p", "proc", "p", 0, "", -1, false)), 64 << 20);
    }

    @Test
    void shouldKeepAContainersSpecification() {
        ContainerSpec spec = spec();
        List<Integer> descriptors = new ArrayList<>();
        byte[] body = SpecCodec.write(spec, descriptors);
        assertEquals(List.of(40, 41, 0, 42, 43), descriptors);
        ContainerSpec read = SpecCodec.read(body, SpecCodec.array(descriptors));
        assertArrayEquals(spec.process().stdio(), read.process().stdio());
        assertEquals(spec.toString().replaceAll("\\[I@[0-9a-f]+", ""), read.toString().replaceAll("\\[I@[0-9a-f]+", ""));
        for (int length = 0; length < body.length; length++) {
            byte[] cut = Arrays.copyOf(body, length);
            assertThrows(IllegalArgumentException.class, () -> SpecCodec.read(cut, SpecCodec.array(descriptors)));
        }
    }

    /** What came along is somebody's, and nobody's twice: or it would stay open, or be closed under its user's feet. */
    @Test
    void shouldRefuseDescriptorsThatAreForNothingOrForTwo() {
        BodyWriter out = new BodyWriter();
        SpecCodec.write(out, spec().process(), new ArrayList<>());
        byte[] body = out.bytes();
        assertArrayEquals(new int[] {6, -1, 7}, SpecCodec.readProcess(new BodyReader(body), new int[] {6, 7, 8}).stdio());
        assertThrows(IllegalArgumentException.class, () -> SpecCodec.readProcess(new BodyReader(body), new int[] {6, 7, 8, 9}));
        assertThrows(IllegalArgumentException.class, () -> SpecCodec.readProcess(new BodyReader(body), new int[] {6, 7}));
        out = new BodyWriter();
        SpecCodec.write(out, spec().process().withStdio(new int[] {-1, -1, -1}, false, -1, 0, 0, 0), new ArrayList<>());
        byte[] without = out.bytes();
        // Three streams before the terminal, its number and three more numbers.
        int streams = without.length - 8 * 8;
        assertEquals(-1, new BodyReader(Arrays.copyOfRange(without, streams, streams + 8)).number());
        Arrays.fill(without, streams, streams + 16, (byte) 0);
        assertThrows(IllegalArgumentException.class, () -> SpecCodec.readProcess(new BodyReader(without), new int[] {6}));
        assertThrows(IllegalArgumentException.class, () -> SpecCodec.readProcess(new BodyReader(without), new int[] {6, 7}));
    }

    @Test
    void shouldKeepTheBootOptions() {
        KernelOptions options = new KernelOptions("ptrace", "6.1.0", true, List.of("read", "write"), 1L << 33);
        assertEquals(options, BootOptions.read(BootOptions.write(options)));
    }
}
