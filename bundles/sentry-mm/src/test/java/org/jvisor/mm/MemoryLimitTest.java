// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.mm.MemoryFile;

/** Two containers of a sandbox with 64 MiB: one may have 1 MiB, the other as much as there is. */
final class MemoryLimitTest extends MemoryTest {

    private static final int RW = Mman.PROT_READ | Mman.PROT_WRITE;
    private static final int LIMIT_PAGES = 256;
    private static final long LIMIT = (long) LIMIT_PAGES * PAGE;

    private final Cgroup sandbox = new Cgroup(null);
    private final Cgroup container = new Cgroup(sandbox);
    private final Cgroup other = new Cgroup(sandbox);
    private final List<Cgroup> asked = new ArrayList<>();
    /** What is done when there is a shortage; answers whether that helps. */
    private Runnable relief;
    private Process process;
    private Process neighbour;

    @BeforeEach
    void start() {
        container.setMemoryLimit(LIMIT);
        system.onShortage((full, task, meanwhile) -> {
            meanwhile.run();
            asked.add(full);
            Runnable known = relief;
            relief = null;
            if (known != null) {
                known.run();
            }
            return known != null;
        });
        process = new Process(system, new Cgroup(container));
        neighbour = new Process(system, new Cgroup(other));
    }

    @AfterEach
    void seeNothingLeft() {
        for (Charge kind : Charge.values()) {
            assertEquals(0, sandbox.used(kind), kind.toString());
        }
        assertEquals(0, sandbox.memoryBytes());
        assertAllFree();
    }

    private void exit() {
        process.exit();
        neighbour.exit();
    }

    /** @return the first page that could not be had */
    private int fill(long address, int pages) {
        for (int i = 0; i < pages; i++) {
            if (process.store(address + (long) i * PAGE, 1) < 0) {
                return i;
            }
        }
        return pages;
    }

    @Test
    void shouldChargeFramesToTheContainer() {
        long a = process.anonymous(64);
        assertEquals(64, fill(a, 64));
        assertEquals(64, container.used(Charge.PAGE));
        assertEquals(64, sandbox.used(Charge.PAGE));
        assertEquals(0, process.cgroup.used(Charge.PAGE));
        assertEquals(0, other.used(Charge.PAGE));
        process.mm.munmap(process.task, a, 32 * PAGE);
        assertEquals(32, container.used(Charge.PAGE));
        exit();
    }

    @Test
    void shouldChargeAFrameOnceToWhoHasBroughtIt() {
        long a = process.anonymous(8);
        assertEquals(8, fill(a, 8));
        Process child = process.fork();
        assertEquals(8, container.used(Charge.PAGE));
        child.store(a, 2);
        assertEquals(9, container.used(Charge.PAGE));
        process.exit();
        assertEquals(8, container.used(Charge.PAGE));
        neighbour.exit();
        child.exit();
    }

    @Test
    void shouldEndWhoFindsNoPageWithinTheLimit() {
        long a = process.anonymous(2 * LIMIT_PAGES);
        int failed = fill(a, 2 * LIMIT_PAGES);
        assertTrue(failed > LIMIT_PAGES / 2 && failed < LIMIT_PAGES, "" + failed);
        assertEquals(-Signals.SIGKILL, process.store(a + (long) failed * PAGE, 1));
        assertTrue(container.memoryBytes() <= LIMIT && container.memoryBytes() > LIMIT - PAGE);
        assertSame(container, asked.getFirst());
        assertEquals(0, neighbour.store(neighbour.anonymous(1), 1));
        exit();
    }

    @Test
    void shouldGoOnWhenMemoryWasGivenBack() {
        long a = process.anonymous(2 * LIMIT_PAGES);
        relief = () -> process.mm.munmap(process.task, a, LIMIT / 2);
        int failed = fill(a, 2 * LIMIT_PAGES);
        assertEquals(2, asked.size());
        assertTrue(failed > LIMIT_PAGES, "" + failed);
        exit();
    }

