// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.container;

import org.jvisor.api.kernel.StartException;
import org.jvisor.api.vfs.HostFiles;
import org.jvisor.api.vfs.Ptys;

/** The services that a container's standard streams come from; they come and go. Any thread. */
public final class ContainerDevices {

    private volatile HostFiles hostFiles;
    private volatile Ptys ptys;

    public synchronized void setHostFiles(HostFiles service) {
        hostFiles = service;
    }

    public synchronized void setPtys(Ptys service) {
        ptys = service;
    }

    public synchronized void unsetHostFiles(HostFiles service) {
        hostFiles = hostFiles == service ? null : hostFiles;
    }

    public synchronized void unsetPtys(Ptys service) {
        ptys = ptys == service ? null : ptys;
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
