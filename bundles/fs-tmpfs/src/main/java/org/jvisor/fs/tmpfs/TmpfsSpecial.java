// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.tmpfs;

/** A device node, fifo or socket: a name for something that the vfs opens. */
final class TmpfsSpecial extends TmpfsInode {

    private final long device;

    TmpfsSpecial(Tmpfs fileSystem, int mode, long device, int uid, int gid) {
        super(fileSystem, mode, uid, gid, 1);
        this.device = device;
    }

    @Override
    long device() {
        return device;
    }

    @Override
    public long size() {
        return 0;
    }
}
