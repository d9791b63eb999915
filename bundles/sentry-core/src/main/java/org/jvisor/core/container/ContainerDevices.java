// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.container;

import org.jvisor.api.kernel.StartException;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.vfs.HostFiles;
import org.jvisor.api.vfs.Ptys;

/** The services that a container's standard streams come from; they come and go. Any thread. */
public final class ContainerDevices {

    private final Mutex lock = new Mutex(LockRank.KERNEL);
    // ---- written with the lock
    private volatile HostFiles hostFiles;
    private volatile Ptys ptys;

    public void setHostFiles(HostFiles service) {
        try (Mutex _ = lock.take()) {
            hostFiles = service;
        }
    }

    public void setPtys(Ptys service) {
        try (Mutex _ = lock.take()) {
            ptys = service;
        }
    }

    public void unsetHostFiles(HostFiles service) {
        try (Mutex _ = lock.take()) {
            hostFiles = hostFiles == service ? null : hostFiles;
        }
    }

    public void unsetPtys(Ptys service) {
        try (Mutex _ = lock.take()) {
            ptys = ptys == service ? null : ptys;
        }
    }

    HostFiles hostFiles() {
        return present(hostFiles, "host files");
    }

    Ptys ptys() {
        return present(ptys, "pseudoterminals");
    }

    private static <T> T present(T service, String name) {
        if (service == null) {
            throw new StartException("no service for " + name, 0);
        }
        return service;
    }
}
