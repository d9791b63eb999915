// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.NlmsghdrLayout;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.Rtnetlink;
import org.jvisor.api.abi.SockaddrNlLayout;
import org.jvisor.api.abi.SockaddrUnLayout;
import org.jvisor.api.abi.UcredLayout;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.NetNamespace;
import org.jvisor.api.kernel.NetSysctl;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.net.Socket;
import org.jvisor.api.state.StateException;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.wait.WaitQueue;
import org.jvisor.core.handover.Rehearsal;
import org.junit.jupiter.api.Test;

/** Sockets of all types pass to another version of the bundle, and go on. */
class HandoverTest {

    private static final int PID = World.PID;

    private final World world = new World();
    private final Cgroup cgroup = world.cgroup;
    private final NetNamespace net = world.net;
    private final Task task = world.task;
    private final List<World.Description> descriptions = new ArrayList<>();
    private final LocalSockets driver = World.newDriver();

    /** Its references are counted. */
    private FileDescription description() {
        World.Description made = new World.Description(null);
        descriptions.add(made);
        return made.file;
    }

    /** Of all that were made. */
    private int references() {
        return descriptions.stream().mapToInt(one -> one.references.get()).sum();
    }

    /** Those given, and whatever has a name or a port. */
    private List<Socket> handOver(Object... sockets) {
        List<Object> objects = new ArrayList<>(List.of(sockets));
        objects.add(net);
        List<Object> fresh = Rehearsal.handOver(driver, World.newDriver(), objects.toArray());
        for (int i = 0; i < sockets.length; i++) {
            assertNotSame(sockets[i], fresh.get(i));
        }
        return fresh.subList(0, sockets.length).stream().map(Socket.class::cast).toList();
    }

    private static Socket.Message message(int flags) {
        Socket.Message message = new Socket.Message();
        message.reset(flags);
        return message;
    }

    private void send(Socket socket, String text) {
        assertEquals(text.length(), socket.send(task, null, World.buffer(text.getBytes(StandardCharsets.ISO_8859_1)), null));
    }

    private String receive(Socket socket) {
        return receive(socket, null);
    }

    private String receive(Socket socket, Socket.Message message) {
        byte[] bytes = new byte[1000];
        long n = socket.receive(task, null, World.buffer(bytes), message);
        return n < 0 ? Errno.name((int) -n) : new String(bytes, 0, (int) n, StandardCharsets.ISO_8859_1);
    }

    private void talk(Socket a, Socket b) {
        send(a, "there");
        assertEquals("there", receive(b));
        send(b, "and back");
        assertEquals("and back", receive(a));
        assertEquals("EAGAIN", receive(a));
    }

    private Socket[] unixPair(int type) {
        return world.unix.createPair(task, type, 0);
    }

    private static byte[] abstractName(String name) {
        byte[] address = new byte[SockaddrUnLayout.PATH + 1 + name.length()];
        SockaddrUnLayout.family(address, 0, AF_UNIX);
        System.arraycopy(name.getBytes(StandardCharsets.ISO_8859_1), 0, address, SockaddrUnLayout.PATH + 1, name.length());
        return address;
    }

    private static byte[] any(int domain) {
        byte[] address = new byte[28];
        return Arrays.copyOf(address, Endpoint.any(domain).write(domain, address));
    }

    private byte[] nameOf(Socket socket, boolean peer) {
        byte[] address = new byte[128];
        long length = socket.name(task, peer, address);
        assertTrue(length > 0, () -> Errno.name((int) -length));
        return Arrays.copyOf(address, (int) length);
    }

    private InetSockets family(int domain) {
        return domain == AF_INET ? world.inet4 : world.inet6;
    }

    private Socket listening(int domain, int backlog) {
        Socket listener = family(domain).create(task, SOCK_STREAM, 0);
        assertEquals(0, listener.listen(task, backlog));
        return listener;
    }

    private Socket connected(int domain, Socket listener) {
        Socket client = family(domain).create(task, SOCK_STREAM, 0);
        byte[] address = nameOf(listener, false);
        assertEquals(-Errno.EINPROGRESS, client.connect(task, address, address.length));
        return client;
    }

    private static int option(Socket socket, int level, int option) {
        byte[] value = new byte[4];
        assertEquals(4, socket.getOption(null, level, option, value, 4));
        return Bytes.getInt(value, 0);
    }

