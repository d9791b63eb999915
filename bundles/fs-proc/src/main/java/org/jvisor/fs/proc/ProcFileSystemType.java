// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import java.util.List;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.state.Driver;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.DeviceDriver;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.FileSystemType;
import org.jvisor.api.vfs.ProcEntry;
import org.jvisor.api.vfs.PseudoFileSystem;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/** The file system type "proc". */
@Component
public final class ProcFileSystemType implements FileSystemType, Driver {
    private final ProcSystem system;

    /** Replaced as services come and go. */
    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    private volatile List<DeviceDriver> drivers = List.of();

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    private volatile List<ProcEntry> entries = List.of();

    @Activate
    public ProcFileSystemType(@Reference Kernel kernel) {
        system = new ProcSystem(kernel, CpuInfo.ofHost(kernel), () -> drivers, () -> entries);
    }

    @Override
    public String name() {
        return "proc";
    }

    @Override
    public FileSystem mount(Task task, Cgroup cgroup, String source, String data, Object attachment) {
        return new ProcFileSystem(system, data);
    }

    @Override
    public Stateful adopt(StateRecord record) {
        return PseudoFileSystem.isSuperBlock(record) ? new ProcFileSystem(system, record) : PseudoFileSystem.adopt(record);
    }
}
