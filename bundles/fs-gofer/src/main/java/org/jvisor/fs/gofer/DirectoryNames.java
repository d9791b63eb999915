// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Attributes;
import org.jvisor.api.p9.P9Requests;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.Inode;

/**
 * All entries of a directory, once it has been read, with the attributes that came along: after a readdir(3) no name of it needs
 * another question, whether it is there or not. Kept only in trees that nobody else changes.
 */
final class DirectoryNames {
    /** {@link #find}'s answers. */
    static final int UNKNOWN = 0;
    static final int FOUND = 1;
    static final int ABSENT = 2;

    /** Entries of a directory that is remembered, at most. */
    private static final int MOST_REMEMBERED = 25_000;
    /** No server has more in a directory; what goes on telling of entries is none. */
    private static final int MOST_LISTED = 1 << 24;
    /** What an entry takes of the heap beside its name, in a list and while the list is made. */
    private static final int ENTRY_BYTES = 150;

    /** Held over the messages that change the directory, so that what is read is not older than what is changed. */
    final KillableLock lock = new KillableLock(LockRank.GOFER_DIRECTORY);

    private final GoferDirectory directory;
    /** Guards the entries. */
    private final Mutex table = new Mutex(LockRank.INODE);
    /** Null when the directory has not been read. Published for a quick look without a lock. */
    private volatile LinkedHashMap<String, Entry> entries;

    /** The same in order; null when it has to be made anew. */
    private Entry[] list;

    /** An entry. */
    static final class Entry {
        final String name;
        final long ino;
        final int type;
        /** As they were when the directory was read; null once the inode knows better, or might. Guarded by the table's lock. */
        private P9Attributes attributes;

        Entry(String name, long ino, int type, P9Attributes attributes) {
            this.name = name;
            this.ino = ino;
            this.type = type;
            this.attributes = attributes;
        }
    }

    DirectoryNames(GoferDirectory directory) {
        this.directory = directory;
    }

    // ---- hand-over

    /** Entries without their attributes, which can be asked for again; in few arrays, for there may be very many. */
    static void save(StateRecord record, Entry[] entries) {
        if (entries == null) {
            return;
        }
        StringBuilder names = new StringBuilder();
        long[] inos = new long[entries.length];
        byte[] types = new byte[entries.length];
        for (int i = 0; i < entries.length; i++) {
            names.append(entries[i].name).append('\0');
            inos[i] = entries[i].ino;
            types[i] = (byte) entries[i].type;
        }
        record.put("names", names.toString().getBytes(StandardCharsets.ISO_8859_1)).put("inos", inos).put("types", types);
    }

    /** Null when there were none. */
    static Entry[] entries(StateRecord record) {
        byte[] names = record.getBytes("names");
        if (names == null) {
            return null;
        }
        long[] inos = record.getLongs("inos");
        byte[] types = record.getBytes("types");
        Entry[] entries = new Entry[inos.length];
        int begin = 0;
        for (int i = 0; i < entries.length; i++) {
            int end = begin;
            while (names[end] != 0) {
                end++;
            }
            String name = new String(names, begin, end - begin, StandardCharsets.ISO_8859_1);
            entries[i] = new Entry(name, inos[i], types[i] & 0xff, null);
            begin = end + 1;
        }
        return entries;
    }

    void save(StateRecord record) {
        try (Mutex _ = table.take()) {
            save(record, entries == null ? null : entries.values().toArray(new Entry[0]));
        }
    }

    /** What {@link #save} wrote. How many there are is in the file system's record. */
    void adopt(StateRecord record) {
        Entry[] saved = entries(record);
        if (saved != null) {
            LinkedHashMap<String, Entry> all = new LinkedHashMap<>();
            for (Entry entry : saved) {
                all.put(entry.name, entry);
            }
            entries = all;
        }
    }

    GoferDirectory directory() {
        return directory;
    }

    /** How many entries are remembered. */
    int count() {
        LinkedHashMap<String, Entry> all = entries;
        return all == null ? 0 : all.size();
    }

    /**
     * Looks a name up without asking the gofer.
     *
     * @return {@link #FOUND}: its inode is in {@code found[at]}; {@link #ABSENT}; or {@link #UNKNOWN}: only the gofer can say
     */
    int find(String name, Inode[] found, int at) {
        if (entries == null) {
            return UNKNOWN;
        }
        Entry entry;
        P9Attributes a;
        try (Mutex _ = table.take()) {
            if (entries == null) {
                return UNKNOWN;
            }
            entry = entries.get(name);
            if (entry == null) {
                return ABSENT;
            }
            a = entry.attributes;
            entry.attributes = null;
        }
        found[at] = inode(entry, a);
        return found[at] == null ? UNKNOWN : FOUND;
    }

    private GoferInode inode(Entry entry, P9Attributes a) {
        GoferFileSystem fileSystem = directory.fileSystem;
        GoferInode known = fileSystem.known(entry.ino);
        if (known != null && (a == null || known.isSame(a))) {
            return known;
        }
        // Of a file with several names the attributes may have been changed by another one.
        boolean usable = known == null && a != null && (a.nlink == 1 || Mode.isDir(a.mode));
        return usable ? fileSystem.inode(a, P9.NOFID, directory, entry.name, false) : null;
    }

