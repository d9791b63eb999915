// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;

/** Root, working directory and umask of tasks; shared by those cloned with CLONE_FS. Fields are read without a lock. */
public final class FsContext implements Restorable {

    private volatile VfsPath root;
    private volatile VfsPath workingDirectory;
    private final AtomicInteger umask = new AtomicInteger();

    public FsContext(VfsPath root, VfsPath workingDirectory, int umask) {
        this.root = root;
        this.workingDirectory = workingDirectory;
        this.umask.set(umask);
    }

    public VfsPath root() {
        return root;
    }

    public void setRoot(VfsPath path) {
        root = path;
    }

    public VfsPath workingDirectory() {
        return workingDirectory;
    }

    public void setWorkingDirectory(VfsPath path) {
        workingDirectory = path;
    }

    public int umask() {
        return umask.get();
    }

    /** @return the one before */
    public int setUmask(int mask) {
        return umask.getAndSet(mask & 0777);
    }

    public FsContext copy() {
        return new FsContext(root, workingDirectory, umask.get());
    }

    // ---- Restorable

    @Override
    public StateRecord save() {
        StateRecord record = new StateRecord("fs context", 1).put("umask", umask.get());
        VfsPath.save(record, "root", root);
        VfsPath.save(record, "workingDirectory", workingDirectory);
        return record;
    }

    @Override
    public void forget() {
        root = null;
        workingDirectory = null;
        umask.set(0);
    }

    @Override
    public void restore(StateRecord record) {
        umask.set(record.requireInt("umask"));
        root = VfsPath.read(record, "root");
        workingDirectory = VfsPath.read(record, "workingDirectory");
    }

    /** They may be in mounts that no namespace has any more (umount2(2) with MNT_DETACH). */
    @Override
    public void forEachPart(Consumer<? super Restorable> visitor) {
        for (VfsPath path : new VfsPath[] {root, workingDirectory}) {
            if (path != null && path.mount() instanceof Restorable mount) {
                visitor.accept(mount);
            }
        }
    }
}
