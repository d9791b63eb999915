// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.FileSystemType;
import org.jvisor.api.vfs.Vfs;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** "devpts" as a service. */
@Component(service = FileSystemType.class)
public final class DevptsType implements FileSystemType {

    private final Vfs vfs;
    private final KernelClock clock;

    @Activate
    public DevptsType(@Reference Vfs vfs, @Reference KernelClock clock) {
        this.vfs = vfs;
        this.clock = clock;
    }

    @Override
    public String name() {
        return "devpts";
    }

    @Override
    public FileSystem mount(Task task, Cgroup cgroup, String source, String data, Object attachment) {
        return new DevptsFileSystem(vfs.newDevice(), clock, DevptsOptions.parse(data));
    }
}
