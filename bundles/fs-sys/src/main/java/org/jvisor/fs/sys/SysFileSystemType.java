// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.sys;

import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.state.Driver;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.FileSystemType;
import org.jvisor.api.vfs.PseudoFileSystem;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The file system type "sysfs", and the driver of all of this bundle. */
@Component
public final class SysFileSystemType implements FileSystemType, Driver {
    private final Kernel kernel;
    private final CpuCaches caches;

    @Activate
    public SysFileSystemType(@Reference Kernel kernel) {
        this.kernel = kernel;
        caches = CpuCaches.ofHost(kernel);
    }

    @Override
    public String name() {
        return "sysfs";
    }

    /** Options are ignored, as Linux does. */
    @Override
    public FileSystem mount(Task task, Cgroup cgroup, String source, String data, Object attachment) {
        return new SysFileSystem(kernel, caches);
    }

    @Override
    public Stateful adopt(StateRecord record) {
        if (!PseudoFileSystem.isSuperBlock(record)) {
            return PseudoFileSystem.adopt(record);
        }
        return record.type().startsWith(CgroupFileSystem.TYPE) ? new CgroupFileSystem(record) : new SysFileSystem(kernel, caches, record);
    }
}
