// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.overlay;

import java.util.List;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.state.Driver;
import org.jvisor.api.state.StateException;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.FileSystemType;
import org.jvisor.api.vfs.Vfs;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * The "overlay" file system: a tree that can be changed above one that is not. At the boot of a container its layers come as
 * {@code FileSystem[] {lower, upper}}; mount(2) names them by lowerdir=, upperdir= and workdir=.
 */
@Component
public final class OverlayType implements FileSystemType, Driver {

    static final int SCHEMA = 1;
    static final String SUPER_BLOCK = "overlay.superblock";
    static final String INODE = "overlay.inode";
    static final String DIRECTORY = "overlay.open-directory";
    static final String LOWER_FILE = "overlay.open-lower-file";

    private final Vfs vfs;
    private final Memory memory;

    @Activate
    public OverlayType(@Reference Vfs vfs, @Reference Memory memory) {
        this.vfs = vfs;
        this.memory = memory;
    }

    @Override
    public String name() {
        return "overlay";
    }

    @Override
    public FileSystem mount(Task task, Cgroup cgroup, String source, String data, Object attachment) {
        if (attachment instanceof FileSystem[] layers) {
            return new Overlay(vfs, vfs.newDevice(), memory, layers[0].root(), layers[1].root(), true, layers, List.of(), 1, "");
        }
        if (task == null) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return LayerOptions.mount(task, vfs, memory, data == null ? "" : data);
    }

    @Override
    public Stateful adopt(StateRecord record) {
        return switch (record.type()) {
            case SUPER_BLOCK -> new Overlay(record, vfs, memory);
            case INODE -> new OverlayInode(record);
            case DIRECTORY -> new OverlayDirectory(record);
            case LOWER_FILE -> new LowerFile(record);
            default -> throw new StateException("overlay knows no record of type " + record.type());
        };
    }
}
