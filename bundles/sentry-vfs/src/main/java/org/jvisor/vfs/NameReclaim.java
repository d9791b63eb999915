// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.lock.Killable;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.LockRank;

/**
 * Finds room for names where a container may have no more: what its caches keep goes, and the collector looks which names nobody uses,
 * for only it knows. That stops everybody for a moment. So whoever needs it again waits until it has taken but a small part of the
 * time, and is refused meanwhile where it was of no use.
 */
final class NameReclaim {

    /** So many times as long as it has taken it is not asked again; the second where it was of no use. */
    private static final int SELDOM = 10;
    private static final int RARELY = 50;

    /** The collector hands out what it has found within so many looks, a moment apart. */
    private static final int LOOKS = 20;
    private static final long LOOK_NS = TimeUnit.MILLISECONDS.toNanos(1);

    /** Of the file systems that have not ended. */
    private final Set<NameCache> caches = ConcurrentHashMap.newKeySet();
    private final KillableLock lock = new KillableLock(LockRank.NAME_RECLAIM);
    /** When the collector may be asked again, in {@link System#nanoTime}'s terms. Under the lock. */
    private long notBefore = System.nanoTime();
    private boolean useless;

    void add(NameCache cache) {
        caches.add(cache);
    }

    void remove(NameCache cache) {
        caches.remove(cache);
    }

    /** Takes room for so many names in {@code cache} after all, if it can be found. */
    boolean charge(NameCache cache, int count) {
        try (KillableLock _ = lock.take()) {
            if (cache.tryTake(count)) {
                return true; // who was here before has made room
            }
            Cgroup payer = cache.payer();
            letGo(payer);
            if (cache.tryTake(count)) {
                return true;
            }
            long early = notBefore - System.nanoTime();
            if (early > 0 && useless) {
                return false;
            }
            for (; early > 0; early = notBefore - System.nanoTime()) {
                if (Thread.currentThread() instanceof Killable task && task.killed()) {
                    return false;
                }
                LockSupport.parkNanos(early);
            }
            long began = System.nanoTime();
            useless = !collect(cache, count);
            long now = System.nanoTime();
            notBefore = now + (now - began) * (useless ? RARELY : SELDOM);
            return !useless;
        }
    }

    private boolean collect(NameCache cache, int count) {
        System.gc();
        for (int i = 0; i < LOOKS; i++) {
            caches.forEach(NameCache::collect);
            if (cache.tryTake(count)) {
                return true;
            }
            LockSupport.parkNanos(LOOK_NS);
        }
        return false;
    }

    /** What the payer's caches keep, or all if all together have too much. */
    private void letGo(Cgroup payer) {
        Cgroup above = payer.parent();
        boolean all = above != null && (above.isFull(Charge.DENTRY) || above.isFull(Charge.CACHED_INODE));
        for (NameCache cache : caches) {
            if (all || cache.payer() == payer) {
                cache.letAllGo();
            }
        }
    }
}
