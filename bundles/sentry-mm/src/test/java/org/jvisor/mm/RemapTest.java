// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Signals;

/** mremap(2). */
final class RemapTest extends MemoryTest {

    private static final long SPOT = 0x5000_0000_0000L;
    private static final int MAY_MOVE = Mman.MREMAP_MAYMOVE;
    private static final int FIXED = Mman.MREMAP_MAYMOVE | Mman.MREMAP_FIXED;

    private Process process;
    private long a;

    @BeforeEach
    void start() {
        process = new Process(system);
        a = map(SPOT, 4);
        for (int i = 0; i < 4; i++) {
            process.store(a + i * PAGE, i + 1);
        }
    }

    @AfterEach
    void end() {
        process.exit();
        assertAllFree();
    }

    private long map(long address, int pages) {
        return process.mm.mmap(process.task, address, (long) pages * PAGE, Mman.PROT_READ | Mman.PROT_WRITE,
                Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS | Mman.MAP_FIXED, null, 0);
    }

    private long mremap(long address, int pages, int newPages, int flags, long target) {
        return process.mm.mremap(process.task, address, (long) pages * PAGE, (long) newPages * PAGE, flags, target);
    }

    private void assertContents(long at, int... values) {
        for (int i = 0; i < values.length; i++) {
            assertEquals(values[i], process.load(at + (long) i * PAGE));
        }
    }

    @Test
    void shouldGrowAndShrinkInPlace() {
        assertEquals(a, mremap(a, 4, 6, 0, 0));
        assertContents(a, 1, 2, 3, 4, 0, 0);
        assertEquals(a, mremap(a, 6, 2, 0, 0));
        assertContents(a, 1, 2, -Signals.SIGSEGV);
    }

    @Test
    void shouldMoveOnlyWhereItMay() {
        map(a + 4 * PAGE, 1);
        process.mm.mprotect(process.task, a + 4 * PAGE, PAGE, Mman.PROT_READ);
        assertEquals(-Errno.ENOMEM, mremap(a, 4, 6, 0, 0));
        long moved = mremap(a, 4, 6, MAY_MOVE, 0);
        assertNotEquals(a, moved);
        assertContents(moved, 1, 2, 3, 4, 0, 0);
        assertContents(a, -Signals.SIGSEGV);
    }

    @Test
    void shouldMoveToAFixedPlaceReplacingWhatIsThere() {
        long target = SPOT + 100 * PAGE;
        map(target, 8);
        process.store(target + 7 * PAGE, 9);
        assertEquals(target, mremap(a + PAGE, 2, 3, FIXED, target));
        assertContents(target, 2, 3, 0, 0, 0, 0, 0, 9);
        assertContents(a, 1, -Signals.SIGSEGV, -Signals.SIGSEGV, 4);
        assertEquals(target + 100 * PAGE, mremap(target, 3, 1, FIXED, target + 100 * PAGE));
        assertContents(target + 100 * PAGE, 2, -Signals.SIGSEGV);
    }

    @Test
    void shouldLeaveAnEmptyMappingWithDontUnmap() {
        long moved = mremap(a, 4, 4, MAY_MOVE | Mman.MREMAP_DONTUNMAP, 0);
        assertContents(moved, 1, 2, 3, 4);
        assertContents(a, 0, 0, 0, 0);
    }

    @Test
    void shouldDoubleSharedMappingsOnly() {
        assertEquals(-Errno.EINVAL, mremap(a, 0, 4, MAY_MOVE, 0));
        long shared = process.mmap(4 * PAGE, Mman.PROT_READ | Mman.PROT_WRITE, Mman.MAP_SHARED | Mman.MAP_ANONYMOUS);
        process.store(shared + PAGE, 8);
        long second = mremap(shared, 0, 4, MAY_MOVE, 0);
        assertNotEquals(shared, second);
        process.store(second, 7);
        assertContents(shared, 7, 8);
        assertContents(second, 7, 8);
    }

    @Test
    void shouldRefuseWhatTheManPageRefuses() {
        assertEquals(-Errno.EINVAL, mremap(a + 1, 1, 2, 0, 0));
        assertEquals(-Errno.EINVAL, mremap(a, 4, 0, 0, 0));
        assertEquals(-Errno.EINVAL, mremap(a, 4, 4, Mman.MREMAP_FIXED, SPOT + 100 * PAGE));
        assertEquals(-Errno.EINVAL, mremap(a, 4, 4, FIXED, a + PAGE));
        assertEquals(-Errno.EINVAL, mremap(a, 4, 4, FIXED, SPOT + 1));
        assertEquals(-Errno.EINVAL, mremap(a, 4, 5, MAY_MOVE | Mman.MREMAP_DONTUNMAP, 0));
        assertEquals(-Errno.EINVAL, mremap(a, 4, 5, 64, 0));
        assertEquals(-Errno.EFAULT, mremap(SPOT + 200 * PAGE, 1, 2, MAY_MOVE, 0));
        assertEquals(-Errno.EFAULT, mremap(a, 5, 8, MAY_MOVE, 0));
        assertContents(a, 1, 2, 3, 4);
    }

    @Test
    void shouldKeepPagesApartFromAForkedChild() {
        Process child = process.fork();
        long moved = mremap(a, 4, 4, FIXED, SPOT + 100 * PAGE);
        process.store(moved, 50);
        assertEquals(1, child.load(a));
        assertEquals(50, process.load(moved));
        child.exit();
        assertTrue(process.mm.residentBytes() >= 4 * PAGE);
    }
}
