// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.IoctlFs;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.FileDescription;

/** /dev/random and /dev/urandom: the host's random numbers, always ready (random(4)). */
final class RandomDevice extends MemDevice {

    private static final int ENTROPY_BITS = 256;

    private final HostKernel host;

    RandomDevice(HostKernel host) {
        this.host = host;
    }

    @Override
    public StateRecord save() {
        return new StateRecord(DevDriver.RANDOM, DevDriver.SCHEMA);
    }

    @Override
    public long read(Task task, FileDescription file, IoBuffer target, long offset) {
        long filled = begin(task, target);
        while (target.remaining() > 0) {
            long address = target.span();
            if (address < 0) {
                return filled > 0 ? filled : address;
            }
            long count = host.syscall(SyscallNr.GETRANDOM, address, target.spanLength(), 0);
            if (count <= 0) {
                return filled > 0 ? filled : count;
            }
            target.advance(count);
            filled += count;
            if (isCutShort(task, target)) {
                return task.call().cutShort(filled);
            }
        }
        return filled;
    }

    /** What is written is meant to be mixed in; the host's pool needs none of it. */
    @Override
    public long write(Task task, FileDescription file, IoBuffer source, long offset) {
        return discard(source);
    }

    @Override
    public long ioctl(Task task, FileDescription file, int command, long argument) {
        if (command != IoctlFs.RNDGETENTCNT) {
            return -Errno.EINVAL;
        }
        task.memory().putInt(argument, ENTROPY_BITS);
        return 0;
    }
}
