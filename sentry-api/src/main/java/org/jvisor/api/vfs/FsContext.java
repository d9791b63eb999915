// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

/** Root, working directory and umask of tasks; shared by those cloned with CLONE_FS. Fields are read without a lock. */
public final class FsContext {

    private volatile VfsPath root;
    private volatile VfsPath workingDirectory;
    private volatile int umask;

    public FsContext(VfsPath root, VfsPath workingDirectory, int umask) {
        this.root = root;
        this.workingDirectory = workingDirectory;
        this.umask = umask;
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
        return umask;
    }

    /** @return the one before */
    public synchronized int setUmask(int mask) {
        int old = umask;
        umask = mask & 0777;
        return old;
    }

    public FsContext copy() {
        return new FsContext(root, workingDirectory, umask);
    }
}
