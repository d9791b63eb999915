// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.IpcNamespace;
import org.jvisor.api.mm.SharedSegments.Segment;

/** What address spaces, their mappings and tables, and shared memory are charged as, and that all is given back. */
final class ChargesTest extends MemoryTest {

    private static final int R = Mman.PROT_READ;
    private static final int RW = Mman.PROT_READ | Mman.PROT_WRITE;
    private static final int PRIVATE = Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS;
    private static final int SHARED = Mman.MAP_SHARED | Mman.MAP_ANONYMOUS;

    private final Cgroup container = new Cgroup(null);
    private Process process;

    @BeforeEach
    void start() {
        process = new Process(system, new Cgroup(container));
    }

    @AfterEach
    void seeNothingLeft() {
        for (Charge kind : Charge.values()) {
            assertEquals(0, container.used(kind), kind.toString());
        }
        assertEquals(0, container.heapBytes());
        assertEquals(0, container.memoryBytes());
    }

    private long used(Charge kind) {
        assertEquals(container.used(kind), process.cgroup.used(kind));
        return process.cgroup.used(kind);
    }

    @Test
    void shouldChargeEachMapping() {
        assertEquals(1, used(Charge.ADDRESS_SPACE));
        long a = process.mmap(9 * PAGE, RW, PRIVATE);
        assertEquals(1, used(Charge.VMA));
        process.mm.mprotect(process.task, a + PAGE, PAGE, R);
        assertEquals(3, used(Charge.VMA));
        process.mm.mprotect(process.task, a + PAGE, PAGE, RW);
        assertEquals(1, used(Charge.VMA));
        process.mm.munmap(process.task, a + 3 * PAGE, PAGE);
        assertEquals(2, used(Charge.VMA));
        process.mm.munmap(process.task, a, 2 * PAGE);
        assertEquals(2, used(Charge.VMA));
        process.exit();
    }

    @Test
    void shouldRefuseMappingsBeyondWhatMayBe() {
        long a = process.mmap(1000 * PAGE, R, PRIVATE);
        container.setLimit(Charge.VMA, 100);
        long result = 0;
        for (int i = 1; result == 0; i += 2) {
            result = process.mm.mprotect(process.task, a + (long) i * PAGE, PAGE, RW);
        }
        assertEquals(-Errno.ENOMEM, result);
        long full = used(Charge.VMA);
        assertTrue(full >= 100 && full < 103, full + " mappings");
        assertEquals(-Errno.ENOMEM, process.mmap(PAGE, R | Mman.PROT_EXEC, PRIVATE));
        assertEquals(-Errno.ENOMEM, process.mm.munmap(process.task, a + 900 * PAGE, PAGE));
        assertEquals(-Errno.ENOMEM, process.mm.madvise(process.task, a + 900 * PAGE, PAGE, Mman.MADV_DONTFORK));
        assertEquals(-Errno.ENOMEM,
                process.mm.mremap(process.task, a + 900 * PAGE, PAGE, 2 * PAGE, Mman.MREMAP_MAYMOVE, 0));
        assertEquals(full, used(Charge.VMA));
        assertEquals(0, process.mm.munmap(process.task, a, 1000 * PAGE));
        assertEquals(0, used(Charge.VMA));
        process.exit();
    }

    @Test
    void shouldRefuseAChildWithMoreMappingsThanMayBe() {
        long a = process.mmap(100 * PAGE, R, PRIVATE);
        for (int i = 1; i < 100; i += 2) {
            assertEquals(0, process.mm.mprotect(process.task, a + (long) i * PAGE, PAGE, RW));
        }
        Process child = process.fork();
        assertEquals(100, child.cgroup.used(Charge.VMA));
        assertEquals(200, container.used(Charge.VMA));
        container.setHeapLimit(container.heapBytes() + Charge.ADDRESS_SPACE.heapBytes() + 50 * Charge.VMA.heapBytes());
        long before = container.heapBytes();
        assertEquals(Errno.ENOMEM, assertThrows(ErrnoException.class, process::fork).errno());
        assertEquals(before, container.heapBytes());
        assertEquals(2, container.used(Charge.ADDRESS_SPACE));
        container.setHeapLimit(before + 1);
        assertEquals(Errno.ENOMEM, assertThrows(ErrnoException.class, process::fork).errno());
        assertEquals(before, container.heapBytes());
        child.exit();
        assertEquals(100, container.used(Charge.VMA));
        process.fork().exit();
        process.exit();
    }

