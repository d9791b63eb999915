// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs.anon;

import org.jvisor.api.mm.Mappable;

/**
 * What mmap(2) maps of a memfd: passes everything on to its memory, and has the inode count the mappings through which it may be
 * written, for which F_SEAL_WRITE asks (fcntl(2)).
 */
final class SealedMapping implements Mappable {

    private final MemfdInode inode;
    private final Mappable memory;

    SealedMapping(MemfdInode inode, Mappable memory) {
        this.inode = inode;
        this.memory = memory;
    }

    @Override
    public long frame(long offset, boolean write) {
        return memory.frame(offset, write);
    }

    @Override
    public int framesFollowing(long offset, int max) {
        return memory.framesFollowing(offset, max);
    }

    @Override
    public void addMapping(Mapping mapping) {
        if (mapping.writesThrough()) {
            inode.addWriter();
        }
        memory.addMapping(mapping);
    }

    @Override
    public void removeMapping(Mapping mapping) {
        memory.removeMapping(mapping);
        if (mapping.writesThrough()) {
            inode.removeWriter();
        }
    }

    @Override
    public long writeBack(long offset, long length) {
        return memory.writeBack(offset, length);
    }
}
