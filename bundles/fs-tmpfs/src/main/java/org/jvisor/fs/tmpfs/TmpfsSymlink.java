// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.tmpfs;

import org.jvisor.api.abi.Mode;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.state.StateRecord;

/** A symbolic link. */
final class TmpfsSymlink extends TmpfsInode {

    private final String target;

    TmpfsSymlink(Tmpfs fileSystem, String target, int uid, int gid) {
        super(fileSystem, Mode.S_IFLNK | Mode.S_IRWXUGO, uid, gid, 1);
        this.target = target;
    }

    TmpfsSymlink(StateRecord record) {
        super(record);
        target = record.requireString("target");
    }

    @Override
    String stateType() {
        return TmpfsDriver.SYMLINK;
    }

    @Override
    void saveContent(StateRecord record) {
        record.put("target", target);
    }

    @Override
    public String readlink(Task task) {
        return target;
    }

    @Override
    public long size() {
        return target.length();
    }

    @Override
    long textBytes() {
        return target.length();
    }
}
