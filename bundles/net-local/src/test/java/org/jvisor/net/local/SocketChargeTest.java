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
import org.junit.jupiter.api.Test;

/** What sockets use up is their container's, and comes back. */
class SocketChargeTest {

    private final World world = new World();
    private final Cgroup cgroup = world.cgroup;

    @Test
    void shouldRefuseSocketsThatTheContainerMayNotHave() {
        cgroup.setLimit(Charge.SOCKET, 2);
        UnixDatagramSocket[] pair = world.datagramPair();
        ErrnoException refused = assertThrows(ErrnoException.class,
                () -> new InetStreamSocket(world.home, Socket.AF_INET));
        assertEquals(Errno.ENOBUFS, refused.errno());
        pair[1].release(null);
        assertThrows(ErrnoException.class, () -> world.datagramPair(), "the half pair is given back");
        pair[0].release(null);
        assertEquals(0, cgroup.used(Charge.SOCKET));
    }

    @Test
    void shouldChargeDatagramsUntilTheyAreReadOrDropped() {
        for (int length : new int[] {0, 1000, 5000}) {
            UnixDatagramSocket[] pair = world.datagramPair();
            assertEquals(length, pair[0].send(world.task, null, World.buffer(length), null));
            assertEquals(length, pair[0].send(world.task, null, World.buffer(length), null));
            assertEquals(2, cgroup.used(Charge.SOCKET_MESSAGE));
            assertTrue(world.bytes() >= 2 * length);
            assertEquals(length, pair[1].receive(world.task, null, World.buffer(length), null));
            assertEquals(1, cgroup.used(Charge.SOCKET_MESSAGE));
            cgroup.setLimit(Charge.SOCKET_MESSAGE, 1);
            assertEquals(-Errno.ENOBUFS, pair[0].send(world.task, null, World.buffer(length), null));
            cgroup.setLimit(Charge.SOCKET_MESSAGE, Long.MAX_VALUE);
            pair[1].release(null);
            pair[0].release(null);
            assertTrue(world.isEmpty());
        }
    }

    @Test
    void shouldRefuseDatagramsThatThereIsNoMemoryFor() {
        UnixDatagramSocket[] pair = world.datagramPair();
        cgroup.setLimit(Charge.SOCKET_BYTE, 4095);
        for (int length : new int[] {1, 5000}) {
            assertEquals(-Errno.ENOBUFS, pair[0].send(world.task, null, World.buffer(length), null));
        }
        assertEquals(0, pair[0].send(world.task, null, World.buffer(0), null));
        assertEquals(0, world.bytes());
        cgroup.setLimit(Charge.SOCKET_BYTE, 4096);
        assertEquals(1, pair[0].send(world.task, null, World.buffer(1), null));
        assertEquals(-Errno.ENOBUFS, pair[0].send(world.task, null, World.buffer(4096), null));
        pair[1].release(null);
        pair[0].release(null);
        assertTrue(world.isEmpty());
    }
}
