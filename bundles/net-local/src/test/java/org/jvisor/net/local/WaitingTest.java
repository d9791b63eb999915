// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.SockaddrUnLayout;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.net.Socket;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.wait.WaitQueue;

/** Who waits at a socket is told when it need not wait any more, for whatever reason. */
class WaitingTest {

    private final World world = new World();
    private final Task task = world.task;
    private final FileDescription blocking = World.fake(FileDescription.class, "flags", 0);
    private final FileDescription nonBlocking = World.fake(FileDescription.class, "flags", Open.O_NONBLOCK);

    /** How often somebody who waits at {@code socket} for {@code events} is woken. */
    private static AtomicInteger wakes(Socket socket, int events) {
        AtomicInteger wakes = new AtomicInteger();
        socket.waitQueue().add(new WaitQueue.Entry(happened -> wakes.incrementAndGet()), events);
        return wakes;
    }

    private long send(Socket from, FileDescription file) {
        return from.send(task, file, World.buffer(1000), null);
    }

    private long receive(Socket to) {
        return to.receive(task, blocking, World.buffer(1000), null);
    }

    /** As many as it takes, and one more. */
    private int fill(Socket from, FileDescription file) {
        int sent = 0;
        long result;
        while ((result = send(from, file)) == 1000) {
            sent++;
        }
        assertEquals(-Errno.EAGAIN, result);
        return sent;
    }

    private static byte[] name(String name) {
        byte[] address = new byte[SockaddrUnLayout.PATH + 1 + name.length()];
        SockaddrUnLayout.family(address, 0, AF_UNIX);
        for (int i = 0; i < name.length(); i++) {
            address[SockaddrUnLayout.PATH + 1 + i] = (byte) name.charAt(i);
        }
        return address;
    }

    private UnixDatagramSocket receiver() {
        UnixDatagramSocket receiver = new UnixDatagramSocket(world.home, world.flight);
        byte[] address = name("receiver");
        assertEquals(0, receiver.bind(task, address, address.length));
        return receiver;
    }

    private Socket.Message to(String name) {
        Socket.Message message = new Socket.Message();
        message.reset(0);
        byte[] address = name(name);
        System.arraycopy(address, 0, message.address, 0, address.length);
        message.addressLength = address.length;
        return message;
    }

    // ---- datagrams

    @Test
    void shouldWakeASenderWhenItsReceiverReads() {
        UnixDatagramSocket[] pair = world.datagramPair();
        fill(pair[0], blocking);
        AtomicInteger wakes = wakes(pair[0], Poll.POLLOUT);
        assertEquals(1000, receive(pair[1]));
        assertEquals(1, wakes.get());
        assertEquals(1000, send(pair[0], blocking));
    }

    @Test
    void shouldSayThatThereIsRoomOnlyWhenThereIs() {
        UnixDatagramSocket[] pair = world.datagramPair();
        assertTrue((pair[0].poll(nonBlocking) & Poll.POLLOUT) != 0);
        int sent = fill(pair[0], nonBlocking);
        AtomicInteger wakes = wakes(pair[0], Poll.POLLOUT);
        for (int i = 0; i < sent; i++) {
            if ((pair[0].poll(nonBlocking) & Poll.POLLOUT) != 0) {
                break;
            }
            int before = wakes.get();
            assertEquals(1000, receive(pair[1]));
            assertEquals(before + 1, wakes.get(), "who asked is told to look again");
        }
        assertTrue((pair[0].poll(nonBlocking) & Poll.POLLOUT) != 0);
        assertTrue((pair[1].poll(nonBlocking) & Poll.POLLIN) != 0, "before all is read");
    }

