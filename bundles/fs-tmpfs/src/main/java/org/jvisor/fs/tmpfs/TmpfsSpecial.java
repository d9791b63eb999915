// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.tmpfs;

import org.jvisor.api.state.StateRecord;

/** A device node, fifo or socket: a name for something that the vfs opens. */
final class TmpfsSpecial extends TmpfsInode {

    private final long device;

    TmpfsSpecial(Tmpfs fileSystem, int mode, long device, int uid, int gid) {
        super(fileSystem, mode, uid, gid, 1);
        this.device = device;
    }

    TmpfsSpecial(StateRecord record) {
        super(record);
        device = record.getLong("device", 0);
    }

    @Override
    String stateType() {
        return TmpfsDriver.SPECIAL;
    }

    @Override
    void saveContent(StateRecord record) {
        record.put("device", device);
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
