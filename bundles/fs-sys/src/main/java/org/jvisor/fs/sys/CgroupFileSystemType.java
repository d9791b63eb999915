// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.sys;

import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.FileSystemType;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The file system type "cgroup2". */
@Component
public final class CgroupFileSystemType implements FileSystemType {
    private final Kernel kernel;

    @Activate
    public CgroupFileSystemType(@Reference Kernel kernel) {
        this.kernel = kernel;
    }

    @Override
    public String name() {
        return CgroupFileSystem.TYPE;
    }

    /** Options are ignored. */
    @Override
    public FileSystem mount(Task task, Cgroup cgroup, String source, String data, Object attachment) {
        return new CgroupFileSystem(kernel);
    }
}
