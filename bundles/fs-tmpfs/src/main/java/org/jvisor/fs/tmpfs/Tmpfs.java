// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.tmpfs;

import java.util.concurrent.atomic.AtomicLong;
import org.jvisor.api.abi.FsMagic;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Statfs;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.Inode;

/** An instance. */
final class Tmpfs implements FileSystem, Stateful {

    private final String type;
    private final Memory memory;
    private final KernelClock clock;
    private final long device;
    private final Quota quota;
    private final AtomicLong nextIno = new AtomicLong();
    /** Set once, before the instance serves. */
    private TmpfsDirectory root;
    private volatile TmpfsOptions options;

    Tmpfs(String type, Memory memory, KernelClock clock, long device, Cgroup cgroup, TmpfsOptions options) {
        this.type = type;
        this.memory = memory;
        this.clock = clock;
        this.device = device;
        this.options = options;
        quota = new Quota(cgroup, options.bytes(), options.inodes());
        quota.takeInode(0);
        root = new TmpfsDirectory(this, null, Mode.S_IFDIR | options.mode(), options.uid(), options.gid());
    }

    /** What {@link #save} wrote. */
    Tmpfs(StateRecord record, Memory memory, KernelClock clock) {
        this.memory = memory;
        this.clock = clock;
        type = record.requireString("type");
        device = record.requireLong("device");
        options = TmpfsOptions.adopt(record);
        quota = Quota.adopt(record);
        nextIno.set(record.requireLong("lastIno"));
    }

    @Override
    public StateRecord save() {
        StateRecord record = new StateRecord(TmpfsDriver.SUPER_BLOCK, TmpfsInode.SCHEMA).put("type", type).put("device", device)
                .put("lastIno", nextIno.get()).putOwn("root", root);
        options.save(record);
        quota.save(record);
        return record;
    }

    @Override
    public void link(StateRecord record) {
        root = record.requireOwn("root", TmpfsDirectory.class);
    }

    Memory memory() {
        return memory;
    }

    Quota quota() {
        return quota;
    }

    long nowNs() {
        return clock.realtimeNs();
    }

    long newIno() {
        return nextIno.incrementAndGet();
    }

    @Override
    public String type() {
        return type;
    }

    @Override
    public boolean chargesInodes() {
        return true;
    }

    @Override
    public long device() {
        return device;
    }

    @Override
    public Inode root() {
        return root;
    }

    @Override
    public String options() {
        return type.equals("ramfs") ? "" : options.shown(memory.file(quota.payer()).limit());
    }

    @Override
    public void remount(Task task, String data) {
        TmpfsOptions changed = TmpfsOptions.parse(data, options, memory.file(quota.payer()).limit());
        quota.setLimits(changed.bytes(), changed.inodes());
        options = changed;
    }

    @Override
    public void statfs(Statfs statfs) {
        statfs.type = type.equals("ramfs") ? FsMagic.RAMFS_MAGIC : FsMagic.TMPFS_MAGIC;
        statfs.blockSize = MemoryFile.PAGE;
        if (quota.byteLimit() != Long.MAX_VALUE) {
            statfs.blocks = quota.byteLimit() / MemoryFile.PAGE;
            statfs.blocksFree = Math.max(0, statfs.blocks - (quota.bytesUsed() + MemoryFile.PAGE - 1) / MemoryFile.PAGE);
            statfs.blocksAvailable = statfs.blocksFree;
        }
        if (quota.inodeLimit() != Long.MAX_VALUE) {
            statfs.files = quota.inodeLimit();
            statfs.filesFree = statfs.files - quota.inodesUsed();
        }
        statfs.fsid = device;
    }

    @Override
    public void unmount() {
        root.disposeTree();
    }
}
