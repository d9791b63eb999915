// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.lock.Killable;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.platform.Context;

/** Copying to and from an application. */
final class TaskMemoryTest extends MemoryTest {

    private Process process;
    private long a;
    private long end;

    @BeforeEach
    void start() {
        process = new Process(system);
        a = process.anonymous(4);
        end = a + 4 * PAGE;
        // So that neither side of the mapping has a neighbour.
        assertTrue(process.mm.vmas.find(end) == null);
    }

    private static void assertFault(Runnable access) {
        assertEquals(Errno.EFAULT, assertThrows(ErrnoException.class, access::run).errno());
    }

    @Test
    void shouldReadAndWriteAcrossPages() {
        for (long at : new long[] {a, a + PAGE - 1, a + PAGE - 3, a + PAGE - 7, end - 8}) {
            process.memory.putLong(at, 0x1122_3344_5566_7788L);
            assertEquals(0x1122_3344_5566_7788L, process.memory.getLong(at));
            assertEquals(0x5566_7788, process.memory.getInt(at));
            assertEquals(0x7788, process.memory.getShort(at));
            assertEquals((byte) 0x88, process.memory.getByte(at));
        }
        process.memory.putInt(a + PAGE - 2, 0x0102_0304);
        assertEquals(0x0102_0304, process.memory.getInt(a + PAGE - 2));
        process.memory.putShort(a + PAGE - 1, (short) 0x0506);
        assertEquals(0x0506, process.memory.getShort(a + PAGE - 1));
    }

    @Test
    void shouldFaultWhereTheApplicationWould() {
        assertFault(() -> process.memory.getByte(end));
        assertFault(() -> process.memory.getLong(end - 7));
        assertFault(() -> process.memory.putLong(end - 7, -1));
        assertEquals(0, process.memory.getInt(end - 7), "nothing of it was written");
        assertFault(() -> process.memory.getInt(0));
        assertFault(() -> process.memory.getInt(-1));
        assertFault(() -> process.memory.getInt(Long.MIN_VALUE));
        assertFault(() -> process.memory.getInt(MAX_ADDRESS));
        assertFault(() -> process.memory.copyIn(end - 10, new byte[20], 0, 20));
        assertEquals(10, process.memory.tryCopyIn(end - 10, new byte[20], 0, 20));
        assertEquals(10, process.memory.tryCopyOut(new byte[20], 0, 20, end - 10));
        assertFault(() -> process.memory.zero(end - 10, 20));
        process.mm.mprotect(process.task, a, PAGE, Mman.PROT_READ);
        assertFault(() -> process.memory.putByte(a, (byte) 1));
        assertEquals(0, process.memory.getByte(a));
        process.mm.mprotect(process.task, a, PAGE, Mman.PROT_NONE);
        assertFault(() -> process.memory.getByte(a));
    }

    @Test
    void shouldCopyStrings() {
        byte[] text = "a string".getBytes(StandardCharsets.ISO_8859_1);
        process.memory.copyOut(text, 0, text.length, a + PAGE - 4);
        byte[] target = new byte[100];
        assertEquals(8, process.memory.copyInString(a + PAGE - 4, target));
        assertEquals("a string", process.memory.getString(a + PAGE - 4, 8));
        assertEquals(Errno.ENAMETOOLONG,
                assertThrows(ErrnoException.class, () -> process.memory.getString(a + PAGE - 4, 7)).errno());
        assertEquals(-Errno.ENAMETOOLONG, process.memory.copyInString(a + PAGE - 4, new byte[8]));
        process.memory.putByte(end - 1, (byte) 'x');
        assertFault(() -> process.memory.getString(end - 1, 10));
    }

    @Test
    void shouldExchangeAtomically() {
        process.memory.putInt(a, 5);
        assertEquals(5, process.memory.compareAndExchangeInt(a, 4, 9));
        assertEquals(5, process.memory.compareAndExchangeInt(a, 5, 9));
        assertEquals(9, process.memory.getIntVolatile(a));
        assertEquals(Errno.EINVAL, assertThrows(ErrnoException.class, () -> process.memory.getIntVolatile(a + 1)).errno());
    }

