// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import org.jvisor.api.vfs.PseudoDirectory;

/** A directory about a process. Two are equal when they are the same directory about the same process. */
abstract class ProcessPart extends PseudoDirectory {
    private final ProcFileSystem fs;
    private final Target target;

    ProcessPart(ProcFileSystem fs, Target target, long ino, int permissions) {
        super(fs, ino, permissions);
        this.fs = fs;
        this.target = target;
    }

    final ProcFileSystem fs() {
        return fs;
    }

    final Target target() {
        return target;
    }

    @Override
    public final int uid() {
        return ProcessInodes.uid(target, mode());
    }

    @Override
    public final int gid() {
        return ProcessInodes.gid(target, mode());
    }

    @Override
    protected final long timeNs() {
        return ProcessInodes.timeNs(fs.system(), target.task());
    }

    @Override
    protected final boolean exists() {
        return target.exists();
    }

    @Override
    public final boolean equals(Object o) {
        return o instanceof ProcessPart p && p.ino() == ino() && p.target.equals(target) && p.fs == fs;
    }

    @Override
    public final int hashCode() {
        return Long.hashCode(ino());
    }
}