    @Test
    void shouldWakeASenderThatNamesItsReceiver() {
        UnixDatagramSocket receiver = receiver();
        UnixDatagramSocket[] senders = {new UnixDatagramSocket(world.home, world.flight),
            new UnixDatagramSocket(world.home, world.flight)};
        List<AtomicInteger> wakes = new ArrayList<>();
        for (UnixDatagramSocket sender : senders) {
            long result;
            do {
                result = sender.send(task, blocking, World.buffer(1000), to("receiver"));
            } while (result == 1000);
            assertEquals(-Errno.EAGAIN, result);
            wakes.add(wakes(sender, Poll.POLLOUT));
        }
        assertEquals(1000, receive(receiver));
        wakes.forEach(one -> assertEquals(1, one.get()));
        assertEquals(1000, receive(receiver));
        wakes.forEach(one -> assertEquals(1, one.get(), "only who waits"));
    }

    @Test
    void shouldWakeASenderWhenItsReceiverGoes() {
        UnixDatagramSocket[] pair = world.datagramPair();
        fill(pair[0], blocking);
        AtomicInteger wakes = wakes(pair[0], Poll.POLLOUT);
        assertEquals(0, pair[1].shutdown(task, SHUT_RD));
        assertEquals(1, wakes.get());
        pair[1].release(null);
        assertEquals(Errno.ECONNREFUSED, assertThrows(ErrnoException.class, () -> send(pair[0], blocking)).errno());
    }

    @Test
    void shouldForgetASenderThatIsClosed() {
        UnixDatagramSocket receiver = receiver();
        for (int i = 0; i < 3; i++) {
            UnixDatagramSocket sender = new UnixDatagramSocket(world.home, world.flight);
            byte[] address = name("receiver");
            assertEquals(0, sender.connect(task, address, address.length));
            fill(sender, nonBlocking);
            AtomicInteger wakes = wakes(sender, Poll.POLLOUT);
            sender.release(null);
            receive(receiver);
            assertEquals(0, wakes.get());
        }
    }

    /** What does not fit is sent later as it is, whoever took the room meanwhile. */
    @Test
    void shouldKeepADatagramWholeThatHasToWait() {
        UnixDatagramSocket[] pair = world.datagramPair();
        int sent = fill(pair[0], blocking);
        IoBuffer data = World.buffer(1000);
        assertEquals(-Errno.EAGAIN, pair[0].send(task, blocking, data, null));
        assertEquals(1000, data.remaining());
        for (int i = 0; i < sent; i++) {
            assertEquals(1000, receive(pair[1]));
        }
        assertEquals(-Errno.EAGAIN, receive(pair[1]));
    }

    @Test
    void shouldCloseDescriptorsOfAMessageThatCannotBeRead() {
        World.Description attached = new World.Description(null);
        UnixDatagramSocket[] pair = world.datagramPair();
        Socket.Message message = new Socket.Message();
        message.reset(0);
        message.files = new FileDescription[] {attached.file};
        assertEquals(1000, pair[0].send(task, blocking, World.buffer(1000), message));
        for (int flags : new int[] {MSG_PEEK, 0}) {
            Socket.Message received = new Socket.Message();
            received.reset(flags);
            assertEquals(-Errno.EFAULT, pair[1].receive(task, blocking, new Unreachable(), received));
            assertNull(received.files);
            assertEquals(flags == MSG_PEEK ? 1 : 0, attached.references.get());
        }
    }

    /** Memory that is not there. */
    private static final class Unreachable implements IoBuffer {
        @Override
        public long remaining() {
            return 1000;
        }

        @Override
        public long span() {
            return -Errno.EFAULT;
        }

        @Override
        public long spanLength() {
            return 0;
        }

        @Override
        public void advance(long bytes) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long put(byte[] source, int offset, int length) {
            return -Errno.EFAULT;
        }

        @Override
        public long get(byte[] target, int offset, int length) {
            return -Errno.EFAULT;
        }
    }

    // ---- connections

    private InetStreamSocket listener(int backlog) {
        InetStreamSocket listener = new InetStreamSocket(world.home, AF_INET);
        assertEquals(0, listener.listen(task, backlog));
        return listener;
    }

