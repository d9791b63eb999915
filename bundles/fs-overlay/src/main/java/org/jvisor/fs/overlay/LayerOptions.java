// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.overlay;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.Mount;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.api.vfs.Vfs;

/**
 * The layers that mount(2) names. Each is kept by a mount of the overlay's own, so that it stays when the one that it was found by
 * goes.
 */
final class LayerOptions {

    /** As Linux has it: what is asked of a file goes from layer to layer. */
    private static final int MOST_LOWER = 500;
    /** An overlay's layer may be in an overlay, but no further. */
    private static final int DEEPEST = 2;

    private final Task task;
    private final Vfs vfs;
    private final List<Mount> mounts = new ArrayList<>();
    private final List<Inode> lowers = new ArrayList<>();
    private Inode upper;
    private Inode work;
    private int depth;

    private LayerOptions(Task task, Vfs vfs) {
        this.task = task;
        this.vfs = vfs;
    }

    /** @throws ErrnoException EINVAL, and what looking for the directories says */
    static FileSystem mount(Task task, Vfs vfs, Memory memory, String data) {
        LayerOptions layers = new LayerOptions(task, vfs);
        boolean made = false;
        try {
            FileSystem fileSystem = layers.parse(data).overlay(memory, data);
            made = true;
            return fileSystem;
        } finally {
            if (!made) {
                layers.mounts.forEach(vfs::endPrivateMount);
            }
        }
    }

    private LayerOptions parse(String data) {
        for (String option : data.split(",")) {
            int equals = option.indexOf('=');
            String key = equals < 0 ? option : option.substring(0, equals);
            String value = equals < 0 ? "" : option.substring(equals + 1);
            switch (key) {
                case "lowerdir" -> {
                    for (String path : value.split(":")) {
                        require(lowers.size() < MOST_LOWER);
                        lowers.add(directory(path));
                    }
                }
                case "upperdir" -> upper = directory(value);
                case "workdir" -> work = directory(value);
                // What these choose is decided for good here: no index, no redirects, private copies.
                case "", "userxattr", "index", "redirect_dir", "metacopy", "nfs_export", "xino", "volatile" -> { }
                default -> require(false);
            }
        }
        require(!lowers.isEmpty() && (upper == null) == (work == null) && (upper != null || lowers.size() >= 2));
        require(depth < DEEPEST);
        return this;
    }

    private static void require(boolean valid) {
        if (!valid) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    private Inode directory(String path) {
        PathWalk walk = task.walk().load(path);
        walk.resolve(task, Open.AT_FDCWD, PathWalk.FOLLOW | PathWalk.DIRECTORY);
        Inode inode = walk.inode();
        if (!Mode.isDir(inode.mode())) {
            throw ErrnoException.of(Errno.ENOTDIR);
        }
        mounts.add(vfs.newPrivateMount(task, walk.path()));
        if (inode.fileSystem() instanceof Overlay below) {
            depth = Math.max(depth, below.depth());
        }
        return inode;
    }

    private Overlay overlay(Memory memory, String data) {
        long device = vfs.newDevice();
        FileSystem[] none = {};
        Inode lower = lowers.removeLast();
        while (lowers.size() > (upper == null ? 1 : 0)) {
            lower = new Overlay(vfs, device, memory, lower, lowers.removeLast(), false, none, List.of(), depth, "").root();
        }
        return new Overlay(vfs, device, memory, lower, upper == null ? lowers.getFirst() : upper, upper != null, none,
                mounts, depth + 1, "," + data);
    }
}
