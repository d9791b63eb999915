// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.mm.IoBuffer;

final class ForkTest extends MemoryTest {

    private static final int RW = Mman.PROT_READ | Mman.PROT_WRITE;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldKeepPrivateMemoryApartAfterFork(boolean accessKnown) {
        Process parent = new Process(system);
        parent.accessKnown = accessKnown;
        long a = parent.anonymous(20);
        for (int i = 0; i < 20; i++) {
            assertEquals(0, parent.store(a + i * PAGE, i));
        }
        Process child = parent.fork();
        for (int i = 0; i < 20; i++) {
            assertEquals(i, child.load(a + i * PAGE));
        }
        assertEquals(0, parent.store(a, 100));
        assertEquals(0, child.store(a + PAGE, 101));
        assertEquals(0, child.load(a));
        assertEquals(100, parent.load(a));
        assertEquals(1, parent.load(a + PAGE));
        assertEquals(101, child.load(a + PAGE));
        parent.memory.putByte(a + 2 * PAGE, (byte) 102);
        assertEquals(2, child.load(a + 2 * PAGE));
        assertEquals(102, parent.load(a + 2 * PAGE));
        child.exit();
        assertEquals(3, parent.load(a + 3 * PAGE));
        assertEquals(0, parent.store(a + 3 * PAGE, 103));
        assertEquals(103, parent.memory.getByte(a + 3 * PAGE));
        parent.exit();
        assertAllFree();
    }

    @Test
    void shouldShareSharedMemoryAfterFork() {
        Process parent = new Process(system);
        long a = parent.mmap(4 * PAGE, RW, Mman.MAP_SHARED | Mman.MAP_ANONYMOUS);
        assertEquals(0, parent.store(a, 1));
        Process child = parent.fork();
        assertEquals(0, child.store(a, 2));
        assertEquals(0, child.store(a + 3 * PAGE, 3));
        assertEquals(2, parent.load(a));
        assertEquals(3, parent.load(a + 3 * PAGE));
        assertEquals(parent.memory.shareKey(a), child.memory.shareKey(a));
        parent.exit();
        assertEquals(2, child.load(a));
        child.exit();
        assertAllFree();
    }

    @Test
    void shouldGiveFutexesInPrivateMemoryKeysOfTheirOwn() {
        Process parent = new Process(system);
        long a = parent.anonymous(1);
        parent.store(a, 1);
        long key = parent.memory.shareKey(a);
        Process child = parent.fork();
        parent.store(a, 2);
        assertEquals(key, parent.memory.shareKey(a));
        assertTrue(key != child.memory.shareKey(a));
        parent.exit();
        child.exit();
        assertAllFree();
    }

    @Test
    void shouldLetGrandchildrenShareUntilTheyWrite() {
        Process parent = new Process(system);
        long a = parent.anonymous(8);
        parent.store(a, 1);
        Process child = parent.fork();
        Process grandchild = child.fork();
        assertEquals(0, child.store(a, 2));
        assertEquals(0, grandchild.store(a, 3));
        assertEquals(1, parent.load(a));
        assertEquals(2, child.load(a));
        assertEquals(3, grandchild.load(a));
        child.exit();
        grandchild.exit();
        parent.exit();
        assertAllFree();
    }

    @Test
    void shouldWorkWithAPlatformThatInheritsNothing() {
        Process parent = new Process(system);
        parent.space.forksEmpty = true;
        // Not across two tables of the page table, of which a fault fills one.
        long a = parent.anonymous(64) + 31 * PAGE & -32 * PAGE;
        for (int i = 0; i < 32; i++) {
            parent.store(a + i * PAGE, i);
        }
        Process child = parent.fork();
        child.accessKnown = true;
        for (int i = 0; i < 32; i++) {
            assertEquals(i, child.load(a + i * PAGE));
        }
        assertEquals(1, child.faults);
        parent.exit();
        child.exit();
        assertAllFree();
    }

    @Test
    void shouldHonourDontForkAndWipeOnFork() {
        Process parent = new Process(system);
        long a = parent.anonymous(3);
        for (int i = 0; i < 3; i++) {
            parent.store(a + i * PAGE, i + 1);
        }
        assertEquals(0, parent.mm.madvise(parent.task, a, PAGE, Mman.MADV_DONTFORK));
        assertEquals(0, parent.mm.madvise(parent.task, a + PAGE, PAGE, Mman.MADV_WIPEONFORK));
        Process child = parent.fork();
        assertEquals(-Signals.SIGSEGV, child.load(a));
        assertEquals(0, child.load(a + PAGE));
        assertEquals(3, child.load(a + 2 * PAGE));
        assertEquals(1, parent.load(a));
        assertEquals(2, parent.load(a + PAGE));
        parent.exit();
        child.exit();
        assertAllFree();
    }

    @Test
    void shouldProtectInOneCallForOneRange() {
        Process parent = new Process(system);
        long a = parent.anonymous(2560);
        parent.memory.zero(a, 2560 * PAGE);
        for (int i = 0; i < 2560; i++) {
            parent.store(a + i * PAGE, i);
        }
        parent.space.calls.clear();
        Process child = parent.fork();
        assertEquals(1, parent.space.calls.size(), parent.space.calls::toString);
        child.exit();
        parent.space.calls.clear();
        for (int i = 0; i < 2560; i++) {
            parent.store(a + i * PAGE, i);
        }
        assertTrue(parent.space.calls.size() < 20, parent.space.calls::toString);
        parent.exit();
        assertAllFree();
    }

    @Test
    void shouldNotShareWhatTheKernelIsJustCopyingTo() {
        Process process = new Process(system);
        long pages = process.anonymous(3);
        for (int i = 0; i < 3; i++) {
            assertEquals(0, process.store(pages + (long) i * PAGE, 1));
        }
        // Another thread of the process, or another process, has looked up where its copy goes.
        process.mm.retain();
        IoBuffer target = process.mm.newUserMemory(process.task).range(pages + 100, 2L * PAGE, true);
        long address = target.span();
        Process child = process.fork();
        host.putByte(address, (byte) 9);
        host.putByte(address + PAGE, (byte) 8);
        target.advance(2L * PAGE);
        assertEquals(9, process.load(pages + 100));
        assertEquals(0, process.store(pages + 101, 2));
        assertEquals(9, process.load(pages + 100));
        assertEquals(8, process.load(pages + PAGE + 100));
        assertEquals(0, child.load(pages + 100));
        assertEquals(1, child.load(pages));
        assertEquals(0, child.load(pages + PAGE + 100));
        assertEquals(0, child.store(pages + 102, 3));
        assertEquals(0, process.load(pages + 102));
        // The third page was not being copied to, nor is any after it is done.
        Process second = process.fork();
        host.putByte(address, (byte) 7);
        assertEquals(7, second.load(pages + 100));
        Invariants.check(file, List.of(process, child, second), List.of());
        child.exit();
        second.exit();
        process.mm.release(process.task);
        process.exit();
        assertAllFree();
    }
}