    @Test
    void shouldSayThatThereIsNoSpaceWhenNothingHelps() {
        FrameStore store = system.newStore(process.cgroup, 0);
        byte[] bytes = new byte[(int) LIMIT];
        long written = store.write(new ArrayBuffer(host, bytes, 0, bytes.length), 0);
        assertTrue(written > LIMIT / 2 && written < LIMIT, "" + written);
        assertEquals(-Errno.ENOSPC, store.write(new ArrayBuffer(host, bytes, 0, 4 * PAGE), written + PAGE & -PAGE));
        assertEquals(Errno.ENOSPC, assertThrows(ErrnoException.class, () -> store.reserve(0, 2 * LIMIT)).errno());
        relief = () -> store.resize(0);
        assertEquals(PAGE, store.write(new ArrayBuffer(host, bytes, 0, PAGE), LIMIT));
        store.release();
        exit();
    }

    @Test
    void shouldRefuseBuffersBeyondTheLimit() {
        MemoryFile own = system.file(process.cgroup);
        assertEquals(Errno.ENOMEM, assertThrows(ErrnoException.class, () -> own.allocate(LIMIT_PAGES)).errno());
        long frames = own.allocate(LIMIT_PAGES / 2);
        assertEquals(LIMIT_PAGES / 2, container.used(Charge.PAGE));
        own.retain(frames, 1);
        file.release(frames, LIMIT_PAGES / 2);
        assertEquals(1, container.used(Charge.PAGE));
        own.release(frames, 1);
        assertEquals(0, container.used(Charge.PAGE));
        assertTrue(asked.isEmpty());
        exit();
    }

    @Test
    void shouldTellWhatTheContainerHas() {
        MemoryFile own = system.file(process.cgroup);
        assertSame(own, system.file(container));
        assertNotSame(own, system.file(other));
        assertEquals(LIMIT, own.limit());
        assertEquals(file.limit(), system.file(other).limit());
        long used = container.memoryBytes();
        assertEquals(used, own.used());
        long a = process.anonymous(16);
        assertEquals(16, fill(a, 16));
        assertEquals(container.memoryBytes(), own.used());
        file.setLimit(LIMIT / 2);
        assertEquals(LIMIT / 2, own.limit());
        assertEquals(file.used(), system.file(other).used());
        exit();
    }

    @Test
    void shouldServeOthersWhoseSandboxHasRoom() {
        long a = process.anonymous(2 * LIMIT_PAGES);
        fill(a, 2 * LIMIT_PAGES);
        asked.clear();
        long b = neighbour.anonymous(4 * LIMIT_PAGES);
        for (int i = 0; i < 4 * LIMIT_PAGES; i++) {
            assertEquals(0, neighbour.store(b + (long) i * PAGE, 1));
        }
        assertTrue(asked.isEmpty());
        exit();
    }

    @Test
    void shouldAskWhenTheSandboxIsFull() {
        file.setLimit(LIMIT);
        long b = neighbour.anonymous(2 * LIMIT_PAGES);
        int failed = 0;
        while (failed < 2 * LIMIT_PAGES && neighbour.store(b + (long) failed * PAGE, 1) == 0) {
            failed++;
        }
        assertEquals(LIMIT_PAGES, failed);
        assertFalse(asked.isEmpty());
        assertSame(other, asked.getFirst());
        exit();
    }

    /** A copy into application memory is as good as an access of its own. */
    @Test
    void shouldFailACopyThatFindsNoPage() {
        long a = process.anonymous(2 * LIMIT_PAGES);
        byte[] bytes = new byte[(int) LIMIT];
        assertEquals(Errno.EFAULT, assertThrows(ErrnoException.class, () -> process.memory.copyOut(bytes, 0, bytes.length, a)).errno());
        relief = () -> process.mm.munmap(process.task, a + LIMIT, LIMIT);
        exit();
    }
}
