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
    /** Running programs let go of what file systems have given up as soon as they hear of it. */
    private static final long GRACE_NS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final long LOOK_NS = TimeUnit.MILLISECONDS.toNanos(1);

    private static final Logger LOG = System.getLogger("org.jvisor.core.memory");

    private final OomKiller killer;
    private final Vfs vfs;
    private final MemoryFile sandbox;
    /** Who has been waited for in vain; null: nobody, or it has ended at last. */
    private volatile OomKiller.Victim givenUp;
    /** One victim at a time. */
    private final KillableLock lock = new KillableLock(LockRank.MEMORY_RELIEF);

    /** @param sandbox the memory file as nobody in particular has it */
    public MemoryRelief(OomKiller killer, Vfs vfs, MemoryFile sandbox) {
        this.killer = killer;
        this.vfs = vfs;
        this.sandbox = sandbox;
    }

    @Override
    public boolean relieve(Cgroup container, Task task, Runnable meanwhile) {
        LockOrder.mayWait("a shortage of memory");
        if (killed()) {
            return false;
        }
        Cgroup full = hasRoom(container) ? null : container;
        if (hasRoom(full)) {
            LockSupport.parkNanos(LOOK_NS); // what others have released is free once nobody can hold its address any more
            return true;
        }
        if (full != null) {
            full.countMemoryEvent(MemoryEvent.MAX);
        }
        if (vfs.reclaimPages(full) > 0) {
            meanwhile.run();
            return true;
        }
        if (await(full, null, task, meanwhile, GRACE_NS)) {
            return !killed();
        }
        OomKiller.Victim victim;
        try (KillableLock _ = lock.takeAlways()) {
            if (hasRoom(full)) {
                return true; // who was here before has made room
            }
            victim = victim(full);
        }
        if (victim == null) {
            return false;
        }
        await(full, victim, task, meanwhile, PATIENCE_NS);
        return !killed();
    }

    @Override
    public boolean reclaim(Cgroup container) {
        LockOrder.mayWait("a shortage of memory");
        return vfs.reclaimPages(hasRoom(container) ? null : container) > 0;
    }

    private OomKiller.Victim victim(Cgroup full) {
        OomKiller.Victim stuck = givenUp;
        if (stuck != null && stuck.ended()) {
            stuck = null;
            givenUp = null;
        }
        OomKiller.Victim victim = killer.ending(full, stuck);
        if (victim == null) {
            if (full != null) {
                full.countMemoryEvent(MemoryEvent.OOM);
            }
            victim = killer.killForMemory(full);
            tell(victim);
        }
        return victim;
    }

    /**
     * Waits for room, and no longer than until the victim has ended, or the thread or its task has something else to do.
     *
     * @param victim may be null
     * @return whether there is room, or to be no more waiting
     */
    private boolean await(Cgroup full, OomKiller.Victim victim, Task task, Runnable meanwhile, long patienceNs) {
        long begin = System.nanoTime();
        while (true) {
            meanwhile.run();
            if (hasRoom(full) || victim != null && victim.ended() || killed() || task != null && task.interrupted()) {
                return true;
            }
            if (System.nanoTime() - begin >= patienceNs) {
                givenUp = victim != null ? victim : givenUp;
                return false;
            }
            LockSupport.parkNanos(LOOK_NS);
        }
    }

    /** @param limited null: in the sandbox */
    private boolean hasRoom(Cgroup limited) {
        long room = limited == null ? sandbox.limit() - sandbox.used() : limited.memoryLimit() - limited.memoryBytes();
        return room >= MemoryFile.PAGE;
    }

    private static boolean killed() {
        return Thread.currentThread() instanceof Killable self && self.killed();
    }

    private static void tell(OomKiller.Victim victim) {
        if (victim != null) {
            LOG.log(Level.WARNING, "out of memory: killed {0}", victim.ofMemory());
        }
    }
}
