// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.Arrays;

/**
 * A name in a {@link DentryTable}: a dentry, or the knowledge that the name does not exist. The dentry is held strongly while the
 * cache keeps it and weakly afterwards.
 */
final class NameEntry extends WeakReference<DentryImpl> {

    /** In no list of the cache. */
    static final int UNLISTED = 0;
    /** Among those that the cache keeps. */
    static final int KEPT = 1;
    /** Among those that are there as long as somebody uses them. */
    static final int LET_GO = 2;

    final byte[] name;
    final int hash;
    final DentryTable table;

    /** Null: a negative entry. */
    final Vnode vnode;

    /** Next of the bucket; written under the table's monitor, read without. */
    volatile NameEntry chain;

    /** Null once the cache has let go. Written under the cache's mutex. */
    volatile DentryImpl strong;

    /** Second chance: set by look-ups, cleared by the hand of the clock. A race costs nothing but accuracy. */
    boolean used;

    /** Under the table's monitor: whether it is in the table. */
    boolean hashed;

    /** The lists' links and which list it is in; under the cache's mutex. */
    NameEntry previous;
    NameEntry next;
    int list;

    private String string;

    NameEntry(DentryTable table, byte[] name, int hash, DentryImpl dentry, Vnode vnode, ReferenceQueue<DentryImpl> queue) {
        super(dentry, queue);
        this.table = table;
        this.name = name;
        this.hash = hash;
        this.vnode = vnode;
        this.strong = dentry;
    }

    boolean isNegative() {
        return vnode == null;
    }

    /** Null when the entry is negative, or when nobody used the dentry any more. */
    DentryImpl dentry() {
        DentryImpl kept = strong;
        return kept != null ? kept : get();
    }

    boolean matches(byte[] path, int offset, int length, int nameHash) {
        return hash == nameHash && name.length == length && Arrays.equals(name, 0, length, path, offset, offset + length);
    }

    String nameString() {
        String known = string;
        if (known == null) {
            known = ByteNames.string(name, 0, name.length);
            string = known;
        }
        return known;
    }
}
