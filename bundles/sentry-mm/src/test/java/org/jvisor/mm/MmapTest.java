// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Rlimit;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.mm.MemoryManager.VmaInfo;
import org.jvisor.api.state.Forgetful;

/** mmap(2), munmap(2), mprotect(2), brk(2), and the growth of stacks. */
final class MmapTest extends MemoryTest {

    private static final int R = Mman.PROT_READ;
    private static final int RW = Mman.PROT_READ | Mman.PROT_WRITE;
    private static final int ANONYMOUS = Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS;
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

    private long mmap(long address, long length, int prot, int flags) {
        return process.mm.mmap(process.task, address, length, prot, flags, null, 0);
    }

    private long munmap(long address, long length) {
        return process.mm.munmap(process.task, address, length);
    }

    private long mprotect(long address, long length, int prot) {
        return process.mm.mprotect(process.task, address, length, prot);
    }

    private List<VmaInfo> vmas() {
        List<VmaInfo> all = new ArrayList<>();
        process.mm.forEachVma(all::add);
        return all;
    }

    // ---- mmap

    @Test
    void shouldRefuseWhatTheManPageRefuses() {
        assertEquals(-Errno.EINVAL, mmap(0, 0, RW, ANONYMOUS));
        assertEquals(-Errno.EINVAL, mmap(0, PAGE, RW, Mman.MAP_ANONYMOUS));
        assertEquals(-Errno.EINVAL, process.mm.mmap(process.task, 0, PAGE, RW, ANONYMOUS, null, 1));
        assertEquals(-Errno.ENOMEM, mmap(0, Long.MAX_VALUE, RW, ANONYMOUS));
        assertEquals(-Errno.ENOMEM, mmap(0, -PAGE, RW, ANONYMOUS));
        assertEquals(-Errno.EINVAL, mmap(SPOT + 1, PAGE, RW, ANONYMOUS | Mman.MAP_FIXED));
        assertEquals(-Errno.ENOMEM, mmap(MAX_ADDRESS, PAGE, RW, ANONYMOUS | Mman.MAP_FIXED));
        assertEquals(-Errno.ENOMEM, mmap(-PAGE, PAGE, RW, ANONYMOUS | Mman.MAP_FIXED));
        assertEquals(-Errno.EPERM, mmap(0, PAGE, RW, ANONYMOUS | Mman.MAP_FIXED));
        assertEquals(-Errno.ENOMEM, mmap(0, PAGE, RW, ANONYMOUS | Mman.MAP_HUGETLB));
        assertEquals(-Errno.EOPNOTSUPP, mmap(0, PAGE, RW, Mman.MAP_SHARED_VALIDATE | Mman.MAP_ANONYMOUS | Mman.MAP_SYNC));
        assertEquals(-Errno.EOVERFLOW,
                process.mm.mmap(process.task, 0, 2 * PAGE, RW, ANONYMOUS, null, Long.MAX_VALUE & -PAGE));
    }

    @Test
    void shouldPlaceFromAboveAndHonourHints() {
        long a = mmap(0, PAGE, RW, ANONYMOUS);
        long b = mmap(0, 2 * PAGE, RW, ANONYMOUS);
        assertEquals(a - 2 * PAGE, b);
        assertEquals(SPOT, mmap(SPOT, PAGE, RW, ANONYMOUS));
        assertEquals(SPOT + PAGE, mmap(SPOT + 1, PAGE, RW, ANONYMOUS));
        assertNotEquals(SPOT, mmap(SPOT, PAGE, RW, ANONYMOUS));
        assertEquals(-Errno.EEXIST, mmap(SPOT, PAGE, RW, ANONYMOUS | Mman.MAP_FIXED_NOREPLACE));
        assertEquals(SPOT + 5 * PAGE, mmap(SPOT + 5 * PAGE, PAGE, RW, ANONYMOUS | Mman.MAP_FIXED_NOREPLACE));
        long low = mmap(0, PAGE, RW, ANONYMOUS | Mman.MAP_32BIT);
        assertTrue(low > 0 && low < 0x8000_0000L);
    }

