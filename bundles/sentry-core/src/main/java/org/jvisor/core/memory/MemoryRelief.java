// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.memory;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.MemoryEvent;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.Killable;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.LockOrder;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.mm.MemoryShortage;
import org.jvisor.api.vfs.Vfs;

/**
 * What is done when a container, or the sandbox, has no page of memory left: file systems give up what they only cache; where that is
 * nothing, the process that has most is ended, of that container, or of the one that has most. Whoever needs a page waits for it.
 */
public final class MemoryRelief implements MemoryShortage {

    /** A victim may have to wait for whoever waits for it here, with locks held; then another try is made without its memory. */
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(2);
    private static final long LOOK_NS = TimeUnit.MILLISECONDS.toNanos(1);

    private static final Logger LOG = System.getLogger("org.jvisor.core.memory");

    private final OomKiller killer;
    private final Vfs vfs;
    private final MemoryFile sandbox;
    /** One victim at a time. */
    private final KillableLock lock = new KillableLock(LockRank.MEMORY_RELIEF);

    /** @param sandbox the memory file as nobody in particular has it */
    public MemoryRelief(OomKiller killer, Vfs vfs, MemoryFile sandbox) {
        this.killer = killer;
        this.vfs = vfs;
        this.sandbox = sandbox;
    }

    @Override
    public boolean relieve(Cgroup container, Task task) {
        LockOrder.mayWait("a shortage of memory");
        if (killed()) {
            return false;
        }
        Cgroup full = hasRoom(container) ? null : container;
        if (full == null && hasRoom(sandbox)) {
            LockSupport.parkNanos(LOOK_NS); // what others have released is free once nobody can hold its address any more
            return true;
        }
        if (full != null) {
            full.countMemoryEvent(MemoryEvent.MAX);
        }
        if (vfs.reclaimPages(full) > 0) {
            return true;
        }
        OomKiller.Victim victim;
        try (KillableLock _ = lock.takeAlways()) {
            if (full != null ? hasRoom(full) : hasRoom(sandbox)) {
                return true; // who was here before has made room
            }
            victim = killer.ending(full);
            if (victim == null) {
                if (full != null) {
                    full.countMemoryEvent(MemoryEvent.OOM);
                }
                victim = killer.killForMemory(full);
                tell(victim);
            }
        }
        return victim != null && await(victim, task);
    }

    /** Whether it is not the container's own limit that is reached. */
    private static boolean hasRoom(Cgroup container) {
        return container.memoryLimit() - container.memoryBytes() >= MemoryFile.PAGE;
    }

    private static boolean hasRoom(MemoryFile file) {
        return file.limit() - file.used() >= MemoryFile.PAGE;
    }

    private static boolean killed() {
        return Thread.currentThread() instanceof Killable self && self.killed();
    }

    private static boolean await(OomKiller.Victim victim, Task task) {
        long begin = System.nanoTime();
        while (!victim.ended() && System.nanoTime() - begin < PATIENCE_NS) {
            if (killed()) {
                return false;
            }
            if (task != null && task.interrupted()) {
                return true;
            }
            LockSupport.parkNanos(LOOK_NS);
        }
        return true;
    }

    private static void tell(OomKiller.Victim victim) {
        if (victim != null) {
            LOG.log(Level.WARNING, "out of memory: killed {0}", victim.ofMemory());
        }
    }
}
