// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.kernel.Charge;
import org.jvisor.core.TestKernel;
import org.jvisor.core.container.ContainerImpl;
import org.jvisor.core.process.TaskImpl;
import org.jvisor.core.process.ThreadGroupImpl;

/** A heap of 1000 MiB, whose mark is at 750. */
class HeapWatchTest {
    private static final long MIB = 1 << 20;

    private final TestKernel test = new TestKernel();
    private final List<ContainerImpl> containers = new ArrayList<>();
    private final FakeHeap heap = new FakeHeap();
    private final AtomicInteger hopeless = new AtomicInteger();
    private final OomKiller killer = new OomKiller(() -> heap.scarce(containers), test.kernel.log());
    private final HeapWatch watch = new HeapWatch(heap, killer, hopeless::incrementAndGet);

    /** What the containers are charged for is in use, and what the test says. */
    private final class FakeHeap extends Heap {
        volatile long others = 100 * MIB;
        volatile long garbage;
        volatile int errors;
        int collections;
        private final Semaphore events = new Semaphore(0);

        @Override
        long maximum() {
            return 1000 * MIB;
        }

        @Override
        long used() {
            return others + garbage + containers.stream().mapToLong(container -> container.cgroup().heapBytes()).sum();
        }

        @Override
        long collect() {
            collections++;
            garbage = 0;
            return used();
        }

        @Override
        void awaitCollection() {
            events.acquireUninterruptibly();
        }

        @Override
        void interrupt() {
            events.release();
        }

        <T> T scarce(T result) {
            if (errors-- > 0) {
                throw new OutOfMemoryError("for the test");
            }
            return result;
        }
    }

    /** A process that is charged for so much, and lives until it is killed. */
    private ThreadGroupImpl process(TaskImpl parent, long mib) {
        int pid = (int) test.clone(parent, 0, 0, task -> {
            task.group().cgroup().charge(Charge.EXEC_BYTE, mib * MIB);
            return 0;
        }, task -> {
            long slept = task.sleep(Long.MAX_VALUE);
            if (task.groupImpl().exiting) {
                task.group().cgroup().uncharge(Charge.EXEC_BYTE, mib * MIB);
            }
            return slept;
        });
        assertTrue(pid > 0, "clone: " + pid);
        ThreadGroupImpl process = test.pids.threadGroup(pid);
        TestKernel.until(() -> process.cgroup().heapBytes() >= mib * MIB);
        return process;
    }

    /** A container whose first process stays until the test's end. */
    private void run(TestKernel.Step... steps) {
        AtomicBoolean done = new AtomicBoolean();
        List<TestKernel.Step> all = new ArrayList<>(List.of(steps));
        all.add(task -> {
            done.set(true);
            return 0;
        });
        ThreadGroupImpl init = test.init(all.toArray(TestKernel.Step[]::new));
        add(init.containerImpl());
        assertEquals(0, test.run(init));
        assertTrue(done.get());
    }

    /** The test's charges are of a heap that is not there, and may be beyond what would be allowed in the one that is. */
    private void add(ContainerImpl container) {
        container.cgroup().setHeapLimit(Long.MAX_VALUE);
        container.cgroup().parent().setHeapLimit(Long.MAX_VALUE);
        containers.add(container);
    }

    private String dmesg() {
        return new String(test.kernel.log().bytes(), StandardCharsets.ISO_8859_1);
    }

    @Test
    void shouldNotCollectForItselfBelowTheMark() {
        heap.garbage = 649 * MIB;
        watch.look();
        assertEquals(0, heap.collections);
        heap.garbage = 651 * MIB;
        watch.look();
        assertEquals(1, heap.collections);
        // What was collected is soon there again; that is no reason to look all the time.
        heap.others = 740 * MIB;
        heap.garbage = 0;
        watch.look();
        assertEquals(1, heap.collections);
        heap.garbage = 20 * MIB;
        watch.look();
        assertEquals(2, heap.collections);
        watch.look();
        heap.garbage = 21 * MIB;
        watch.look();
        assertEquals(2, heap.collections);
        assertEquals(0, hopeless.get());
    }

