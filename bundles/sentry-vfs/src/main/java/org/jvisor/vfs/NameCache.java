// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;

/**
 * The cached names of a file system: which of them are kept though nobody uses them, and which are there only as long as somebody
 * does. Each is charged until the collector has found that nobody has it any more.
 */
final class NameCache {

    /** How many names of a file system are kept that nobody uses. */
    static final int KEPT = 16_384;

    private final boolean keeps;
    private final int most;
    /** Null: nobody. */
    private final Cgroup payer;
    private final NameReclaim reclaim;
    private final ReferenceQueue<DentryImpl> unused = new ReferenceQueue<>();
    private final Account names;
    /** Null where the file system pays for its inodes itself. */
    private final Account inodes;

    private final Mutex mutex = new Mutex(LockRank.SUPER_BLOCK);
    /** Both are circular lists with a head of their own, guarded by the mutex. */
    private final NameEntry kept = new NameEntry(null, null, 0, null, null, null);
    private final NameEntry letGo = new NameEntry(null, null, 0, null, null, null);
    private int keptCount;

    /**
     * @param keeps whether names that nobody uses are kept at all
     * @param most of them
     * @param countsInodes whether the inodes in use are charged, too
     * @param payer whose names they are
     */
    NameCache(boolean keeps, int most, boolean countsInodes, Cgroup payer, NameReclaim reclaim) {
        this.keeps = keeps;
        this.most = most;
        this.payer = payer;
        this.reclaim = reclaim;
        names = new Account(payer, Charge.DENTRY);
        inodes = countsInodes ? new Account(payer, Charge.CACHED_INODE) : null;
        kept.previous = kept.next = kept;
        letGo.previous = letGo.next = letGo;
    }

    boolean keeps() {
        return keeps;
    }

    ReferenceQueue<DentryImpl> unusedQueue() {
        return unused;
    }

    Cgroup payer() {
        return payer;
    }

    // ---- charges

    /**
     * Takes room for so many names that are to be entered: who does not enter all of them gives the rest back. May let go of what is
     * kept, and have the collector look for what nobody uses. With no mutex held.
     *
     * @throws ErrnoException ENOMEM; ENOENT when the file system has ended
     */
    void take(int count) {
        if (!tryTake(count) && !reclaim.charge(this, count)) {
            throw ErrnoException.of(Errno.ENOMEM);
        }
        if (names.hasEnded()) {
            throw ErrnoException.of(Errno.ENOENT);
        }
    }

    /** Takes room for names that need not be entered; whether there is some. */
    boolean tryTake(int count) {
        return (inodes == null || !inodes.isFull()) && names.tryTake(count);
    }

    void give(int count) {
        if (count > 0) {
            names.give(count);
        }
    }

    /** An inode is in use, for whose name there was room. */
    void inodeUsed() {
        if (inodes != null) {
            inodes.take(1);
        }
    }

    void inodeUnused() {
        if (inodes != null) {
            inodes.give(1);
        }
    }

    /** The file system has ended: whoever still has one of its names finds nothing by it. */
    void end() {
        names.end();
        if (inodes != null) {
            inodes.end();
        }
    }

    // ---- the lists

    /** A new entry of a table, for which room was taken: kept, if this file system's names are. */
    void enlist(NameEntry entry) {
        NameEntry victim = null;
        try (Mutex _ = mutex.take()) {
            if (keeps) {
                victim = keep(entry);
            } else {
                append(letGo, entry, NameEntry.LET_GO);
                entry.strong = null;
            }
        }
        drop(victim);
        collect();
    }

    /** Keeps an entry again that was let go and is used anew. */
    void keepAgain(NameEntry entry, DentryImpl dentry) {
        NameEntry victim = null;
        try (Mutex _ = mutex.take()) {
            if (entry.list == NameEntry.LET_GO && keeps) {
                unlink(entry);
                entry.strong = dentry;
                victim = keep(entry);
            }
        }
        drop(victim);
    }

    private NameEntry keep(NameEntry entry) {
        append(kept, entry, NameEntry.KEPT);
        keptCount++;
        return keptCount > most ? letOneGo() : null;
    }

    /** A negative entry that is kept no more. */
    private void drop(NameEntry victim) {
        if (victim != null) {
            victim.table.remove(victim);
            give(1);
        }
    }

    /**
     * The hand of the clock: what was not looked up since it came by last; a negative entry that is to leave its table, or
     * null.
     */
    private NameEntry letOneGo() {
        NameEntry entry = kept.next;
        while (entry.used) {
            entry.used = false;
            unlink(entry);
            append(kept, entry, NameEntry.KEPT);
            entry = kept.next;
        }
        return letGoOf(entry);
    }

    private NameEntry letGoOf(NameEntry entry) {
        unlink(entry);
        keptCount--;
        if (entry.isNegative()) {
            return entry;
        }
        append(letGo, entry, NameEntry.LET_GO);
        entry.strong = null;
        return null;
    }

    /** Keeps nothing of what there is any longer. */
    void letAllGo() {
        List<NameEntry> victims = new ArrayList<>();
        try (Mutex _ = mutex.take()) {
            while (kept.next != kept) {
                NameEntry victim = letGoOf(kept.next);
                if (victim != null) {
                    victims.add(victim);
                }
            }
        }
        victims.forEach(this::drop);
    }

    /** {@code entry} has left its table for good, and what it named is somebody else's affair. */
    void remove(NameEntry entry) {
        if (delist(entry)) {
            give(1);
        }
    }

    /** {@code entry} has left its table, and another takes its place. Whether it was in a list. */
    boolean delist(NameEntry entry) {
        try (Mutex _ = mutex.take()) {
            if (entry.list == NameEntry.KEPT) {
                keptCount--;
            }
            if (entry.list == NameEntry.UNLISTED) {
                return false;
            }
            unlink(entry);
            return true;
        }
    }

    /** {@code entry}, that of a directory which was removed, goes when nobody has it any more. */
    void letGo(NameEntry entry) {
        try (Mutex _ = mutex.take()) {
            if (entry.list == NameEntry.KEPT) {
                keptCount--;
            }
            if (entry.list != NameEntry.UNLISTED) {
                unlink(entry);
            }
            append(letGo, entry, NameEntry.LET_GO);
            entry.strong = null;
        }
    }

    /** Forgets the names that nobody used when the collector last looked; how many. */
    int collect() {
        int count = 0;
        for (Reference<?> r = unused.poll(); r != null; r = unused.poll()) {
            NameEntry entry = (NameEntry) r;
            entry.table.remove(entry);
            if (delist(entry)) {
                give(1);
                entry.vnode.release();
                count++;
            }
        }
        return count;
    }

    /** Names that the cache keeps. */
    int keptCount() {
        try (Mutex _ = mutex.take()) {
            return keptCount;
        }
    }

    private static void append(NameEntry head, NameEntry entry, int list) {
        entry.list = list;
        entry.previous = head.previous;
        entry.next = head;
        head.previous.next = entry;
        head.previous = entry;
    }

    private static void unlink(NameEntry entry) {
        entry.previous.next = entry.next;
        entry.next.previous = entry.previous;
        entry.previous = null;
        entry.next = null;
        entry.list = NameEntry.UNLISTED;
    }
}
