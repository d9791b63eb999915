// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import static org.jvisor.api.abi.Mount.MS_NOATIME;
import static org.jvisor.api.abi.Mount.MS_NODIRATIME;
import static org.jvisor.api.abi.Mount.MS_PRIVATE;
import static org.jvisor.api.abi.Mount.MS_RDONLY;
import static org.jvisor.api.abi.Mount.MS_RELATIME;
import static org.jvisor.api.abi.Mount.MS_UNBINDABLE;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.Mount;
import org.jvisor.api.vfs.VfsPath;

/** A mount. Where it is and what is mounted on it changes under {@link MountTree}'s lock and is read without. */
final class MountImpl implements Mount, Restorable {

    private static final AtomicInteger NEXT_ID = new AtomicInteger(20);
    private static final MountImpl[] NONE = {};

    final SuperBlock superBlock;
    final DentryImpl root;
    final String source;
    private final Cgroup payer;

    private final int id = NEXT_ID.incrementAndGet();
    private final VfsPath rootPath;
    private volatile int flags;

    /** Open file descriptions, and of those the ones that write. */
    final AtomicInteger openFiles = new AtomicInteger();
    final AtomicInteger writers = new AtomicInteger();
    /** Roots and working directories. */
    private final AtomicInteger occupants = new AtomicInteger();

    private volatile MountNamespaceImpl namespace;
    private volatile VfsPath mountPoint;
    private volatile MountImpl[] children = NONE;

    /** MS_PRIVATE, MS_SHARED, MS_SLAVE or MS_UNBINDABLE; the peer group of a shared mount and the one that a slave hears. */
    private volatile int propagation;
    private volatile PeerGroup peers;
    private volatile PeerGroup master;

    /** The mount that this is a copy of in another namespace, or 0. */
    int copiedFrom;

    /** Set by the first umount2(2) with MNT_EXPIRE, cleared by use. */
    volatile boolean expiring;

    /** @param payer whom it is charged to; null: it is the kernel's own */
    MountImpl(Cgroup payer, SuperBlock superBlock, DentryImpl root, String source, int flags) {
        this.payer = payer;
        this.superBlock = superBlock;
        this.root = root;
        this.source = source;
        this.flags = flags;
        this.propagation = MS_PRIVATE;
        this.rootPath = new VfsPath(this, root);
        superBlock.retain();
    }

    // ---- Mount

    @Override
    public int id() {
        return id;
    }

    @Override
    public FileSystem fileSystem() {
        return superBlock.fileSystem;
    }

    @Override
    public DentryImpl root() {
        return root;
    }

    @Override
    public VfsPath mountPoint() {
        return mountPoint;
    }

    @Override
    public String source() {
        return source;
    }

    @Override
    public int flags() {
        return flags;
    }

    @Override
    public boolean readOnly() {
        return (flags & MS_RDONLY) != 0;
    }

    @Override
    public String propagation() {
        PeerGroup shared = peers;
        PeerGroup heard = master;
        String first = shared == null ? "" : "shared:" + shared.id;
        String second = heard == null ? propagation == MS_UNBINDABLE ? "unbindable" : "" : "master:" + heard.id;
        return first.isEmpty() || second.isEmpty() ? first + second : first + " " + second;
    }

    // ---- the tree; changes under MountTree's monitor

    VfsPath rootPath() {
        return rootPath;
    }

    MountImpl parent() {
        VfsPath point = mountPoint;
        return point == null ? null : (MountImpl) point.mount();
    }

    /** The mount on {@code dentry} as seen through this one, or null. */
    MountImpl mountOn(DentryImpl dentry) {
        for (MountImpl child : children) {
            VfsPath point = child.mountPoint;
            if (point != null && point.dentry() == dentry) {
                return child;
            }
        }
        return null;
    }

    MountImpl[] children() {
        return children;
    }

    void attachTo(VfsPath point, MountNamespaceImpl ns) {
        MountImpl above = (MountImpl) point.mount();
        DentryImpl on = (DentryImpl) point.dentry();
        on.mounts++;
        on.superBlock.addMountPoint(on);
        mountPoint = point;
        setNamespace(ns);
        MountImpl[] more = Arrays.copyOf(above.children, above.children.length + 1);
        more[more.length - 1] = this;
        above.children = more;
    }

    /** Takes this out of its parent; the mounts below stay with it. */
    void detach() {
        MountImpl above = parent();
        if (above != null) {
            MountImpl[] all = above.children;
            MountImpl[] fewer = new MountImpl[all.length - 1];
            int n = 0;
            for (MountImpl m : all) {
                if (m != this) {
                    fewer[n++] = m;
                }
            }
            above.children = fewer;
            DentryImpl on = (DentryImpl) mountPoint.dentry();
            on.mounts--;
            on.superBlock.removeMountPoint(on);
        }
        mountPoint = null;
        setNamespace(null);
    }