    @Test
    void shouldGiveSpansAsLongAsFramesFollow() {
        IoBuffer buffer = process.memory.range(a + 10, 3 * PAGE, true);
        assertTrue(buffer.span() > 0);
        assertEquals(3 * PAGE, buffer.spanLength());
        buffer.advance(PAGE);
        assertEquals(2 * PAGE, buffer.remaining());
        buffer.span();
        assertEquals(2 * PAGE, buffer.spanLength());
    }

    @Test
    void shouldNotLookFarAheadForASpan() {
        long big = process.anonymous(1024);
        process.memory.zero(big, 1024L * PAGE);
        IoBuffer buffer = process.memory.range(big + 10, 1000L * PAGE, true);
        for (long left = buffer.remaining(); left > 0; left = buffer.remaining()) {
            assertTrue(buffer.span() > 0);
            assertTrue(buffer.spanLength() <= TaskBuffer.MAX_SPAN, "looks for " + buffer.spanLength() + " bytes");
            buffer.advance(Math.min(PAGE, buffer.spanLength()));
        }
    }

    @Test
    void shouldEndLongCopiesSoonWhenTheirTaskIsToEnd() {
        long big = process.anonymous(2048);
        process.exiting = true;
        try (FrameStoreUse store = new FrameStoreUse()) {
            long written = store.store.write(process.memory.range(big, 2048L * PAGE, false), 0);
            assertTrue(written >= 1 << 20 && written < 2 << 20, "goes on for " + written);
            long read = store.store.read(process.memory.range(big, written, true), 0);
            assertTrue(read >= 1 << 20 && read < 2 << 20, "goes on for " + read);
        }
        byte[] bytes = new byte[4 << 20];
        long iov = a + 3 * PAGE;
        putVector(iov, big, 1 << 20, big, 1 << 20, big, 1 << 20, big, 1 << 20);
        IoBuffer buffer = process.memory.vector(iov, 4, false);
        long got = buffer.get(bytes, 0, bytes.length);
        assertTrue(got < 2 << 20, "goes on for " + got);
        // What is short is done.
        assertEquals(8, process.memory.range(a, 8, true).put(bytes, 0, 8));
        assertEquals(bytes.length / 2, process.memory.tryCopyOut(bytes, 0, bytes.length / 2, big));
    }

    private final class FrameStoreUse implements AutoCloseable {
        final FrameStore store = new FrameStore(host, file.own(), null, 0);

        @Override
        public void close() {
            store.release();
        }
    }

    @Test
    void shouldEndBuffersAtTheBadByte() {
        IoBuffer buffer = process.memory.range(end - 5, 10, true);
        assertEquals(5, buffer.put(new byte[10], 0, 10));
        assertEquals(-Errno.EFAULT, buffer.put(new byte[10], 0, 5));
        assertEquals(-Errno.EFAULT, buffer.span());
        assertFault(() -> process.memory.range(-1, 10, true));
        assertFault(() -> process.memory.range(MAX_ADDRESS - 5, 10, true));
        assertEquals(Errno.EINVAL, assertThrows(ErrnoException.class, () -> process.memory.range(a, -1, true)).errno());
        assertEquals(0, process.memory.range(-1, 0, true).remaining());
    }

    @Test
    void shouldGatherVectors() {
        long iov = a + 3 * PAGE;
        putVector(iov, a, 3, a + 100, 0, a + PAGE - 2, 4);
        IoBuffer out = process.memory.vector(iov, 3, true);
        assertEquals(7, out.remaining());
        assertEquals(7, out.put("1234567".getBytes(StandardCharsets.ISO_8859_1), 0, 7));
        assertEquals(0, out.remaining());
        byte[] bytes = new byte[7];
        assertEquals(7, process.memory.vector(iov, 3, false).get(bytes, 0, 100));
        assertArrayEquals("1234567".getBytes(StandardCharsets.ISO_8859_1), bytes);
        assertEquals('7', process.memory.getByte(a + PAGE + 1));

        putVector(iov, a, Long.MAX_VALUE, a, 1);
        assertEquals(Errno.EFAULT, errnoOfVector(iov, 2));
        putVector(iov, a, -1);
        assertEquals(Errno.EINVAL, errnoOfVector(iov, 1));
        assertEquals(Errno.EINVAL, errnoOfVector(iov, 1025));
        assertEquals(Errno.EINVAL, errnoOfVector(iov, -1));
        assertEquals(Errno.EFAULT, errnoOfVector(end - 8, 1));
        assertEquals(0, process.memory.vector(0, 0, true).remaining());
    }