    private void set(Socket socket, int level, int option, int value) {
        byte[] bytes = new byte[4];
        Bytes.putInt(bytes, 0, value);
        assertEquals(0, socket.setOption(task, level, option, bytes, 4));
    }

    // ---- Unix

    @Test
    void shouldKeepPairsWithWhatIsOnItsWay() {
        Socket[] pair = unixPair(SOCK_STREAM);
        send(pair[0], "on its way");
        send(pair[1], "back");
        WaitQueue queue = pair[0].waitQueue();
        long charged = cgroup.used(Charge.SOCKET_BYTE);
        List<Socket> fresh = handOver(pair[0], pair[1]);
        assertSame(queue, fresh.getFirst().waitQueue());
        assertEquals(Poll.POLLIN, fresh.getFirst().poll(null) & Poll.POLLIN);
        assertEquals("on its way", receive(fresh.get(1)));
        assertEquals("back", receive(fresh.get(0)));
        talk(fresh.get(0), fresh.get(1));
        assertEquals(charged, cgroup.used(Charge.SOCKET_BYTE));
        fresh.get(0).release(null);
        assertEquals("", receive(fresh.get(1)));
        fresh.get(1).release(null);
        assertEquals(0, cgroup.used(Charge.SOCKET_BYTE));
        assertEquals(0, cgroup.used(Charge.SOCKET));
    }

    @Test
    void shouldKeepBytesThatGoRoundTheEndOfTheRing() {
        Socket[] pair = unixPair(SOCK_STREAM);
        send(pair[0], "x".repeat(900));
        for (int i = 0; i < 40; i++) {
            pair = handOver(pair[0], pair[1]).toArray(Socket[]::new);
            String text = "round " + i + "y".repeat(892);
            send(pair[0], text);
            byte[] bytes = new byte[text.length() + 100];
            int wanted = i == 0 ? 900 : ("round " + (i - 1)).length() + 892;
            assertEquals(wanted, pair[1].receive(task, null, World.buffer(Arrays.copyOf(bytes, wanted)), null));
        }
    }

    @Test
    void shouldHandOverAgainAndAgainAndFindTheOtherSideByEitherEnd() {
        Socket[] pair = unixPair(SOCK_STREAM);
        for (int i = 0; i < 20; i++) {
            send(pair[i & 1], "turn " + i);
            pair = handOver(pair[0], pair[1]).toArray(Socket[]::new);
            assertEquals("turn " + i, receive(pair[1 - (i & 1)]));
        }
    }

    @Test
    void shouldKeepRecordsWithDescriptorsAndCredentials() {
        for (int type : new int[] {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM}) {
            Socket[] pair = unixPair(type);
            Socket.Message sent = message(0);
            FileDescription[] files = {description(), description()};
            sent.files = files;
            sent.hasCredentials = true;
            sent.pid = 7;
            sent.uid = 8;
            sent.gid = 9;
            assertEquals(5, pair[0].send(task, null, World.buffer("first".getBytes()), sent));
            send(pair[0], "second");
            List<Socket> fresh = handOver(pair[0], pair[1]);
            Socket.Message got = message(0);
            assertEquals("first", receive(fresh.get(1), got));
            assertArrayEquals(files, got.files);
            assertEquals(List.of(7, 8, 9), List.of(got.pid, got.uid, got.gid));
            got.reset(0);
            assertEquals("second", receive(fresh.get(1), got));
            assertNull(got.files);
            talk(fresh.get(0), fresh.get(1));
            assertEquals(descriptions.size(), references());
        }
    }

    @Test
    void shouldGiveBackDescriptorsThatNobodyTakes() {
        Socket[] pair = unixPair(SOCK_STREAM);
        Socket.Message sent = message(0);
        sent.files = new FileDescription[] {description()};
        assertEquals(1, pair[0].send(task, null, World.buffer(new byte[1]), sent));
        List<Socket> fresh = handOver(pair[0], pair[1]);
        assertEquals(1, references());
        fresh.get(1).release(null);
        fresh.get(0).release(null);
        assertEquals(0, references());
        assertTrue(world.isEmpty());
    }