    @Test
    void shouldFillHolesAgain() {
        long a = mmap(0, 10 * PAGE, RW, ANONYMOUS);
        mmap(0, 10 * PAGE, RW, ANONYMOUS);
        assertEquals(0, munmap(a + 2 * PAGE, 3 * PAGE));
        assertEquals(a + 2 * PAGE, mmap(0, 3 * PAGE, R, ANONYMOUS));
        assertEquals(0, munmap(a + 2 * PAGE, 3 * PAGE));
        assertEquals(a + 3 * PAGE, mmap(0, 2 * PAGE, R, ANONYMOUS));
        assertEquals(a + 2 * PAGE, mmap(0, PAGE, R, ANONYMOUS));
    }

    @Test
    void shouldMergeNeighboursInMaps() {
        long a = mmap(SPOT, PAGE, RW, ANONYMOUS);
        mmap(SPOT + PAGE, PAGE, RW, ANONYMOUS);
        assertEquals(1, vmas().size());
        assertEquals(0, mprotect(a + PAGE, PAGE, R));
        assertEquals(2, vmas().size());
        assertEquals(0, mprotect(a + PAGE, PAGE, RW));
        assertEquals(1, vmas().size());
        assertEquals(2 * PAGE, process.mm.virtualBytes());
    }

    @Test
    void shouldReplaceWithMapFixed() {
        long a = mmap(SPOT, 3 * PAGE, RW, ANONYMOUS);
        process.store(a + PAGE, 7);
        assertEquals(a + PAGE, mmap(a + PAGE, PAGE, RW, ANONYMOUS | Mman.MAP_FIXED));
        assertEquals(0, process.load(a + PAGE));
    }

    @Test
    void shouldPopulate() {
        long a = mmap(0, 20 * PAGE, RW, ANONYMOUS | Mman.MAP_POPULATE);
        assertEquals(20 * PAGE, process.mm.residentBytes());
        for (int i = 0; i < 20; i++) {
            process.store(a + i * PAGE, 1);
        }
        assertEquals(0, process.faults);
    }

    @Test
    void shouldKeepLimits() {
        process.limits.put(Rlimit.RLIMIT_AS, 10L * PAGE);
        assertTrue(mmap(0, 8 * PAGE, RW, ANONYMOUS) > 0);
        assertEquals(-Errno.ENOMEM, mmap(0, 3 * PAGE, R, ANONYMOUS));
        process.limits.clear();
        process.limits.put(Rlimit.RLIMIT_DATA, 10L * PAGE);
        assertEquals(-Errno.ENOMEM, mmap(0, 3 * PAGE, RW, ANONYMOUS));
        long a = mmap(0, 3 * PAGE, R, ANONYMOUS);
        assertEquals(-Errno.ENOMEM, mprotect(a, 3 * PAGE, RW));
        process.limits.put(Rlimit.RLIMIT_MEMLOCK, (long) PAGE);
        assertEquals(-Errno.EAGAIN, mmap(0, 2 * PAGE, R, ANONYMOUS | Mman.MAP_LOCKED));
        assertTrue(mmap(0, PAGE, R, ANONYMOUS | Mman.MAP_LOCKED) > 0);
        assertEquals(PAGE, process.mm.lockedBytes());
        process.limits.put(Rlimit.RLIMIT_MEMLOCK, 0L);
        assertEquals(-Errno.EPERM, mmap(0, PAGE, R, ANONYMOUS | Mman.MAP_LOCKED));
        process.privileged = true;
        assertTrue(mmap(0, 2 * PAGE, R, ANONYMOUS | Mman.MAP_LOCKED) > 0);
    }

    @Test
    void shouldEndAtMaxMapCount() {
        long a = mmap(SPOT, 140_000L * PAGE, R, ANONYMOUS | Mman.MAP_NORESERVE);
        long result = 0;
        int holes = 0;
        while (result == 0) {
            result = munmap(a + (2L * holes + 1) * PAGE, PAGE);
            holes++;
        }
        assertEquals(-Errno.ENOMEM, result);
        assertEquals(VmaMap.MAX_COUNT, vmas().size());
        assertEquals(-Errno.ENOMEM, process.mm.mprotect(process.task, a + 139_990L * PAGE, PAGE, R | Mman.PROT_EXEC));
        assertTrue(mmap(0, PAGE, RW, ANONYMOUS) > 0, "one more, as in Linux");
        assertEquals(-Errno.ENOMEM, mmap(0, PAGE, R | Mman.PROT_EXEC, ANONYMOUS));
        assertEquals(0, munmap(a, 140_000L * PAGE));
    }

    // ---- munmap

