// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;

/**
 * The cached names of one directory. Readers take no lock: buckets and chains are published by volatile writes, and an entry
 * that is
 * taken out keeps its link, so that whoever stands on it goes on. While the table changes its size a reader may miss an entry
 * that is there;
 * it then looks again under the directory's lock, where nothing is missed.
 */
final class DentryTable {

    private static final int INITIAL_BUCKETS = 8;
    private static final int MAX_BUCKETS = 1 << 16;
    private static final int SPARSE = 8;

    /** Held over every change. */
    private final Mutex mutex = new Mutex(LockRank.DENTRY_TABLE);
    private volatile NameEntry[] buckets = new NameEntry[INITIAL_BUCKETS];
    private int size;

    NameEntry find(byte[] path, int offset, int length, int hash) {
        NameEntry[] b = buckets;
        for (NameEntry e = b[hash & b.length - 1]; e != null; e = e.chain) {
            if (e.matches(path, offset, length, hash)) {
                return e;
            }
        }
        return null;
    }

    /** Like {@link #find}, but surely sees what is there. */
    NameEntry findLocked(byte[] path, int offset, int length, int hash) {
        try (Mutex _ = mutex.take()) {
            return find(path, offset, length, hash);
        }
    }

    void add(NameEntry entry) {
        try (Mutex _ = mutex.take()) {
            if (size >= buckets.length && buckets.length < MAX_BUCKETS) {
                rehash(buckets.length * 2);
            }
            NameEntry[] b = buckets;
            int i = entry.hash & b.length - 1;
            entry.chain = b[i];
            entry.hashed = true;
            b[i] = entry;
            buckets = b; // publishes the element
            size++;
        }
    }

    private void rehash(int length) {
        NameEntry[] old = buckets;
        NameEntry[] fresh = new NameEntry[length];
        for (NameEntry e : old) {
            while (e != null) {
                NameEntry following = e.chain;
                int i = e.hash & fresh.length - 1;
                e.chain = fresh[i];
                fresh[i] = e;
                e = following;
            }
        }
        buckets = fresh;
    }

    /** Whether it was there. */
    boolean remove(NameEntry entry) {
        try (Mutex _ = mutex.take()) {
            if (!entry.hashed) {
                return false;
            }
            entry.hashed = false;
            NameEntry[] b = buckets;
            int i = entry.hash & b.length - 1;
            if (b[i] == entry) {
                b[i] = entry.chain;
                buckets = b;
            } else {
                NameEntry before = b[i];
                while (before.chain != entry) {
                    before = before.chain;
                }
                before.chain = entry.chain;
            }
            size--;
            if (b.length > INITIAL_BUCKETS && size < b.length / SPARSE) {
                rehash(b.length / 2);
            }
            return true;
        }
    }

    /** All entries at this moment, in no order. */
    NameEntry[] entries() {
        try (Mutex _ = mutex.take()) {
            NameEntry[] all = new NameEntry[size];
            int n = 0;
            for (NameEntry e : buckets) {
                for (; e != null; e = e.chain) {
                    all[n++] = e;
                }
            }
            return all;
        }
    }
}
