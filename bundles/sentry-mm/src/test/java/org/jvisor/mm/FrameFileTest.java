// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.StatLayout;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.mm.MemoryFile;

/** Frames: handing out, references, epochs, and giving memory back to the host. */
final class FrameFileTest extends MemoryTest {

    private static final int FRAMES = (int) (BYTES / PAGE);

    @Test
    void shouldHandOutEachFrameOnce() {
        Random random = new Random(1);
        FrameAllocator allocator = new FrameAllocator(FRAMES);
        BitSet taken = new BitSet();
        List<int[]> runs = new ArrayList<>();
        for (int step = 0; step < 20_000; step++) {
            int count = random.nextInt(4) == 0 ? 1 + random.nextInt(700) : 1 + random.nextInt(20);
            int frame = random.nextInt(5) < 3 ? allocator.take(count) : -1;
            if (frame >= 0) {
                assertTrue(frame + count <= FRAMES);
                assertEquals(-1, firstSet(taken, frame, frame + count));
                taken.set(frame, frame + count);
                runs.add(new int[] {frame, count});
            } else if (!runs.isEmpty()) {
                int[] run = runs.remove(random.nextInt(runs.size()));
                int part = 1 + random.nextInt(run[1]);
                allocator.give(run[0], part);
                taken.clear(run[0], run[0] + part);
                if (part < run[1]) {
                    runs.add(new int[] {run[0] + part, run[1] - part});
                }
            }
            assertEquals(taken.cardinality(), allocator.used());
        }
    }

    private static int firstSet(BitSet bits, int from, int to) {
        int found = bits.nextSetBit(from);
        return found >= 0 && found < to ? found : -1;
    }

    @Test
    void shouldFindARunAsLongAsThereIsOne() {
        FrameAllocator allocator = new FrameAllocator(4096);
        for (int i = 0; i < 4096; i++) {
            assertEquals(i, allocator.take(1));
        }
        assertEquals(-1, allocator.take(1));
        allocator.give(1000, 100);
        allocator.give(1500, 600);
        assertEquals(1000, allocator.take(100));
        assertEquals(1500, allocator.take(600));
        allocator.give(2040, 5);
        assertEquals(-1, allocator.take(6));
        assertEquals(2040, allocator.take(5));
        assertThrows(IllegalStateException.class, () -> {
            allocator.give(3, 1);
            allocator.give(3, 1);
        });
    }

    @Test
    void shouldHandOutZeros() {
        long first = file.allocate(8);
        host.fill(file.base() + first, 8 * PAGE, (byte) 1);
        file.release(first, 8);
        long second = file.allocate(8);
        assertEquals(first, second, "reused");
        for (long at = second; at < second + 8 * PAGE; at += Long.BYTES) {
            assertEquals(0, host.getLong(file.base() + at));
        }
        file.release(second, 8);
    }

    @Test
    void shouldCountReferences() {
        long a = file.allocate(3);
        file.retain(a, 2);
        assertEquals(2, file.references(a));
        assertEquals(1, file.references(a + 2 * PAGE));
        file.release(a, 3);
        assertEquals(1, file.references(a));
        assertEquals(0, file.references(a + 2 * PAGE));
        assertFalse(file.tryRetain(a + 2 * PAGE));
        assertThrows(IllegalStateException.class, () -> file.release(a + 2 * PAGE, 1));
        assertThrows(IllegalStateException.class, () -> file.retain(a + 2 * PAGE, 1));
        assertEquals(2 * PAGE, file.used());
        file.release(a, 2);
        assertEquals(0, file.used());
    }

    @Test
    void shouldKeepReleasedFramesFromOthersWhileSomebodyIsInside() {
        MemoryFile.Epoch reader = file.newEpoch();
        reader.enter();
        long a = file.allocate(1);
        file.release(a, 1);
        for (int i = 0; i < 100; i++) {
            assertNotEquals(a, file.allocate(1));
        }
        reader.leave();
        reader.enter();
        boolean found = false;
        for (int i = 0; i < FRAMES - 200 && !found; i++) {
            found = file.allocate(1) == a;
        }
        assertTrue(found, "handed out again once the reader has left");
        reader.leave();
        reader.close();
    }

    @Test
    void shouldKeepTheLimit() {
        file.setLimit(1 << 20);
        assertEquals(1 << 20, file.limit());
        long a = file.allocate(256);
        assertEquals(Errno.ENOMEM, assertThrows(ErrnoException.class, () -> file.allocate(1)).errno());
        file.release(a, 200);
        assertEquals(56 * PAGE, file.used());
        assertEquals(150, file.own().allocateRun(150, true) & PAGE - 1);
        assertEquals(50, file.own().allocateRun(150, true) & PAGE - 1, "as many as there are");
        file.setLimit(Long.MAX_VALUE);
        assertEquals(BYTES, file.limit());
    }

    @Test
    void shouldGiveMemoryBackToTheHost() {
        long a = file.allocate(512);
        host.fill(file.base() + a, 512 * PAGE, (byte) 1);
        assertTrue(hostBlocks() >= 512 * PAGE / 512);
        file.release(a, 512);
        file.trim(0);
        assertEquals(0, hostBlocks());
        long b = file.allocate(512);
        assertEquals(0, host.getLong(file.base() + b + 511 * PAGE));
    }

    @Test
    @Timeout(300)
    void shouldNotKeepMuchFreeMemoryFromTheHost() throws InterruptedException {
        Trimmer trimmer = new Trimmer(file);
        long[] runs = new long[30];
        for (int i = 0; i < 30; i++) {
            runs[i] = file.allocate(512);
            host.fill(file.base() + runs[i], 512 * PAGE, (byte) 1);
        }
        for (int i = 0; i < 30; i++) {
            file.release(runs[i], 512);
            file.release(file.allocate(1), 1); // it is not at rest
        }
        while (hostBlocks() * 512 > 32 << 20) {
            file.release(file.allocate(1), 1);
            Thread.sleep(1);
        }
        trimmer.close();
    }

    @Test
    @Timeout(300)
    void shouldGiveAllFreeMemoryBackOnceAtRest() {
        Trimmer trimmer = new Trimmer(file);
        try {
            long a = file.allocate(2000);
            host.fill(file.base() + a, 2000L * PAGE, (byte) 1);
            file.release(a, 2000);
            while (hostBlocks() > 0) {
                Thread.yield();
            }
        } finally {
            trimmer.close();
        }
    }

    private long hostBlocks() {
        long stat = host.allocate(StatLayout.SIZE);
        host.syscall(SyscallNr.FSTAT, file.descriptor(), stat);
        long blocks = host.getLong(stat + StatLayout.BLOCKS);
        host.free(stat);
        return blocks;
    }
}
