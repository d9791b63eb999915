// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs.anon;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.SetAttributes;

/**
 * What memfd_create(2) makes: a file without a name, in frames of the memory file, with the seals of fcntl(2) F_ADD_SEALS. Its
 * monitor guards all but the bytes.
 */
public final class MemfdInode implements Inode, Restorable {

    private final FileSystem fileSystem;
    private final long ino;
    private final KernelClock clock;
    private final Memory.SharedMemory memory;
    private final SealedMapping mapping;

    private int seals;
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
        this.mapping = new SealedMapping(memory);
        this.seals = sealable ? 0 : Open.F_SEAL_SEAL;
        attributes = new InodeAttributes(Mode.S_IFREG | Mode.S_IRWXUGO, uid, gid, clock.realtimeNs());
    }

    Memory.SharedMemory memory() {
        return memory;
    }

    Mappable mappable() {
        return mapping;
    }

    synchronized void modified() {
        attributes.modified(clock.realtimeNs());
    }

    // ---- seals

    synchronized int seals() {
        return seals;
    }

    synchronized long addSeals(int added) {
        int known = Open.F_SEAL_SEAL | Open.F_SEAL_SHRINK | Open.F_SEAL_GROW | Open.F_SEAL_WRITE | Open.F_SEAL_FUTURE_WRITE
                | Open.F_SEAL_EXEC;
        if ((added & ~known) != 0) {
            return -Errno.EINVAL;
        }
        if ((seals & Open.F_SEAL_SEAL) != 0) {
            return -Errno.EPERM;
        }
        if ((added & Open.F_SEAL_WRITE) != 0 && (seals & Open.F_SEAL_WRITE) == 0 && mapping.writable()) {
            return -Errno.EBUSY;
        }
        seals |= added;
        return 0;
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
    public synchronized int mode() {
        return attributes.mode();
    }

    @Override
    public synchronized int uid() {
        return attributes.uid();
    }

    @Override
    public synchronized int gid() {
        return attributes.gid();
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
        synchronized (this) {
            attributes.stat(stat);
        }
    }

    @Override
    public void setAttributes(Task task, SetAttributes changes) {
        if ((changes.valid & SetAttributes.SIZE) != 0) {
            resize(changes.size);
        }
        synchronized (this) {
            boolean executable = (changes.valid & SetAttributes.MODE) != 0
                    && ((changes.mode ^ attributes.mode()) & Mode.S_IXUGO) != 0;
            if (executable && (seals & Open.F_SEAL_EXEC) != 0) {
                throw ErrnoException.of(Errno.EPERM);
            }
            attributes.change(changes, clock.realtimeNs());
        }
    }

    private void resize(long size) {
        long old = memory.size();
        if (size < old && sealed(Open.F_SEAL_SHRINK) || size > old && sealed(Open.F_SEAL_GROW)) {
            throw ErrnoException.of(Errno.EPERM);
        }
        memory.resize(size);
        modified();
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
    public synchronized StateRecord save() {
        return attributes.save(new StateRecord("memfd", 1).putCore("fileSystem", fileSystem).put("ino", ino)
                .putCore("memory", memory).put("seals", seals));
    }

    @Override
    public synchronized void forget() {
        seals = 0;
        attributes = null;
    }

    @Override
    public synchronized void restore(StateRecord record) {
        record.expectCore("fileSystem", fileSystem);
        record.expect("ino", ino);
        record.expectCore("memory", memory);
        seals = record.requireInt("seals");
        attributes = new InodeAttributes(record);
    }
}
