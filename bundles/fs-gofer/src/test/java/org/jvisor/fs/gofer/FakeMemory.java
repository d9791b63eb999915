// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.platform.Platform;

/** Frames from plain memory, counted, so that a test sees whether all are given back. */
final class FakeMemory implements Memory, MemoryFile {
    private final HostKernel host;
    private final long base;
    private final int frames;
    private final Map<Long, Integer> references = new HashMap<>();
    private final ArrayDeque<Long> free = new ArrayDeque<>();
    private long next;

    FakeMemory(HostKernel host, int frames) {
        this.host = host;
        this.frames = frames;
        base = host.allocate((long) frames * PAGE);
    }

    int framesUsed() {
        return references.size();
    }

    @Override
    public MemoryFile file() {
        return this;
    }

    @Override
    public void setLimit(long bytes) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void start(Platform platform) {
        throw new UnsupportedOperationException();
    }

    @Override
    public MemoryManager newManager(Cgroup payer) {
        throw new UnsupportedOperationException();
    }

    @Override
    public SharedMemory newSharedMemory(Cgroup payer, long bytes) {
        throw new UnsupportedOperationException();
    }

    @Override
    public IoBuffer kernelBuffer(byte[] bytes, int offset, int length) {
        throw new UnsupportedOperationException();
    }

    @Override
    public IoBuffer hostBuffer(long address, long length) {
        return new SpanBuffer(host, address, length, Long.MAX_VALUE);
    }

    @Override
    public int descriptor() {
        throw new UnsupportedOperationException();
    }

    @Override
    public long base() {
        return base;
    }

    @Override
    public synchronized long allocate(int pages) {
        long offset;
        if (pages == 1 && !free.isEmpty()) {
            offset = free.pop();
        } else if (next + pages <= frames) {
            offset = next * PAGE;
            next += pages;
        } else {
            throw ErrnoException.of(Errno.ENOMEM);
        }
        host.fill(base + offset, (long) pages * PAGE, (byte) 0);
        for (int i = 0; i < pages; i++) {
            references.put(offset + (long) i * PAGE, 1);
        }
        return offset;
    }

    @Override
    public synchronized void retain(long offset, int pages) {
        for (int i = 0; i < pages; i++) {
            references.merge(offset + (long) i * PAGE, 1, Integer::sum);
        }
    }

    @Override
    public synchronized void release(long offset, int pages) {
        for (int i = 0; i < pages; i++) {
            long frame = offset + (long) i * PAGE;
            if (references.merge(frame, -1, Integer::sum) == 0) {
                references.remove(frame);
                free.push(frame);
            }
        }
    }

    @Override
    public synchronized int references(long offset) {
        return references.getOrDefault(offset, 0);
    }

    @Override
    public Epoch newEpoch() {
        throw new UnsupportedOperationException();
    }

    @Override
    public long used() {
        return (long) references.size() * PAGE;
    }

    @Override
    public long limit() {
        return (long) frames * PAGE;
    }
}
