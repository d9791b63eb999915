// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.platform.Platform;

/** Memory whose managers are {@link FakeManager}s. */
public class FakeMemory implements Memory {

    private static final MemoryFile.Epoch EPOCH = new MemoryFile.Epoch() {
        @Override
        public void enter() {
            // Nothing is ever given back.
        }

        @Override
        public void mark() {
            // Nothing is ever given back.
        }

        @Override
        public void leave() {
            // Nothing is ever given back.
        }

        @Override
        public void close() {
            // Nothing is ever given back.
        }
    };

    public final List<FakeManager> managers = new ArrayList<>();
    private final MemoryFile file = new Fakes()
            .on("descriptor", a -> 3).on("newEpoch", a -> EPOCH).on("limit", a -> 1L << 30).as(MemoryFile.class);

    @Override
    public MemoryFile file() {
        return file;
    }

    @Override
    public void setLimit(long bytes) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void start(Platform platform) {
        // Nothing to do.
    }

    @Override
    public synchronized MemoryManager newManager(Cgroup payer) {
        FakeManager manager = new FakeManager();
        managers.add(manager);
        return manager.asManager();
    }

    @Override
    public SharedMemory newSharedMemory(Cgroup payer, long bytes) {
        throw new UnsupportedOperationException();
    }

    @Override
    public IoBuffer kernelBuffer(byte[] bytes, int offset, int length) {
        int[] moved = {0};
        return new Fakes()
                .on("remaining", a -> (long) length - moved[0])
                .on("put", a -> {
                    int count = Math.min((Integer) a[2], length - moved[0]);
                    System.arraycopy((byte[]) a[0], (Integer) a[1], bytes, offset + moved[0], count);
                    moved[0] += count;
                    return (long) count;
                }).as(IoBuffer.class);
    }

    @Override
    public IoBuffer hostBuffer(long address, long length) {
        throw new UnsupportedOperationException();
    }
}
