// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.Vfs;

class PipeTest {

    private static final int IN = Poll.POLLIN | Poll.POLLRDNORM;
    private static final int OUT = Poll.POLLOUT | Poll.POLLWRNORM;
    private static final Duration PATIENCE = Duration.ofSeconds(300);

    private final World w = new World();
    private final long usedBefore = World.MEMORY.file().used();
    private FileDescription reader;
    private FileDescription writer;

    private void open(int flags) {
        FileDescription[] ends = w.vfs.newPipe(w.root.task, flags);
        reader = ends[0];
        writer = ends[1];
    }

    @AfterEach
    void close() {
        if (reader != null) {
            reader.release(null);
        }
        if (writer != null) {
            writer.release(null);
        }
        assertEquals(usedBefore, World.MEMORY.file().used());
    }

    private static IoBuffer buffer(byte[] bytes, int length) {
        return World.MEMORY.kernelBuffer(bytes, 0, length);
    }

    private long write(int length) {
        return writer.write(w.root.task, buffer(new byte[length], length));
    }

    private long read(int length) {
        return reader.read(w.root.task, buffer(new byte[length], length));
    }

    @Test
    void shouldKeepEveryByteInOrder() {
        open(Open.O_NONBLOCK);
        Random random = new Random(7);
        byte[] sent = new byte[100_000];
        random.nextBytes(sent);
        byte[] got = new byte[sent.length];
        int out = 0;
        int in = 0;
        while (in < sent.length) {
            int some = Math.min(sent.length - out, random.nextInt(9000));
            long n = writer.write(w.root.task, World.MEMORY.kernelBuffer(sent, out, some));
            out += (int) Math.max(0, n);
            n = reader.read(w.root.task, World.MEMORY.kernelBuffer(got, in, Math.min(got.length - in, random.nextInt(9000))));
            in += (int) Math.max(0, n);
        }
        assertArrayEquals(sent, got);
    }

    @Test
    void shouldWriteShortDataWholeOrNotAtAll() {
        open(Open.O_NONBLOCK);
        assertEquals(65536 - 4095, write(65536 - 4095));
        assertEquals(-Errno.EAGAIN, write(4096));
        assertEquals(0, writer.poll() & OUT);
        assertEquals(4095, write(4095));
        assertEquals(-Errno.EAGAIN, write(1));
        assertEquals(1, read(1));
        assertEquals(1, write(8000), "longer data goes in as far as there is room");
    }

    @Test
    void shouldSayWhenAnEndIsGone() {
        open(0);
        write(3);
        writer.release(null);
        writer = null;
        assertEquals(IN | Poll.POLLHUP, reader.poll());
        assertEquals(3, read(10));
        assertEquals(0, read(10));
        assertEquals(Poll.POLLHUP, reader.poll());
    }

    @Test
    void shouldSendSigpipeWhereNobodyReads() {
        open(0);
        reader.release(null);
        reader = null;
        assertEquals(-Errno.EPIPE, write(1));
        assertEquals(Signals.SIGPIPE, w.root.signals.getFirst().signal());
        assertEquals(OUT | Poll.POLLERR, writer.poll());
    }

    @Test
    void shouldChangeItsSize() {
        open(Open.O_NONBLOCK);
        Vfs.Pipe pipe = (Vfs.Pipe) writer.operations();
        assertEquals(8192, pipe.setCapacity(5000));
        assertEquals(4096, pipe.setCapacity(0));
        assertEquals(-Errno.ENOMEM, pipe.setCapacity((1 << 30) + 1));
        assertEquals(4096, write(10_000));
        assertEquals(-Errno.EAGAIN, write(1));
        assertEquals(1 << 20, pipe.setCapacity(1 << 20));
        assertEquals((1 << 20) - 4096, write(2 << 20));
        assertEquals(-Errno.EBUSY, pipe.setCapacity(4096));
        assertEquals(1 << 20, read(2 << 20));
        assertEquals(4096, pipe.setCapacity(4096));
    }

    @Test
    void shouldKeepPacketsApart() {
        open(Open.O_NONBLOCK);
        write(5);
        writer.setFlags(Open.O_DIRECT | Open.O_NONBLOCK);
        write(3);
        write(7);
        writer.setFlags(Open.O_NONBLOCK);
        write(2);
        write(2);
        assertEquals(5, read(100), "what came before, a stream");
        assertEquals(3, read(100));
        assertEquals(4, read(4), "the rest of a packet is lost");
        assertEquals(4, read(100), "a stream again");
        assertEquals(-Errno.EAGAIN, read(1));
    }