    @Test
    void shouldKeepNamesAndWhoWaitsInTheBacklog() {
        byte[] address = abstractName("here");
        UnixSockets family = world.unix;
        Socket listener = family.create(task, SOCK_STREAM, 0);
        assertEquals(0, listener.bind(task, address, address.length));
        assertEquals(0, listener.listen(task, 1));
        Socket[] clients = new Socket[3];
        for (int i = 0; i < 3; i++) {
            clients[i] = family.create(task, SOCK_STREAM, 0);
            assertEquals(i < 2 ? 0 : -Errno.EAGAIN, clients[i].connect(task, address, address.length));
        }
        send(clients[0], "early");

        List<Socket> fresh = handOver(clients[0], clients[2], listener);
        Socket accepted = fresh.get(2).accept(task);
        assertEquals("early", receive(accepted));
        talk(fresh.getFirst(), accepted);
        assertArrayEquals(address, nameOf(accepted, false));
        assertArrayEquals(address, nameOf(fresh.getFirst(), true));
        byte[] credentials = new byte[UcredLayout.SIZE];
        fresh.getFirst().getOption(task, SOL_SOCKET, SO_PEERCRED, credentials, credentials.length);
        assertEquals(PID, UcredLayout.pid(credentials, 0));
        assertEquals(0, fresh.get(1).connect(task, address, address.length));
        assertNotNull(fresh.get(2).accept(task));
        assertNotNull(fresh.get(2).accept(task));
        assertNull(fresh.get(2).accept(task));

        accepted.release(null);
        Socket other = family.create(task, SOCK_STREAM, 0);
        assertEquals(Errno.EADDRINUSE,
                assertThrows(ErrnoException.class, () -> other.bind(task, address, address.length)).errno());
        fresh.get(2).release(null);
        assertEquals(0, other.bind(task, address, address.length));
    }

    @Test
    void shouldFindDatagramSocketsByNameAndByPeer() {
        byte[] address = abstractName("datagrams");
        UnixSockets family = world.unix;
        Socket receiver = family.create(task, SOCK_DGRAM, 0);
        assertEquals(0, receiver.bind(task, address, address.length));
        Socket sender = family.create(task, SOCK_DGRAM, 0);
        byte[] unnamed = Arrays.copyOf(address, SockaddrUnLayout.PATH);
        assertEquals(0, sender.bind(task, unnamed, unnamed.length));
        assertEquals(0, sender.connect(task, address, address.length));
        send(sender, "one");
        byte[] name = nameOf(sender, false);
        List<Socket> fresh = handOver(sender, receiver);
        send(fresh.getFirst(), "two");
        Socket.Message message = message(0);
        assertEquals("one", receive(fresh.get(1), message));
        assertArrayEquals(name, Arrays.copyOf(message.address, message.addressLength));
        assertEquals("two", receive(fresh.get(1)));
        fresh.get(1).release(null);
        List<Socket> later = handOver(fresh.getFirst());
        assertThrows(ErrnoException.class, () -> later.getFirst().send(task, null, World.buffer(new byte[1]), null));
    }

    @Test
    void shouldKeepWhichFileANameIs() {
        byte[] address = abstractName("file");
        UnixNames.Name name = new UnixNames.Name(address, new NetNamespace.SocketFile(3, 4));
        StateRecord record = new StateRecord("net.unix-stream", 1);
        UnixNames.Name.save(name, record);
        assertEquals(name.key(), UnixNames.Name.adopt(record).key());
    }

    @Test
    void shouldFollowChainsOfAnyLength() {
        UnixSockets family = world.unix;
        Socket first = family.create(task, SOCK_DGRAM, 0);
        Socket last = first;
        for (int i = 0; i < 20_000; i++) {
            byte[] address = abstractName("link " + i);
            Socket next = family.create(task, SOCK_DGRAM, 0);
            assertEquals(0, next.bind(task, address, address.length));
            assertEquals(0, last.connect(task, address, address.length));
            net.unname(new String(address, StandardCharsets.ISO_8859_1), next);
            last = next;
        }
        // The second would take it from the third only, which it is connected to (connect(2)).
        assertEquals(-Errno.EPERM, handOver(first).getFirst().send(task, null, World.buffer(new byte[1]), null));
    }

    // ---- TCP and UDP

