// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.mm.UserMemory;

/** A thread's kernel copies, while another thread's write makes a copy of the page: they must agree with what the CPU sees. */
@Timeout(300)
final class CopyOnWriteTest extends MemoryTest {

    private Process process;
    private Process child;
    private long page;
    private Thread copier;
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    @BeforeEach
    void fork() {
        process = new Process(system);
        page = process.anonymous(1);
        assertEquals(0, process.store(page, 1));
        child = process.fork();
    }

    @AfterEach
    void exit() throws InterruptedException {
        copier.join();
        assertNull(failure.get());
        assertEquals(1, child.load(page));
        child.exit();
        process.exit();
        assertAllFree();
    }

    /** Starts a thread of the process, and goes on when it is done or waits for something. */
    private void meanwhile(java.util.function.Consumer<UserMemory> action) {
        process.space.beforeMap = () -> { };
        process.space.afterMap = () -> { };
        process.mm.retain();
        copier = Thread.ofPlatform().start(() -> {
            MemoryFile.Epoch epoch = file.newEpoch();
            epoch.enter();
            try {
                action.accept(process.mm.newUserMemory(process.task));
            } catch (Throwable t) {
                failure.set(t);
            } finally {
                epoch.close();
                process.mm.release(process.task);
            }
        });
        while (copier.isAlive() && copier.getState() != Thread.State.WAITING && copier.getState() != Thread.State.BLOCKED) {
            Thread.onSpinWait();
        }
    }

    /** What a CPU that has the page reads. */
    private int onCpu() {
        FakeSpace.Page seen = process.space.pages.get(page);
        return seen == null ? process.load(page) : host.getByte(file.base() + seen.frame()) & 0xff;
    }

    @Test
    void shouldNotCopyToTheNewFrameWhileTheOldOneIsSeen() throws InterruptedException {
        int[] seen = {-1};
        // As soon as read(2) is done the thread looks at what it has got.
        process.space.beforeMap = () -> meanwhile(memory -> {
            memory.putByte(page, (byte) 7);
            seen[0] = onCpu();
        });
        assertEquals(0, process.store(page + 8, 2));
        copier.join();
        assertEquals(7, seen[0]);
    }

    @Test
    void shouldNotCopyFromTheOldFrameWhenTheNewOneIsStoredTo() throws InterruptedException {
        int[] sent = {-1};
        process.space.afterMap = () -> {
            // The CPU of another thread has the page by now, and stores.
            FakeSpace.Page seen = process.space.pages.get(page);
            host.putByte(file.base() + seen.frame(), (byte) 9);
            meanwhile(memory -> sent[0] = memory.getByte(page));
        };
        assertEquals(0, process.store(page + 8, 2));
        copier.join();
        assertEquals(9, sent[0]);
    }
}