    private int errnoOfVector(long iov, int count) {
        return assertThrows(ErrnoException.class, () -> process.memory.vector(iov, count, true)).errno();
    }

    private void putVector(long at, long... values) {
        for (int i = 0; i < values.length; i++) {
            process.memory.putLong(at + i * 8L, values[i]);
        }
    }

    @Test
    void shouldServeAnotherTasksMemory() {
        Process other = new Process(system);
        process.store(a, 1);
        var memory = process.mm.newUserMemory(other.task);
        assertEquals(1, memory.getByte(a));
        Process child = process.fork();
        memory.putByte(a, (byte) 2);
        assertEquals(2, process.load(a));
        assertEquals(1, child.load(a));
        child.exit();
        other.exit();
        assertTrue(process.mm.tryRetain());
        process.mm.release(null);
        process.exit();
        assertAllFree();
    }

    // ---- allocation

    @Test
    void shouldAllocateNothing() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        FrameStore store = new FrameStore(host, file.own(), null, 0);
        byte[] bytes = new byte[PAGE];
        putVector(a + 3 * PAGE, a, 100, a + PAGE, 100);
        var epoch = file.newEpoch();
        long allocated = Long.MAX_VALUE;
        // The JVM's own work for a thread counts as well; the compiled steady state is what is asked for.
        for (int round = 0; round < 200 && allocated > 0; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 1000; i++) {
                epoch.enter();
                useAll(store, bytes);
                epoch.leave();
            }
            allocated = threads.getCurrentThreadAllocatedBytes() - before;
        }
        assertEquals(0, allocated);
    }

    private void useAll(FrameStore store, byte[] bytes) {
        process.memory.putInt(a, process.memory.getInt(a) + 1);
        process.memory.putLong(a + PAGE - 4, process.memory.getLong(a + PAGE - 4) + 1);
        process.memory.copyIn(a, bytes, 0, bytes.length);
        process.memory.copyOut(bytes, 0, bytes.length, a + PAGE);
        process.memory.compareAndExchangeInt(a, 1, 2);
        process.memory.shareKey(a);
        process.memory.copyInString(a + 2 * PAGE, bytes);
        store.write(process.memory.range(a, 2 * PAGE, false), 0);
        store.read(process.memory.range(a, 2 * PAGE, true), 0);
        store.read(process.memory.vector(a + 3 * PAGE, 2, true), 0);
    }

    @Test
    void shouldNotBeTouchedWithAMutexHeld() {
        Mutex lock = new Mutex(LockRank.LEAF);
        byte[] bytes = new byte[8];
        try (Mutex _ = lock.take()) {
            for (Executable use : new Executable[] {() -> process.memory.getByte(a), () -> process.memory.putLong(a, 1),
                () -> process.memory.copyIn(a, bytes, 0, 8), () -> process.memory.tryCopyOut(bytes, 0, 8, a),
                () -> process.memory.range(a, 8, true).span(), () -> process.mm.fault(process.task, a, Context.ACCESS_READ),
                () -> process.mmap(PAGE, Mman.PROT_READ, Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS)}) {
                assertThrows(AssertionError.class, use);
            }
            process.memory.getIntIfPresent(a);
        }
    }

    @Test
    void shouldNotKeepWhoIsKilledWaitingForTheMappings() throws InterruptedException {
        AtomicReference<Object> result = new AtomicReference<>();
        Killed waiting = new Killed(() -> {
            try {
                result.set(process.anonymous(1));
            } catch (ErrnoException e) {
                result.set(e.errno());
            }
        });
        process.mm.lock.lock();
        try {
            waiting.start();
            while (waiting.getState() != Thread.State.WAITING) {
                Thread.sleep(1);
            }
            waiting.killed = true;
            LockSupport.unpark(waiting);
            waiting.join();
        } finally {
            process.mm.lock.unlock();
        }
        assertEquals(Errno.EINTR, result.get());
    }

    /** A task's thread. */
    private static final class Killed extends Thread implements Killable {
        private volatile boolean killed;

        Killed(Runnable work) {
            super(work);
        }

        @Override
        public boolean killed() {
            return killed;
        }
    }
}
