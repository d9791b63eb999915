// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.Session;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.Tty;
import org.jvisor.api.vfs.DeviceDriver;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Mount;
import org.jvisor.api.vfs.VfsPath;
import org.osgi.service.component.annotations.Component;

/** Major number 5: the controlling terminal (tty(4)), the container's terminal (console(4)), and new pairs (ptmx(4)). */
@Component(service = DeviceDriver.class)
public final class TtyDriver implements DeviceDriver {

    static final int MAJOR = 5;
    static final int TTY = 0;
    static final int CONSOLE = 1;
    static final int PTMX = 2;

    @Override
    public String name() {
        return "/dev/tty";
    }

    @Override
    public int major() {
        return MAJOR;
    }

    @Override
    public int firstMinor() {
        return TTY;
    }

    @Override
    public int lastMinor() {
        return PTMX;
    }

    @Override
    public FileOperations open(Task task, int minor, int flags, VfsPath path) {
        if (task == null) {
            throw ErrnoException.of(Errno.ENXIO);
        }
        return switch (minor) {
            case TTY -> open(controlling(task), task, flags);
            case CONSOLE -> {
                Tty console = task.container().console();
                yield open(console != null ? console : controlling(task), task, flags);
            }
            case PTMX -> openMaster(task, path);
            default -> throw ErrnoException.of(Errno.ENXIO);
        };
    }

    private static Tty controlling(Task task) {
        Session session = task.group().session();
        return session == null ? null : session.tty();
    }

    private static FileOperations open(Tty tty, Task task, int flags) {
        if (tty == null) {
            throw ErrnoException.of(Errno.ENXIO);
        }
        return tty.open(task, flags);
    }

    /** In the devpts that ptmx is in, or else in the one that is mounted at "pts" beside it. */
    private static FileOperations openMaster(Task task, VfsPath path) {
        VfsPath directory = path.mount().fileSystem() instanceof DevptsFileSystem
                ? new VfsPath(path.mount(), path.dentry().parent()) : besides(task, path);
        DevptsFileSystem fileSystem = (DevptsFileSystem) directory.mount().fileSystem();
        Terminal terminal = fileSystem.add(task.cgroup(), task.credentials().fsuid(), task.credentials().fsgid());
        return new PtyMaster(fileSystem, terminal, directory);
    }

    private static VfsPath besides(Task task, VfsPath ptmx) {
        for (Mount mount : task.mounts().mounts()) {
            VfsPath at = mount.mountPoint();
            if (at != null && mount.fileSystem() instanceof DevptsFileSystem && at.mount() == ptmx.mount()
                    && at.dentry().parent() == ptmx.dentry().parent() && at.dentry().name().equals("pts")) {
                return new VfsPath(mount, mount.root());
            }
        }
        throw ErrnoException.of(Errno.ENODEV);
    }
}
