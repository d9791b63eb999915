// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.Mount;
import org.jvisor.api.vfs.MountNamespace;
import org.jvisor.api.vfs.VfsPath;
import org.jvisor.api.wait.WaitQueue;

/** A namespace: its root mount, and who hears of changes. */
final class MountNamespaceImpl implements MountNamespace, Restorable {

    private final Cgroup payer;
    private final MountTree tree;
    private final WaitQueue changes = new WaitQueue();
    private final AtomicInteger changeCount = new AtomicInteger();
    private final AtomicInteger users = new AtomicInteger(1);
    private volatile MountImpl root;
    /** How many mounts are in it; under MountTree's lock. */
    private int mounts;

    /** @param payer whom it is charged to */
    MountNamespaceImpl(Cgroup payer, MountTree tree, MountImpl root) {
        this.payer = payer;
        this.tree = tree;
        this.root = root;
    }

    Cgroup payer() {
        return payer;
    }

    @Override
    public VfsPath root() {
        return root.rootPath();
    }

    MountImpl rootMount() {
        return root;
    }

    /** So many mounts are in it from now on, beside those before. Under MountTree's lock, as is the next. */
    void count(int more) {
        mounts += more;
    }

    int count() {
        return mounts;
    }

    /** Under MountTree's lock. */
    void setRootMount(MountImpl mount) {
        root = mount;
    }

    @Override
    public List<Mount> mounts() {
        return tree.list(this);
    }

    @Override
    public MountNamespace copy(Cgroup cgroup) {
        return tree.copy(cgroup, this);
    }

    @Override
    public VfsPath translate(VfsPath path) {
        return tree.translate(this, path);
    }

    @Override
    public void retain() {
        users.incrementAndGet();
    }

    @Override
    public void release() {
        if (users.decrementAndGet() == 0) {
            tree.dissolve(this);
        }
    }

    @Override
    public WaitQueue changes() {
        return changes;
    }

    @Override
    public int changeCount() {
        return changeCount.get();
    }

    /** It is gone. */
    void uncharge() {
        payer.uncharge(Charge.NAMESPACE, 1);
    }

    void changed() {
        changeCount.incrementAndGet();
        changes.wake(Poll.POLLPRI | Poll.POLLERR);
    }

    // ---- Restorable

    @Override
    public StateRecord save() {
        return new StateRecord("mount namespace", 1).putCore("payer", payer).putCore("root", root).put("users", users.get())
                .put("changes", changeCount.get()).put("mounts", mounts);
    }

    @Override
    public void forget() {
        root = null;
        users.set(0);
        mounts = 0;
        changeCount.set(0);
    }

    @Override
    public void restore(StateRecord record) {
        record.expectCore("payer", payer);
        root = record.requireCore("root", MountImpl.class);
        users.set(record.requireInt("users"));
        mounts = record.requireInt("mounts");
        changeCount.set(record.requireInt("changes"));
    }

    @Override
    public void forEachPart(Consumer<? super Restorable> visitor) {
        visitor.accept(root);
    }
}
