// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import org.jvisor.api.mm.Mappable;
import org.jvisor.api.mm.Memory;

/** Memory that exists as long as it is mapped: what mmap(2) of /dev/zero maps. */
final class ZeroMapping implements Mappable {

    /** More than any address space has. */
    private static final long BYTES = 1L << 47;

    private final Memory.SharedMemory memory;

    /** Guarded by the monitor. */
    private int mappings;

    ZeroMapping(Memory memory) {
        this.memory = memory.newSharedMemory(BYTES);
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
        synchronized (this) {
            mappings++;
        }
        memory.addMapping(mapping);
    }

    @Override
    public void removeMapping(Mapping mapping) {
        memory.removeMapping(mapping);
        boolean last;
        synchronized (this) {
            last = --mappings == 0;
        }
        if (last) {
            memory.release();
        }
    }
}
