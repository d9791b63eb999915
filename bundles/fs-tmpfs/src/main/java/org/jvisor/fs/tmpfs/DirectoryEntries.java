// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.tmpfs;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jvisor.api.state.StateRecord;

/**
 * The names in a directory: by name, and in the order of their positions. A name keeps its position as long as it exists, and a
 * position is never given twice, so that who reads the directory while it changes meets each lasting name exactly once. Guarded
 * by the directory.
 */
final class DirectoryEntries {

    /** "." and ".." have 0 and 1. */
    static final long FIRST_POSITION = 2;

    private static final int INITIAL = 8;
    private static final int SPARSE = 8;

    private Map<String, Entry> byName = new HashMap<>();
    /** Ascending by position, with gaps (null) where names were removed. */
    private Entry[] ordered = new Entry[INITIAL];
    private int end;
    private long nextPosition = FIRST_POSITION;

    static final class Entry {
        final String name;
        final long position;
        /** Its place in {@link DirectoryEntries#ordered}. */
        private int index;
        private TmpfsInode inode;

        private Entry(String name, TmpfsInode inode, long position) {
            this.name = name;
            this.inode = inode;
            this.position = position;
        }

        TmpfsInode inode() {
            return inode;
        }
    }

    int size() {
        return byName.size();
    }

    TmpfsInode get(String name) {
        Entry entry = byName.get(name);
        return entry == null ? null : entry.inode;
    }

    // ---- hand-over

    void save(StateRecord record) {
        record.put("nextPosition", nextPosition).putList("entries");
        for (Entry entry = from(0); entry != null; entry = after(entry)) {
            record.add("entries").put("name", entry.name).put("position", entry.position).putOwn("inode", entry.inode);
        }
    }

    /** What {@link #save} wrote, into an empty directory. */
    void adopt(StateRecord record) {
        for (StateRecord entry : record.items("entries")) {
            enter(entry.requireString("name"), entry.requireOwn("inode", TmpfsInode.class), entry.requireLong("position"));
        }
        nextPosition = record.requireLong("nextPosition");
    }

    /** Adds a name, or gives an existing one another meaning. */
    void put(String name, TmpfsInode inode) {
        Entry known = byName.get(name);
        if (known != null) {
            known.inode = inode;
            return;
        }
        enter(name, inode, nextPosition++);
    }

    /** @param position beyond all others */
    private void enter(String name, TmpfsInode inode, long position) {
        if (end == ordered.length) {
            makeRoom();
        }
        Entry entry = new Entry(name, inode, position);
        entry.index = end;
        ordered[end++] = entry;
        byName.put(name, entry);
    }

    private void makeRoom() {
        rearrange(byName.size() > ordered.length / 2 ? ordered.length * 2 : ordered.length);
    }

    /** Closes the gaps, in an array of {@code length}. */
    private void rearrange(int length) {
        int live = 0;
        Entry[] to = new Entry[length];
        for (int i = 0; i < end; i++) {
            Entry entry = ordered[i];
            if (entry != null) {
                entry.index = live;
                to[live++] = entry;
            }
        }
        ordered = to;
        end = live;
    }

    void remove(String name) {
        Entry entry = byName.remove(name);
        ordered[entry.index] = null;
        if (entry.index == end - 1) {
            end--;
        }
        if (ordered.length > INITIAL && byName.size() < ordered.length / SPARSE) {
            // A directory that was large once does not stay so: nobody pays for that.
            rearrange(Math.max(INITIAL, ordered.length / 2));
            byName = new HashMap<>(byName);
        }
    }

    /** The first entry at or after {@code position}, or null. */
    Entry from(long position) {
        int low = 0;
        int high = end;
        while (low < high) {
            int middle = (low + high) >>> 1;
            int probe = middle;
            while (probe < high && ordered[probe] == null) {
                probe++;
            }
            if (probe == high) {
                high = middle;
            } else if (ordered[probe].position < position) {
                low = probe + 1;
            } else {
                high = middle;
            }
        }
        while (low < end && ordered[low] == null) {
            low++;
        }
        return low < end ? ordered[low] : null;
    }

    /** The entry after {@code entry}, which is still there, or null. */
    Entry after(Entry entry) {
        for (int i = entry.index + 1; i < end; i++) {
            if (ordered[i] != null) {
                return ordered[i];
            }
        }
        return null;
    }

    TmpfsInode[] inodes() {
        return Arrays.stream(ordered, 0, end).filter(e -> e != null).map(Entry::inode).toArray(TmpfsInode[]::new);
    }
}
