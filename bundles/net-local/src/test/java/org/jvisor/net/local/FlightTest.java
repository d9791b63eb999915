// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.jvisor.api.abi.Socket.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.SockaddrUnLayout;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.net.Socket;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.core.handover.Rehearsal;
import org.jvisor.net.local.World.Description;

/** Descriptions in the queues of sockets that nobody can reach are given back, and no others. */
class FlightTest {

    private final World world = new World();

    /** A socket with its description; by {@link #other} one sends to it. */
    private static final class End {
        final Socket socket;
        final Description description;
        End other;
        /** What lies in its queue, as the test sees it. */
        final ArrayDeque<End> queued = new ArrayDeque<>();
        /** Descriptors of it. */
        int open = 1;

        End(Socket socket) {
            this.socket = socket;
            description = new Description(socket);
        }

        boolean closed() {
            return description.references.get() == 0;
        }
    }

    private End[] pair(int type) {
        Socket[] sockets = world.unix.createPair(world.task, type, 0);
        End[] ends = {new End(sockets[0]), new End(sockets[1])};
        ends[0].other = ends[1];
        ends[1].other = ends[0];
        return ends;
    }

    /** The caller's reference passes on. */
    private long send(Socket by, FileDescription file) {
        Socket.Message message = World.message(0);
        message.files = new FileDescription[] {file};
        long sent = by.send(world.task, null, World.buffer(1), message);
        if (sent < 0) {
            file.release(null);
        }
        return sent;
    }

    private void sendTo(End to, End what) {
        what.description.references.incrementAndGet();
        if (send(to.other.socket, what.description.file) == 1) {
            to.queued.add(what);
        }
    }

    private static void close(End end) {
        end.open--;
        end.description.file.release(null);
    }