    @Test
    void shouldEndTheProcessThatIsChargedMost() {
        run(task -> {
            ThreadGroupImpl small = process(task, 10);
            ThreadGroupImpl large = process(task, 500);
            ThreadGroupImpl middle = process(task, 200);
            watch.look();
            assertTrue(large.zombie());
            assertEquals(Wait.signaled(Signals.SIGKILL, false), large.exitStatus());
            assertFalse(small.zombie());
            assertFalse(middle.zombie());
            assertTrue(dmesg().contains("Out of memory: Killed process " + large.pid() + " (init) total-vm:"), dmesg());
            assertTrue(dmesg().contains(", kernel-heap:5120"), dmesg());
            heap.others = 700 * MIB;
            watch.look();
            assertTrue(middle.zombie());
            assertFalse(small.zombie());
            assertEquals(0, hopeless.get());
            return 0;
        });
    }

    /** What it says of itself counts among its own. */
    @Test
    void shouldPreferWhoHasOfferedItself() {
        run(task -> {
            ThreadGroupImpl large = process(task, 400);
            ThreadGroupImpl offered = process(task, 300);
            offered.setOomScoreAdjustment(1000);
            large.setOomScoreAdjustment(-500);
            watch.look();
            assertTrue(offered.zombie());
            assertFalse(large.zombie());
            heap.others = 500 * MIB;
            watch.look();
            assertTrue(large.zombie());
            return 0;
        });
    }

    @Test
    void shouldEndWhatIsOfTheContainerThatIsChargedMost() {
        run(task -> {
            ThreadGroupImpl neighbour = process(task, 150);
            ContainerImpl ours = task.groupImpl().containerImpl();
            TestKernel.until(() -> containers.size() == 1);
            ThreadGroupImpl[] bomb = new ThreadGroupImpl[1];
            ThreadGroupImpl init = test.init(other -> {
                other.groupImpl().containerImpl().cgroup().charge(Charge.INODE_BYTE, 500 * MIB);
                bomb[0] = process(other, 30);
                return 0;
            }, other -> {
                long slept = other.sleep(Long.MAX_VALUE);
                if (other.groupImpl().exiting) {
                    // What was left in its files goes with the container.
                    other.groupImpl().containerImpl().cgroup().uncharge(Charge.INODE_BYTE, 500 * MIB);
                }
                return slept;
            });
            add(init.containerImpl());
            init.containerImpl().start();
            TestKernel.until(() -> bomb[0] != null && bomb[0].cgroup().heapBytes() >= 30 * MIB);
            watch.look();
            // Its processes have left behind more than they have: only the container's end helps.
            assertTrue(bomb[0].zombie());
            TestKernel.until(init::zombie);
            assertFalse(neighbour.zombie());
            assertFalse(ours.init().zombie());
            return 0;
        });
    }

    @Test
    void shouldEndTheSentryWhenNobodyIsChargedForWhatIsInUse() {
        run(task -> {
            ThreadGroupImpl small = process(task, 20);
            heap.others = 900 * MIB;
            watch.look();
            assertEquals(1, hopeless.get());
            assertFalse(small.zombie());
            return 0;
        });
    }

    @Test
    void shouldTryAgainWhenThereIsNoMemoryForIt() {
        run(task -> {
            ThreadGroupImpl large = process(task, 700);
            heap.errors = 5;
            watch.look();
            assertTrue(large.zombie());
            assertEquals(0, hopeless.get());
            process(task, 700);
            heap.errors = Integer.MAX_VALUE;
            watch.look();
            assertEquals(1, hopeless.get());
            heap.errors = 0;
            return 0;
        });
    }

    @Test
    void shouldLookAtOnceWhenSomebodyHasFoundNoMemory() {
        watch.start();
        run(task -> {
            ThreadGroupImpl large = process(task, 700);
            watch.exhausted();
            TestKernel.until(large::zombie);
            // With room again nobody has to wait.
            watch.awaitRoom();
            return 0;
        });
    }
}
