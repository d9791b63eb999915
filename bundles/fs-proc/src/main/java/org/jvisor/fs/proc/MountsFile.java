// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import org.jvisor.api.abi.Poll;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.MountNamespace;
import org.jvisor.api.vfs.PseudoInode;
import org.jvisor.api.vfs.PseudoOpen;
import org.jvisor.api.wait.WaitQueue;

/** A list of mounts; poll(2) tells of changes by POLLERR and POLLPRI (proc(5), /proc/PID/mounts). */
final class MountsFile extends ProcessFile {

    /** Makes the text. */
    @FunctionalInterface
    interface Lines {
        byte[] of(Target target);
    }

    MountsFile(ProcFileSystem fs, Target target, long ino, int permissions, Lines lines) {
        super(fs, target, ino, permissions, false, (reader, owner) -> lines.of(owner), null);
    }

    @Override
    public FileOperations open(Task task, int flags) {
        FileOperations text = super.open(task, flags);
        MountNamespace namespace = subject().check().task().mounts();
        return namespace == null ? text : new Opened((PseudoOpen) text, namespace);
    }

    private final class Opened extends PseudoOpen {
        private final PseudoOpen text;
        private final MountNamespace namespace;
        /** Changes that were reported. */
        private volatile int seen;

        Opened(PseudoOpen text, MountNamespace namespace) {
            this.text = text;
            this.namespace = namespace;
            seen = namespace.changeCount();
        }

        @Override
        protected PseudoInode inode() {
            return MountsFile.this;
        }

        @Override
        public void saveContent(StateRecord record) {
            text.saveContent(record);
            record.put("seen", seen);
        }

        @Override
        public void restoreContent(StateRecord record) {
            text.restoreContent(record);
            seen = record.getInt("seen", seen);
        }

        @Override
        public boolean seekable() {
            return true;
        }

        @Override
        public long read(Task task, FileDescription file, IoBuffer target, long offset) {
            return text.read(task, file, target, offset);
        }

        @Override
        public int poll(FileDescription file) {
            int now = namespace.changeCount();
            int events = Poll.POLLIN | Poll.POLLRDNORM;
            if (now != seen) {
                seen = now;
                events |= Poll.POLLERR | Poll.POLLPRI;
            }
            return events;
        }

        @Override
        public WaitQueue waitQueue() {
            return namespace.changes();
        }
    }
}
