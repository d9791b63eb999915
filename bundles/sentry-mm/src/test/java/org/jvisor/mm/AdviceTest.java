// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.abi.Signals;

/** madvise(2), msync(2), mincore(2), mlock(2) and its kin. */
final class AdviceTest extends MemoryTest {

    private static final int RW = Mman.PROT_READ | Mman.PROT_WRITE;
    private static final long SPOT = 0x5000_0000_0000L;

    private Process process;

    @BeforeEach
    void start() {
        process = new Process(system);
    }

    @AfterEach
    void end() {
        process.exit();
        assertAllFree();
    }

    private long anonymous(int pages) {
        return process.mm.mmap(process.task, SPOT, (long) pages * PAGE, RW,
                Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS | Mman.MAP_FIXED, null, 0);
    }

    private long advise(long address, int pages, int advice) {
        return process.mm.madvise(process.task, address, (long) pages * PAGE, advice);
    }

    // ---- madvise

    @Test
    void shouldDropPagesWithDontNeed() {
        long a = anonymous(4);
        for (int i = 0; i < 4; i++) {
            process.store(a + i * PAGE, 9);
        }
        assertEquals(0, advise(a + PAGE, 2, Mman.MADV_DONTNEED));
        assertEquals(9, process.load(a));
        assertEquals(0, process.load(a + PAGE));
        assertEquals(9, process.load(a + 3 * PAGE));
        assertEquals(-Errno.ENOMEM, advise(a + 2 * PAGE, 4, Mman.MADV_DONTNEED));
        assertEquals(0, process.load(a + 3 * PAGE));
        process.mm.mlock(process.task, a, PAGE, 0);
        assertEquals(-Errno.EINVAL, advise(a, 1, Mman.MADV_DONTNEED));
        assertEquals(0, advise(a, 1, Mman.MADV_DONTNEED_LOCKED));
    }

    @Test
    void shouldPunchHolesIntoSharedMemoryWithRemove() {
        long a = process.mmap(4 * PAGE, RW, Mman.MAP_SHARED | Mman.MAP_ANONYMOUS);
        process.store(a, 1);
        process.store(a + PAGE, 2);
        assertEquals(0, advise(a, 2, Mman.MADV_DONTNEED));
        assertEquals(1, process.load(a), "the object keeps what a mapping drops");
        assertEquals(0, advise(a + PAGE, 1, Mman.MADV_REMOVE));
        assertEquals(1, process.load(a));
        assertEquals(0, process.load(a + PAGE));
        long b = anonymous(1);
        assertEquals(-Errno.EINVAL, advise(b, 1, Mman.MADV_REMOVE));
    }

    @Test
    void shouldCheckAdvice() {
        long a = anonymous(2);
        assertEquals(-Errno.EINVAL, advise(a, 1, 99));
        assertEquals(-Errno.EINVAL, advise(a + 1, 1, Mman.MADV_DONTNEED));
        assertEquals(-Errno.EPERM, advise(a, 1, Mman.MADV_HWPOISON));
        assertEquals(0, advise(a, 0, Mman.MADV_DONTNEED));
        for (int advice : new int[] {Mman.MADV_NORMAL, Mman.MADV_RANDOM, Mman.MADV_SEQUENTIAL, Mman.MADV_WILLNEED,
            Mman.MADV_HUGEPAGE, Mman.MADV_NOHUGEPAGE, Mman.MADV_DONTDUMP, Mman.MADV_DODUMP, Mman.MADV_COLD, Mman.MADV_FREE}) {
            assertEquals(0, advise(a, 1, advice));
        }
        assertEquals(0, advise(a, 1, Mman.MADV_POPULATE_WRITE));
        assertTrue(process.mm.residentBytes() >= PAGE);
        process.mm.mprotect(process.task, a, PAGE, Mman.PROT_READ);
        assertEquals(-Errno.EINVAL, advise(a, 1, Mman.MADV_POPULATE_WRITE));
    }

