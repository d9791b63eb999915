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

/** The file system type "sysfs". To be activated before the Sentry is sealed: reads what the host knows about its caches. */
@Component
public final class SysFileSystemType implements FileSystemType {
    private final Kernel kernel;
    private final CpuCaches caches;

    @Activate
    public SysFileSystemType(@Reference Kernel kernel) {
        this.kernel = kernel;
        caches = CpuCaches.ofHost();
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
}
