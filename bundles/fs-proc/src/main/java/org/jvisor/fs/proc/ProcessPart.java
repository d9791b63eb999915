// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import org.jvisor.api.vfs.PseudoDirectory;

/** A directory about a process. Two are equal when they are the same directory about the same process. */
abstract class ProcessPart extends PseudoDirectory {
    private final ProcFileSystem fs;
    private final Subject subject;

    ProcessPart(ProcFileSystem fs, Target target, long ino, int permissions) {
        super(fs, ino, permissions);
        this.fs = fs;
        subject = new Subject(target);
    }

    final ProcFileSystem fs() {
        return fs;
    }

    /** @throws org.jvisor.api.abi.ErrnoException ESRCH when it was waited for */
    final Target target() {
        return subject.check();
    }

    final Subject subject() {
        return subject;
    }

    @Override
    public final int uid() {
        return ProcessInodes.uid(subject, mode());
    }

    @Override
    public final int gid() {
        return ProcessInodes.gid(subject, mode());
    }

    @Override
    protected final long timeNs() {
        return ProcessInodes.timeNs(fs.system(), subject);
    }

    @Override
    protected final boolean exists() {
        return subject.exists();
    }

    @Override
    public final boolean equals(Object o) {
        return o instanceof ProcessPart p && p.ino() == ino() && p.subject.equals(subject) && p.fs == fs;
    }

    @Override
    public final int hashCode() {
        return Long.hashCode(ino());
    }
}
