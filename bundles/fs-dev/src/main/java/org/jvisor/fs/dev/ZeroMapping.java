// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;

/** Memory that exists as long as it is mapped: what mmap(2) of /dev/zero maps. */
final class ZeroMapping implements Mappable, Stateful {

    /** More than any address space has. */
    private static final long BYTES = 1L << 47;

    private final Memory.SharedMemory memory;

    private final Mutex lock = new Mutex(LockRank.LEAF);
    /** Guarded by the lock. */
    private int mappings;

    ZeroMapping(Memory memory, Cgroup payer) {
        this.memory = memory.newSharedMemory(payer, BYTES);
    }

    /** What {@link #save} wrote. Mappings come by themselves: they are told of their new object. */
    ZeroMapping(StateRecord record) {
        memory = record.requireCore("memory", Memory.SharedMemory.class);
    }

    @Override
    public StateRecord save() {
        try (Mutex _ = lock.take()) {
            return new StateRecord(DevDriver.ZERO_MAPPING, DevDriver.SCHEMA).putCore("memory", memory);
        }
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
        try (Mutex _ = lock.take()) {
            mappings++;
        }
        memory.addMapping(mapping);
    }

    @Override
    public void removeMapping(Mapping mapping) {
        memory.removeMapping(mapping);
        boolean last;
        try (Mutex _ = lock.take()) {
            last = --mappings == 0;
        }
        if (last) {
            memory.release();
        }
    }
}
