// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.state.StateRecord;

/**
 * What is left of an inode that nothing has the names of any more after its bundle was replaced, such as a file about a process that is
 * gone: who has it open may go on reading the text that was made for him, and has ESRCH otherwise, as proc(5) says of such processes.
 */
final class PseudoGone extends PseudoInode {

    PseudoGone(PseudoFileSystem fileSystem, long ino, int mode) {
        super(fileSystem, ino, mode);
    }

    @Override
    public Inode lookup(Task task, String name) {
        return null;
    }

    @Override
    public FileOperations open(Task task, int flags) {
        throw ErrnoException.of(Errno.ENOENT);
    }

    @Override
    protected PseudoOpen reopen(StateRecord record) {
        return new Opened();
    }

    private final class Opened extends PseudoOpen {
        private volatile byte[] content;

        @Override
        protected PseudoInode inode() {
            return PseudoGone.this;
        }

        @Override
        public void saveContent(StateRecord record) {
            record.put(TEXT, content);
        }

        @Override
        public void restoreContent(StateRecord record) {
            content = record.getBytes(TEXT);
        }

        @Override
        public boolean seekable() {
            return true;
        }

        @Override
        public long read(Task task, FileDescription file, IoBuffer buffer, long offset) {
            byte[] bytes = content;
            if (offset == 0 || bytes == null) {
                return -Errno.ESRCH;
            }
            if (offset >= bytes.length) {
                return 0;
            }
            return buffer.put(bytes, (int) offset, (int) Math.min(bytes.length - offset, buffer.remaining()));
        }

        @Override
        public long write(Task task, FileDescription file, IoBuffer buffer, long offset) {
            return -Errno.ESRCH;
        }

        @Override
        public long readdir(Task task, FileDescription file, long position, DirectorySink sink) {
            return -Errno.ENOENT;
        }
    }
}