    @Test
    void shouldKeepConnectionsAndPorts() {
        for (int domain : new int[] {AF_INET, AF_INET6}) {
            Socket listener = listening(domain, 5);
            Socket client = connected(domain, listener);
            Socket server = listener.accept(task);
            Socket early = connected(domain, listener);
            send(client, "under way");
            send(early, "before accept");
            byte[] from = nameOf(client, false);
            List<Socket> fresh = handOver(client, server, listener, early);
            assertEquals("under way", receive(fresh.get(1)));
            talk(fresh.get(0), fresh.get(1));
            assertArrayEquals(from, nameOf(fresh.get(1), true));
            Socket accepted = fresh.get(2).accept(task);
            assertEquals("before accept", receive(accepted));
            talk(fresh.get(3), accepted);
            talk(connected(domain, fresh.get(2)), fresh.get(2).accept(task));
            byte[] port = nameOf(fresh.get(2), false);
            assertEquals(Errno.EADDRINUSE, assertThrows(ErrnoException.class,
                    () -> family(domain).create(task, SOCK_STREAM, 0).bind(task, port, port.length)).errno());
            fresh.get(2).release(null);
            Socket refused = family(domain).create(task, SOCK_STREAM, 0);
            assertEquals(-Errno.EINPROGRESS, refused.connect(task, port, port.length));
            assertEquals(-Errno.ECONNREFUSED, handOver(refused).getFirst().connect(task, port, port.length));
        }
    }

    @Test
    void shouldKeepWhatIsShutAndWhatWentWrong() {
        Socket listener = listening(AF_INET, 5);
        Socket client = connected(AF_INET, listener);
        Socket server = listener.accept(task);
        send(client, "last words");
        assertEquals(0, client.shutdown(task, SHUT_WR));
        List<Socket> fresh = handOver(client, server);
        assertEquals("last words", receive(fresh.get(1)));
        assertEquals("", receive(fresh.get(1)));
        assertEquals(-Errno.EPIPE, fresh.get(0).send(task, null, World.buffer(new byte[1]), message(MSG_NOSIGNAL)));
        send(fresh.get(1), "unread");
        fresh.get(0).release(null);
        assertEquals("ECONNRESET", receive(handOver(fresh.get(1)).getFirst()));
    }

    @Test
    void shouldKeepDatagramsAndWhereTheyGo() {
        for (int domain : new int[] {AF_INET, AF_INET6}) {
            Socket a = family(domain).create(task, SOCK_DGRAM, 0);
            Socket b = family(domain).create(task, SOCK_DGRAM, 0);
            for (Socket socket : new Socket[] {a, b}) {
                assertEquals(0, socket.bind(task, any(domain), any(domain).length));
            }
            byte[] toA = nameOf(a, false);
            byte[] toB = nameOf(b, false);
            assertEquals(0, a.connect(task, toB, toB.length));
            assertEquals(0, b.connect(task, toA, toA.length));
            send(a, "one");
            send(a, "");
            send(a, "three");
            List<Socket> fresh = handOver(a, b);
            assertEquals("one", receive(fresh.get(1)));
            assertEquals("", receive(fresh.get(1)));
            assertEquals("three", receive(fresh.get(1)));
            talk(fresh.get(0), fresh.get(1));
            fresh.forEach(socket -> socket.release(null));
        }
    }

    @Test
    void shouldKeepPortsAndAnswersOfNetlink() {
        NetlinkSockets family = new NetlinkSockets(World.MEMORY, World.HOST);
        Socket socket = family.create(task, SOCK_RAW, NETLINK_ROUTE);
        byte[] any = new byte[SockaddrNlLayout.SIZE];
        SockaddrNlLayout.family(any, 0, AF_NETLINK);
        assertEquals(0, socket.bind(task, any, any.length));
        byte[] request = new byte[NlmsghdrLayout.SIZE + 4];
        NlmsghdrLayout.len(request, 0, request.length);
        NlmsghdrLayout.type(request, 0, Rtnetlink.RTM_GETLINK);
        NlmsghdrLayout.flags(request, 0, Rtnetlink.NLM_F_REQUEST | Rtnetlink.NLM_F_DUMP);
        assertEquals(request.length, socket.send(task, null, World.buffer(request), null));
        Socket fresh = handOver(socket).getFirst();
        byte[] answer = new byte[4096];
        assertTrue(fresh.receive(task, null, World.buffer(answer), null) > 0);
        assertEquals(Rtnetlink.RTM_NEWLINK, NlmsghdrLayout.type(answer, 0));
        assertEquals(PID, NlmsghdrLayout.pid(answer, 0));
        Socket other = family.create(task, SOCK_RAW, NETLINK_ROUTE);
        assertEquals(0, other.bind(task, any, any.length));
        assertEquals(PID, SockaddrNlLayout.pid(nameOf(fresh, false), 0));
        assertNotEquals(PID, SockaddrNlLayout.pid(nameOf(other, false), 0));
        fresh.release(null);
        Socket late = family.create(task, SOCK_RAW, NETLINK_ROUTE);
        assertEquals(0, late.bind(task, any, any.length));
        assertEquals(PID, SockaddrNlLayout.pid(nameOf(late, false), 0));
        other.release(null);
        late.release(null);
        assertTrue(world.isEmpty());
    }

