// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;

/** /dev/zero, and /dev/full, which differs in that nothing can be written (full(4)). */
final class ZeroDevice extends MemDevice {

    private final HostKernel host;
    private final Memory memory;
    private final boolean full;

    ZeroDevice(HostKernel host, Memory memory, boolean full) {
        this.host = host;
        this.memory = memory;
        this.full = full;
    }

    @Override
    public StateRecord save() {
        return new StateRecord(DevDriver.ZERO, DevDriver.SCHEMA).put("full", full);
    }

    @Override
    public long read(Task task, FileDescription file, IoBuffer target, long offset) {
        long filled = begin(task, target);
        while (target.remaining() > 0) {
            long address = target.span();
            if (address < 0) {
                return filled > 0 ? filled : address;
            }
            long length = target.spanLength();
            host.fill(address, length, (byte) 0);
            target.advance(length);
            filled += length;
            if (isCutShort(task, target)) {
                return task.call().cutShort(filled);
            }
        }
        return filled;
    }

    @Override
    public long write(Task task, FileDescription file, IoBuffer source, long offset) {
        return full ? -Errno.ENOSPC : discard(source);
    }

    /** Each mapping is anonymous memory of its own (mmap(2), MAP_ANONYMOUS). */
    @Override
    public Mappable mappable(Task task, FileDescription file) {
        return full ? super.mappable(task, file) : new ZeroMapping(memory, task.cgroup());
    }
}
