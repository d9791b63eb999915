// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.sys;

import org.jvisor.api.abi.FsMagic;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.PseudoFileSystem;

/** A mounted /sys. */
final class SysFileSystem extends PseudoFileSystem {
    private final SysDirectory root;

    SysFileSystem(Kernel kernel, CpuCaches caches) {
        super("sysfs", FsMagic.SYSFS_MAGIC, kernel.vfs().newDevice(), kernel.clock().realtimeNs());
        root = new SysDirectory(this);
        CpuTree.addTo(root, kernel, caches);
        DeviceTree.addTo(root);
        KernelTree.addTo(root);
    }

    @Override
    public Inode root() {
        return root;
    }
}
