// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.PseudoInode;
import org.jvisor.api.vfs.VfsPath;

/** A link to an object and not to a name: exe, cwd, root, and those of open files. */
class MagicLink extends PseudoInode {
    /** What readlink(2) says Linux shows as the size of such a link. */
    private static final int SIZE = 64;

    private final ProcSystem system;
    private final Subject subject;
    private final Place place;

    /** Where a link leads; null: nowhere. */
    @FunctionalInterface
    interface Place {
        VfsPath of(Task target);
    }

    MagicLink(ProcFileSystem fs, Target target, long ino, int permissions, Place place) {
        super(fs, ino, Mode.S_IFLNK | permissions);
        system = fs.system();
        subject = new Subject(target);
        this.place = place;
    }

    @Override
    public VfsPath jump(Task task) {
        Task owner = requireOwner(task);
        VfsPath path = place.of(owner);
        if (path == null) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        return path;
    }

    /**
     * The task that the link is about.
     *
     * @throws ErrnoException ENOENT when it was waited for, EACCES when {@code reader} may not look into it
     */
    final Task requireOwner(Task reader) {
        Target target = subject.find();
        if (target == null || !target.exists()) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        Task owner = target.task();
        Access.requireRead(reader, owner);
        return owner;
    }

    @Override
    public String readlink(Task task) {
        return system.kernel().vfs().name(task, jump(task));
    }

    @Override
    public FileOperations open(Task task, int flags) {
        throw ErrnoException.of(Errno.ELOOP);
    }

    @Override
    public long size() {
        return 0;
    }

    @Override
    public int uid() {
        return ProcessInodes.uid(subject, mode());
    }

    @Override
    public int gid() {
        return ProcessInodes.gid(subject, mode());
    }

    @Override
    protected long timeNs() {
        return ProcessInodes.timeNs(system, subject);
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof MagicLink l && l.ino() == ino() && l.mode() == mode() && l.subject.equals(subject)
                && l.fileSystem() == fileSystem();
    }

    @Override
    public int hashCode() {
        return Long.hashCode(ino());
    }

    /** An open file's link: its permissions tell how the file was opened, its size that it has a name. */
    static final class Descriptor extends MagicLink {

        Descriptor(ProcFileSystem fs, Target target, long ino, int permissions, Place place) {
            super(fs, target, ino, permissions, place);
        }

        @Override
        public long size() {
            return SIZE;
        }
    }
}