    @Test
    void shouldNotChargeForWhatAChildDoesNotGet() {
        long a = process.mmap(3 * PAGE, RW, PRIVATE);
        process.mm.madvise(process.task, a + PAGE, PAGE, Mman.MADV_DONTFORK);
        Process child = process.fork();
        assertEquals(2, child.cgroup.used(Charge.VMA));
        child.exit();
        process.exit();
    }

    @Test
    void shouldChargeTablesOfPages() {
        long a = process.mmap(64 * PageTable.LEAF_BYTES, RW, PRIVATE | Mman.MAP_NORESERVE);
        long before = used(Charge.PAGE_TABLE);
        container.setLimit(Charge.PAGE_TABLE, before + 10);
        int stored = 0;
        while (stored < 64 && process.store(a + stored * PageTable.LEAF_BYTES, 1) == 0) {
            stored++;
        }
        assertTrue(stored > 5 && stored <= 10, stored + " leaves");
        assertEquals(-Signals.SIGKILL, process.store(a + stored * PageTable.LEAF_BYTES, 1));
        assertEquals(Errno.ENOMEM, assertThrows(ErrnoException.class, process::fork).errno());
        process.exit();
    }

    @Test
    void shouldChargeSharedMemoryUntilItsLastMappingGoes() {
        long a = process.mmap(2 * PAGE, RW, SHARED);
        process.store(a, 1);
        assertEquals(1, used(Charge.INODE));
        assertTrue(used(Charge.PAGE_INDEX_BYTE) > 0);
        Process child = process.fork();
        process.mm.munmap(process.task, a, 2 * PAGE);
        assertEquals(1, used(Charge.INODE));
        assertEquals(1, child.load(a));
        child.exit();
        assertEquals(0, used(Charge.INODE));
        container.setLimit(Charge.INODE, 0);
        assertEquals(-Errno.ENOMEM, process.mmap(2 * PAGE, RW, SHARED));
        process.exit();
    }

    @Test
    void shouldChargeSegmentsUntilTheirLastAttachmentGoes() {
        Segments segments = new Segments(system::newStore);
        Segment segment = segments.create(process.cgroup, 5, PAGE, 0600, Credentials.ROOT, 1, 0);
        long a = process.mm.map(process.task, 0, PAGE, RW, Mman.MAP_SHARED, segment.memory(), 0, "/SYSV");
        segments.remove(segment);
        assertEquals(1, used(Charge.IPC_OBJECT));
        process.mm.munmap(process.task, a, PAGE);
        assertEquals(0, used(Charge.IPC_OBJECT));
        container.setLimit(Charge.IPC_OBJECT, 1);
        assertNotNull(segments.create(process.cgroup, 6, PAGE, 0600, Credentials.ROOT, 1, 0));
        assertEquals(Errno.ENOSPC, assertThrows(ErrnoException.class,
                () -> segments.create(process.cgroup, 7, PAGE, 0600, Credentials.ROOT, 1, 0)).errno());
        segments.removeAll();
        process.exit();
    }

    @Test
    void shouldGiveSegmentsBackWithTheLastWhoIsInTheirNamespace() {
        IpcNamespace namespace = new IpcNamespace();
        namespace.retain();
        Segment segment = system.segments(namespace).create(process.cgroup, 5, PAGE, 0600, Credentials.ROOT, 1, 0);
        assertEquals(segment, system.segments(namespace).find(5));
        long a = process.mm.map(process.task, 0, PAGE, RW, Mman.MAP_SHARED, segment.memory(), 0, "/SYSV");
        process.store(a, 1);
        namespace.release();
        assertEquals(1, used(Charge.IPC_OBJECT));
        process.exit();
        assertEquals(1, used(Charge.IPC_OBJECT));
        namespace.release();
        assertEquals(0, file.used());
    }
}
