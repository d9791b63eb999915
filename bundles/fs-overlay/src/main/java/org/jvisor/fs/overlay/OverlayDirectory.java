// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.overlay;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.Killable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;

/** An open directory of which both layers have a part: the merged list is made when reading begins, and read by its index. */
final class OverlayDirectory implements FileOperations, Stateful {

    /** Entries of a layer that are taken with nothing of it held. */
    private static final int AT_ONCE = 1024;

    /** A name in one layer. */
    record Entry(String name, long ino, int type) {}

    private final OverlayInode directory;
    /** Guarded by the lock of the description's position, with which a directory is read. */
    private MergedList entries;

    OverlayDirectory(OverlayInode directory) {
        this.directory = directory;
    }

    /** What {@link #save} wrote. */
    OverlayDirectory(StateRecord record) {
        directory = record.requireOwn("inode", OverlayInode.class);
        entries = record.has("names") ? new MergedList(record) : null;
    }

    @Override
    public StateRecord save() {
        StateRecord record = new StateRecord(OverlayType.DIRECTORY, OverlayType.SCHEMA).putOwn("inode", directory);
        if (entries != null) {
            entries.save(record);
        }
        return record;
    }

    /** Takes the entries of a layer one by one. */
    @FunctionalInterface
    private interface Visitor {
        /** Whether to go on. */
        boolean visit(Entry entry);
    }

    /** Goes through everything in {@code layer} but "." and "..". */
    private static void forEach(Task task, Overlay overlay, Inode layer, Visitor visitor) {
        FileDescription open = overlay.open(task, layer, Open.O_RDONLY | Open.O_DIRECTORY);
        try {
            long[] position = {0};
            List<Entry> some = new ArrayList<>();
            do {
                some.clear();
                long result = open.operations().readdir(task, open, position[0], (name, ino, type, next) -> {
                    if (some.size() == AT_ONCE) {
                        return false;
                    }
                    position[0] = next;
                    some.add(new Entry(name, ino, type));
                    return true;
                });
                if (result < 0) {
                    throw ErrnoException.of((int) -result);
                }
                requireAlive();
            } while (visit(some, visitor) && !some.isEmpty());
        } finally {
            open.release(task);
        }
    }

    private static boolean visit(List<Entry> some, Visitor visitor) {
        for (Entry entry : some) {
            if (!entry.name().equals(".") && !entry.name().equals("..") && !visitor.visit(entry)) {
                return false;
            }
        }
        return true;
    }

    /** Who goes through a large directory can be killed meanwhile. */
    private static void requireAlive() {
        if (Thread.currentThread() instanceof Killable task && task.killed()) {
            throw ErrnoException.of(Errno.EINTR);
        }
    }

    /** Whether nothing is shown in {@code directory}. */
    static boolean isEmpty(Task task, OverlayInode directory) {
        boolean[] empty = {true};
        forEachShown(task, directory, entry -> {
            empty[0] = false;
            return false;
        });
        return empty[0];
    }

    /** The whiteouts in {@code layer}. */
    static void forEachWhiteout(Task task, Overlay overlay, Inode layer, BiConsumer<String, Inode> taker) {
        forEach(task, overlay, layer, entry -> {
            Inode inode = layer.lookup(task, entry.name());
            if (inode != null && OverlayInode.isWhiteout(inode)) {
                taker.accept(entry.name(), inode);
            }
            return true;
        });
    }

    /** What {@code directory} has to show: the upper layer's names, and those of the lower one that it does not hide. */
    private static void forEachShown(Task task, OverlayInode directory, Visitor visitor) {
        Overlay overlay = directory.overlay();
        Inode upper = directory.upper();
        Inode lower = directory.lower();
        boolean[] more = {true};
        if (upper != null) {
            forEach(task, overlay, upper, entry -> {
                boolean mayHide = entry.type() == Mode.DT_CHR || entry.type() == Mode.DT_UNKNOWN;
                Inode inode = mayHide ? upper.lookup(task, entry.name()) : null;
                if (!mayHide || inode != null && !OverlayInode.isWhiteout(inode)) {
                    more[0] = visitor.visit(new Entry(entry.name(), shownIno(task, directory, entry), entry.type()));
                }
                return more[0];
            });
        }
        if (lower != null && more[0]) {
            forEach(task, overlay, lower, entry -> upper != null && upper.lookup(task, entry.name()) != null || visitor.visit(entry));
        }
    }

    /** The number of what is in the upper layer, as stat(2) shows it. */
    private static long shownIno(Task task, OverlayInode directory, Entry entry) {
        if (directory.lower() == null) {
            return OverlayInode.upperIno(entry.ino());
        }
        Inode shown = directory.lookup(task, entry.name());
        return shown == null ? entry.ino() : shown.ino();
    }

    /** The merged list, which {@code file} keeps. */
    private static MergedList entries(Task task, OverlayInode directory, FileDescription file) {
        MergedList merged = new MergedList();
        forEachShown(task, directory, entry -> {
            merged.add(entry.name(), entry.ino(), entry.type());
            if (merged.size() % AT_ONCE == 0) {
                charge(task, file, merged.bytes());
            }
            return true;
        });
        charge(task, file, merged.bytes());
        return merged;
    }

    private static void charge(Task task, FileDescription file, long bytes) {
        if (file != null && !file.keep(task, bytes)) {
            throw ErrnoException.of(Errno.ENOMEM);
        }
    }

    @Override
    public boolean seekable() {
        return true;
    }

    @Override
    public long readdir(Task task, FileDescription file, long position, DirectorySink sink) {
        if (entries == null || position == 0) {
            entries = entries(task, directory, file);
        }
        if (position == 0 && !sink.add(".", directory.ino(), Mode.S_IFDIR >> 12, 1)) {
            return 0;
        }
        if (position <= 1 && !sink.add("..", directory.ino(), Mode.S_IFDIR >> 12, 2)) {
            return 0;
        }
        for (long i = Math.max(0, position - 2); i < entries.size(); i++) {
            int at = (int) i;
            if (!sink.add(entries.name(at), entries.ino(at), entries.type(at), i + 3)) {
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
