// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.DeviceDriver;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.VfsPath;
import org.osgi.service.component.annotations.Component;

/** Slaves of pseudoterminals, major number 136. Which one is meant, the name in devpts says: numbers repeat between instances. */
@Component(service = DeviceDriver.class)
public final class PtsDriver implements DeviceDriver {

    static final int MAJOR = 136;
    private static final int LAST_MINOR = (1 << 20) - 1;

    @Override
    public String name() {
        return "pts";
    }

    @Override
    public int major() {
        return MAJOR;
    }

    @Override
    public int firstMinor() {
        return 0;
    }

    @Override
    public int lastMinor() {
        return LAST_MINOR;
    }

    @Override
    public FileOperations open(Task task, int minor, int flags, VfsPath path) {
        if (!(path.inode() instanceof PtsInode slave)) {
            throw ErrnoException.of(Errno.ENXIO);
        }
        Terminal terminal = slave.terminal();
        FileOperations opened = terminal.open(task, flags);
        boolean reads = (flags & Open.O_ACCMODE) != Open.O_WRONLY;
        if (task != null && reads && (flags & Open.O_NOCTTY) == 0 && terminal.session() == null) {
            JobControl.acquire(terminal, task, false);
        }
        return opened;
    }
}