    private long connect(InetStreamSocket client, InetStreamSocket listener) {
        byte[] address = new byte[28];
        int length = (int) listener.name(task, false, address);
        return client.connect(task, address, length);
    }

    private InetStreamSocket client() {
        return new InetStreamSocket(world.home, AF_INET);
    }

    @Test
    void shouldConnectWhoWaitsWhenThereIsAPlaceInTheBacklog() {
        InetStreamSocket listener = listener(0);
        InetStreamSocket first = client();
        assertEquals(-Errno.EINPROGRESS, connect(first, listener));
        assertEquals(0, connect(first, listener));
        assertEquals(-Errno.EISCONN, connect(first, listener));
        InetStreamSocket waiting = client();
        assertEquals(-Errno.EINPROGRESS, connect(waiting, listener));
        assertEquals(-Errno.EALREADY, connect(waiting, listener));
        assertEquals(0, waiting.poll(null));
        AtomicInteger wakes = wakes(waiting, Poll.POLLOUT);
        AtomicInteger acceptWakes = wakes(listener, Poll.POLLIN);
        assertNotNull(listener.accept(task));
        assertEquals(1, wakes.get());
        assertEquals(1, acceptWakes.get());
        assertEquals(0, connect(waiting, listener));
        assertNotNull(listener.accept(task));
    }

    @Test
    void shouldTellWhatBecameOfAConnectionThatIsRefused() {
        InetStreamSocket listener = listener(0);
        InetStreamSocket client = client();
        byte[] address = new byte[28];
        int length = (int) listener.name(task, false, address);
        listener.release(null);
        AtomicInteger wakes = wakes(client, Poll.POLLERR);
        assertEquals(-Errno.EINPROGRESS, client.connect(task, address, length));
        assertEquals(1, wakes.get());
        assertTrue((client.poll(null) & Poll.POLLERR) != 0);
        assertEquals(-Errno.ECONNREFUSED, client.connect(task, address, length));
        assertEquals(-Errno.EINPROGRESS, client.connect(task, address, length));
        assertEquals(Errno.ECONNREFUSED, client.takeError());
        assertEquals(-Errno.ECONNABORTED, client.connect(task, address, length));
    }

    @Test
    void shouldRefuseClientsOfAListenerThatIsShutDown() {
        for (boolean closed : new boolean[] {false, true}) {
            InetStreamSocket listener = listener(0);
            InetStreamSocket connected = client();
            InetStreamSocket waiting = client();
            assertEquals(-Errno.EINPROGRESS, connect(connected, listener));
            assertEquals(-Errno.EINPROGRESS, connect(waiting, listener));
            AtomicInteger connectedWakes = wakes(connected, Poll.POLLIN);
            AtomicInteger waitingWakes = wakes(waiting, Poll.POLLOUT);
            AtomicInteger acceptWakes = wakes(listener, Poll.POLLIN);
            if (closed) {
                listener.release(null);
            } else {
                assertEquals(0, listener.shutdown(task, SHUT_RD));
                assertEquals(1, acceptWakes.get());
                assertThrows(ErrnoException.class, () -> listener.accept(task));
            }
            assertTrue(connectedWakes.get() > 0);
            assertEquals(-Errno.ECONNRESET, receive(connected));
            assertEquals(1, waitingWakes.get());
            assertEquals(Errno.ECONNREFUSED, waiting.takeError());
        }
    }

    /** A listener must not keep sockets of those who gave up. */
    @Test
    void shouldForgetWhoGivesUpWaitingForAPlace() {
        InetStreamSocket listener = listener(0);
        assertEquals(-Errno.EINPROGRESS, connect(client(), listener));
        InetStreamSocket gone = client();
        assertEquals(-Errno.EINPROGRESS, connect(gone, listener));
        AtomicInteger wakes = wakes(gone, Poll.POLLOUT);
        gone.release(null);
        int before = wakes.get();
        assertNotNull(listener.accept(task));
        assertNull(listener.accept(task));
        assertEquals(before, wakes.get());
    }
}