    MountNamespaceImpl namespace() {
        return namespace;
    }

    void setNamespace(MountNamespaceImpl ns) {
        if (namespace != null) {
            namespace.count(-1);
        }
        namespace = ns;
        if (ns != null) {
            ns.count(1);
        }
    }

    void setFlags(int newFlags) {
        flags = newFlags;
    }

    /** {@code inode} has been read through this mount (mount(2), MS_NOATIME and its kin). */
    void accessed(Inode inode, boolean directory) {
        int now = flags;
        if ((now & (MS_NOATIME | MS_RDONLY)) == 0 && (!directory || (now & MS_NODIRATIME) == 0)) {
            inode.accessed((now & MS_RELATIME) == 0);
        }
    }

    boolean unbindable() {
        return propagation == MS_UNBINDABLE;
    }

    PeerGroup peers() {
        return peers;
    }

    PeerGroup master() {
        return master;
    }

    /** @param type MS_PRIVATE, MS_SHARED, MS_SLAVE, MS_UNBINDABLE */
    void setPropagation(int type, PeerGroup newPeers, PeerGroup newMaster) {
        propagation = type;
        peers = newPeers;
        master = newMaster;
    }

    /** Below {@code ancestor}, or it. */
    boolean isWithin(MountImpl ancestor) {
        for (MountImpl m = this; m != null; m = m.parent()) {
            if (m == ancestor) {
                return true;
            }
        }
        return false;
    }

    // ---- users

    /** A file is opened. @throws ErrnoException ENOENT when the file system has ended */
    void openFile(boolean writes) {
        if (!superBlock.tryRetain()) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        expiring = false;
        openFiles.incrementAndGet();
        if (writes) {
            writers.incrementAndGet();
        }
    }

    void closeFile(boolean writes) {
        if (writes) {
            writers.decrementAndGet();
        }
        openFiles.decrementAndGet();
        superBlock.release();
    }

    @Override
    public boolean enter() {
        if (!superBlock.tryRetain()) {
            return false;
        }
        occupants.incrementAndGet();
        return true;
    }

    @Override
    public void leave() {
        occupants.decrementAndGet();
        superBlock.release();
    }

    /** Whether somebody stands in it or has a file of it open. */
    boolean isInUse() {
        return occupants.get() > 0 || openFiles.get() > 0;
    }

    /** It is in no tree any more. */
    void uncharge() {
        if (payer != null) {
            payer.uncharge(Charge.MOUNT, 1);
        }
    }

    // ---- Restorable

    @Override
    public StateRecord save() {
        StateRecord record = new StateRecord("mount", 1).put("id", id).putCore("superBlock", superBlock).putCore("root", root)
                .put("source", source).put("flags", flags).put("openFiles", openFiles.get())
                .put("occupants", occupants.get()).putCore("payer", payer).put("writers", writers.get()).putCore("namespace", namespace)
                .putCores("children", List.of(children)).put("propagation", propagation)
                .putCore("peers", peers).putCore("master", master).put("copiedFrom", copiedFrom).put("expiring", expiring);
        VfsPath.save(record, "mountPoint", mountPoint);
        return record;
    }

    @Override
    public void forget() {
        flags = 0;
        openFiles.set(0);
        occupants.set(0);
        writers.set(0);
        namespace = null;
        mountPoint = null;
        children = NONE;
        propagation = 0;
        peers = null;
        master = null;
        copiedFrom = 0;
        expiring = false;
    }

    @Override
    public void restore(StateRecord record) {
        record.expect("id", id);
        record.expectCore("superBlock", superBlock);
        record.expectCore("root", root);
        record.expectCore("payer", payer);
        flags = record.requireInt("flags");
        openFiles.set(record.requireInt("openFiles"));
        occupants.set(record.requireInt("occupants"));
        writers.set(record.requireInt("writers"));
        namespace = record.core("namespace", MountNamespaceImpl.class);
        mountPoint = VfsPath.read(record, "mountPoint");
        children = record.cores("children").toArray(NONE);
        propagation = record.requireInt("propagation");
        peers = record.core("peers", PeerGroup.class);
        master = record.core("master", PeerGroup.class);
        copiedFrom = record.requireInt("copiedFrom");
        expiring = record.getBoolean("expiring", false);
    }

    @Override
    public void forEachPart(Consumer<? super Restorable> visitor) {
        for (MountImpl child : children) {
            visitor.accept(child);
        }
        for (Restorable other : new Restorable[] {parent(), namespace, peers, master}) {
            if (other != null) {
                visitor.accept(other);
            }
        }
    }
}
