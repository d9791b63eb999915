// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.sys;

import org.jvisor.api.abi.FsMagic;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.PseudoFileSystem;

/** A mounted /sys. */
final class SysFileSystem extends PseudoFileSystem {
    private final SysDirectory root;

    SysFileSystem(Kernel kernel, CpuCaches caches) {
        super("sysfs", FsMagic.SYSFS_MAGIC, kernel.vfs().newDevice(), kernel.clock().realtimeNs());
        root = fill(kernel, caches);
    }

    /** What {@link #save} wrote. */
    SysFileSystem(Kernel kernel, CpuCaches caches, StateRecord record) {
        super(record, FsMagic.SYSFS_MAGIC);
        root = fill(kernel, caches);
    }

    private SysDirectory fill(Kernel kernel, CpuCaches caches) {
        SysDirectory directory = new SysDirectory(this);
        CpuTree.addTo(directory, kernel, caches);
        DeviceTree.addTo(directory);
        KernelTree.addTo(directory);
        return directory;
    }

    @Override
    public Inode root() {
        return root;
    }
}
