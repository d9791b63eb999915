// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import java.util.Arrays;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Ipc;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.mm.SharedSegments;

/** The array of shared memory segments. An identifier is an index with the number of times that the index was used above it. */
final class Segments implements SharedSegments {

    private static final int INDEX_BITS = 15;
    private static final int INDEX_MASK = (1 << INDEX_BITS) - 1;
    private static final int MAX_SEQUENCE = (1 << 31 - INDEX_BITS) - 1;

    /** Makes a segment's memory. */
    @FunctionalInterface
    interface Maker {
        FrameStore make(Cgroup payer, long bytes);
    }

    private final Maker newStore;

    private final Mutex lock = new Mutex(LockRank.IPC);
    // Guarded by the lock.
    private One[] slots = new One[4];
    private int sequence;

    Segments(Maker newStore) {
        this.newStore = newStore;
    }

    @Override
    public Segment find(int key) {
        try (Mutex _ = lock.take()) {
            if (key == Ipc.IPC_PRIVATE) {
                return null;
            }
            for (int i = 0; i < slots.length; i++) {
                One one = live(i);
                if (one != null && one.key() == key) {
                    return one;
                }
            }
            return null;
        }
    }

    @Override
    public Segment get(int id) {
        try (Mutex _ = lock.take()) {
            One one = id < 0 ? null : live(id & INDEX_MASK);
            return one != null && one.id == id ? one : null;
        }
    }

    @Override
    public Segment at(int index) {
        try (Mutex _ = lock.take()) {
            return index < 0 ? null : live(index);
        }
    }

    @Override
    public Segment of(Mappable object) {
        return object instanceof FrameStore store ? store.segment() : null;
    }

    @Override
    public int highestIndex() {
        try (Mutex _ = lock.take()) {
            for (int i = slots.length - 1; i >= 0; i--) {
                if (live(i) != null) {
                    return i;
                }
            }
            return -1;
        }
    }

    @Override
    public int count() {
        try (Mutex _ = lock.take()) {
            int count = 0;
            for (int i = 0; i < slots.length; i++) {
                count += live(i) == null ? 0 : 1;
            }
            return count;
        }
    }

    /** What is in a slot, unless it was removed and its last attachment is gone. */
    private One live(int index) {
        if (index >= slots.length || slots[index] == null) {
            return null;
        }
        if (slots[index].removed && slots[index].attached() == 0) {
            slots[index] = null;
        }
        return slots[index];
    }

    @Override
    public Segment create(Cgroup payer, int key, long bytes, int mode, Credentials creator, int pid, long nowSeconds) {
        try (Mutex _ = lock.take()) {
            if (find(key) != null) {
                return null;
            }
            int index = 0;
            while (index < slots.length && live(index) != null) {
                index++;
            }
            if (index == Ipc.SHMMNI) {
                throw ErrnoException.of(Errno.ENOSPC);
            }
            if (index == slots.length) {
                slots = Arrays.copyOf(slots, slots.length * 2);
            }
            FrameStore store = newStore.make(payer, bytes);
        if (!store.tryChargeAs(Charge.IPC_OBJECT)) {
            throw ErrnoException.of(Errno.ENOSPC);
        }
        sequence = sequence == MAX_SEQUENCE ? 0 : sequence + 1;
            One one = new One(sequence << INDEX_BITS | index, key, bytes, store);
            Attributes a = one.attributes;
            a.uid = creator.euid();
            a.gid = creator.egid();
            a.creatorUid = a.uid;
            a.creatorGid = a.gid;
            a.mode = mode;
            a.creatorPid = pid;
            a.changeSeconds = nowSeconds;
            slots[index] = one;
            return one;
        }
    }

    @Override
    public void remove(Segment segment) {
        try (Mutex _ = lock.take()) {
            One one = (One) segment;
            if (!one.removed) {
                one.removed = true;
                one.store.release();
            }
        }
    }

    @Override
    public void removeAll() {
        try (Mutex _ = lock.take()) {
            for (One one : slots) {
                if (one != null) {
                    remove(one);
                }
            }
        }
    }

    private static final class One implements Segment {
        private final int id;
        private final int key;
        private final long bytes;
        private final FrameStore store;
        private final Attributes attributes = new Attributes();
        private volatile boolean removed;

        One(int id, int key, long bytes, FrameStore store) {
            this.id = id;
            this.key = key;
            this.bytes = bytes;
            this.store = store;
            store.setSegment(this);
        }

        @Override
        public int id() {
            return id;
        }

        @Override
        public int key() {
            return removed ? Ipc.IPC_PRIVATE : key;
        }

        @Override
        public long bytes() {
            return bytes;
        }

        @Override
        public Memory.SharedMemory memory() {
            return store;
        }

        @Override
        public int attached() {
            return store.mappingCount();
        }

        @Override
        public boolean removed() {
            return removed;
        }

        @Override
        public Attributes attributes() {
            return attributes;
        }
    }
}
