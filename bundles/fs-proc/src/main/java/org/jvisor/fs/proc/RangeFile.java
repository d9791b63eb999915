// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import java.util.function.ToLongFunction;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.PseudoInode;
import org.jvisor.api.vfs.PseudoOpen;

/**
 * A window on a process's memory: cmdline, environ, mem. Bytes are taken from the process when they are read, page by page, so a
 * process cannot make the reader hold more than that, whatever it says about its layout.
 */
final class RangeFile extends ProcessFile {
    private static final int CHUNK = 4096;

    private final Extent extent;
    private final boolean writable;

    /** Which part of memory is seen. */
    @FunctionalInterface
    interface Extent {
        /** Start and end (exclusive, unsigned). */
        long[] of(MemoryManager mm, UserMemory memory);
    }

    RangeFile(ProcFileSystem fs, Target target, long ino, int permissions, boolean guarded, boolean writable, Extent extent) {
        super(fs, target, ino, permissions, guarded, null, null);
        this.extent = extent;
        this.writable = writable;
    }

    @Override
    public FileOperations open(Task task, int flags) {
        super.open(task, flags); // for its checks
        return new Opened();
    }

    /** Of the memory that the process had when the file was opened; another program's is not looked into. */
    private final class Opened extends PseudoOpen {
        private MemoryManager mm = subject().check().task().mm();

        @Override
        protected PseudoInode inode() {
            return RangeFile.this;
        }

        @Override
        public void saveContent(StateRecord record) {
            record.putCore("mm", mm);
        }

        @Override
        public void restoreContent(StateRecord record) {
            mm = record.core("mm", MemoryManager.class);
        }

        @Override
        public boolean seekable() {
            return true;
        }

        @Override
        public long read(Task task, FileDescription file, IoBuffer buffer, long offset) {
            return withMemory(task, memory -> read(task, memory, buffer, offset));
        }

        private long read(Task task, UserMemory memory, IoBuffer buffer, long offset) {
            long[] range = extent.of(mm, memory);
            byte[] bytes = new byte[(int) Math.min(CHUNK, buffer.remaining())];
            // What was read before another build of this bundle took over.
            long moved = task.call().done();
            buffer.skip(moved);
            while (buffer.remaining() > 0) {
                long address = range[0] + offset + moved;
                int wanted = length(range, address, Math.min(bytes.length, buffer.remaining()));
                if (wanted == 0) {
                    break;
                }
                long count = memory.tryCopyIn(address, bytes, 0, wanted);
                if (count <= 0) {
                    return moved > 0 ? moved : -Errno.EIO;
                }
                long put = buffer.put(bytes, 0, (int) count);
                if (put <= 0) {
                    return moved > 0 ? moved : put;
                }
                moved += put;
                if (buffer.remaining() > 0 && task.interrupted()) {
                    return task.call().cutShort(moved);
                }
            }
            return moved;
        }

        @Override
        public long write(Task task, FileDescription file, IoBuffer buffer, long offset) {
            if (!writable) {
                return -Errno.EIO;
            }
            return withMemory(task, memory -> write(task, memory, buffer, offset));
        }

        private long write(Task task, UserMemory memory, IoBuffer buffer, long offset) {
            long[] range = extent.of(mm, memory);
            byte[] bytes = new byte[(int) Math.min(CHUNK, buffer.remaining())];
            long moved = 0;
            while (buffer.remaining() > 0 && !(moved > 0 && task.interrupted())) {
                long address = range[0] + offset + moved;
                int wanted = length(range, address, Math.min(bytes.length, buffer.remaining()));
                if (wanted == 0) {
                    break;
                }
                long count = buffer.get(bytes, 0, wanted);
                if (count <= 0) {
                    return moved > 0 ? moved : count;
                }
                long put = memory.tryCopyOut(bytes, 0, (int) count, address);
                if (put <= 0) {
                    return moved > 0 ? moved : -Errno.EIO;
                }
                moved += put;
                if (put < count) {
                    break;
                }
            }
            return moved;
        }

        /** 0, as at the end of the file, once the process has ended or executes another program. */
        private long withMemory(Task task, ToLongFunction<UserMemory> use) {
            Target target = subject().find();
            return target == null ? 0 : target.withMemory(task, 0L, current -> current != mm ? 0L
                    : use.applyAsLong(target.task() == task ? task.memory() : mm.newUserMemory(task)));
        }

        /** How many of {@code wanted} bytes at {@code address} lie in the range. Addresses are unsigned. */
        private static int length(long[] range, long address, long wanted) {
            if (Long.compareUnsigned(address, range[0]) < 0 || Long.compareUnsigned(address, range[1]) >= 0) {
                return 0;
            }
            long left = range[1] - address;
            return (int) (Long.compareUnsigned(left, wanted) < 0 ? left : wanted);
        }
    }
}
