// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs.anon;

import org.jvisor.api.mm.Mappable;

/**
 * What mmap(2) maps of a memfd: passes everything on to its memory, and knows whether it may be written through a mapping, for
 * which F_SEAL_WRITE asks (fcntl(2)). A mapping does not say how it may be used; so one counts as writable when any page was
 * asked for to be written since there were no mappings at all.
 */
final class SealedMapping implements Mappable {

    private final Mappable memory;

    /** Both guarded by the monitor. */
    private int mappings;
    private boolean written;

    SealedMapping(Mappable memory) {
        this.memory = memory;
    }

    synchronized boolean writable() {
        return mappings > 0 && written;
    }

    @Override
    public long frame(long offset, boolean write) {
        if (write) {
            synchronized (this) {
                written = true;
            }
        }
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
        synchronized (this) {
            if (--mappings == 0) {
                written = false;
            }
        }
    }

    @Override
    public long writeBack(long offset, long length) {
        return memory.writeBack(offset, length);
    }
}
