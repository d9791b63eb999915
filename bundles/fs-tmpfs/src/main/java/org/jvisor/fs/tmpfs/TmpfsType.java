// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.tmpfs;

import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.FileSystemType;
import org.jvisor.api.vfs.Vfs;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** tmpfs as a service. */
@Component
public final class TmpfsType implements FileSystemType {

    private final Memory memory;
    private final KernelClock clock;
    private final Vfs vfs;

    @Activate
    public TmpfsType(@Reference Memory memory, @Reference KernelClock clock, @Reference Vfs vfs) {
        this.memory = memory;
        this.clock = clock;
        this.vfs = vfs;
    }

    @Override
    public String name() {
        return "tmpfs";
    }

    @Override
    public FileSystem mount(Task task, Cgroup cgroup, String source, String data, Object attachment) {
        long limit = memory.file(cgroup).limit();
        TmpfsOptions options = TmpfsOptions.parse(data, TmpfsOptions.defaults(task, limit), limit);
        return new Tmpfs(name(), memory, clock, vfs.newDevice(), cgroup, options);
    }
}
