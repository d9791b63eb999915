// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.mm.UserMemory;

/** Threads of one process that copy, map, fork and truncate at the same time. */
@Timeout(300)
final class ConcurrencyTest extends MemoryTest {

    private static final int RW = Mman.PROT_READ | Mman.PROT_WRITE;
    private static final int REGION = 16;
    private static final int WRITERS = 3;
    private static final int FORKS = 300;
    private static final int TRUNCATIONS = 500;

    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final AtomicBoolean done = new AtomicBoolean();
    private final List<Thread> threads = new ArrayList<>();

    private interface Step {
        void run(Random random, UserMemory memory);
    }

    /** A thread that is a task of {@code process}: each step is a system call, inside of an epoch. */
    private void start(Process process, long seed, Step step) {
        process.mm.retain();
        threads.add(Thread.ofPlatform().start(() -> {
            MemoryFile.Epoch epoch = file.newEpoch();
            try {
                Random random = new Random(seed);
                UserMemory memory = process.mm.newUserMemory(process.task);
                while (!done.get()) {
                    epoch.enter();
                    step.run(random, memory);
                    epoch.leave();
                }
            } catch (Throwable t) {
                failure.compareAndSet(null, t);
                done.set(true);
            } finally {
                epoch.close();
                process.mm.release(process.task);
            }
        }));
    }

    /** Also after a failure, before the memory goes. */
    @AfterEach
    void stop() throws InterruptedException {
        done.set(true);
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private void finish(Process... processes) throws InterruptedException {
        stop();
        if (failure.get() != null) {
            throw new AssertionError(failure.get());
        }
        for (Process process : processes) {
            Invariants.check(file, List.of(process), List.of());
            process.exit();
        }
    }

    @Test
    void shouldLoseNoWriteAndShowNoLaterOneToChildren() throws InterruptedException {
        Process process = new Process(system);
        long[] regions = new long[WRITERS];
        for (int i = 0; i < WRITERS; i++) {
            regions[i] = process.anonymous(REGION);
            long region = regions[i];
            long[] counters = new long[REGION];
            start(process, i, (random, memory) -> {
                int page = random.nextInt(REGION);
                long at = region + (long) page * PAGE + random.nextInt(400) * 8L;
                memory.putLong(region + (long) page * PAGE + 4088, ++counters[page]);
                memory.putLong(at, counters[page]);
                assertEquals(counters[page], memory.getLong(region + (long) page * PAGE + 4088));
                assertEquals(counters[page], memory.getLong(at));
                if (random.nextInt(50) == 0) {
                    process.mm.madvise(process.task, region, (long) REGION * PAGE, Mman.MADV_DONTNEED);
                    java.util.Arrays.fill(counters, 0);
                }
            });
        }
        for (int i = 0; i < FORKS && failure.get() == null; i++) {
            Process child = process.fork();
            long[] seen = new long[WRITERS * REGION];
            for (int round = 0; round < 3; round++) {
                for (int page = 0; page < seen.length; page++) {
                    long value = child.memory.getLong(regions[page / REGION] + (long) (page % REGION) * PAGE + 4088);
                    assertTrue(round == 0 || seen[page] == value, "a child sees what its parent wrote after the fork");
                    seen[page] = value;
                }
            }
            child.exit();
        }
        finish(process);
        assertAllFree();
    }

    @Test
    void shouldShowNobodyAnothersFrames() throws InterruptedException {
        Process process = new Process(system);
        FakeFile fake = new FakeFile(file, 64);
        long shared = process.mm.map(process.task, 0, 64 * PAGE, RW, Mman.MAP_SHARED, fake, 0, "file");
        for (int i = 0; i < 2; i++) {
            start(process, i, (random, memory) -> {
                int page = random.nextInt(64);
                byte[] bytes = new byte[PAGE];
                long n = memory.tryCopyIn(shared + (long) page * PAGE, bytes, 0, PAGE);
                assertTrue(n == 0 || n == PAGE);
                for (int at = 0; at < n; at += 64) {
                    assertEquals((byte) FakeFile.original(page), bytes[at], "a page of something else");
                }
            });
        }
        // Takes frames, fills them with something else and gives them back.
        start(process, 9, (random, memory) -> {
            long a = process.mm.mmap(process.task, 0, 32 * PAGE, RW, Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS, null, 0);
            for (int i = 0; i < 32; i++) {
                assertEquals(0, memory.getLong(a + (long) i * PAGE));
                memory.putLong(a + (long) i * PAGE, -1);
            }
            assertEquals(0, process.mm.munmap(process.task, a, 32 * PAGE));
        });
        Random random = new Random(5);
        for (int i = 0; i < TRUNCATIONS && failure.get() == null; i++) {
            fake.truncate(random.nextInt(64));
            synchronized (fake) {
                fake.pages = 64;
            }
            process.mm.lock.lock();
            process.space.carryOut();
            process.mm.lock.unlock();
        }
        finish(process);
        fake.truncate(0);
        assertNull(failure.get());
        assertAllFree();
    }

    @Test
    void shouldForkWhileFilesAreTruncated() throws InterruptedException {
        Process process = new Process(system);
        FakeFile fake = new FakeFile(file, 32);
        long shared = process.mm.map(process.task, 0, 32 * PAGE, RW, Mman.MAP_SHARED, fake, 0, "file");
        start(process, 1, (random, memory) -> {
            fake.truncate(random.nextInt(32));
            synchronized (fake) {
                fake.pages = 32;
            }
        });
        start(process, 2, (random, memory) -> memory.tryCopyOut(new byte[8], 0, 8, shared + random.nextInt(32) * (long) PAGE));
        start(process, 3, (random, memory) -> {
            long a = process.mm.mmap(process.task, 0, PAGE, RW, Mman.MAP_SHARED | Mman.MAP_ANONYMOUS, null, 0);
            process.mm.munmap(process.task, a, PAGE);
        });
        List<Process> children = new ArrayList<>();
        for (int i = 0; i < 100 && failure.get() == null; i++) {
            try {
                children.add(process.fork());
            } catch (ErrnoException e) {
                // EAGAIN: the thread that maps was too busy.
                continue;
            }
            if (children.size() > 3) {
                children.removeFirst().exit();
            }
        }
        stop();
        fake.truncate(0);
        for (Process child : children) {
            child.space.carryOut();
            assertEquals(0, child.mm.residentBytes(), "pages of a truncated file");
            child.exit();
        }
        process.space.carryOut();
        finish(process);
        assertEquals(0, fake.mappings.size());
        assertAllFree();
    }
}
