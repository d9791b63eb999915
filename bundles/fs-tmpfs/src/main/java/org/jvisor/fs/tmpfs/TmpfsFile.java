// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.tmpfs;

import java.util.concurrent.atomic.AtomicLong;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.mm.Memory.SharedMemory;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.SetAttributes;

/** A regular file. Frames are charged to the quota by comparing what the memory holds now with what was charged last. */
final class TmpfsFile extends TmpfsInode {

    private static final int KNOWN_MODES =
            Open.FALLOC_FL_KEEP_SIZE | Open.FALLOC_FL_PUNCH_HOLE | Open.FALLOC_FL_ZERO_RANGE;

    private final SharedMemory memory;
    private final FileMapping mapping;
    private final Operations operations = new Operations();
    private final AtomicLong charged = new AtomicLong();

    /** Held over writes and changes of the size; see the package's documentation. */
    private final KillableLock writeLock = new KillableLock(LockRank.FILE_WRITE);

    TmpfsFile(Tmpfs fileSystem, int mode, int uid, int gid, int links) {
        super(fileSystem, mode, uid, gid, links);
        memory = fileSystem.memory().newSharedMemory(fileSystem.quota().payer(), 0);
        mapping = new FileMapping(this, memory);
    }

    TmpfsFile(StateRecord record) {
        super(record);
        memory = record.requireCore("memory", SharedMemory.class);
        charged.set(record.getLong("charged", 0));
        mapping = new FileMapping(this, memory);
    }

    @Override
    String stateType() {
        return TmpfsDriver.FILE;
    }

    @Override
    void saveContent(StateRecord record) {
        record.putCore("memory", memory).put("charged", charged.get());
    }

    Stateful operations() {
        return operations;
    }

    Stateful mapping() {
        return mapping;
    }

    @Override
    public long size() {
        return memory.size();
    }

    @Override
    long allocatedBytes() {
        return memory.allocatedBytes();
    }

    @Override
    void disposeContent() {
        fileSystem.quota().charge(-charged.getAndSet(0));
        memory.release();
    }

    @Override
    public FileOperations open(Task task, int flags) {
        if (gone()) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        return operations;
    }

    @Override
    public void setAttributes(Task task, SetAttributes changes) {
        if ((changes.valid & SetAttributes.SIZE) != 0) {
            try (KillableLock _ = writeLock.take()) {
                memory.resize(changes.size);
                settle(0);
            }
            contentChanged();
        }
        super.setAttributes(task, changes);
    }

    // ---- quota

    /** Charges what the memory holds now, {@code reserved} bytes having been taken for it before. Takes no lock. */
    void settle(long reserved) {
        long now = memory.allocatedBytes();
        long before = charged.getAndSet(now);
        if (now - before != reserved) {
            fileSystem.quota().charge(now - before - reserved);
        }
    }

    boolean holds(long offset) {
        long page = offset & -MemoryFile.PAGE;
        long data = memory.seekData(page);
        return data >= 0 && data < page + MemoryFile.PAGE;
    }

    private static long pageBytes(long offset, long length) {
        long first = offset & -MemoryFile.PAGE;
        long last = offset + length - 1 & -MemoryFile.PAGE;
        return last - first + MemoryFile.PAGE;
    }

    // ---- write

    private long write(FileDescription file, IoBuffer source, long offset) {
        try (KillableLock _ = writeLock.take()) {
            boolean append = offset == FileOperations.APPEND;
            long at = append ? memory.size() : offset;
            long length = Math.min(source.remaining(), Long.MAX_VALUE - MemoryFile.PAGE - at);
            if (length <= 0) {
                return source.remaining() == 0 ? 0 : -Errno.EFBIG;
            }
            long needed = pageBytes(at, length);
            long written;
            if (fileSystem.quota().tryTake(needed)) {
                written = memory.write(source, at);
                settle(needed);
            } else {
                written = writeByPage(source, at);
            }
            if (written > 0) {
                contentChanged();
                if (append) {
                    file.setPosition(at + written);
                }
            }
            return written;
        }
    }

