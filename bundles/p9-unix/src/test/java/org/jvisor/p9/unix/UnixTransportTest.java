// SPDX-License-Identifier: Apache-2.0
package org.jvisor.p9.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.lock.Killable;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Channel;
import org.jvisor.api.p9.P9Message;
import org.jvisor.api.p9.P9Port;
import org.jvisor.api.p9.P9Replies;
import org.jvisor.api.p9.P9Requests;
import org.jvisor.host.ffm.FfmHostKernel;

/** Both ends over both kinds of sockets. */
final class UnixTransportTest {
    private static final HostKernel HOST = new FfmHostKernel();
    private static final int SIZE = 8192;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private P9Channel channel;
    private P9Port port;

    private void connect(int type) {
        long pair = HOST.allocate(8);
        ErrnoException.check(HOST.syscall(SyscallNr.SOCKETPAIR, Socket.AF_UNIX, type | Socket.SOCK_CLOEXEC, 0, pair));
        channel = new UnixTransport(HOST).connect(HOST.getInt(pair), SIZE);
        port = new UnixTransport(HOST).serve(HOST.getInt(pair + 4), SIZE);
        HOST.free(pair);
    }

    @AfterEach
    void close() throws InterruptedException {
        channel.close();
        port.close();
        threads.shutdownNow();
        assertTrue(threads.awaitTermination(300, TimeUnit.SECONDS));
    }

    private static <T> T within20Seconds(Future<T> future) throws Exception {
        return future.get(300, TimeUnit.SECONDS);
    }

    /** Asks with {@code number} as the fid; the answer's count, or an errno. */
    private Callable<Long> ask(int number) {
        return () -> {
            P9Message request = new P9Message(SIZE);
            P9Message reply = new P9Message(SIZE);
            P9Requests.getattr(request, number, 0);
            long result = channel.call(request, reply);
            return result < 0 ? result : reply.getLong();
        };
    }

    private static void answer(P9Message request, P9Message reply, long value) {
        reply.start(request.type() + 1).putLong(value).finish();
        reply.setTag(request.tag());
    }

