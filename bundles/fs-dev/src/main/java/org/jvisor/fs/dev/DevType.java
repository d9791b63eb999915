// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.FileSystemType;
import org.jvisor.api.vfs.Vfs;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** "dev" as a service. */
@Component(service = FileSystemType.class)
public final class DevType implements FileSystemType {

    private final Vfs vfs;

    @Activate
    public DevType(@Reference Vfs vfs) {
        this.vfs = vfs;
    }

    @Override
    public String name() {
        return "dev";
    }

    @Override
    public FileSystem mount(Task task, Cgroup cgroup, String source, String data, Object attachment) {
        return new DevFileSystem(name(), vfs.newFileSystem(cgroup, source, "tmpfs", DevtmpfsType.DEFAULTS + data, null));
    }
}
