// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.mm.MemoryFile;

/** A bounded stretch of the kernel's own memory that bytes pass through on their way from one file to another; for one call. */
final class Bounce implements AutoCloseable {

    static final int BYTES = 1 << 16;
    private static final int PAGES = BYTES / MemoryFile.PAGE;

    private final Memory memory;
    private final MemoryFile file;
    private final long offset;

    /** Charged to the task's container. */
    Bounce(Task task) {
        memory = task.kernel().memory();
        file = memory.file(task.cgroup());
        offset = file.allocate(PAGES);
    }

    private long address() {
        return file.base() + offset;
    }

    /** To be filled with up to {@code most} bytes. */
    IoBuffer target(long most) {
        return memory.hostBuffer(address(), Math.min(most, BYTES));
    }

    /** What lies in it, from {@code from} on. */
    IoBuffer source(long from, long length) {
        return memory.hostBuffer(address() + from, length);
    }

    @Override
    public void close() {
        file.release(offset, PAGES);
    }
}
