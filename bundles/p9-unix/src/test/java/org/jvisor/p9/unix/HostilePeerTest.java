// SPDX-License-Identifier: Apache-2.0
package org.jvisor.p9.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.p9.P9Channel;
import org.jvisor.api.p9.P9Message;
import org.jvisor.api.p9.P9Port;
import org.jvisor.api.p9.P9Requests;
import org.jvisor.host.ffm.FfmHostKernel;

/** Bytes from the other side that are no messages; the random ones come from a fixed seed. */
final class HostilePeerTest {
    private static final HostKernel HOST = new FfmHostKernel();
    private static final int SIZE = 4096;
    private static final long SEED = 20_260_101;

    private static int[] pair(int type) {
        long pair = HOST.allocate(8);
        ErrnoException.check(HOST.syscall(SyscallNr.SOCKETPAIR, Socket.AF_UNIX, type | Socket.SOCK_CLOEXEC, 0, pair));
        int[] ends = {HOST.getInt(pair), HOST.getInt(pair + 4)};
        HOST.free(pair);
        return ends;
    }

    private static void send(int socket, byte[] bytes) {
        long buffer = HOST.allocate(bytes.length + 1L);
        HOST.copyOut(bytes, 0, bytes.length, buffer);
        HOST.syscall(SyscallNr.SENDTO, socket, buffer, bytes.length, Socket.MSG_NOSIGNAL, 0, 0);
        HOST.free(buffer);
    }

    private static byte[] header(int size, int type, int tag) {
        return new byte[] {(byte) size, (byte) (size >> 8), (byte) (size >> 16), (byte) (size >> 24), (byte) type, (byte) tag, 0};
    }

    @ParameterizedTest
    @ValueSource(ints = {Socket.SOCK_SEQPACKET, Socket.SOCK_STREAM})
    void shouldRefuseWrongSizes(int type) {
        for (int size : new int[] {0, 6, -1, Integer.MAX_VALUE, SIZE + 1}) {
            int[] ends = pair(type);
            try (P9Port port = new UnixTransport(HOST).serve(ends[0], SIZE)) {
                send(ends[1], header(size, 100, 0));
                assertEquals(-Errno.EPROTO, port.receive(new P9Message(SIZE)), "size " + size);
            }
            HOST.syscall(SyscallNr.CLOSE, ends[1]);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Socket.SOCK_SEQPACKET, Socket.SOCK_STREAM})
    void shouldSurviveRandomBytesOnTheServersSide(int type) {
        Random random = new Random(SEED);
        for (int round = 0; round < 300; round++) {
            int[] ends = pair(type);
            try (P9Port port = new UnixTransport(HOST).serve(ends[0], SIZE)) {
                byte[] bytes = new byte[1 + random.nextInt(200)];
                random.nextBytes(bytes);
                send(ends[1], bytes);
                HOST.syscall(SyscallNr.CLOSE, ends[1]);
                P9Message message = new P9Message(SIZE);
                long result = port.receive(message);
                assertTrue(result == -Errno.EPROTO || result == 0 || message.length() == result, "result " + result);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Socket.SOCK_SEQPACKET, Socket.SOCK_STREAM})
    void shouldSurviveRandomBytesOnTheClientsSide(int type) throws Exception {
        Random random = new Random(SEED);
        ExecutorService threads = Executors.newCachedThreadPool();
        for (int round = 0; round < 200; round++) {
            int[] ends = pair(type);
            try (P9Channel channel = new UnixTransport(HOST).connect(ends[0], SIZE)) {
                Future<Long> asked = threads.submit(() -> {
                    P9Message request = new P9Message(SIZE);
                    P9Requests.getattr(request, 1, 0);
                    return channel.call(request, new P9Message(SIZE));
                });
                byte[] bytes = new byte[7 + random.nextInt(200)];
                random.nextBytes(bytes);
                if (round % 2 == 0) {
                    // A size that fits, and the tag of the only request.
                    System.arraycopy(header(bytes.length, random.nextInt(256), 0), 0, bytes, 0, 7);
                }
                send(ends[1], bytes);
                HOST.syscall(SyscallNr.SHUTDOWN, ends[1], Socket.SHUT_RDWR);
                long result = asked.get(300, TimeUnit.SECONDS);
                assertTrue(result < 0 || result == bytes.length, "result " + result);
            }
            HOST.syscall(SyscallNr.CLOSE, ends[1]);
        }
        threads.shutdown();
        assertTrue(threads.awaitTermination(300, TimeUnit.SECONDS));
    }
}
