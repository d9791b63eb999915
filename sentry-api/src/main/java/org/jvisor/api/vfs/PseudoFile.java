// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import java.util.Arrays;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.state.StateRecord;

/**
 * A regular file whose text is made when it is read: at offset 0, for the whole file; reads that go on from there see the same
 * text, whatever happens meanwhile. A write is one message.
 */
public class PseudoFile extends PseudoInode {
    /** More is not taken in one write. */
    private static final int MAX_WRITE = 4096;

    private final Source source;
    private final Sink sink;

    /** Makes the text. */
    @FunctionalInterface
    public interface Source {
        /** Called by the reading task's thread; may throw ErrnoException. The array is not changed afterwards. */
        byte[] read(Task reader);
    }

    /** Takes what is written. */
    @FunctionalInterface
    public interface Sink {
        /** Called by the writing task's thread; 0 when all of it was taken, or a negative errno. */
        long write(Task writer, byte[] data);
    }

    /** A file that can only be read. */
    public PseudoFile(PseudoFileSystem fileSystem, long ino, int permissions, Source source) {
        this(fileSystem, ino, permissions, source, null);
    }

    /** @param permissions without type bits; {@code source} or {@code sink} may be null: EIO */
    public PseudoFile(PseudoFileSystem fileSystem, long ino, int permissions, Source source, Sink sink) {
        super(fileSystem, ino, Mode.S_IFREG | permissions);
        this.source = source;
        this.sink = sink;
    }

    @Override
    public FileOperations open(Task task, int flags) {
        return new Opened();
    }

    private final class Opened extends PseudoOpen {
        /** What {@link Source#read} last gave. */
        private volatile byte[] content;

        @Override
        protected PseudoInode inode() {
            return PseudoFile.this;
        }

        @Override
        public void saveContent(StateRecord record) {
            record.put(PseudoOpen.TEXT, content);
        }

        @Override
        public void restoreContent(StateRecord record) {
            content = record.getBytes(PseudoOpen.TEXT);
        }

        @Override
        public boolean seekable() {
            return true;
        }

        @Override
        public long read(Task task, FileDescription file, IoBuffer buffer, long offset) {
            if (source == null) {
                return -Errno.EIO;
            }
            byte[] bytes = content;
            if (offset == 0 || bytes == null) {
                bytes = source.read(task);
                if (file != null && !file.keep(task, bytes.length)) {
                    return -Errno.ENOMEM;
                }
                content = bytes;
            }
            if (offset >= bytes.length) {
                return 0;
            }
            return buffer.put(bytes, (int) offset, (int) Math.min(bytes.length - offset, buffer.remaining()));
        }

        @Override
        public long write(Task task, FileDescription file, IoBuffer buffer, long offset) {
            if (sink == null) {
                return -Errno.EIO;
            }
            byte[] data = new byte[(int) Math.min(buffer.remaining(), MAX_WRITE)];
            long count = buffer.get(data, 0, data.length);
            if (count < 0) {
                return count;
            }
            long result = sink.write(task, count == data.length ? data : Arrays.copyOf(data, (int) count));
            return result < 0 ? result : count;
        }
    }
}
