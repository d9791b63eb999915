// SPDX-License-Identifier: Apache-2.0
package org.jvisor.p9.unix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Message;
import org.jvisor.api.p9.P9Port;
import org.jvisor.api.p9.P9Replies;
import org.jvisor.api.p9.P9Requests;
import org.jvisor.api.state.StateException;
import org.jvisor.api.lock.Killable;
import org.jvisor.host.ffm.FfmHostKernel;

/** A server that answers late or never: who is killed goes on, and what comes later is dropped. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class LateRepliesTest {
    private static final HostKernel HOST = new FfmHostKernel();
    private static final int SIZE = 8192;
    private static final int TAGS = 64;

    private UnixChannel channel;
    private P9Port port;
    private int serverEnd;

    private void connect(int type) {
        long pair = HOST.allocate(8);
        ErrnoException.check(HOST.syscall(SyscallNr.SOCKETPAIR, Socket.AF_UNIX, type | Socket.SOCK_CLOEXEC, 0, pair));
        serverEnd = HOST.getInt(pair + 4);
        channel = (UnixChannel) new UnixTransport(HOST).connect(HOST.getInt(pair), SIZE);
        port = new UnixTransport(HOST).serve(serverEnd, SIZE);
        HOST.free(pair);
    }

    @AfterEach
    void close() {
        channel.close();
        port.close();
    }

    /** Serves a task. */
    private static final class Caller extends Thread implements Killable {
        private volatile boolean killed;
        private final FutureTask<Long> result;

        Caller(Callable<Long> call) {
            this(new FutureTask<>(call));
        }

        private Caller(FutureTask<Long> result) {
            super(result);
            this.result = result;
            setDaemon(true);
            start();
        }

        @Override
        public boolean killed() {
            return killed;
        }

        void kill() {
            killed = true;
            LockSupport.unpark(this);
        }

        long result() throws Exception {
            return result.get(20, TimeUnit.SECONDS);
        }
    }

    private final BlockingQueue<Long> late = new LinkedBlockingQueue<>();

    private Callable<Long> ask(int number) {
        return () -> {
            P9Message request = new P9Message(SIZE);
            P9Message reply = new P9Message(SIZE);
            P9Requests.getattr(request, number, 0);
            long result = channel.call(request, reply, late::add);
            return result < 0 ? result : reply.getLong();
        };
    }

    private P9Message receive() {
        P9Message request = new P9Message(SIZE);
        assertTrue(port.receive(request) > 0);
        return request;
    }

    private void answer(P9Message request, long value) {
        P9Message reply = new P9Message(SIZE);
        reply.start(request.type() + 1).putLong(value).finish();
        reply.setTag(request.tag());
        assertEquals(0, port.send(reply));
    }

    /** A request of somebody who lives is answered, and so all that came before it. */
    private void exchange(long value) throws Exception {
        Caller living = new Caller(ask(1));
        answer(receive(), value);
        assertEquals(value, living.result());
    }

    @ParameterizedTest
    @ValueSource(ints = {Socket.SOCK_SEQPACKET, Socket.SOCK_STREAM})
    void shouldLetTheReceiverGoWhenItIsKilled(int type) throws Exception {
        connect(type);
        Caller caller = new Caller(ask(1));
        P9Message request = receive();
        caller.kill();
        assertEquals(-Errno.EINPROGRESS, caller.result());
        assertTrue(late.isEmpty());
        // Its tag is not given to another one.
        Caller living = new Caller(ask(2));
        P9Message second = receive();
        assertFalse(second.tag() == request.tag());
        answer(request, 7);
        answer(second, 8);
        assertEquals(8, living.result());
        assertEquals(P9Message.HEADER + 8, late.poll(20, TimeUnit.SECONDS));
        assertFalse(channel.isDead());
    }

    @ParameterizedTest
    @ValueSource(ints = {Socket.SOCK_SEQPACKET, Socket.SOCK_STREAM})
    void shouldLetOneGoWhoWaitsBesideTheReceiver(int type) throws Exception {
        connect(type);
        Caller receiver = new Caller(ask(1));
        P9Message first = receive();
        Caller caller = new Caller(ask(2));
        P9Message second = receive();
        caller.kill();
        assertEquals(-Errno.EINPROGRESS, caller.result());
        P9Message reply = new P9Message(SIZE);
        P9Replies.error(reply, Errno.ENOENT);
        reply.setTag(second.tag());
        assertEquals(0, port.send(reply));
        assertEquals(-Errno.ENOENT, late.poll(20, TimeUnit.SECONDS));
        answer(first, 9);
        assertEquals(9, receiver.result());
    }

    @Test
    void shouldPassOnTheReceiversPartWhenItIsKilled() throws Exception {
        connect(Socket.SOCK_SEQPACKET);
        Caller receiver = new Caller(ask(1));
        receive();
        Caller living = new Caller(ask(2));
        P9Message second = receive();
        receiver.kill();
        assertEquals(-Errno.EINPROGRESS, receiver.result());
        answer(second, 5);
        assertEquals(5, living.result());
    }

    @Test
    void shouldCloseDescriptorsThatComeLate() throws Exception {
        connect(Socket.SOCK_SEQPACKET);
        long pipe = HOST.allocate(8);
        ErrnoException.check(HOST.syscall(SyscallNr.PIPE2, pipe, Open.O_CLOEXEC));
        int readEnd = HOST.getInt(pipe);
        int writeEnd = HOST.getInt(pipe + 4);
        Caller caller = new Caller(ask(1));
        P9Message request = receive();
        caller.kill();
        assertEquals(-Errno.EINPROGRESS, caller.result());
        P9Message reply = new P9Message(SIZE);
        reply.start(request.type() + 1).finish();
        reply.setTag(request.tag());
        reply.setDescriptor(writeEnd);
        assertEquals(0, port.send(reply));
        HOST.syscall(SyscallNr.CLOSE, writeEnd);
        exchange(1);
        // The end of the pipe: nobody has its other end.
        assertEquals(0, HOST.syscall(SyscallNr.READ, readEnd, pipe, 1));
        HOST.syscall(SyscallNr.CLOSE, readEnd);
        HOST.free(pipe);
    }

    @Test
    void shouldGiveTagsOutAgainWhenTheirRepliesHaveCome() throws Exception {
        connect(Socket.SOCK_SEQPACKET);
        List<P9Message> requests = new ArrayList<>();
        List<Caller> callers = new ArrayList<>();
        for (int i = 0; i < TAGS; i++) {
            callers.add(new Caller(ask(i)));
            requests.add(receive());
        }
        callers.forEach(Caller::kill);
        for (Caller caller : callers) {
            assertEquals(-Errno.EINPROGRESS, caller.result());
        }
        for (int i = 0; i < TAGS; i++) {
            // Who waits for a tag takes in what comes, as nobody else does.
            Caller living = new Caller(ask(100 + i));
            answer(requests.get(i), 0);
            P9Message request = receive();
            answer(request, 100 + i);
            assertEquals(100 + i, living.result());
        }
        assertEquals(TAGS, late.size());
        assertTrue(channel.save().getInt("messageSize", 0) > 0);
    }

    @Test
    void shouldLetOneGoThatServerDoesNotListenTo() throws Exception {
        connect(Socket.SOCK_SEQPACKET);
        AtomicLong sent = new AtomicLong();
        Caller caller = new Caller(() -> {
            P9Message large = new P9Message(SIZE);
            P9Requests.write(large, 1, 0, new byte[SIZE], 0, SIZE - 100);
            while (channel.post(large, late::add)) {
                sent.incrementAndGet();
            }
            return ask(1).call();
        });
        while (sent.get() == 0 || caller.getState() == Thread.State.NEW) {
            Thread.onSpinWait();
        }
        caller.kill();
        long result = caller.result();
        assertTrue(result == -Errno.EINTR || result == -Errno.EINPROGRESS, "result " + result);
        assertFalse(channel.isDead());
    }

    @Test
    void shouldPostWithoutWaiting() throws Exception {
        connect(Socket.SOCK_SEQPACKET);
        P9Message clunk = new P9Message(SIZE);
        P9Requests.clunk(clunk, 3);
        for (int i = 0; i < TAGS; i++) {
            assertTrue(channel.post(clunk, late::add));
        }
        assertFalse(channel.post(clunk, late::add));
        for (int i = 0; i < TAGS; i++) {
            P9Message request = receive();
            assertEquals(P9.TCLUNK, request.type());
            answer(request, 0);
        }
        assertEquals(0, late.size());
        exchange(4);
        assertEquals(TAGS, late.size());
    }

    @Test
    void shouldTellThoseWhoLeftOfTheConnectionsEnd() throws Exception {
        connect(Socket.SOCK_SEQPACKET);
        Caller caller = new Caller(ask(1));
        receive();
        caller.kill();
        assertEquals(-Errno.EINPROGRESS, caller.result());
        channel.close();
        assertEquals(-Errno.EIO, late.poll(20, TimeUnit.SECONDS));
        assertEquals(-Errno.EIO, ask(1).call());
    }

    @Test
    void shouldAwaitALateReply() throws Exception {
        connect(Socket.SOCK_SEQPACKET);
        Caller caller = new Caller(ask(1));
        P9Message request = receive();
        caller.kill();
        assertEquals(-Errno.EINPROGRESS, caller.result());
        Caller living = new Caller(() -> channel.await(() -> !late.isEmpty(), Long.MAX_VALUE) ? 1L : 0L);
        Caller dying = new Caller(() -> channel.await(() -> !late.isEmpty(), Long.MAX_VALUE) ? 1L : 0L);
        dying.kill();
        assertEquals(0, dying.result());
        assertFalse(channel.await(() -> false, System.nanoTime() + 1_000_000));
        answer(request, 1);
        assertEquals(1, living.result());
        channel.close();
        assertFalse(channel.await(() -> false, Long.MAX_VALUE));
    }

    @Test
    void shouldNotBeHandedOverWithRequestsUnderWay() throws Exception {
        connect(Socket.SOCK_SEQPACKET);
        Caller caller = new Caller(ask(1));
        P9Message request = receive();
        caller.kill();
        assertEquals(-Errno.EINPROGRESS, caller.result());
        assertThrows(StateException.class, channel::save);
        answer(request, 1);
        channel.save();
        assertEquals(1, late.size());
    }

    /** A peer that answers before it has been asked, and cuts messages anywhere, while callers are killed. */
    @Test
    void shouldGoOnWithAStreamsMessageThatItsReceiverLeft() throws Exception {
        connect(Socket.SOCK_STREAM);
        Caller first = new Caller(ask(1));
        P9Message request = receive();
        P9Message reply = new P9Message(64);
        reply.start(request.type() + 1).putLong(77).finish();
        reply.setTag(request.tag());
        for (int cut : new int[] {3, P9Message.HEADER, P9Message.HEADER + 3}) {
            send(reply, 0, cut);
            first.kill();
            assertEquals(-Errno.EINPROGRESS, first.result());
            Caller living = new Caller(ask(2));
            P9Message next = receive();
            send(reply, cut, reply.length());
            assertEquals(P9Message.HEADER + 8, late.poll(20, TimeUnit.SECONDS));
            answer(next, 78);
            assertEquals(78, living.result());
            first = new Caller(ask(1));
            reply.setTag(receive().tag());
        }
    }

    private void send(P9Message message, int from, int to) {
        long buffer = HOST.allocate(to - from);
        HOST.copyOut(message.bytes(), from, to - from, buffer);
        assertEquals(to - from, HOST.syscall(SyscallNr.SENDTO, serverEnd, buffer, to - from, Socket.MSG_NOSIGNAL, 0, 0));
        HOST.free(buffer);
    }
}
