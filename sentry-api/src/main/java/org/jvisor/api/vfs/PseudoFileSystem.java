// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import java.util.concurrent.atomic.AtomicLong;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Statfs;
import org.jvisor.api.state.StateException;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;

/** A file system of {@link PseudoInode}s: made up by the kernel, without storage. What proc and sysfs have in common. */
public abstract class PseudoFileSystem implements FileSystem, Stateful {
    static final int SCHEMA = 1;
    private static final String SUPER_BLOCK = ".superblock";
    static final String INODE = ".inode";
    static final String OPEN = ".open";

    private final String type;
    private final long magic;
    private final long device;
    private final long timeNs;
    private final AtomicLong lastIno = new AtomicLong();

    /**
     * @param magic f_type of statfs(2)
     * @param device from {@link Vfs#newDevice}
     * @param timeNs st_mtime of its files, in ns since 1970
     */
    protected PseudoFileSystem(String type, long magic, long device, long timeNs) {
        this.type = type;
        this.magic = magic;
        this.device = device;
        this.timeNs = timeNs;
    }

    /** What {@link #save} wrote. */
    protected PseudoFileSystem(StateRecord record, long magic) {
        type = record.type().substring(0, record.type().length() - SUPER_BLOCK.length());
        this.magic = magic;
        device = record.requireLong("device");
        timeNs = record.getLong("timeNs", 0);
    }

    // ---- hand-over

    @Override
    public final StateRecord save() {
        StateRecord record = new StateRecord(type + SUPER_BLOCK, SCHEMA).put("device", device).put("timeNs", timeNs);
        saveContent(record);
        return record;
    }

    /** Adds what an instance keeps beside what all have. */
    protected void saveContent(StateRecord record) {}

    /** Whether {@code record} is one of an instance, and not of an inode or an open file. */
    public static boolean isSuperBlock(StateRecord record) {
        return record.type().endsWith(SUPER_BLOCK);
    }

    /** Makes the inode or open file of a record, for a {@link org.jvisor.api.state.Driver} of such a file system. */
    public static Stateful adopt(StateRecord record) {
        if (record.type().endsWith(INODE)) {
            return inode(record);
        }
        if (!record.type().endsWith(OPEN)) {
            throw new StateException("no record of a pseudo file system: " + record.type());
        }
        PseudoOpen opened = record.requireOwn("inode", PseudoInode.class).reopen(record);
        opened.restoreContent(record);
        return opened;
    }

    private static PseudoInode inode(StateRecord record) {
        PseudoFileSystem fileSystem = record.requireOwn("fileSystem", PseudoFileSystem.class);
        int mode = record.requireInt("mode");
        Inode at = fileSystem.root();
        for (StateRecord step : record.items("path")) {
            at = at instanceof PseudoDirectory directory ? directory.lookup(null, step.requireString("name")) : null;
        }
        PseudoInode found = at instanceof PseudoInode inode && Mode.type(inode.mode()) == Mode.type(mode) ? inode
                : new PseudoGone(fileSystem, 0, mode);
        found.identify(record.requireLong("ino"));
        return found;
    }

    /** An inode number that no other has; from 1 on. */
    public final long newIno() {
        return lastIno.incrementAndGet();
    }

    public final long timeNs() {
        return timeNs;
    }

    @Override
    public final String type() {
        return type;
    }

    @Override
    public final long device() {
        return device;
    }

    @Override
    public void statfs(Statfs statfs) {
        statfs.type = magic;
        statfs.blockSize = 4096;
        statfs.blocks = 0;
        statfs.blocksFree = 0;
        statfs.blocksAvailable = 0;
        statfs.files = 0;
        statfs.filesFree = 0;
        statfs.fsid = 0;
    }
}