    @Test
    void shouldUnmapPartsAndHoles() {
        long a = mmap(SPOT, 5 * PAGE, RW, ANONYMOUS);
        for (int i = 0; i < 5; i++) {
            process.store(a + i * PAGE, i + 1);
        }
        assertEquals(0, munmap(a + PAGE, PAGE));
        assertEquals(0, munmap(a + 3 * PAGE, PAGE));
        assertEquals(1, process.load(a));
        assertEquals(-Signals.SIGSEGV, process.load(a + PAGE));
        assertEquals(3, process.load(a + 2 * PAGE));
        assertEquals(0, munmap(a, 5 * PAGE));
        assertEquals(0, munmap(a, 5 * PAGE));
        assertEquals(0, process.mm.virtualBytes());
        assertEquals(-Errno.EINVAL, munmap(a + 1, PAGE));
        assertEquals(-Errno.EINVAL, munmap(a, 0));
        assertEquals(-Errno.EINVAL, munmap(MAX_ADDRESS - PAGE, 2 * PAGE));
        assertEquals(-Errno.EINVAL, munmap(a, -1));
    }

    @Test
    void shouldNotCallThePlatformForWhatWasNeverTouched() {
        long a = mmap(0, 100 * PAGE, RW, ANONYMOUS);
        mprotect(a, 100 * PAGE, R);
        munmap(a, 100 * PAGE);
        assertEquals(List.of(), process.space.calls);
    }

    // ---- mprotect

    @Test
    void shouldTakeAndGiveRights() {
        long a = mmap(SPOT, 3 * PAGE, RW, ANONYMOUS);
        process.store(a, 1);
        process.store(a + PAGE, 2);
        assertEquals(0, mprotect(a, 2 * PAGE, R));
        assertEquals(-Signals.SIGSEGV, process.store(a, 3));
        assertEquals(1, process.load(a));
        assertEquals(0, mprotect(a, PAGE, Mman.PROT_NONE));
        assertEquals(-Signals.SIGSEGV, process.load(a));
        assertEquals(0, process.memory.tryCopyIn(a, new byte[1], 0, 1));
        assertEquals(0, mprotect(a, 3 * PAGE, RW));
        assertEquals(1, process.load(a));
        assertEquals(0, process.store(a + PAGE, 4));
        assertEquals(-Errno.EINVAL, mprotect(a + 1, PAGE, R));
        assertEquals(-Errno.ENOMEM, mprotect(a + 2 * PAGE, 2 * PAGE, R));
        assertEquals(-Signals.SIGSEGV, process.store(a + 2 * PAGE, 1), "the part before the hole is changed");
        assertEquals(0, mprotect(a, 0, R));
    }

    @Test
    void shouldNotMakeReadOnlySharedMappingsWritable() {
        FrameStore store = new FrameStore(host, file.own(), null, PAGE);
        long a = process.mm.map(process.task, 0, PAGE, R, Mman.MAP_SHARED, store, 0, "x");
        assertEquals(-Errno.EACCES, mprotect(a, PAGE, RW));
        store.release();
    }

    // ---- brk

    @Test
    void shouldMoveTheBreak() {
        process.mm.layout().startBrk = SPOT;
        assertEquals(SPOT, process.mm.brk(process.task, 0));
        assertEquals(SPOT + 100, process.mm.brk(process.task, SPOT + 100));
        assertEquals(0, process.store(SPOT + PAGE - 1, 1));
        assertEquals(-Signals.SIGSEGV, process.store(SPOT + PAGE, 1));
        assertEquals(SPOT + 3 * PAGE, process.mm.brk(process.task, SPOT + 3 * PAGE));
        assertEquals(0, process.store(SPOT + 2 * PAGE, 1));
        assertEquals("[heap]", vmas().getFirst().name());
        assertEquals(SPOT + PAGE, process.mm.brk(process.task, SPOT + PAGE));
        assertEquals(-Signals.SIGSEGV, process.load(SPOT + PAGE));
        assertEquals(1, process.load(SPOT + PAGE - 1));
        mmap(SPOT + 4 * PAGE, PAGE, RW, ANONYMOUS | Mman.MAP_FIXED);
        assertEquals(SPOT + PAGE, process.mm.brk(process.task, SPOT + 5 * PAGE));
        process.limits.put(Rlimit.RLIMIT_DATA, 2L * PAGE);
        assertEquals(SPOT + PAGE, process.mm.brk(process.task, SPOT + 3 * PAGE));
    }

