// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs.anon;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.SetAttributes;

/**
 * What memfd_create(2) makes: a file without a name, in frames of the memory file, with the seals of fcntl(2)
 * F_ADD_SEALS.
 */
public final class MemfdInode implements Inode, Restorable {

    private final FileSystem fileSystem;
    private final long ino;
    private final KernelClock clock;
    private final Memory.SharedMemory memory;
    private final SealedMapping mapping;

    /** Held over every change of the bytes or the size that is not made by a mapping, so that none is under way when it is sealed. */
    private final KillableLock writeLock = new KillableLock(LockRank.FILE_WRITE);
    /** Guards what follows. */
    private final Mutex mutex = new Mutex(LockRank.INODE);
    private int seals;
    /** Shared mappings that may be written through. */
    private int writers;
    private InodeAttributes attributes;

    /**
     * @param memory empty; this owns it from now on
     * @param sealable MFD_ALLOW_SEALING; without it the only seal is F_SEAL_SEAL
     */
    public MemfdInode(FileSystem fileSystem, long ino, KernelClock clock, Memory.SharedMemory memory, boolean sealable, int uid,
            int gid) {
        this.fileSystem = fileSystem;
        this.ino = ino;
        this.clock = clock;
        this.memory = memory;
        this.mapping = new SealedMapping(this, memory);
        this.seals = sealable ? 0 : Open.F_SEAL_SEAL;
        attributes = new InodeAttributes(Mode.S_IFREG | Mode.S_IRWXUGO, uid, gid, clock.realtimeNs());
    }

    Memory.SharedMemory memory() {
        return memory;
    }

    Mappable mappable() {
        return mapping;
    }

    void modified() {
        try (Mutex _ = mutex.take()) {
            attributes.modified(clock.realtimeNs());
        }
    }

    // ---- seals

    int seals() {
        try (Mutex _ = mutex.take()) {
            return seals;
        }
    }

    long addSeals(int added) {
        int known = Open.F_SEAL_SEAL | Open.F_SEAL_SHRINK | Open.F_SEAL_GROW | Open.F_SEAL_WRITE | Open.F_SEAL_FUTURE_WRITE
                | Open.F_SEAL_EXEC;
        if ((added & ~known) != 0) {
            return -Errno.EINVAL;
        }
        try (KillableLock _ = writeLock.take(); Mutex _ = mutex.take()) {
            if ((seals & Open.F_SEAL_SEAL) != 0) {
                return -Errno.EPERM;
            }
            if ((added & Open.F_SEAL_WRITE) != 0 && (seals & Open.F_SEAL_WRITE) == 0 && writers > 0) {
                return -Errno.EBUSY;
            }
            seals |= added;
            return 0;
        }
    }

    /**
     * A shared mapping exists from now on that may be written through.
     *
     * @throws ErrnoException EPERM when it was sealed meanwhile
     */
    void addWriter() {
        try (Mutex _ = mutex.take()) {
            if ((seals & Open.F_SEAL_WRITE) != 0) {
                throw ErrnoException.of(Errno.EPERM);
            }
            writers++;
        }
    }

    void removeWriter() {
        try (Mutex _ = mutex.take()) {
            writers--;
        }
    }

    boolean sealed(int seal) {
        return (seals() & seal) != 0;
    }

    // ---- attributes

    @Override
    public FileSystem fileSystem() {
        return fileSystem;
    }

    @Override
    public long ino() {
        return ino;
    }

    @Override
    public int mode() {
        try (Mutex _ = mutex.take()) {
            return attributes.mode();
        }
    }

    @Override
    public int uid() {
        try (Mutex _ = mutex.take()) {
            return attributes.uid();
        }
    }

    @Override
    public int gid() {
        try (Mutex _ = mutex.take()) {
            return attributes.gid();
        }
    }

    @Override
    public long size() {
        return memory.size();
    }

