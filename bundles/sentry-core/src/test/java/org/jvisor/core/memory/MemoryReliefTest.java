// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.MemoryEvent;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.core.FakeManager;
import org.jvisor.core.Fakes;
import org.jvisor.core.TestKernel;
import org.jvisor.core.container.ContainerImpl;
import org.jvisor.core.process.TaskImpl;
import org.jvisor.core.process.ThreadGroupImpl;

/** A container that may have 100 pages of memory. */
class MemoryReliefTest {
    private static final int PAGE = 4096;
    private static final int LIMIT_PAGES = 100;

    private final TestKernel test = new TestKernel();
    private final List<ContainerImpl> containers = new ArrayList<>();
    /** What file systems can give up. */
    private final AtomicLong cached = new AtomicLong();
    private final List<Cgroup> asked = new ArrayList<>();
    private final AtomicLong others = new AtomicLong();
    /** Which has 1000 pages. */
    private final MemoryFile sandbox = new Fakes().on("limit", a -> 1000L * PAGE)
        .on("used", a -> others.get() + containers.stream().mapToLong(container -> container.cgroup().memoryBytes()).sum()).as(MemoryFile.class);
    private MemoryRelief relief;

    @BeforeEach
    void make() {
        test.vfs.on("reclaimPages", a -> {
            asked.add((Cgroup) a[0]);
            return cached.getAndSet(0);
        });
        relief = new MemoryRelief(new OomKiller(() -> containers, test.kernel.log()), test.kernel.vfs(), sandbox);
    }

    /** A process that has so many pages until it is killed. */
    private ThreadGroupImpl process(TaskImpl parent, int pages) {
        Cgroup container = parent.group().container().cgroup();
        AtomicBoolean there = new AtomicBoolean();
        int pid = (int) test.clone(parent, 0, 0, task -> {
            FakeManager manager = new FakeManager();
            manager.resident = (long) pages * PAGE;
            MemoryManager mm = manager.asManager();
            task.setMemory(mm, mm.newUserMemory(task));
            task.group().setOomScoreAdjustment(0);
            container.charge(Charge.PAGE, pages);
            there.set(true);
            return 0;
        }, task -> {
            long slept = task.sleep(Long.MAX_VALUE);
            if (task.groupImpl().exiting) {
                container.uncharge(Charge.PAGE, pages);
            }
            return slept;
        });
        assertTrue(pid > 0, "clone: " + pid);
        TestKernel.until(there::get);
        return test.pids.threadGroup(pid);
    }

    private void run(TestKernel.Step step) {
        AtomicBoolean done = new AtomicBoolean();
        ThreadGroupImpl init = test.init(step, task -> {
            done.set(true);
            return 0;
        });
        init.setOomScoreAdjustment(-1000);
        init.containerImpl().cgroup().setMemoryLimit((long) LIMIT_PAGES * PAGE);
        containers.add(init.containerImpl());
        assertEquals(0, test.run(init));
        assertTrue(done.get());
    }

    private String dmesg() {
        return new String(test.kernel.log().bytes(), StandardCharsets.ISO_8859_1);
    }

    @Test
    void shouldAskFileSystemsFirst() {
        run(task -> {
            Cgroup container = task.group().container().cgroup();
            ThreadGroupImpl large = process(task, LIMIT_PAGES);
            cached.set(PAGE);
            assertTrue(relief.relieve(container, null, () -> { }));
            assertFalse(large.zombie());
            assertEquals(List.of(container), asked);
            container.uncharge(Charge.PAGE, 2);
            assertTrue(relief.relieve(container, null, () -> { }));
            assertEquals(1, asked.size(), "there is room again");
            others.set(1000L * PAGE);
            cached.set(PAGE);
            assertTrue(relief.relieve(container, null, () -> { }));
            assertEquals(null, asked.getLast());
            assertFalse(large.zombie());
            container.charge(Charge.PAGE, 2);
            return 0;
        });
    }

    @Test
    void shouldEndTheProcessThatHasMost() {
        run(task -> {
            Cgroup container = task.group().container().cgroup();
            ThreadGroupImpl small = process(task, 10);
            ThreadGroupImpl large = process(task, 60);
            ThreadGroupImpl middle = process(task, 30);
            assertTrue(relief.relieve(container, null, () -> { }));
            TestKernel.until(large::zombie);
            assertFalse(middle.zombie() || small.zombie());
            assertEquals(1, container.memoryEvents(MemoryEvent.OOM_KILL));
            assertTrue(dmesg().contains("Memory cgroup out of memory: Killed process " + large.pid() + " (init) total-vm:8kB, anon-rss:240kB"),
                dmesg());
            container.charge(Charge.PAGE, 60);
            assertTrue(relief.relieve(container, null, () -> { }));
            TestKernel.until(middle::zombie);
            assertFalse(small.zombie());
            return 0;
        });
    }

    /** Who needs a page meanwhile waits for the same end. */
    @Test
    void shouldEndOneAtATime() {
        run(task -> {
            Cgroup container = task.group().container().cgroup();
            ThreadGroupImpl first = process(task, 60);
            ThreadGroupImpl second = process(task, 50);
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                threads.add(Thread.ofPlatform().start(() -> relief.relieve(container, null, () -> { })));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            TestKernel.until(first::zombie);
            assertFalse(second.zombie());
            assertEquals(1, container.memoryEvents(MemoryEvent.OOM_KILL));
            return 0;
        });
    }

    @Test
    void shouldSpareWhoSaysSo() {
        run(task -> {
            Cgroup container = task.group().container().cgroup();
            ThreadGroupImpl large = process(task, 60);
            ThreadGroupImpl small = process(task, 50);
            large.setOomScoreAdjustment(-1000);
            assertTrue(relief.relieve(container, null, () -> { }));
            assertFalse(large.zombie());
            TestKernel.until(small::zombie);
            container.charge(Charge.PAGE, 50);
            assertFalse(relief.relieve(container, null, () -> { }));
            assertFalse(large.zombie());
            assertEquals(2, container.memoryEvents(MemoryEvent.MAX));
            assertEquals(2, container.memoryEvents(MemoryEvent.OOM));
            assertEquals(1, container.memoryEvents(MemoryEvent.OOM_KILL));
            return 0;
        });
    }

    @Test
    void shouldEndTheLargestOfTheLargestContainerWhereTheSandboxIsFull() {
        run(task -> {
            Cgroup container = task.group().container().cgroup();
            ThreadGroupImpl process = process(task, 10);
            others.set(1000L * PAGE);
            assertTrue(relief.relieve(container, null, () -> { }));
            TestKernel.until(process::zombie);
            assertTrue(dmesg().contains("Out of memory: Killed process " + process.pid() + " (init)"));
            assertFalse(relief.relieve(container, null, () -> { }));
            return 0;
        });
    }
}