    @Test
    void shouldGiveBackSocketsThatHoldEachOther() {
        for (int type : new int[] {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
            End[] ends = pair(type);
            sendTo(ends[0], ends[0]);
            sendTo(ends[0], ends[1]);
            close(ends[1]);
            assertFalse(ends[1].closed());
            close(ends[0]);
            assertTrue(ends[0].closed() && ends[1].closed());
            assertTrue(world.isEmpty());
        }
    }

    @Test
    void shouldGiveBackAListenerInAConnectionThatItHasNotAccepted() {
        byte[] name = new byte[SockaddrUnLayout.PATH + 3];
        SockaddrUnLayout.family(name, 0, AF_UNIX);
        for (boolean accept : new boolean[] {false, true}) {
            End listener = new End(world.unix.create(world.task, SOCK_STREAM, 0));
            Socket client = world.unix.create(world.task, SOCK_STREAM, 0);
            assertEquals(0, listener.socket.bind(world.task, name, name.length));
            assertEquals(0, listener.socket.listen(world.task, 1));
            assertEquals(0, client.connect(world.task, name, name.length));
            listener.description.references.incrementAndGet();
            assertEquals(1, send(client, listener.description.file));
            client.release(null);
            if (accept) {
                Socket accepted = listener.socket.accept(world.task);
                close(listener);
                assertFalse(listener.closed(), "it can be received");
                accepted.release(null);
            } else {
                close(listener);
            }
            assertTrue(listener.closed());
            assertTrue(world.isEmpty());
        }
    }

    @Test
    void shouldLookAgainForWhatWasPostponed() {
        // A chain so long that each reference that is dropped would cost more than it earns.
        int length = 4000;
        List<End> ends = new ArrayList<>();
        for (int i = 0; i < length; i++) {
            ends.addAll(Arrays.asList(pair(SOCK_DGRAM)));
            if (i > 0) {
                sendTo(ends.get(2 * i), ends.get(2 * i - 2));
                close(ends.get(2 * i - 2));
            }
        }
        End last = ends.get(2 * length - 2);
        sendTo(ends.getFirst(), last); // the chain is a ring now
        ends.stream().filter(end -> end.open > 0).toList().forEach(FlightTest::close);
        world.flight.collect();
        assertTrue(ends.stream().allMatch(End::closed));
        assertTrue(world.isEmpty());
    }

    @Test
    void shouldHoldMessagesOverAReplacement() {
        End[] ends = pair(SOCK_STREAM);
        FileDescription[] inner = {new Description(null).file};
        Socket.Message message = World.message(0);
        message.files = inner;
        assertEquals(1, ends[0].socket.send(world.task, null, World.buffer(1), message));
        List<Object> fresh = Rehearsal.handOver(World.newDriver(), World.newDriver(), ends[0].socket, ends[1].socket);
        assertEquals(1, world.cgroup.used(Charge.IN_FLIGHT));
        message.reset(0);
        assertEquals(1, ((Socket) fresh.get(1)).receive(world.task, null, World.buffer(1), message));
        assertEquals(inner[0], message.files[0]);
        assertEquals(0, world.cgroup.used(Charge.IN_FLIGHT));
    }

    @Test
    void shouldRefuseMoreThanTheContainerMayHave() {
        world.cgroup.setLimit(Charge.IN_FLIGHT, 1);
        End[] ends = pair(SOCK_STREAM);
        Description one = new Description(null);
        assertEquals(1, send(ends[0].socket, one.file));
        assertEquals(Errno.ETOOMANYREFS,
                assertThrows(ErrnoException.class, () -> send(ends[0].socket, new Description(null).file)).errno());
        Socket.Message message = World.message(0);
        assertEquals(1, ends[1].socket.receive(world.task, null, World.buffer(1), message));
        assertEquals(1, send(ends[0].socket, one.file));
        close(ends[1]);
        close(ends[0]);
        assertEquals(0, one.references.get());
        assertTrue(world.isEmpty());
    }

    /** Whatever is sent where and closed in whichever order: just what can be reached from open descriptors is still there. */
    @Test
    void shouldCloseJustWhatNobodyCanReach() {
        for (int seed = 0; seed < 200; seed++) {
            play(new Random(seed), seed);
        }
        assertTrue(world.isEmpty());
    }

    private void play(Random random, int seed) {
        List<End> all = new ArrayList<>();
        int pairs = 2 + random.nextInt(6);
        for (int i = 0; i < pairs; i++) {
            all.addAll(Arrays.asList(pair(new int[] {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}[random.nextInt(3)])));
        }
        for (int step = 0; step < 80; step++) {
            End one = all.get(random.nextInt(all.size()));
            End two = all.get(random.nextInt(all.size()));
            int what = random.nextInt(10);
            if (what < 4 && one.open > 0 && two.open > 0 && !two.other.closed()) {
                sendTo(two.other, one);
            } else if (what < 6 && one.open > 0) {
                receive(one);
            } else if (what < 8 && one.open > 0) {
                close(one);
            }
            check(all, seed, step);
        }
        all.forEach(end -> {
            while (end.open > 0) {
                close(end);
            }
        });
        check(all, seed, -1);
        assertTrue(all.stream().allMatch(End::closed));
    }

    private void receive(End from) {
        Socket.Message message = World.message(0);
        long got = from.socket.receive(world.task, null, World.buffer(1), message);
        if (message.files != null) {
            assertEquals(1, got);
            from.queued.poll().open++;
        }
    }

    private static void check(List<End> all, int seed, int step) {
        List<End> reached = new ArrayList<>(all.stream().filter(end -> end.open > 0).toList());
        for (int i = 0; i < reached.size(); i++) {
            for (End end : reached.get(i).queued) {
                if (!reached.contains(end)) {
                    reached.add(end);
                }
            }
        }
        for (End end : all) {
            assertEquals(!reached.contains(end), end.closed(), "seed " + seed + ", step " + step + ", end " + all.indexOf(end));
        }
    }
}