    @Test
    void shouldKeepOptions() {
        Socket socket = world.inet6.create(task, SOCK_STREAM, 0);
        int[][] options = {{SOL_SOCKET, SO_REUSEADDR, 1}, {SOL_SOCKET, SO_REUSEPORT, 1}, {SOL_SOCKET, SO_KEEPALIVE, 1},
                {SOL_SOCKET, SO_BROADCAST, 1}, {SOL_SOCKET, SO_OOBINLINE, 1}, {SOL_SOCKET, SO_TIMESTAMP, 1},
                {SOL_SOCKET, SO_PASSCRED, 1}, {SOL_SOCKET, SO_RCVLOWAT, 9}, {SOL_SOCKET, SO_PRIORITY, 3},
                {SOL_SOCKET, SO_MARK, 5}, {SOL_IPV6, IPV6_V6ONLY, 1}, {SOL_TCP, TCP_NODELAY, 1}, {SOL_TCP, TCP_KEEPIDLE, 77}};
        for (int[] one : options) {
            set(socket, one[0], one[1], one[2]);
        }
        set(socket, SOL_SOCKET, SO_SNDBUF, 10_000);
        set(socket, SOL_SOCKET, SO_RCVBUF, 20_000);
        byte[] linger = {1, 0, 0, 0, 30, 0, 0, 0};
        assertEquals(0, socket.setOption(task, SOL_SOCKET, SO_LINGER, linger, linger.length));
        byte[] timeout = {2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
        assertEquals(0, socket.setOption(task, SOL_SOCKET, SO_RCVTIMEO, timeout, timeout.length));
        Socket fresh = handOver(socket).getFirst();
        for (int[] one : options) {
            assertEquals(one[2], option(fresh, one[0], one[1]), () -> "option " + one[1] + " of level " + one[0]);
        }
        assertEquals(20_000, option(fresh, SOL_SOCKET, SO_SNDBUF));
        assertEquals(40_000, option(fresh, SOL_SOCKET, SO_RCVBUF));
        byte[] value = new byte[8];
        fresh.getOption(task, SOL_SOCKET, SO_LINGER, value, 8);
        assertArrayEquals(linger, value);
        assertEquals(2_000_000_000L, fresh.timeoutNs(false));
        assertEquals(Long.MAX_VALUE, fresh.timeoutNs(true));
    }

    // ---- records of other versions

    @Test
    void shouldSkipFieldsThatItDoesNotKnowAndHaveDefaultsForMissingOnes() {
        StateRecord newer = new StateRecord("net.udp", 7).putCore("cgroup", cgroup).putCore("net", net)
                .putCore("queue", new WaitQueue()).put("domain", AF_INET).put("type", SOCK_DGRAM).put("protocol", IPPROTO_UDP)
                .put("colour", "red");
        Socket socket = (Socket) driver.adopt(newer);
        assertEquals(NetSysctl.WMEM_DEFAULT.initial(), option(socket, SOL_SOCKET, SO_SNDBUF));
        assertEquals("EAGAIN", receive(socket));
    }

    @Test
    void shouldNameTheFieldThatIsWrong() {
        assertEquals("net.tcp (schema 1), field cgroup: missing",
                assertThrows(StateException.class, () -> driver.adopt(new StateRecord("net.tcp", 1))).getMessage());
        StateRecord channel = new StateRecord("net.channel", 1).putCore("cgroup", cgroup).putCore("readers", new WaitQueue())
                .putCore("writers", new WaitQueue()).put("limit", 4).put("head", 1).put("tail", 6);
        assertEquals("net.channel (schema 1), field ringSize: does not hold the bytes from 1 to 6",
                assertThrows(StateException.class, () -> driver.adopt(channel)).getMessage());
        assertThrows(StateException.class, () -> driver.adopt(new StateRecord("net.sctp", 1)));
    }
}