    @Override
    public void stat(Stat stat) {
        stat.clear();
        stat.dev = fileSystem.device();
        stat.ino = ino;
        stat.nlink = 0;
        stat.size = memory.size();
        stat.blksize = MemoryFile.PAGE;
        stat.blocks = memory.allocatedBytes() / 512;
        try (Mutex _ = mutex.take()) {
            attributes.stat(stat);
        }
    }

    @Override
    public void setAttributes(Task task, SetAttributes changes) {
        if ((changes.valid & SetAttributes.SIZE) != 0) {
            resize(changes.size);
        }
        try (Mutex _ = mutex.take()) {
            boolean executable = (changes.valid & SetAttributes.MODE) != 0
                    && ((changes.mode ^ attributes.mode()) & Mode.S_IXUGO) != 0;
            if (executable && (seals & Open.F_SEAL_EXEC) != 0) {
                throw ErrnoException.of(Errno.EPERM);
            }
            attributes.change(changes, clock.realtimeNs());
        }
    }

    private void resize(long size) {
        try (KillableLock _ = writeLock.take()) {
            long old = memory.size();
            if (size < old && sealed(Open.F_SEAL_SHRINK) || size > old && sealed(Open.F_SEAL_GROW)) {
                throw ErrnoException.of(Errno.EPERM);
            }
            memory.resize(size);
        }
        modified();
    }

    // ---- bytes

    /** write(2), at an offset or {@link FileOperations#APPEND}. */
    long write(FileDescription file, IoBuffer source, long offset) {
        long written;
        try (KillableLock _ = writeLock.take()) {
            if (sealed(Open.F_SEAL_WRITE | Open.F_SEAL_FUTURE_WRITE)) {
                return -Errno.EPERM;
            }
            long size = memory.size();
            long at = offset == FileOperations.APPEND ? size : offset;
            if (at + source.remaining() > size && sealed(Open.F_SEAL_GROW)) {
                return -Errno.EPERM;
            }
            written = memory.write(source, at);
            if (written > 0 && offset == FileOperations.APPEND) {
                file.setPosition(at + written);
            }
        }
        if (written > 0) {
            modified();
        }
        return written;
    }

    /** fallocate(2). */
    long allocate(int mode, long offset, long length) {
        int known = Open.FALLOC_FL_KEEP_SIZE | Open.FALLOC_FL_PUNCH_HOLE;
        if ((mode & ~known) != 0) {
            return -Errno.EOPNOTSUPP;
        }
        try (KillableLock _ = writeLock.take()) {
            if ((mode & Open.FALLOC_FL_PUNCH_HOLE) != 0) {
                if (sealed(Open.F_SEAL_WRITE | Open.F_SEAL_FUTURE_WRITE)) {
                    return -Errno.EPERM;
                }
                memory.punch(offset, length);
            } else {
                long end = offset + length;
                boolean grows = end > memory.size() && (mode & Open.FALLOC_FL_KEEP_SIZE) == 0;
                if (grows && sealed(Open.F_SEAL_GROW)) {
                    return -Errno.EPERM;
                }
                memory.reserve(offset, length);
                if (grows) {
                    memory.resize(end);
                }
            }
        }
        modified();
        return 0;
    }

    @Override
    public FileOperations open(Task task, int flags) {
        return new MemfdFile(this);
    }

    @Override
    public void evict() {
        memory.release();
    }

    // ---- Restorable

    /** The pages are the memory file's. */
    @Override
    public StateRecord save() {
        try (Mutex _ = mutex.take()) {
            return attributes.save(new StateRecord("memfd", 1).putCore("fileSystem", fileSystem).put("ino", ino)
                    .putCore("memory", memory).put("seals", seals)
                    .put("writers", writers));
        }
    }

    @Override
    public void forget() {
        try (Mutex _ = mutex.take()) {
            seals = 0;
            writers = 0;
            attributes = null;
        }
    }

    @Override
    public void restore(StateRecord record) {
        try (Mutex _ = mutex.take()) {
            record.expectCore("fileSystem", fileSystem);
            record.expect("ino", ino);
            record.expectCore("memory", memory);
            seals = record.requireInt("seals");
            writers = record.requireInt("writers");
            attributes = new InodeAttributes(record);
        }
    }
}
