// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;

/**
 * A directory with fixed children. A subclass may have more, which come and go: it overrides {@link #lookupMore} and
 * {@link #readMore}. Children are added before anybody else knows the directory.
 */
public class PseudoDirectory extends PseudoInode {
    /** Positions from here on belong to {@link #readMore}. */
    protected static final long MORE = 256;
    private static final int DOTS = 2;

    private final Mutex lock = new Mutex(LockRank.LEAF);
    /** Replaced, never changed, with the lock held. */
    private volatile Map<String, Inode> children = Map.of();
    private volatile List<Map.Entry<String, Inode>> ordered = List.of();

    /** @param permissions without type bits, usually 0555 */
    public PseudoDirectory(PseudoFileSystem fileSystem, long ino, int permissions) {
        super(fileSystem, ino, Mode.S_IFDIR | permissions);
    }

    /**
     * Adds a child, at most {@link #MORE} less two of them.
     *
     * @return {@code child}
     */
    public final <T extends Inode> T add(String name, T child) {
        try (Mutex _ = lock.take()) {
            Map<String, Inode> more = new LinkedHashMap<>(children);
            more.put(name, child);
            ordered = List.copyOf(more.entrySet());
            children = more;
        }
        placed(name, child);
        return child;
    }

    /** The fixed child of that name, or null. */
    public final Inode child(String name) {
        return children.get(name);
    }

    @Override
    public final Inode lookup(Task task, String name) {
        return placed(name, lookupMore(task, name));
    }

    private <T extends Inode> T placed(String name, T found) {
        if (found instanceof PseudoInode pseudo) {
            pseudo.place(this, name);
        }
        return found;
    }

    /**
     * The child of that name, fixed or not; null when there is none.
     *
     * @param task who looks; null: the kernel itself
     */
    protected Inode lookupMore(Task task, String name) {
        return child(name);
    }

    @Override
    protected int links() {
        int links = DOTS;
        for (Map.Entry<String, Inode> child : ordered) {
            if (Mode.isDir(child.getValue().mode())) {
                links++;
            }
        }
        return links;
    }

    /** Whether what the directory is about is still there; otherwise nothing can be listed (ENOENT). */
    protected boolean exists() {
        return true;
    }

    /**
     * Entries after the fixed ones.
     *
     * @param position {@link #MORE} or what an entry gave as the next one's
     * @return 0 or a negative errno
     */
    protected long readMore(Task task, long position, FileOperations.DirectorySink sink) {
        return 0;
    }

    @Override
    public FileOperations open(Task task, int flags) {
        return new Opened();
    }

    private long read(Task task, FileDescription file, long start, FileOperations.DirectorySink sink) {
        long position = start;
        if (position == 0) {
            if (!sink.add(".", ino(), Mode.DT_DIR, 1)) {
                return 0;
            }
            position = 1;
        }
        if (position == 1) {
            if (!sink.add("..", file.path().dentry().parent().inode().ino(), Mode.DT_DIR, DOTS)) {
                return 0;
            }
            position = DOTS;
        }
        List<Map.Entry<String, Inode>> entries = ordered;
        while (position - DOTS < entries.size()) {
            Map.Entry<String, Inode> entry = entries.get((int) position - DOTS);
            Inode inode = entry.getValue();
            long next = position - DOTS + 1 < entries.size() ? position + 1 : MORE;
            if (!sink.add(entry.getKey(), inode.ino(), Mode.direntType(inode.mode()), next)) {
                return 0;
            }
            position = next;
        }
        return readMore(task, Math.max(position, MORE), sink);
    }

    private final class Opened extends PseudoOpen {

        @Override
        protected PseudoInode inode() {
            return PseudoDirectory.this;
        }

        @Override
        public boolean seekable() {
            return true;
        }

        @Override
        public long readdir(Task task, FileDescription file, long position, DirectorySink sink) {
            return exists() ? PseudoDirectory.this.read(task, file, position, sink) : -Errno.ENOENT;
        }
    }
}