    /** Little room is left: pages that are there already are written, new ones as long as there is room for each. */
    private long writeByPage(IoBuffer source, long offset) {
        long written = 0;
        while (source.remaining() > 0) {
            long at = offset + written;
            long reserved = holds(at) ? 0 : MemoryFile.PAGE;
            if (reserved > 0 && !fileSystem.quota().tryTake(reserved)) {
                return written > 0 ? written : -Errno.ENOSPC;
            }
            long n = memory.write(new PartOfBuffer(source, MemoryFile.PAGE - (at & MemoryFile.PAGE - 1)), at);
            settle(reserved);
            if (n <= 0) {
                return written > 0 ? written : n;
            }
            written += n;
        }
        return written;
    }

    private long allocate(int mode, long offset, long length) {
        if (offset < 0 || length <= 0) {
            return -Errno.EINVAL;
        }
        boolean punch = (mode & Open.FALLOC_FL_PUNCH_HOLE) != 0;
        boolean keepSize = (mode & Open.FALLOC_FL_KEEP_SIZE) != 0;
        boolean zero = (mode & Open.FALLOC_FL_ZERO_RANGE) != 0;
        if ((mode & ~KNOWN_MODES) != 0 || punch && (!keepSize || zero)) {
            return -Errno.EOPNOTSUPP;
        }
        if (length > Long.MAX_VALUE - MemoryFile.PAGE - offset) {
            return -Errno.EFBIG;
        }
        try (KillableLock _ = writeLock.take()) {
            if (punch || zero) {
                memory.punch(offset, length);
                settle(0);
            }
            if (!punch) {
                reserve(offset, length);
                if (!keepSize && offset + length > memory.size()) {
                    memory.resize(offset + length);
                }
            }
        }
        contentChanged();
        return 0;
    }

    private void reserve(long offset, long length) {
        long missing = 0;
        long end = offset + length;
        long most = Math.min(fileSystem.quota().byteLimit(), fileSystem.memory().file(fileSystem.quota().payer()).limit());
        if (pageBytes(offset, length) > most) {
            throw ErrnoException.of(Errno.ENOSPC);
        }
        for (long page = offset & -MemoryFile.PAGE; page < end; page += MemoryFile.PAGE) {
            missing += holds(page) ? 0 : MemoryFile.PAGE;
        }
        if (!fileSystem.quota().tryTake(missing)) {
            throw ErrnoException.of(Errno.ENOSPC);
        }
        try {
            memory.reserve(offset, length);
        } finally {
            settle(missing);
        }
    }

    /** An open file; they are all alike, so there is one. */
    private final class Operations implements FileOperations, Stateful {

        @Override
        public StateRecord save() {
            return new StateRecord(TmpfsDriver.FILE_OPERATIONS, SCHEMA).putOwn("inode", TmpfsFile.this);
        }

        @Override
        public boolean seekable() {
            return true;
        }

        @Override
        public long read(Task task, FileDescription file, IoBuffer target, long offset) {
            return memory.read(target, offset);
        }

        @Override
        public long write(Task task, FileDescription file, IoBuffer source, long offset) {
            return TmpfsFile.this.write(file, source, offset);
        }

        @Override
        public long seek(Task task, FileDescription file, long offset, int whence) {
            return switch (whence) {
                case Open.SEEK_DATA -> offset < 0 ? -Errno.ENXIO : memory.seekData(offset);
                case Open.SEEK_HOLE -> offset < 0 ? -Errno.ENXIO : memory.seekHole(offset);
                default -> -Errno.EOPNOTSUPP;
            };
        }

        @Override
        public Mappable mappable(Task task, FileDescription file) {
            return mapping;
        }

        @Override
        public long fsync(Task task, boolean dataOnly) {
            return 0;
        }

        @Override
        public long fallocate(Task task, int mode, long offset, long length) {
            return TmpfsFile.this.allocate(mode, offset, length);
        }
    }
}
