// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.kernel;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.SharedSegments;

/**
 * Who shares System V objects (ipc_namespaces(7)). Shared memory goes with the last task that is in it; other objects are those who
 * provide them keep by it, weakly: when nothing is in it any more, they go. Any thread.
 */
public final class IpcNamespace {

    private final SysctlValues sysctls = new SysctlValues();
    private final AtomicInteger users = new AtomicInteger(1);
    private final Mutex lock = new Mutex(LockRank.LEAF);
    /** Null until somebody asks for it; written with the lock. */
    private volatile SharedSegments segments;

    /** Null: nobody is charged. */
    private final Cgroup payer;

    /** A container's first one, which is part of it. With one user, the caller. */
    public IpcNamespace() {
        payer = null;
    }

    /** One that {@code payer} makes. With one user, the caller. @throws org.jvisor.api.abi.ErrnoException ENOSPC */
    public IpcNamespace(Cgroup payer) {
        this.payer = payer;
        payer.requireCharge(Charge.NAMESPACE, 1);
    }

    /** What has been set for it below /proc/sys/kernel and /proc/sys/fs/mqueue; see {@link IpcSysctl}. */
    public SysctlValues sysctls() {
        return sysctls;
    }

    /** One more is in it; by one who is. */
    public void retain() {
        users.getAndIncrement();
    }

    /** One less. */
    public void release() {
        if (users.decrementAndGet() != 0) {
            return;
        }
        if (segments != null) {
            segments.removeAll();
        }
        if (payer != null) {
            payer.uncharge(Charge.NAMESPACE, 1);
        }
    }

    /** Its shared memory. @param maker makes it when it is first asked for; it takes no lock */
    public SharedSegments segments(Supplier<? extends SharedSegments> maker) {
        SharedSegments found = segments;
        if (found == null) {
            try (Mutex _ = lock.take()) {
                if (segments == null) {
                    segments = maker.get();
                }
                found = segments;
            }
        }
        return found;
    }
}