    // ---- changes; with the lock

    void added(String name, GoferInode inode) {
        try (Mutex _ = table.take()) {
            if (entries != null) {
                Entry before = entries.put(name, new Entry(name, inode.ino(), Mode.direntType(inode.mode()), null));
                list = null;
                if (entries.size() > MOST_REMEMBERED) {
                    directory.fileSystem.namesChanged(this, 1 - entries.size(), false);
                    entries = null;
                } else {
                    directory.fileSystem.namesChanged(this, before == null ? 1 : 0, true);
                }
            }
        }
    }

    void removed(String name) {
        try (Mutex _ = table.take()) {
            if (entries != null && entries.remove(name) != null) {
                list = null;
                directory.fileSystem.namesChanged(this, -1, true);
            }
        }
    }

    /** The directory has just been made. */
    void startEmpty() {
        if (!directory.fileSystem.shared) {
            set(new LinkedHashMap<>());
        }
    }

    private void set(LinkedHashMap<String, Entry> read) {
        try (Mutex _ = table.take()) {
            int more = (read == null ? 0 : read.size()) - (entries == null ? 0 : entries.size());
            if (read != null || entries != null) {
                entries = read;
                list = null;
                directory.fileSystem.namesChanged(this, more, read != null);
            }
        }
    }

    /** Without the lock, too: who reads just now remembers what it has read. */
    void forget() {
        set(null);
    }

    /** Memory is wanted for other directories; whether nobody uses them at this moment. */
    boolean tryForget() {
        if (!table.tryLock()) {
            return false;
        }
        try {
            set(null);
            return true;
        } finally {
            table.unlock();
        }
    }

    // ---- reading

    /**
     * All entries; the array is not changed any more.
     *
     * @param reader keeps the list, which is charged from its making; null: nobody is
     * @throws ErrnoException ENOMEM when it may not keep so much
     */
    Entry[] list(Task task, FileDescription reader) {
        Entry[] all = listFor(task, reader);
        long bytes = 0;
        for (Entry entry : all) {
            bytes += ENTRY_BYTES + entry.name.length();
        }
        charge(task, reader, bytes);
        return all;
    }

    private static void charge(Task task, FileDescription reader, long bytes) {
        if (reader != null && !reader.keep(task, bytes)) {
            throw ErrnoException.of(Errno.ENOMEM);
        }
    }

    private Entry[] listFor(Task task, FileDescription reader) {
        Entry[] known = known();
        if (known != null) {
            return known;
        }
        try (KillableLock _ = lock.take()) {
            known = known();
            if (known != null) {
                return known;
            }
            directory.settle();
            LinkedHashMap<String, Entry> all = read(task, reader);
            if (!directory.fileSystem.shared && all.size() <= MOST_REMEMBERED) {
                set(all);
                known = known();
            }
            return known != null ? known : all.values().toArray(new Entry[0]);
        }
    }

    private Entry[] known() {
        if (entries == null) {
            return null;
        }
        try (Mutex _ = table.take()) {
            if (entries != null && list == null) {
                list = entries.values().toArray(new Entry[0]);
            }
            return entries == null ? null : list;
        }
    }

    private LinkedHashMap<String, Entry> read(Task task, FileDescription reader) {
        GoferClient client = directory.client;
        int number = directory.fid.acquire();
        try {
            Exchange e = client.take();
            try {
                return read(client, e, number, task, reader);
            } finally {
                client.give(e);
            }
        } finally {
            directory.fid.release();
        }
    }

    private LinkedHashMap<String, Entry> read(GoferClient client, Exchange e, int number, Task task, FileDescription reader) {
        LinkedHashMap<String, Entry> all = new LinkedHashMap<>();
        boolean end = false;
        long offset = 0;
        int told = 0;
        long bytes = 0;
        while (!end) {
            P9Requests.readdirattr(e.request, number, offset, client.messageSize());
            client.call(e);
            end = e.reply.getByte() == 1;
            e.reply.getInt();
            int before = told;
            while (e.reply.remaining() > 0 && e.reply.isIntact()) {
                offset = addEntry(all, e);
                bytes += ENTRY_BYTES + e.reply.stringLength();
                told++;
            }
            e.reply.checkIntact();
            charge(task, reader, bytes);
            if (!end && told == before || told > MOST_LISTED) {
                throw ErrnoException.of(Errno.EIO);
            }
        }
        return all;
    }

    /** Its offset. */
    private long addEntry(LinkedHashMap<String, Entry> all, Exchange e) {
        // With the attributes as long as they are few enough to be kept.
        boolean keeps = !directory.fileSystem.shared && all.size() < MOST_REMEMBERED;
        P9Attributes a = keeps ? new P9Attributes() : e.attributes;
        a.read(e.reply);
        long offset = e.reply.getLong();
        String name = e.reply.getString();
        if (name.isEmpty() || name.indexOf('/') >= 0 || name.indexOf('\0') >= 0) {
            throw ErrnoException.of(Errno.EIO); // no name that a path could have
        }
        all.put(name, new Entry(name, a.qidPath, Mode.direntType(a.mode), keeps ? a : null));
        return offset;
    }
}
