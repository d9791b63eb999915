// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.overlay;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jvisor.api.abi.Statfs;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.state.FieldHandle;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.HandleSource;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.Mount;
import org.jvisor.api.vfs.Vfs;

/** An instance: two trees, of which the upper one hides and takes the changes of the lower one. */
final class Overlay implements FileSystem, Stateful, HandleSource {

    private final long device;
    private final Vfs vfs;
    private final Memory memory;
    private final boolean writable;
    private final FileSystem[] owned;
    /** Of the layers that others have, too; ended with this one. */
    private final List<Mount> mounts;
    /** How many overlays are in one another, this one included. */
    private final int depth;
    private final String options;
    /** Set once, before the instance serves. */
    private OverlayInode root;
    private volatile FileSystem shownBy;

    private final Mutex lock = new Mutex(LockRank.SUPER_BLOCK);
    /** One object for what one upper inode is, whichever of its names it is found by. Guarded by the lock. */
    private final Map<Inode, WeakReference<OverlayInode>> byUpper = new IdentityHashMap<>();

    /**
     * @param writable whether changes go to {@code upper}, or are refused
     * @param owned file systems that go with this one
     * @param mounts by which it keeps the others
     * @param depth how many overlays are in one another, this one included
     */
    Overlay(Vfs vfs, long device, Memory memory, Inode lower, Inode upper, boolean writable, FileSystem[] owned, List<Mount> mounts,
            int depth, String options) {
        this.vfs = vfs;
        this.device = device;
        this.memory = memory;
        this.writable = writable;
        this.owned = owned;
        this.mounts = List.copyOf(mounts);
        this.depth = depth;
        this.options = options;
        shownBy = upper.fileSystem();
        root = new OverlayInode(this, null, "", lower, upper);
    }

    // ---- hand-over

    /** What {@link #save} wrote. */
    Overlay(StateRecord record, Vfs vfs, Memory memory) {
        this.vfs = vfs;
        this.memory = memory;
        device = record.requireLong("device");
        writable = record.getBoolean("writable", false);
        options = record.getString("options", "");
        depth = record.getInt("depth", 1);
        mounts = record.items("mounts").stream().map(layer -> layer.requireCore("mount", Mount.class)).toList();
        shownBy = record.requireOwn("shownBy", FileSystem.class);
        owned = record.items("owned").stream().map(layer -> layer.requireOwn("fileSystem", FileSystem.class))
                .toArray(FileSystem[]::new);
    }

    @Override
    public StateRecord save() {
        StateRecord record = new StateRecord(OverlayType.SUPER_BLOCK, OverlayType.SCHEMA).put("device", device)
                .put("writable", writable).put("options", options).put("depth", depth).putAny("shownBy", shownBy).putOwn("root", root);
        mounts.forEach(mount -> record.add("mounts").putCore("mount", mount));
        for (FileSystem layer : owned) {
            record.add("owned").putAny("fileSystem", layer);
        }
        return record;
    }

    @Override
    public void link(StateRecord record) {
        root = record.requireOwn("root", OverlayInode.class);
    }

    @Override
    public void forEachHandle(Consumer<Handle> visitor) {
        FieldHandle.visit(visitor, "layer", () -> device, FileSystem.class, () -> shownBy, fresh -> shownBy = fresh);
        for (int i = 0; i < owned.length; i++) {
            int layer = i;
            FieldHandle.visit(visitor, "layer", () -> device, FileSystem.class, () -> owned[layer], fresh -> owned[layer] = fresh);
        }
        root.forEachHandle(visitor);
        List<OverlayInode> known = new ArrayList<>();
        try (Mutex _ = lock.take()) {
            byUpper.values().forEach(reference -> {
                OverlayInode inode = reference.get();
                if (inode != null) {
                    known.add(inode);
                }
            });
        }
        known.forEach(inode -> inode.forEachHandle(visitor));
    }

    Memory memory() {
        return memory;
    }

    /** An open file of a layer, which has no name that anybody could see; the caller releases it. */
    FileDescription open(Task task, Inode inode, int flags) {
        return vfs.newAnonymous(inode.open(task, flags), flags, "overlay", inode.mode());
    }

    int depth() {
        return depth;
    }

    boolean writable() {
        return writable;
    }

    /** The overlay's inode for {@code upper}, made when there is none. */
    OverlayInode inode(OverlayInode parent, String name, Inode lower, Inode upper) {
        if (upper == null) {
            return new OverlayInode(this, parent, name, lower, null);
        }
        try (Mutex _ = lock.take()) {
            WeakReference<OverlayInode> reference = byUpper.get(upper);
            OverlayInode known = reference == null ? null : reference.get();
            if (known == null) {
                known = new OverlayInode(this, parent, name, lower, upper);
                byUpper.put(upper, new WeakReference<>(known));
            }
            return known;
        }
    }

    /** {@code inode} has got {@code upper} by copying up. */
    void copiedUp(OverlayInode inode, Inode upper) {
        try (Mutex _ = lock.take()) {
            byUpper.put(upper, new WeakReference<>(inode));
        }
    }

    void forget(OverlayInode inode, Inode upper) {
        try (Mutex _ = lock.take()) {
            WeakReference<OverlayInode> reference = byUpper.get(upper);
            if (reference != null && (reference.refersTo(inode) || reference.refersTo(null))) {
                byUpper.remove(upper);
            }
        }
    }

    @Override
    public String type() {
        return "overlay";
    }

    @Override
    public long device() {
        return device;
    }

    @Override
    public Inode root() {
        return root;
    }

    @Override
    public void statfs(Statfs statfs) {
        shownBy.statfs(statfs);
        statfs.type = org.jvisor.api.abi.FsMagic.OVERLAYFS_SUPER_MAGIC;
    }

    @Override
    public boolean mayChangeOutside() {
        return false;
    }

    @Override
    public String options() {
        return options;
    }

    @Override
    public void sync() {
        shownBy.sync();
    }

    /** Those that are mounted elsewhere, too, are asked there. */
    @Override
    public long reclaimPages(Cgroup container) {
        long bytes = 0;
        for (FileSystem fileSystem : owned) {
            bytes += fileSystem.reclaimPages(container);
        }
        return bytes;
    }

    @Override
    public void unmount() {
        for (FileSystem fileSystem : owned) {
            fileSystem.unmount();
        }
        mounts.forEach(vfs::endPrivateMount);
    }
}