    // ---- msync

    @Test
    void shouldTellTheFileOfTheFirstWriteAfterMsync() {
        FakeFile fake = new FakeFile(file, 4);
        long a = process.mm.map(process.task, 0, 4 * PAGE, RW, Mman.MAP_SHARED, fake, 0, "file");
        assertEquals(FakeFile.original(1), process.load(a + PAGE));
        assertFalse(fake.dirty.get(1));
        process.store(a + PAGE, 3);
        assertTrue(fake.dirty.get(1));
        assertEquals(0, process.mm.msync(process.task, a, 4 * PAGE, Mman.MS_SYNC));
        assertEquals(1, fake.writeBacks);
        process.store(a + PAGE, 4);
        assertTrue(fake.dirty.get(1), "written again after it was written back");
        assertEquals(-Errno.EINVAL, process.mm.msync(process.task, a, PAGE, Mman.MS_SYNC | Mman.MS_ASYNC));
        assertEquals(-Errno.EINVAL, process.mm.msync(process.task, a + 1, PAGE, Mman.MS_SYNC));
        assertEquals(-Errno.ENOMEM, process.mm.msync(process.task, SPOT, PAGE, Mman.MS_SYNC));
        process.mm.munmap(process.task, a, 4 * PAGE);
        assertEquals(0, fake.mappings.size());
        fake.truncate(0);
    }

    // ---- mincore

    @Test
    void shouldEndLongReportsWhenTheirTaskIsToEnd() {
        // A terabyte, whose report is 256 MiB long: more than there are frames for.
        long pages = 1L << 28;
        int none = Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS | Mman.MAP_NORESERVE;
        long range = process.mmap(pages * PAGE, Mman.PROT_READ, none);
        long vector = process.mmap(pages, Mman.PROT_READ | Mman.PROT_WRITE, none);
        process.exiting = true;
        assertEquals(-Errno.EINTR, process.mm.mincore(process.task, range, pages * PAGE, vector));
    }

    @Test
    void shouldTellWhatIsResident() {
        long a = anonymous(64);
        long vector = process.anonymous(1);
        process.store(a + 40 * PAGE, 1);
        assertEquals(0, process.mm.mincore(process.task, a, 64 * PAGE, vector));
        byte[] answer = new byte[64];
        process.memory.copyIn(vector, answer, 0, 64);
        byte[] expected = new byte[64];
        java.util.Arrays.fill(expected, 40, 48, (byte) 1);
        assertArrayEquals(expected, answer);
        assertEquals(-Errno.ENOMEM, process.mm.mincore(process.task, a, 65 * PAGE, vector));
        assertEquals(-Errno.EINVAL, process.mm.mincore(process.task, a + 1, PAGE, vector));
    }

    // ---- mlock

    @Test
    void shouldBringInAndCountWhatIsLocked() {
        long a = anonymous(40);
        assertEquals(0, process.mm.mlock(process.task, a + 1, 10 * PAGE, 0));
        assertEquals(11 * PAGE, process.mm.lockedBytes());
        assertEquals(11 * PAGE, process.mm.residentBytes());
        assertEquals(0, process.mm.mlock(process.task, a + 20 * PAGE, PAGE, Mman.MLOCK_ONFAULT));
        assertEquals(11 * PAGE, process.mm.residentBytes());
        assertEquals(0, process.mm.munlock(process.task, a, 5 * PAGE));
        assertEquals(7 * PAGE, process.mm.lockedBytes());
        assertEquals(-Errno.ENOMEM, process.mm.mlock(process.task, a + 39 * PAGE, 2 * PAGE, 0));
        process.limits.put(Rlimit.RLIMIT_MEMLOCK, 10L * PAGE);
        assertEquals(-Errno.ENOMEM, process.mm.mlock(process.task, a + 25 * PAGE, 5 * PAGE, 0));
        process.limits.put(Rlimit.RLIMIT_MEMLOCK, 0L);
        assertEquals(-Errno.EPERM, process.mm.mlock(process.task, a, PAGE, 0));
        assertEquals(-Errno.EINVAL, process.mm.mlock(process.task, a, PAGE, 2));
        assertEquals(0, process.mm.munlockall(process.task));
        assertEquals(0, process.mm.lockedBytes());
    }

