// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.PseudoFile;

/** A file about a process. Two are equal when they are the same file about the same process. */
class ProcessFile extends PseudoFile {
    private final ProcSystem system;
    private final Subject subject;
    private final boolean guarded;

    /**
     * Makes a file's text.
     *
     * @see PseudoFile.Source
     */
    @FunctionalInterface
    interface Reader {
        byte[] read(Task reader, Target target);
    }

    /** Takes what is written; 0 or a negative errno. */
    @FunctionalInterface
    interface Writer {
        long write(Task writer, Target target, byte[] data);
    }

    /** @param guarded whether opening it takes the right to look into the process */
    ProcessFile(ProcFileSystem fs, Target target, long ino, int permissions, boolean guarded, Reader reader, Writer writer) {
        this(fs, new Subject(target), ino, permissions, guarded, reader, writer);
    }

    private ProcessFile(ProcFileSystem fs, Subject subject, long ino, int permissions, boolean guarded, Reader reader,
            Writer writer) {
        super(fs, ino, permissions, reader == null ? null : task -> reader.read(task, subject.check()),
                writer == null ? null : (task, data) -> writer.write(task, subject.check(), data));
        system = fs.system();
        this.subject = subject;
        this.guarded = guarded;
    }

    final Subject subject() {
        return subject;
    }

    @Override
    public FileOperations open(Task task, int flags) {
        Target target = subject.find();
        if (target == null || !target.exists()) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        if (guarded) {
            Access.requireRead(task, target.task());
        }
        return super.open(task, flags);
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
        return o instanceof ProcessFile f && f.ino() == ino() && f.subject.equals(subject) && f.fileSystem() == fileSystem();
    }

    @Override
    public int hashCode() {
        return Long.hashCode(ino());
    }
}
