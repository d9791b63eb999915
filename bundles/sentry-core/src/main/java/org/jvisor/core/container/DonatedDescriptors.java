// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.container;

import java.util.HashSet;
import java.util.Set;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.ContainerSpec;
import org.jvisor.api.kernel.ContainerSpec.MountSpec;
import org.jvisor.api.kernel.ProcessSpec;

/** Descriptors of the host that came with a specification and are the kernel's now: what nobody takes is closed. One thread. */
public final class DonatedDescriptors implements AutoCloseable {

    private final HostKernel host;
    private final Set<Integer> left = new HashSet<>();

    public DonatedDescriptors(HostKernel host, ProcessSpec process) {
        this.host = host;
        for (int fd : process.stdio()) {
            add(fd);
        }
        add(process.ttyFd());
    }

    public DonatedDescriptors(HostKernel host, ContainerSpec container) {
        this(host, container.process());
        add(container.rootfs().goferFd());
        for (MountSpec mount : container.mounts()) {
            add(mount.goferFd());
        }
    }

    private void add(int fd) {
        if (fd >= 0) {
            left.add(fd);
        }
    }

    /** It has an owner from here on. */
    int take(int fd) {
        left.remove(fd);
        return fd;
    }

    @Override
    public void close() {
        left.forEach(fd -> host.syscall(SyscallNr.CLOSE, fd));
        left.clear();
    }
}