    @Test
    void shouldLockWhatComesAfterMlockall() {
        long a = anonymous(3);
        assertEquals(-Errno.EINVAL, process.mm.mlockall(process.task, 0));
        assertEquals(-Errno.EINVAL, process.mm.mlockall(process.task, Mman.MCL_ONFAULT));
        assertEquals(0, process.mm.mlockall(process.task, Mman.MCL_CURRENT | Mman.MCL_FUTURE));
        assertEquals(3 * PAGE, process.mm.residentBytes());
        process.anonymous(5);
        assertEquals(8 * PAGE, process.mm.residentBytes());
        assertEquals(8 * PAGE, process.mm.lockedBytes());
        Process child = process.fork();
        assertEquals(0, child.mm.lockedBytes());
        child.exit();
        assertEquals(0, process.load(a));
    }

    // ---- truncation

    @Test
    void shouldRaiseSigbusBeyondTheEndOfAFile() {
        FakeFile fake = new FakeFile(file, 4);
        long a = process.mm.map(process.task, 0, 8 * PAGE, RW, Mman.MAP_SHARED, fake, 0, "file");
        assertEquals(FakeFile.original(3), process.load(a + 3 * PAGE));
        assertEquals(-Signals.SIGBUS, process.load(a + 4 * PAGE));
        assertEquals(0, process.memory.tryCopyIn(a + 4 * PAGE, new byte[1], 0, 1));
        fake.truncate(2);
        assertEquals(-Signals.SIGBUS, process.load(a + 3 * PAGE));
        assertEquals(FakeFile.original(1), process.load(a + PAGE));
        process.mm.munmap(process.task, a, 8 * PAGE);
        fake.truncate(0);
    }

    @Test
    void shouldDropPrivateCopiesBeyondTheNewEndOfAFile() {
        FakeFile fake = new FakeFile(file, 4);
        long a = process.mm.map(process.task, 0, 4 * PAGE, RW, Mman.MAP_PRIVATE, fake, 0, "file");
        process.store(a, 1);
        process.store(a + 3 * PAGE, 4);
        Process child = process.fork();
        child.store(a + 3 * PAGE, 5);
        fake.mappings.forEach(mapping -> mapping.invalidate(0, 4 * PAGE));
        assertEquals(4, process.load(a + 3 * PAGE), "where pages are only taken away");
        fake.truncate(2);
        process.space.carryOut();
        child.space.carryOut();
        for (Process each : new Process[] {process, child}) {
            assertEquals(1, each.load(a));
            assertEquals(-Signals.SIGBUS, each.load(a + 3 * PAGE));
        }
        fake.truncate(4);
        assertEquals(FakeFile.original(3), process.load(a + 3 * PAGE), "what was written there does not come back");
        child.exit();
        process.mm.munmap(process.task, a, 4 * PAGE);
        fake.truncate(0);
    }

    @Test
    void shouldKeepFramesOfAnotherSpaceUntilItHasUnmappedThem() {
        FakeFile fake = new FakeFile(file, 1);
        long a = process.mm.map(process.task, 0, PAGE, RW, Mman.MAP_SHARED, fake, 0, "file");
        process.store(a, 5);
        long frame = process.space.pages.get(a).frame();
        fake.truncate(0);
        assertEquals(1, file.references(frame), "the CPU still sees it");
        process.space.carryOut();
        process.anonymous(1);
        assertEquals(-Signals.SIGBUS, process.load(a));
        process.mm.munmap(process.task, a, PAGE);
        assertEquals(0, file.references(frame));
    }
}
