// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.overlay;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;

/** An open directory of which both layers have a part: the merged list is made when reading begins, and read by its index. */
final class OverlayDirectory implements FileOperations, Stateful {

    /** A name in one layer. */
    record Entry(String name, long ino, int type) {}

    private final OverlayInode directory;
    /** Guarded by the lock of the description's position, with which a directory is read. */
    private List<Entry> entries;

    OverlayDirectory(OverlayInode directory) {
        this.directory = directory;
    }

    /** What {@link #save} wrote. */
    OverlayDirectory(StateRecord record) {
        directory = record.requireOwn("inode", OverlayInode.class);
        if (record.has("entries")) {
            entries = new ArrayList<>();
            for (StateRecord entry : record.items("entries")) {
                entries.add(new Entry(entry.requireString("name"), entry.requireLong("ino"), entry.getInt("type", 0)));
            }
        }
    }

    @Override
    public StateRecord save() {
        StateRecord record = new StateRecord(OverlayType.DIRECTORY, OverlayType.SCHEMA).putOwn("inode", directory);
        if (entries != null) {
            record.putList("entries");
            entries.forEach(entry -> record.add("entries").put("name", entry.name()).put("ino", entry.ino())
                    .put("type", entry.type()));
        }
        return record;
    }

    /** Everything in {@code layer} but "." and "..". */
    static List<Entry> list(Task task, Overlay overlay, Inode layer) {
        List<Entry> entries = new ArrayList<>();
        FileDescription open = overlay.open(task, layer, Open.O_RDONLY | Open.O_DIRECTORY);
        try {
            long[] position = {0};
            boolean[] any = {true};
            while (any[0]) {
                any[0] = false;
                long result = open.operations().readdir(task, open, position[0], (name, ino, type, next) -> {
                    any[0] = true;
                    position[0] = next;
                    if (!name.equals(".") && !name.equals("..")) {
                        entries.add(new Entry(name, ino, type));
                    }
                    return true;
                });
                if (result < 0) {
                    throw ErrnoException.of((int) -result);
                }
            }
            return entries;
        } finally {
            open.release(task);
        }
    }

    /** What {@code directory} has to show: the upper layer's names, and those of the lower one that it does not hide. */
    static List<Entry> entries(Task task, OverlayInode directory) {
        Overlay overlay = directory.overlay();
        List<Entry> merged = new ArrayList<>();
        Set<String> hidden = new HashSet<>();
        Inode upper = directory.upper();
        Inode lower = directory.lower();
        if (upper != null) {
            for (Entry entry : list(task, overlay, upper)) {
                hidden.add(entry.name());
                Inode inode = upper.lookup(task, entry.name());
                if (inode != null && !OverlayInode.isWhiteout(inode)) {
                    // Its number is the one that stat(2) shows.
                    Inode shown = directory.lookup(task, entry.name());
                    merged.add(new Entry(entry.name(), shown == null ? entry.ino() : shown.ino(), entry.type()));
                }
            }
        }
        if (lower != null) {
            for (Entry entry : list(task, overlay, lower)) {
                if (!hidden.contains(entry.name())) {
                    merged.add(entry);
                }
            }
        }
        return merged;
    }

    @Override
    public boolean seekable() {
        return true;
    }

    @Override
    public long readdir(Task task, FileDescription file, long position, DirectorySink sink) {
        if (entries == null || position == 0) {
            entries = entries(task, directory);
        }
        if (position == 0 && !sink.add(".", directory.ino(), Mode.S_IFDIR >> 12, 1)) {
            return 0;
        }
        if (position <= 1 && !sink.add("..", directory.ino(), Mode.S_IFDIR >> 12, 2)) {
            return 0;
        }
        for (long i = Math.max(0, position - 2); i < entries.size(); i++) {
            Entry entry = entries.get((int) i);
            if (!sink.add(entry.name(), entry.ino(), entry.type(), i + 3)) {
                return 0;
            }
        }
        return 0;
    }

    @Override
    public long fsync(Task task, boolean dataOnly) {
        return 0;
    }
}
