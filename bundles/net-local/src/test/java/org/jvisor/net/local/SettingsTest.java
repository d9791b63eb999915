// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.SockaddrInLayout;
import org.jvisor.api.abi.SockaddrUnLayout;
import org.jvisor.api.kernel.NetSysctl;
import org.jvisor.api.net.Socket;

/** Sockets go by what is set for their namespace below /proc/sys/net. */
class SettingsTest {

    private final World world = new World();

    private void set(NetSysctl one, int value) {
        world.net.sysctls().set(one.path(), Integer.toString(value));
    }

    private int option(Socket socket, int level, int option) {
        byte[] value = new byte[4];
        assertEquals(4, socket.getOption(world.task, level, option, value, 4));
        return Bytes.getInt(value, 0);
    }

    private void ask(Socket socket, int option, int number) {
        byte[] value = new byte[4];
        Bytes.putInt(value, 0, number);
        assertEquals(0, socket.setOption(world.task, SOL_SOCKET, option, value, 4));
    }

    @Test
    void shouldGiveBuffersOfTheNamespacesSizes() {
        set(NetSysctl.WMEM_DEFAULT, 10_000);
        set(NetSysctl.RMEM_DEFAULT, 20_000);
        set(NetSysctl.WMEM_MAX, 30_000);
        Socket socket = world.inet4.create(world.task, SOCK_STREAM, 0);
        assertEquals(10_000, option(socket, SOL_SOCKET, SO_SNDBUF));
        assertEquals(20_000, option(socket, SOL_SOCKET, SO_RCVBUF));
        ask(socket, SO_SNDBUF, 1_000_000);
        assertEquals(60_000, option(socket, SOL_SOCKET, SO_SNDBUF));
        ask(socket, SO_SNDBUF, -1);
        assertEquals(60_000, option(socket, SOL_SOCKET, SO_SNDBUF));
        ask(socket, SO_SNDBUF, 1);
        assertEquals(4608, option(socket, SOL_SOCKET, SO_SNDBUF));
        ask(socket, SO_SNDBUFFORCE, 1_000_000);
        assertEquals(2_000_000, option(socket, SOL_SOCKET, SO_SNDBUF));
    }

    @Test
    void shouldHaveTheNamespacesDefaults() {
        set(NetSysctl.DEFAULT_TTL, 99);
        set(NetSysctl.KEEPALIVE_TIME, 77);
        set(NetSysctl.BINDV6ONLY, 1);
        Socket socket = world.inet6.create(world.task, SOCK_STREAM, 0);
        assertEquals(99, option(socket, SOL_IP, IP_TTL));
        assertEquals(77, option(socket, SOL_TCP, TCP_KEEPIDLE));
        assertEquals(1, option(socket, SOL_IPV6, IPV6_V6ONLY));
    }

    @Test
    void shouldGivePortsOfTheNamespacesRange() {
        world.net.sysctls().set(NetSysctl.PORT_RANGE, "7000\t7004");
        Set<Integer> ports = new HashSet<>();
        byte[] any = Endpoint.any(AF_INET).toBytes(AF_INET);
        for (int i = 0; i < 5; i++) {
            Socket socket = world.inet4.create(world.task, SOCK_DGRAM, 0);
            assertEquals(0, socket.bind(world.task, any, any.length));
            byte[] name = new byte[128];
            socket.name(world.task, false, name);
            ports.add(SockaddrInLayout.port(name, 0));
        }
        assertEquals(Set.of(7000, 7001, 7002, 7003, 7004), ports);
        Socket late = world.inet4.create(world.task, SOCK_DGRAM, 0);
        assertEquals(Errno.EADDRINUSE, assertThrows(ErrnoException.class, () -> late.bind(world.task, any, any.length)).errno());
    }

    @Test
    void shouldBoundBacklogsAndQueues() {
        set(NetSysctl.SOMAXCONN, 1);
        set(NetSysctl.MAX_DGRAM_QLEN, 3);
        byte[] name = new byte[SockaddrUnLayout.PATH + 3];
        SockaddrUnLayout.family(name, 0, AF_UNIX);
        Socket listener = world.unix.create(world.task, SOCK_STREAM, 0);
        assertEquals(0, listener.bind(world.task, name, name.length));
        assertEquals(0, listener.listen(world.task, 100));
        int connected = 0;
        while (world.unix.create(world.task, SOCK_STREAM, 0).connect(world.task, name, name.length) == 0) {
            connected++;
        }
        assertEquals(2, connected);
        name[SockaddrUnLayout.PATH + 1]++;
        Socket receiver = world.unix.create(world.task, SOCK_DGRAM, 0);
        assertEquals(0, receiver.bind(world.task, name, name.length));
        Socket sender = world.unix.create(world.task, SOCK_DGRAM, 0);
        assertEquals(0, sender.connect(world.task, name, name.length));
        int sent = 0;
        while (sender.send(world.task, null, World.buffer(1), null) == 1) {
            sent++;
        }
        assertEquals(4, sent);
    }
}
