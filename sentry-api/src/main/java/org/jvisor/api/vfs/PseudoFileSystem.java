// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.vfs;

import java.util.concurrent.atomic.AtomicLong;
import org.jvisor.api.abi.Statfs;

/** A file system of {@link PseudoInode}s: made up by the kernel, without storage. What proc and sysfs have in common. */
public abstract class PseudoFileSystem implements FileSystem {
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
