// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.wait.WaitQueue;

/** Writers, readers and whoever ends it all, at the same time. */
class TransferStressTest {

    private final World world = new World();
    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void end() {
        threads.shutdownNow();
    }

    /** As a task in a system call: what it may hold addresses of is given to nobody else. */
    private static <T> T inCall(MemoryFile.Epoch epoch, Callable<T> call) throws Exception {
        epoch.enter();
        try {
            return call.call();
        } finally {
            epoch.leave();
        }
    }

    private static byte pattern(long at) {
        return (byte) (at * 31 + (at >>> 8));
    }

    /** All bytes come, in order, while the ring grows below the feet of both. */
    @Test
    void shouldKeepTheBytesOfAStreamWhoseRingGrows() throws Exception {
        for (int seed = 0; seed < 20; seed++) {
            int limit = 1 << 12 + seed % 8;
            Channel channel = new Channel(world.memory, world.cgroup, false, limit, new WaitQueue(), new WaitQueue());
            long total = 400_000;
            Random random = new Random(seed);
            Future<Void> writer = threads.submit(() -> write(channel, total, new Random(random.nextLong())));
            Future<Void> reader = threads.submit(() -> read(channel, total, new Random(random.nextLong())));
            writer.get();
            reader.get();
            channel.breakOff();
        }
        assertTrue(world.isEmpty());
    }

    private static Void write(Channel channel, long total, Random random) throws Exception {
        MemoryFile.Epoch epoch = World.MEMORY.file().newEpoch();
        for (long at = 0; at < total;) {
            byte[] bytes = new byte[(int) Math.min(total - at, 1 + random.nextInt(9000))];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = pattern(at + i);
            }
            Sender sender = random.nextInt(4) == 0 ? new Sender(random.nextInt(3), 0, 0) : null;
            long moved = inCall(epoch, () -> channel.write(World.buffer(bytes), null, sender));
            if (moved == -Errno.EAGAIN) {
                Thread.yield();
            } else {
                assertTrue(moved > 0, "" + moved);
                at += moved;
            }
        }
        channel.end();
        epoch.close();
        return null;
    }

    private static Void read(Channel channel, long total, Random random) throws Exception {
        MemoryFile.Epoch epoch = World.MEMORY.file().newEpoch();
        long at = 0;
        while (true) {
            byte[] bytes = new byte[1 + random.nextInt(12_000)];
            boolean peek = random.nextInt(5) == 0;
            boolean pass = random.nextBoolean();
            long moved = inCall(epoch, () -> channel.read(World.buffer(bytes), World.message(0), peek, pass));
            if (moved == -Errno.EAGAIN) {
                Thread.yield();
                continue;
            }
            for (int i = 0; i < moved; i++) {
                assertEquals(pattern(at + i), bytes[i]);
            }
            if (!peek) {
                at += moved;
            }
            if (moved == 0) {
                break;
            }
        }
        assertEquals(total, at);
        epoch.close();
        return null;
    }

    /** Each datagram comes whole, and each sender's in order. */
    @Test
    void shouldKeepDatagramsWholeWithManyAtBothEnds() throws Exception {
        UnixDatagramSocket[] pair = world.datagramPair();
        int senders = 3;
        int each = 3000;
        List<Future<Void>> running = new ArrayList<>();
        for (int s = 0; s < senders; s++) {
            int number = s;
            running.add(threads.submit(() -> send(pair[0], number, each)));
        }
        running.add(threads.submit(() -> receive(pair[1], senders, each)));
        for (Future<Void> one : running) {
            one.get();
        }
        pair[0].release(null);
        pair[1].release(null);
        assertTrue(world.isEmpty());
    }

    private static Void send(UnixDatagramSocket socket, int number, int count) throws Exception {
        MemoryFile.Epoch epoch = World.MEMORY.file().newEpoch();
        Random random = new Random(number);
        for (int i = 0; i < count;) {
            byte[] bytes = new byte[8 + random.nextInt(random.nextBoolean() ? 100 : 9000)];
            for (int k = 8; k < bytes.length; k++) {
                bytes[k] = pattern(number + i + k);
            }
            Bytes.putInt(bytes, 0, number);
            Bytes.putInt(bytes, 4, i);
            long sent = inCall(epoch, () -> socket.send(null, null, World.buffer(bytes), null));
            if (sent == bytes.length) {
                i++;
            } else {
                assertEquals(-Errno.EAGAIN, sent);
                Thread.yield();
            }
        }
        epoch.close();
        return null;
    }

    private static Void receive(UnixDatagramSocket socket, int senders, int each) throws Exception {
        MemoryFile.Epoch epoch = World.MEMORY.file().newEpoch();
        int[] next = new int[senders];
        for (int left = senders * each; left > 0;) {
            byte[] bytes = new byte[10_000];
            long got = inCall(epoch, () -> socket.receive(null, null, World.buffer(bytes), null));
            if (got == -Errno.EAGAIN) {
                Thread.yield();
                continue;
            }
            int number = Bytes.getInt(bytes, 0);
            int i = Bytes.getInt(bytes, 4);
            assertEquals(next[number]++, i);
            for (int k = 8; k < got; k++) {
                assertEquals(pattern(number + i + k), bytes[k]);
            }
            left--;
        }
        epoch.close();
        return null;
    }

    /** Wherever both are when it ends, all memory is given back. */
    @Test
    void shouldGiveAllBackWhoeverEndsItMeanwhile() throws Exception {
        for (int seed = 0; seed < 300; seed++) {
            Channel channel = new Channel(world.memory, world.cgroup, seed % 2 == 0, 100_000, new WaitQueue(), new WaitQueue());
            Future<Void> writer = threads.submit(() -> until(channel, true));
            Future<Void> reader = threads.submit(() -> until(channel, false));
            Thread.sleep(0, 100_000 + 3000 * seed);
            channel.breakOff();
            channel.end();
            writer.get();
            reader.get();
        }
        assertTrue(world.isEmpty());
    }

    private static Void until(Channel channel, boolean writes) throws Exception {
        MemoryFile.Epoch epoch = World.MEMORY.file().newEpoch();
        byte[] bytes = new byte[3000];
        long result;
        do {
            result = inCall(epoch, () -> writes ? channel.write(World.buffer(bytes), null, new Sender(1, 2, 3))
                    : channel.read(World.buffer(bytes), World.message(0), false, false));
        } while (writes ? result != -Errno.EPIPE : result != 0);
        epoch.close();
        return null;
    }
}
