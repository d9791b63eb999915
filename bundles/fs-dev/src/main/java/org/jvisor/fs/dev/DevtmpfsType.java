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

/** "devtmpfs" as a service. */
@Component(service = FileSystemType.class)
public final class DevtmpfsType implements FileSystemType {

    /** Where the options say nothing. */
    static final String DEFAULTS = "mode=0755,";

    private final Vfs vfs;

    @Activate
    public DevtmpfsType(@Reference Vfs vfs) {
        this.vfs = vfs;
    }

    @Override
    public String name() {
        return "devtmpfs";
    }

    @Override
    public FileSystem mount(Task task, Cgroup cgroup, String source, String data, Object attachment) {
        return new DevFileSystem(name(), vfs.newFileSystem(cgroup, source, "tmpfs", DEFAULTS + data, null));
    }
}
