// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import java.util.BitSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.host.RandomBytes;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.IpcNamespace;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.mm.MemoryShortage;
import org.jvisor.api.mm.SharedSegments;
import org.jvisor.api.platform.AddressSpace;
import org.jvisor.api.platform.Platform;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.Restorable;

/** The memory of one sandbox: its file, its page tables, and its managers. */
final class MemorySystem implements Memory {

    /** Page tables may take a 64th of the memory: enough for pages of which each eighth is used. */
    private static final int TABLE_SHARE = 64;
    private static final long TABLES_AT_LEAST = 64L << 20;
    /** {@link UserMemory#shareKey} has 16 bits for the manager. */
    private static final int MAX_MANAGERS = 1 << 16;

    final HostKernel host;
    final FrameFile file;
    final TableArena arena;
    final RandomBytes random;
    private final Mutex lock = new Mutex(LockRank.LEAF);
    /** Guarded by the lock. */
    private final BitSet ids = new BitSet();
    /** Those that are in use. */
    private final Set<Manager> managers = ConcurrentHashMap.newKeySet();
    private volatile Platform platform;

    MemorySystem(HostKernel host, FrameFile file) {
        this.host = host;
        this.file = file;
        random = new RandomBytes(host);
        arena = new TableArena(host, Math.max(TABLES_AT_LEAST, file.limit() / TABLE_SHARE));
    }

    void close() {
        arena.close();
        file.close();
    }

    @Override
    public MemoryFile file() {
        return file;
    }

    @Override
    public FrameAccount file(Cgroup payer) {
        return (FrameAccount) payer.memoryFile(container -> file.newAccount(container, this::sweep));
    }

    @Override
    public void onShortage(MemoryShortage shortage) {
        file.onShortage(shortage);
    }

    /** See {@link Manager#sweep}. */
    void sweep() {
        managers.forEach(Manager::sweep);
    }

    @Override
    public void setLimit(long bytes) {
        file.setLimit(bytes);
    }

    @Override
    public void start(Platform started) {
        platform = started;
    }

    Platform platform() {
        return platform;
    }

    @Override
    public MemoryManager newManager(Cgroup payer) {
        return newManager(platform::newAddressSpace, payer);
    }

    /** @param maker of the platform's side, which is released if there is to be none of ours */
    Manager newManager(Supplier<AddressSpace> maker, Cgroup payer) {
        payer.requireCharge(Charge.ADDRESS_SPACE, 1);
        AddressSpace space = null;
        int id = -1;
        Manager manager = null;
        try {
            id = takeId();
            space = maker.get();
            manager = new Manager(this, space, id, payer);
            managers.add(manager);
            return manager;
        } finally {
            if (manager == null) {
                undo(space, id, payer);
            }
        }
    }

    private void undo(AddressSpace space, int id, Cgroup payer) {
        if (space != null) {
            space.release();
        }
        if (id >= 0) {
            giveId(id);
        }
        payer.uncharge(Charge.ADDRESS_SPACE, 1);
    }

    private void giveId(int id) {
        try (Mutex _ = lock.take()) {
            ids.clear(id);
        }
    }

    private int takeId() {
        try (Mutex _ = lock.take()) {
            int id = ids.nextClearBit(0);
            if (id >= MAX_MANAGERS) {
                throw ErrnoException.of(Errno.ENOMEM);
            }
            ids.set(id);
            return id;
        }
    }

    /** {@code manager}, which has {@code id}, is gone. */
    void forget(Manager manager, int id) {
        managers.remove(manager);
        giveId(id);
        manager.payer.uncharge(Charge.ADDRESS_SPACE, 1);
    }

    @Override
    public SharedMemory newSharedMemory(Cgroup payer, long bytes) {
        return newStore(payer, bytes);
    }

    FrameStore newStore(Cgroup payer, long bytes) {
        return new FrameStore(host, payer == null ? file.own() : file(payer), payer, bytes);
    }

    @Override
    public SharedSegments segments(IpcNamespace namespace) {
        return namespace.segments(() -> new Segments(this::newStore));
    }

    @Override
    public void forEachHandle(Consumer<Handle> visitor) {
        managers.forEach(manager -> manager.forEachHandle(visitor));
    }

    @Override
    public void forEachRestorable(Consumer<? super Restorable> visitor) {
        managers.forEach(visitor);
    }

    @Override
    public IoBuffer kernelBuffer(byte[] bytes, int offset, int length) {
        return new ArrayBuffer(host, bytes, offset, length);
    }

    @Override
    public IoBuffer hostBuffer(long address, long length) {
        return new HostBuffer(host, address, length);
    }
}