    @Test
    void shouldPeekAndDiscard() {
        open(Open.O_NONBLOCK);
        Vfs.Pipe pipe = (Vfs.Pipe) reader.operations();
        assertEquals(-Errno.EAGAIN, pipe.peek(buffer(new byte[1], 1)));
        World.write(w.root, writer, "abcdef");
        byte[] seen = new byte[4];
        assertEquals(4, pipe.peek(buffer(seen, 4)));
        assertEquals("abcd", new String(seen));
        assertEquals(2, pipe.discard(2));
        assertEquals("cdef", World.read(w.root, reader, 10));
        assertEquals(0, pipe.discard(5));
        assertTrue(pipe.samePipe((Vfs.Pipe) writer.operations()));
    }

    @Test
    void shouldWakeWhoWaits() {
        open(0);
        assertTimeoutPreemptively(PATIENCE, () -> {
            byte[] all = new byte[1 << 20];
            new Random(1).nextBytes(all);
            TestTask other = w.newTask();
            CompletableFuture<Long> written = new CompletableFuture<>();
            Thread.ofPlatform().start(() -> written.complete(writer.write(other.task, buffer(all, all.length))));
            byte[] got = new byte[all.length];
            int at = 0;
            while (at < got.length) {
                at += (int) reader.read(w.root.task, World.MEMORY.kernelBuffer(got, at, Math.min(5000, got.length - at)));
            }
            assertEquals(all.length, written.get());
            assertArrayEquals(all, got);
        });
    }

    @Test
    void shouldEndAWaitBySignal() {
        open(0);
        assertTimeoutPreemptively(PATIENCE, () -> {
            TestTask other = w.newTask();
            CompletableFuture<Long> result = new CompletableFuture<>();
            Thread.ofPlatform().start(() -> result.complete(reader.read(other.task, buffer(new byte[1], 1))));
            other.slept.acquire();
            other.interrupt();
            assertEquals(-Errno.ERESTARTSYS, result.get());
        });
    }

    /** A Sentry cannot afford garbage for what programs do all the time. */
    @Test
    void shouldAllocateNothing() {
        open(0);
        long address = World.HOST.allocate(64);
        IoBuffer[] buffers = new IoBuffer[40_000];
        for (int i = 0; i < buffers.length; i++) {
            buffers[i] = World.MEMORY.hostBuffer(address, 1);
        }
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = 0;
        for (int i = 0; i < buffers.length; i += 2) {
            if (i == buffers.length / 2) {
                before = threads.getCurrentThreadAllocatedBytes();
            }
            writer.write(w.root.task, buffers[i]);
            reader.read(w.root.task, buffers[i + 1]);
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        World.HOST.free(address);
        assertTrue(allocated < 4096, () -> allocated + " bytes for 10000 reads and writes");
    }

    @Test
    void shouldOpenFifosWhenBothSidesCame() {
        w.mknod(w.root, "/f", Mode.S_IFIFO | 0600, 0);
        World.fails(Errno.ENXIO, () -> w.open("/f", Open.O_WRONLY | Open.O_NONBLOCK));
        FileDescription early = w.open("/f", Open.O_RDONLY | Open.O_NONBLOCK);
        assertEquals(0, early.poll(), "no hang-up before anybody wrote");
        assertEquals("", World.read(w.root, early, 1));
        early.release(null);
        assertTimeoutPreemptively(PATIENCE, () -> {
            TestTask other = w.newTask();
            CompletableFuture<FileDescription> opened = new CompletableFuture<>();
            Thread.ofPlatform().start(() -> opened.complete(w.open(other, "/f", Open.O_RDONLY, 0)));
            other.slept.acquire();
            assertFalse(opened.isDone());
            FileDescription in = w.open("/f", Open.O_WRONLY);
            FileDescription out = opened.get();
            World.write(w.root, in, "hi");
            in.release(null);
            assertEquals("hi", World.read(w.root, out, 5));
            assertEquals(Poll.POLLHUP, out.poll());
            out.release(null);
        });
    }
}
