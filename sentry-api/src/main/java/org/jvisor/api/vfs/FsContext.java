// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import java.util.function.Consumer;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;

/**
 * Root, working directory and umask of tasks; shared by those cloned with CLONE_FS, who are its users. It stands in the mounts of both
 * places ({@link Mount#enter}) until the last user has left. Fields are read without a lock.
 */
public final class FsContext implements Restorable {

    private final Mutex mutex = new Mutex(LockRank.LEAF);
    /** Changed under the mutex, as are both places; 0: it stands nowhere any more. */
    private int users = 1;
    private volatile VfsPath root;
    private volatile VfsPath workingDirectory;
    private volatile int umask;

    /**
     * With one user.
     *
     * @throws ErrnoException ENOENT when the file system of a place has ended
     */
    public FsContext(VfsPath root, VfsPath workingDirectory, int umask) {
        this.root = entered(root);
        try {
            this.workingDirectory = entered(workingDirectory);
        } catch (ErrnoException e) {
            leave(root);
            throw e;
        }
        this.umask = umask;
    }

    private static VfsPath entered(VfsPath place) {
        if (place != null && !place.mount().enter()) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        return place;
    }

    /** With no lock held: a file system may end by that. */
    private static void leave(VfsPath place) {
        if (place != null) {
            place.mount().leave();
        }
    }

    public VfsPath root() {
        return root;
    }

    /** @throws ErrnoException ENOENT when the file system of the place has ended */
    public void setRoot(VfsPath path) {
        VfsPath left = entered(path);
        try (Mutex _ = mutex.take()) {
            if (users > 0) {
                left = root;
                root = path;
            }
        }
        leave(left);
    }

    public VfsPath workingDirectory() {
        return workingDirectory;
    }

    /** @throws ErrnoException ENOENT when the file system of the place has ended */
    public void setWorkingDirectory(VfsPath path) {
        VfsPath left = entered(path);
        try (Mutex _ = mutex.take()) {
            if (users > 0) {
                left = workingDirectory;
                workingDirectory = path;
            }
        }
        leave(left);
    }

    public int umask() {
        return umask;
    }

    /** @return the one before */
    public int setUmask(int mask) {
        try (Mutex _ = mutex.take()) {
            int old = umask;
            umask = mask & 0777;
            return old;
        }
    }

    /** Another one, with one user, that stands where this does. */
    public FsContext copy() {
        try (Mutex _ = mutex.take()) {
            return new FsContext(root, workingDirectory, umask);
        }
    }

    /** One more task shares it. */
    public void retain() {
        try (Mutex _ = mutex.take()) {
            users++;
        }
    }

    /** One user less; with the last one it leaves both places. */
    public void release() {
        try (Mutex _ = mutex.take()) {
            if (--users > 0) {
                return;
            }
        }
        leave(root);
        leave(workingDirectory);
    }

    // ---- Restorable

    /** The mounts have counted it already. */
    @Override
    public StateRecord save() {
        StateRecord record = new StateRecord("fs context", 2).put("umask", umask).put("users", users);
        VfsPath.save(record, "root", root);
        VfsPath.save(record, "workingDirectory", workingDirectory);
        return record;
    }

    @Override
    public void forget() {
        root = null;
        workingDirectory = null;
        umask = 0;
        users = 0;
    }

    @Override
    public void restore(StateRecord record) {
        umask = record.requireInt("umask");
        users = record.requireInt("users");
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
