// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.tmpfs;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.mm.Memory.SharedMemory;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;

/** A file's memory, mapped: the same frames, charged to the quota when a fault brings them. Takes no lock of the file's. */
final class FileMapping implements Mappable, Stateful {

    private final TmpfsFile file;
    private final SharedMemory memory;

    FileMapping(TmpfsFile file, SharedMemory memory) {
        this.file = file;
        this.memory = memory;
    }

    @Override
    public StateRecord save() {
        return new StateRecord(TmpfsDriver.MAPPING, TmpfsInode.SCHEMA).putOwn("inode", file);
    }

    @Override
    public long frame(long offset, boolean write) {
        if (!file.fileSystem.quota().hasRoom(MemoryFile.PAGE) && offset < memory.size() && !file.holds(offset)) {
            return -Errno.ENOSPC;
        }
        long frame = memory.frame(offset, write);
        file.settle(0);
        return frame;
    }

    @Override
    public int framesFollowing(long offset, int max) {
        return memory.framesFollowing(offset, max);
    }

    @Override
    public void addMapping(Mapping mapping) {
        memory.addMapping(mapping);
    }

    @Override
    public void removeMapping(Mapping mapping) {
        memory.removeMapping(mapping);
    }

    @Override
    public long writeBack(long offset, long length) {
        return memory.writeBack(offset, length);
    }
}