    @ParameterizedTest
    @ValueSource(ints = {Socket.SOCK_SEQPACKET, Socket.SOCK_STREAM})
    void shouldHandRepliesToWhoAskedWhateverTheirOrder(int type) throws Exception {
        connect(type);
        int count = 40;
        List<Future<Long>> asked = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            asked.add(threads.submit(ask(i)));
        }
        List<P9Message> requests = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            P9Message request = new P9Message(SIZE);
            assertTrue(port.receive(request) > 0);
            requests.add(request);
        }
        P9Message reply = new P9Message(SIZE);
        for (P9Message request : requests.reversed()) {
            answer(request, reply, request.getInt() + 1000L);
            assertEquals(0, port.send(reply));
        }
        for (int i = 0; i < count; i++) {
            assertEquals(i + 1000L, within20Seconds(asked.get(i)));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Socket.SOCK_SEQPACKET, Socket.SOCK_STREAM})
    void shouldServeManyMoreCallersThanTags(int type) throws Exception {
        connect(type);
        for (int worker = 0; worker < 4; worker++) {
            threads.submit(() -> {
                P9Message request = new P9Message(SIZE);
                P9Message reply = new P9Message(SIZE);
                while (port.receive(request) > 0) {
                    answer(request, reply, request.getInt() * 2L);
                    port.send(reply);
                }
            });
        }
        List<Future<Long>> asked = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            asked.add(threads.submit(ask(i)));
        }
        for (int i = 0; i < 500; i++) {
            assertEquals(i * 2L, within20Seconds(asked.get(i)));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Socket.SOCK_SEQPACKET, Socket.SOCK_STREAM})
    void shouldPassDescriptorsOn(int type) throws Exception {
        connect(type);
        long pipe = HOST.allocate(8);
        ErrnoException.check(HOST.syscall(SyscallNr.PIPE2, pipe, Open.O_CLOEXEC));
        int donated = HOST.getInt(pipe);
        threads.submit(() -> {
            P9Message request = new P9Message(SIZE);
            P9Message reply = new P9Message(SIZE);
            for (int i = 0; i < 2 && port.receive(request) > 0; i++) {
                answer(request, reply, 7);
                reply.setDescriptor(i == 0 ? donated : P9Message.NO_DESCRIPTOR);
                port.send(reply);
            }
        });
        P9Message request = new P9Message(SIZE);
        P9Message reply = new P9Message(SIZE);
        P9Requests.openfd(request, 1, 0);
        assertTrue(channel.call(request, reply) > 0);
        int received = reply.takeDescriptor();
        HOST.putByte(pipe, (byte) 'x');
        assertEquals(1, HOST.syscall(SyscallNr.WRITE, HOST.getInt(pipe + 4), pipe, 1));
        assertEquals(1, HOST.syscall(SyscallNr.READ, received, pipe, 1));
        P9Requests.openfd(request, 1, 0);
        assertTrue(channel.call(request, reply) > 0);
        assertEquals(P9Message.NO_DESCRIPTOR, reply.descriptor());
        HOST.syscall(SyscallNr.CLOSE, received);
    }

    @ParameterizedTest
    @ValueSource(ints = {Socket.SOCK_SEQPACKET, Socket.SOCK_STREAM})
    void shouldReturnErrorsAsErrnos(int type) throws Exception {
        connect(type);
        threads.submit(() -> {
            P9Message request = new P9Message(SIZE);
            P9Message reply = new P9Message(SIZE);
            int[] errnos = {Errno.ENOENT, 0, -5, 100_000};
            for (int i = 0; i < 5 && port.receive(request) > 0; i++) {
                if (i < errnos.length) {
                    P9Replies.error(reply, errnos[i]);
                } else {
                    reply.start(P9.TCLUNK + 1).finish();
                }
                reply.setTag(request.tag());
                port.send(reply);
            }
        });
        assertEquals(-Errno.ENOENT, ask(1).call());
        for (int i = 0; i < 4; i++) {
            assertEquals(-Errno.EIO, ask(1).call());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Socket.SOCK_SEQPACKET, Socket.SOCK_STREAM})
    void shouldGiveEioToEveryWaiterWhenThePeerEnds(int type) throws Exception {
        connect(type);
        List<Future<Long>> asked = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            asked.add(threads.submit(ask(i)));
        }
        P9Message request = new P9Message(SIZE);
        for (int i = 0; i < 10; i++) {
            assertTrue(port.receive(request) > 0);
        }
        port.close();
        for (Future<Long> call : asked) {
            assertEquals(-Errno.EIO, within20Seconds(call));
        }
        assertEquals(-Errno.EIO, ask(1).call());
        assertTrue(channel.isDead());
    }

    @ParameterizedTest
    @ValueSource(ints = {Socket.SOCK_SEQPACKET, Socket.SOCK_STREAM})
    void shouldEndReceiversWhenEitherEndCloses(int type) throws Exception {
        connect(type);
        Future<Long> receiving = threads.submit(() -> port.receive(new P9Message(SIZE)));
        Future<Long> another = threads.submit(() -> port.receive(new P9Message(SIZE)));
        channel.close();
        assertEquals(0, within20Seconds(receiving));
        assertEquals(0, within20Seconds(another));
        port.close();
        assertEquals(0, port.receive(new P9Message(SIZE)));
    }

    @ParameterizedTest
    @ValueSource(ints = {Socket.SOCK_SEQPACKET, Socket.SOCK_STREAM})
    void shouldDieOfRepliesThatNobodyAskedFor(int type) throws Exception {
        connect(type);
        BlockingQueue<P9Message> got = new ArrayBlockingQueue<>(1);
        threads.submit(() -> {
            P9Message request = new P9Message(SIZE);
            port.receive(request);
            got.add(request);
            return null;
        });
        Future<Long> asked = threads.submit(ask(1));
        P9Message request = got.poll(300, TimeUnit.SECONDS);
        P9Message reply = new P9Message(SIZE);
        answer(request, reply, 1);
        reply.setTag(request.tag() + 1);
        port.send(reply);
        assertEquals(-Errno.EIO, within20Seconds(asked));
        assertTrue(channel.isDead());
    }

    @ParameterizedTest
    @ValueSource(ints = {Socket.SOCK_SEQPACKET, Socket.SOCK_STREAM})
    void shouldRefuseRequestsThatAreTooLong(int type) throws Exception {
        connect(type);
        P9Message request = new P9Message(2 * SIZE);
        P9Requests.write(request, 1, 0, new byte[SIZE], 0, SIZE);
        assertEquals(-Errno.EMSGSIZE, channel.call(request, new P9Message(SIZE)));
        P9Message small = new P9Message(20);
        P9Requests.write(small, 1, 0, new byte[100], 0, 100);
        assertEquals(-Errno.EMSGSIZE, channel.call(small, new P9Message(SIZE)));
    }

    @ParameterizedTest
    @ValueSource(ints = {Socket.SOCK_SEQPACKET, Socket.SOCK_STREAM})
    void shouldCallWithoutAllocating(int type) throws Exception {
        connect(type);
        threads.submit(() -> {
            P9Message request = new P9Message(SIZE);
            P9Message reply = new P9Message(SIZE);
            while (port.receive(request) > 0) {
                answer(request, reply, 1);
                port.send(reply);
            }
        });
        var bean = (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
        P9Message request = new P9Message(SIZE);
        P9Message reply = new P9Message(SIZE);
        long allocated = 0;
        for (int round = 0; round < 20; round++) {
            long before = bean.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 500; i++) {
                P9Requests.getattr(request, 1, 0);
                channel.call(request, reply);
            }
            allocated = bean.getCurrentThreadAllocatedBytes() - before;
        }
        assertTrue(allocated < 2000, allocated + " bytes");
    }

    /** Serves a task that is killed once it waits for a tag. */
    private static final class KilledCaller extends Thread implements Killable {
        private volatile boolean killed;

        KilledCaller(Runnable call) {
            super(call);
            setDaemon(true);
        }

        @Override
        public boolean killed() {
            return killed;
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Socket.SOCK_SEQPACKET, Socket.SOCK_STREAM})
    void shouldLetGoWhoIsKilledWaitingForATag(int type) throws Exception {
        connect(type);
        List<Future<Long>> asked = new ArrayList<>();
        List<P9Message> requests = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            asked.add(threads.submit(ask(i)));
            P9Message request = new P9Message(SIZE);
            assertTrue(port.receive(request) > 0);
            requests.add(request);
        }
        FutureTask<Long> oneMore = new FutureTask<>(ask(64));
        KilledCaller caller = new KilledCaller(oneMore);
        caller.start();
        while (LockSupport.getBlocker(caller) != channel) {
            Thread.onSpinWait();
        }
        caller.killed = true;
        LockSupport.unpark(caller);
        assertEquals(-Errno.EINTR, within20Seconds(oneMore));
        P9Message reply = new P9Message(SIZE);
        for (P9Message request : requests) {
            answer(request, reply, 7);
            assertEquals(0, port.send(reply));
        }
        for (Future<Long> one : asked) {
            assertEquals(7, within20Seconds(one));
        }
    }
}
