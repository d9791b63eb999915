// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.mm.IoBuffer;

/** The store of files in memory. */
final class FrameStoreTest extends MemoryTest {

    private FrameStore store;

    private long write(long offset, byte... bytes) {
        return store.write(system.kernelBuffer(bytes, 0, bytes.length), offset);
    }

    private byte[] read(long offset, int length) {
        byte[] bytes = new byte[length];
        long n = store.read(system.kernelBuffer(bytes, 0, length), offset);
        assertTrue(n >= 0);
        return Arrays.copyOf(bytes, (int) n);
    }

    @BeforeEach
    void newStore() {
        store = new FrameStore(host, file.own(), null, 0);
    }

    @Test
    void shouldReadWhatWasWrittenAndZerosInHoles() {
        assertEquals(3, write(PAGE - 1, (byte) 1, (byte) 2, (byte) 3));
        assertEquals(PAGE + 2, store.size());
        assertArrayEquals(new byte[] {0, 1, 2, 3}, read(PAGE - 2, 10));
        assertEquals(2 * PAGE, store.allocatedBytes());
        assertEquals(1, write(100L * PAGE, (byte) 9));
        assertArrayEquals(new byte[] {0, 0, 0}, read(50L * PAGE, 3));
        assertEquals(0, read(100L * PAGE + 1, 5).length);
        store.release();
        assertAllFree();
    }

    /** What a mapping has written behind the end, in the last page, is not the file's. */
    @Test
    void shouldShowZerosBehindAnEndThatMovesOn() {
        write(0, (byte) 1);
        long behind = file.base() + store.frame(0, true);
        host.putByte(behind + 5, (byte) 9);
        store.resize(PAGE);
        assertArrayEquals(new byte[] {1, 0, 0, 0, 0, 0}, read(0, 6));
        store.resize(1);
        host.putByte(behind + 5, (byte) 9);
        write(8, (byte) 2);
        assertArrayEquals(new byte[] {1, 0, 0, 0, 0, 0, 0, 0, 2}, read(0, 20));
        store.release();
    }

    @Test
    void shouldAgreeWithAnArray() {
        Random random = new Random(3);
        byte[] model = new byte[200 * PAGE];
        long size = 0;
        for (int step = 0; step < 3000; step++) {
            int offset = random.nextInt(model.length - 1);
            int length = Math.min(model.length - offset, 1 + random.nextInt(3 * PAGE));
            switch (random.nextInt(5)) {
                case 0, 1 -> {
                    byte[] bytes = new byte[length];
                    random.nextBytes(bytes);
                    assertEquals(length, write(offset, bytes));
                    System.arraycopy(bytes, 0, model, offset, length);
                    size = Math.max(size, offset + length);
                }
                case 2 -> {
                    store.resize(offset);
                    Arrays.fill(model, offset, model.length, (byte) 0);
                    size = offset;
                }
                case 3 -> {
                    store.punch(offset, length);
                    Arrays.fill(model, offset, offset + length, (byte) 0);
                }
                default -> assertArrayEquals(
                        Arrays.copyOfRange(model, offset, (int) Math.max(offset, Math.min(size, offset + length))),
                        read(offset, length));
            }
            assertEquals(size, store.size());
        }
        store.release();
        assertAllFree();
    }

    @Test
    void shouldSeekDataAndHoles() {
        write(10L * PAGE, (byte) 1);
        write(700L * PAGE, (byte) 1);
        assertEquals(10L * PAGE, store.seekData(0));
        assertEquals(0, store.seekHole(0));
        assertEquals(11L * PAGE, store.seekHole(10L * PAGE + 5));
        assertEquals(700L * PAGE, store.seekData(11L * PAGE));
        assertEquals(700L * PAGE + 1, store.seekHole(700L * PAGE));
        assertEquals(-Errno.ENXIO, store.seekData(701L * PAGE));
        store.resize(900L * PAGE);
        assertEquals(-Errno.ENXIO, store.seekData(701L * PAGE));
        assertEquals(701L * PAGE, store.seekHole(700L * PAGE));
        store.release();
        assertAllFree();
    }

