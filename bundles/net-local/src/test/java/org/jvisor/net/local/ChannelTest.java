// SPDX-License-Identifier: Apache-2.0
package org.jvisor.net.local;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayOutputStream;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Random;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.net.Socket;
import org.jvisor.api.wait.WaitQueue;
import org.junit.jupiter.api.Test;

class ChannelTest {

    private static final int LIMIT = 64 << 10;

    private final World world = new World();
    private final Cgroup cgroup = world.cgroup;

    private Channel channel(boolean records) {
        return new Channel(world.memory, cgroup, records, LIMIT, new WaitQueue(), new WaitQueue());
    }

    private long charged() {
        return cgroup.used(Charge.SOCKET_BYTE);
    }

    private static IoBuffer buffer(int length) {
        return World.buffer(length);
    }

    private static long read(Channel channel, int length) {
        return channel.read(buffer(length), null, false, false);
    }

    private static boolean writable(Channel channel) {
        return (channel.writerEvents() & Poll.POLLOUT) != 0;
    }

    private static Sender sender(int pid) {
        return new Sender(pid, 0, 0);
    }

    @Test
    void shouldTakeNoMemoryBeforeTheFirstByteAndGiveAllBack() {
        Channel channel = channel(false);
        assertEquals(0, charged());
        assertEquals(LIMIT, channel.write(buffer(LIMIT + 1), null, sender(7)));
        assertTrue(charged() >= LIMIT);
        assertEquals(100, read(channel, 100));
        assertTrue(channel.breakOff());
        assertEquals(0, charged());
        assertEquals(-Errno.EPIPE, channel.write(buffer(1), null, null));
        channel.breakOff();
        assertEquals(0, charged());
    }

    @Test
    void shouldRefuseTheFirstByteThatTheContainerHasNoMemoryFor() {
        cgroup.setLimit(Charge.SOCKET_BYTE, 100);
        assertEquals(-Errno.ENOBUFS, channel(false).write(buffer(1), null, null));
        assertEquals(-Errno.ENOBUFS, channel(true).write(buffer(1), null, null));
        assertEquals(0, charged());
    }

    @Test
    void shouldGetAlongWithWhatItHasWhenTheContainerHasNoMore() {
        cgroup.setLimit(Charge.SOCKET_BYTE, 4096);
        Channel channel = channel(false);
        assertEquals(10, channel.write(buffer(10), null, null));
        assertEquals(4086, channel.write(buffer(LIMIT), null, null));
        assertEquals(-Errno.EAGAIN, channel.write(buffer(1), null, null));
        assertFalse(writable(channel), "poll says what write does");
        assertEquals(4096, read(channel, LIMIT));
        assertTrue(writable(channel));
        assertEquals(4096, channel.write(buffer(LIMIT), null, null));
    }

    @Test
    void shouldBoundTheMarksOfSingleBytes() {
        for (boolean records : new boolean[] {false, true}) {
            Channel channel = channel(records);
            long written = 0;
            while (channel.write(buffer(1), null, sender((int) written)) == 1) {
                written++;
                assertTrue(written < LIMIT / 64);
            }
            assertFalse(writable(channel));
            for (; written > 0; written--) {
                assertEquals(1, channel.read(buffer(10), new Socket.Message(), false, true));
            }
            assertTrue(writable(channel));
            assertEquals(4096, charged(), "marks are given back as they are read");
            channel.breakOff();
        }
    }

    @Test
    void shouldKeepOrderAndBordersOfRandomStretches() {
        Random random = new Random(1);
        Channel channel = channel(false);
        ByteArrayOutputStream sent = new ByteArrayOutputStream();
        ByteArrayOutputStream received = new ByteArrayOutputStream();
        int[] sender = new int[4 << 20];
        int read = 0;
        for (int i = 0; i < 2000; i++) {
            byte[] bytes = new byte[1 + random.nextInt(3000)];
            random.nextBytes(bytes);
            int pid = random.nextInt(3);
            long moved = channel.write(World.buffer(bytes), null, pid == 0 ? null : sender(pid));
            if (moved > 0) {
                Arrays.fill(sender, sent.size(), sent.size() + (int) moved, pid);
                sent.write(bytes, 0, (int) moved);
            } else {
                assertEquals(-Errno.EAGAIN, moved);
            }
            byte[] into = new byte[1 + random.nextInt(4000)];
            IoBuffer target = World.buffer(into);
            Socket.Message message = new Socket.Message();
            long got = random.nextBoolean() ? channel.read(target, message, false, true) : -Errno.EAGAIN;
            for (int k = 0; k < got; k++) {
                assertEquals(sender[read + k], message.hasCredentials ? message.pid : 0, "one sender a read");
            }
            if (got > 0) {
                received.write(into, 0, (int) got);
                read += (int) got;
            }
        }
        for (long got; (got = channel.read(buffer(0x10000), null, true, false)) > 0;) {
            byte[] into = new byte[(int) got];
            assertEquals(got, channel.read(World.buffer(into), null, false, false));
            received.writeBytes(into);
        }
        assertArrayEquals(sent.toByteArray(), received.toByteArray());
        channel.breakOff();
        assertEquals(0, charged());
    }

    @Test
    void shouldAllocateNothingInTheSteadyState() {
        Channel channel = channel(false);
        long memory = World.HOST.allocate(5000);
        IoBuffer[] buffers = new IoBuffer[20_000];
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long bytes = 0;
        for (int round = 0; round < 3; round++) {
            Arrays.setAll(buffers, i -> World.MEMORY.hostBuffer(memory, 5000));
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < buffers.length; i += 2) {
                channel.write(buffers[i], null, null);
                channel.read(buffers[i + 1], null, false, false);
            }
            bytes = threads.getCurrentThreadAllocatedBytes() - before;
        }
        World.HOST.free(memory);
        assertTrue(bytes < 10_000, "10,000 writes and reads allocated " + bytes + " bytes");
    }
}
