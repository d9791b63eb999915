// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.memory;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jvisor.api.abi.Signals;
import org.jvisor.api.abi.Wait;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Kernel.KernelLog;
import org.jvisor.api.kernel.MemoryEvent;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.core.container.ContainerImpl;
import org.jvisor.core.process.TaskImpl;
import org.jvisor.core.process.ThreadGroupImpl;

/**
 * Ends the process that is charged most of the Sentry's heap, or that has most memory, as Linux's OOM killer does: of the container
 * that is charged most, so that what its ended processes have left behind falls back on it and not on a neighbour, or whose limit is
 * reached.
 */
public final class OomKiller {

    /** oom_score_adj of this much is as much as all that there is. */
    private static final int ADJUSTMENT_MAX = 1000;
    private static final int LOG_ERROR = 3;
    private static final int KIB = 10;

    private final Supplier<List<ContainerImpl>> containers;
    private final KernelLog log;

    public OomKiller(Supplier<List<ContainerImpl>> containers, KernelLog log) {
        this.containers = containers;
        this.log = log;
    }

    /**
     * @param least bytes of the heap that its container has to be charged for
     * @return null when there is none
     */
    Victim killLargest(long least) {
        ContainerImpl container = null;
        ThreadGroupImpl largest = null;
        for (ContainerImpl candidate : containers.get()) {
            ThreadGroupImpl process = largest(candidate);
            long charged = candidate.cgroup().heapBytes();
            if (process != null && charged >= least && (container == null || charged > container.cgroup().heapBytes())) {
                container = candidate;
                largest = process;
            }
        }
        return largest == null ? null : kill(container, largest, "Out of memory");
    }

    /**
     * The process that has most memory.
     *
     * @param limited the container's whose limit is reached; null: the sandbox's is, and the container that has most has to give
     * @return null when there is none that may be ended
     */
    Victim killForMemory(Cgroup limited) {
        ContainerImpl container = null;
        ThreadGroupImpl largest = null;
        for (ContainerImpl candidate : containers.get()) {
            if (limited != null ? candidate.cgroup() != limited
                    : container != null && candidate.cgroup().memoryBytes() <= container.cgroup().memoryBytes()) {
                continue;
            }
            ThreadGroupImpl process = largestInMemory(candidate);
            if (process != null) {
                container = candidate;
                largest = process;
            }
        }
        if (largest == null) {
            return null;
        }
        return kill(container, largest, limited == null ? "Out of memory" : "Memory cgroup out of memory");
    }

    /**
     * One that has been ended for whatever reason and has not given back yet all that it has; null: there is none.
     *
     * @param but one that is not waited for any more; may be null
     */
    Victim ending(Cgroup limited, Victim but) {
        for (ContainerImpl candidate : containers.get()) {
            if (limited == null || candidate.cgroup() == limited) {
                for (ThreadGroupImpl process : candidate.pidNamespace().groups()) {
                    if (process.exiting && !process.zombie() && (but == null || but.process != process)) {
                        return new Victim(process, candidate);
                    }
                }
            }
        }
        return null;
    }

    /** See proc(5), oom_score_adj: -1000 is never. */
    private static ThreadGroupImpl largestInMemory(ContainerImpl container) {
        ThreadGroupImpl largest = null;
        long most = Long.MIN_VALUE;
        long whole = container.cgroup().memoryBytes();
        for (ThreadGroupImpl process : container.pidNamespace().groups()) {
            int adjustment = process.oomScoreAdjustment();
            MemoryManager memory = memory(process);
            if (memory == null || process.zombie() || process.exiting || adjustment == -ADJUSTMENT_MAX) {
                continue;
            }
            long score = memory.residentBytes() + whole / ADJUSTMENT_MAX * adjustment;
            if (score > most) {
                largest = process;
                most = score;
            }
        }
        return largest;
    }

    /** Its first thread may have gone before the others. */
    private static MemoryManager memory(ThreadGroupImpl process) {
        for (TaskImpl task : process.liveTasks()) {
            MemoryManager memory = task.mm();
            if (memory != null) {
                return memory;
            }
        }
        return null;
    }

    /** Who ends may have met an OutOfMemoryError before it could tell: then it is seen now. */
    void endEmptyContainers() {
        containers.get().forEach(ContainerImpl::endWhenEmpty);
    }

    /**
     * Of those that are not at their end already. What a program has said of itself (proc(5), oom_score_adj) counts among the processes of
     * its container only: none can see to it that another container's goes instead.
     */
    private static ThreadGroupImpl largest(ContainerImpl container) {
        ThreadGroupImpl largest = null;
        long most = Long.MIN_VALUE;
        long whole = container.cgroup().heapBytes();
        for (ThreadGroupImpl process : container.pidNamespace().groups()) {
            long score = process.cgroup().heapBytes() + whole / ADJUSTMENT_MAX * process.oomScoreAdjustment();
            if (!process.zombie() && !process.exiting && score > most) {
                largest = process;
                most = score;
            }
        }
        return largest;
    }

    private Victim kill(ContainerImpl container, ThreadGroupImpl process, String reason) {
        MemoryManager memory = memory(process);
        Victim victim = new Victim(process, container);
        long resident = memory == null ? 0 : memory.residentBytes();
        long virtual = memory == null ? 0 : memory.virtualBytes();
        process.exitGroup(Wait.signaled(Signals.SIGKILL, false));
        container.cgroup().countMemoryEvent(MemoryEvent.OOM_KILL);
        log.log(LOG_ERROR, reason + ": Killed process " + process.pid() + " (" + victim.name + ") total-vm:" + (virtual >> KIB)
            + "kB, anon-rss:" + (resident >> KIB) + "kB, file-rss:0kB, shmem-rss:0kB, UID:" + process.leader().credentials().uid()
            + " pgtables:0kB oom_score_adj:" + process.oomScoreAdjustment() + ", kernel-heap:" + (victim.heapBytes >> KIB) + "kB");
        return victim;
    }

    /** A process that is ended. */
    static final class Victim {
        private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(30);
        private static final long LOOK_NS = TimeUnit.MILLISECONDS.toNanos(5);

        private final ThreadGroupImpl process;
        private final String name;
        private final String container;
        private final long heapBytes;
        private final long memoryBytes;

        Victim(ThreadGroupImpl process, ContainerImpl container) {
            MemoryManager memory = memory(process);
            this.process = process;
            name = process.leader().name();
            this.container = container.id();
            heapBytes = process.cgroup().heapBytes();
            memoryBytes = memory == null ? 0 : memory.residentBytes();
        }

        boolean ended() {
            return process.zombie();
        }

        /** Until it has given back what it had; or for as long as that may take, also while a bundle is being replaced. */
        void awaitEnd() {
            long begin = System.nanoTime();
            while (!process.zombie() && System.nanoTime() - begin < PATIENCE_NS) {
                LockSupport.parkNanos(LOOK_NS);
            }
        }

        private String description(String charged) {
            return "process " + process.pid() + " (" + name + ") of container " + container + ", which " + charged;
        }

        String ofHeap() {
            return description("was charged for " + (heapBytes >> KIB) + " KiB");
        }

        String ofMemory() {
            return description("had " + (memoryBytes >> KIB) + " KiB of memory");
        }
    }
}