    @Test
    void shouldLetFilesBeHuge() {
        long far = 3L << 40;
        assertEquals(1, write(far, (byte) 5));
        assertArrayEquals(new byte[] {5}, read(far, 1));
        assertEquals(-Errno.EFBIG, write(1L << 60, (byte) 5));
        store.resize(Long.MAX_VALUE);
        assertEquals(PAGE, store.allocatedBytes());
        assertEquals(far, store.seekData(0));
        store.release();
        assertAllFree();
    }

    /** A byte in the last page of each stretch: what the heap has of the file is charged, and the file's limit is the payer's. */
    @Test
    void shouldChargeItsIndex() {
        Cgroup payer = new Cgroup(null);
        payer.setLimit(Charge.PAGE_INDEX_BYTE, 100_000);
        store = system.newStore(payer, 0);
        assertEquals(1, write(0, (byte) 1));
        assertTrue(payer.used(Charge.PAGE_INDEX_BYTE) < 200, "a small file is cheap");
        long stretch = 512L * PAGE;
        long result = 1;
        int k = 0;
        while (result == 1 && k < 1000) {
            result = write(++k * stretch - 1, (byte) 1);
        }
        assertEquals(-Errno.ENOSPC, result);
        assertTrue(k > 20, "stretches: " + k);
        assertEquals(-Errno.ENOSPC, store.frame(k * stretch - PAGE, true) < 0 ? -Errno.ENOSPC : 0);
        assertEquals(1, write(1, (byte) 2), "what has its place can be written");
        long held = store.allocatedBytes();
        assertEquals(k * (long) PAGE, held, "a refused page takes no frame");
        store.punch(0, stretch);
        assertEquals(1, write(k * stretch - 1, (byte) 1), "the room of an empty part is free again");
        store.resize(PAGE);
        assertTrue(payer.used(Charge.PAGE_INDEX_BYTE) < 5_000, "used: " + payer.used(Charge.PAGE_INDEX_BYTE));
        assertEquals(1, write(300 * stretch, (byte) 1));
        store.release();
        assertEquals(0, payer.used(Charge.PAGE_INDEX_BYTE));
        assertAllFree();
    }

    @Test
    void shouldSayEnospcWhenMemoryIsFull() {
        file.setLimit(10L * PAGE);
        byte[] bytes = new byte[20 * PAGE];
        assertEquals(10L * PAGE, write(0, bytes));
        assertEquals(-Errno.ENOSPC, write(10L * PAGE, (byte) 1));
        assertEquals(Errno.ENOSPC, assertThrows(ErrnoException.class, () -> store.reserve(0, 11L * PAGE)).errno());
        store.release();
        assertAllFree();
    }

    @Test
    void shouldStopAtABadAddress() {
        Process process = new Process(system);
        long a = process.anonymous(1);
        IoBuffer buffer = process.memory.range(a + PAGE - 10, 100, false);
        assertEquals(10, store.write(buffer, 0));
        assertEquals(-Errno.EFAULT, store.write(process.memory.range(a + PAGE, 10, false), 10L * PAGE));
        assertEquals(PAGE, store.allocatedBytes(), "no page for nothing");
        write(0, new byte[100]);
        assertEquals(10, store.read(process.memory.range(a + PAGE - 10, 100, true), 0));
        assertEquals(-Errno.EFAULT, store.read(process.memory.range(a + PAGE, 10, true), 0));
        process.exit();
        store.release();
        assertAllFree();
    }

    @Test
    void shouldLiveAsLongAsItIsMapped() {
        Process process = new Process(system);
        write(0, (byte) 7);
        long a = process.mm.map(process.task, 0, PAGE, Mman.PROT_READ, Mman.MAP_SHARED, store, 0, "x");
        store.release();
        assertEquals(7, process.load(a));
        process.mm.munmap(process.task, a, PAGE);
        assertEquals(0, store.allocatedBytes());
        process.exit();
        assertAllFree();
    }
}
