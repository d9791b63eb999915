// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Socket;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.NetNamespace;
import org.junit.jupiter.api.Test;

/** What sockets use up is their container's, and comes back. */
class SocketChargeTest {

    private final Cgroup cgroup = new Cgroup(null);
    private final NetNamespace net = new NetNamespace(1, domain -> null);

    @Test
    void shouldRefuseSocketsThatTheContainerMayNotHave() {
        cgroup.setLimit(Charge.SOCKET, 2);
        UnixDatagramSocket[] pair = UnixDatagramSocket.pair(cgroup, net);
        ErrnoException refused = assertThrows(ErrnoException.class,
                () -> new InetStreamSocket(cgroup, net, Socket.AF_INET));
        assertEquals(Errno.ENOBUFS, refused.errno());
        pair[1].release(null);
        assertThrows(ErrnoException.class, () -> UnixDatagramSocket.pair(cgroup, net), "the half pair is given back");
        pair[0].release(null);
        assertEquals(0, cgroup.used(Charge.SOCKET));
    }

    @Test
    void shouldChargeDatagramsUntilTheyAreReadOrDropped() {
        UnixDatagramSocket[] pair = UnixDatagramSocket.pair(cgroup, net);
        HeapBuffer data = new HeapBuffer(new byte[1000]);
        assertEquals(1000, pair[0].send(null, null, data, null));
        assertEquals(1000, pair[0].send(null, null, data.rewind(), null));
        long two = cgroup.used(Charge.SOCKET_BYTE);
        assertTrue(two >= 2000);
        assertEquals(1000, pair[1].receive(null, null, data.rewind(), null));
        assertEquals(two / 2, cgroup.used(Charge.SOCKET_BYTE));
        cgroup.setLimit(Charge.SOCKET_BYTE, two / 2);
        assertEquals(-Errno.ENOBUFS, pair[0].send(null, null, data.rewind(), null));
        pair[1].release(null);
        pair[0].release(null);
        assertEquals(0, cgroup.used(Charge.SOCKET_BYTE));
        assertEquals(0, cgroup.used(Charge.SOCKET));
    }
}