    // ---- stacks

    @Test
    void shouldGrowStacksToTheLimitAndKeepTheGap() {
        process.limits.put(Rlimit.RLIMIT_STACK, 100L * PAGE);
        long top = SPOT + 1000L * PAGE;
        long a = mmap(top - 2 * PAGE, 2 * PAGE, RW, ANONYMOUS | Mman.MAP_GROWSDOWN | Mman.MAP_FIXED | Mman.MAP_STACK);
        process.mm.layout().startStack = top - 8;
        assertEquals(0, process.store(a - 10 * PAGE, 5));
        assertEquals(12 * PAGE, process.mm.virtualBytes());
        assertEquals("[stack]", vmas().getFirst().name());
        assertEquals(0, process.store(top - 100 * PAGE, 5));
        assertEquals(-Signals.SIGSEGV, process.store(top - 101 * PAGE, 5));
        process.memory.putByte(top - 99 * PAGE, (byte) 1);
        process.limits.clear();
        mmap(SPOT + 500L * PAGE, PAGE, RW, ANONYMOUS | Mman.MAP_FIXED);
        assertEquals(-Signals.SIGSEGV, process.store(SPOT + 600L * PAGE, 5), "in the gap");
        assertEquals(0, process.store(SPOT + 800L * PAGE, 5));
    }

    // ---- the platform

    @Test
    void shouldBeginAnewWhenTheHostHasNoMoreRanges() {
        long a = mmap(SPOT, 40 * PAGE, RW, ANONYMOUS);
        for (int i = 0; i < 40; i++) {
            process.store(a + i * PAGE, i);
            process.space.failingMaps = i % 8 == 0 ? 1 : 0;
        }
        for (int i = 0; i < 40; i++) {
            assertEquals(i, process.load(a + i * PAGE));
        }
        Invariants.check(file, List.of(process), List.of());
    }

    @Test
    void shouldBringSequentialMemoryInGrowingRuns() {
        long a = mmap(SPOT, 4096L * PAGE, RW, ANONYMOUS);
        for (int i = 0; i < 4096; i++) {
            process.store(a + i * PAGE, i);
        }
        assertTrue(process.faults < 20, () -> process.faults + " faults");
        assertEquals(4096L * PAGE, process.mm.residentBytes());
    }

    @Test
    void shouldStaySparseWhereUseIsSparse() {
        long a = mmap(SPOT, 100_000L * PAGE, RW, ANONYMOUS | Mman.MAP_NORESERVE);
        for (int i = 0; i < 100; i++) {
            process.store(a + i * 1000L * PAGE, i);
        }
        assertTrue(process.mm.residentBytes() <= 100 * 8 * PAGE, () -> process.mm.residentBytes() + " bytes");
    }

    @Test
    void shouldKillWhoExceedsTheMemoryOfTheSandbox() {
        file.setLimit(4L << 20);
        long a = mmap(SPOT, 8L << 20, RW, ANONYMOUS);
        int result = 0;
        for (int i = 0; i < 2048 && result == 0; i++) {
            result = process.store(a + i * PAGE, 1);
        }
        assertEquals(-Signals.SIGKILL, result);
        assertEquals(4L << 20, file.used());
    }

    // ---- checkpoints

    @Test
    void shouldPassThroughAStream() {
        long a = mmap(0, 3 * PAGE, RW, ANONYMOUS);
        assertEquals(0, mprotect(a + PAGE, PAGE, R));
        process.mm.layout().startBrk = process.mm.brk(process.task, 0);
        process.mm.layout().auxv = new byte[] {1, 2};
        process.mm.brk(process.task, process.mm.layout().startBrk + PAGE);
        long brk = process.mm.brk(process.task, 0);
        List<VmaInfo> before = vmas();
        process.mm.barriers.setRegistered(5);
        Forgetful.roundTrip(process.mm);
        assertEquals(5, process.mm.barriers.registered());
        Forgetful.roundTrip(process.mm.vmas);
        assertEquals(before, vmas());
        assertEquals(brk, process.mm.brk(process.task, 0));
        assertEquals(2, process.mm.layout().auxv[1]);
        assertEquals(a - PAGE, mmap(0, PAGE, RW, ANONYMOUS), "free room is looked for where it was");
    }
}
