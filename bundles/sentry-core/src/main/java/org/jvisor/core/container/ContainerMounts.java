// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.container;

import java.lang.System.Logger.Level;
import java.lang.System.Logger;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Mount;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.ContainerSpec.MountSpec;
import org.jvisor.api.kernel.ContainerSpec;
import org.jvisor.api.kernel.StartException;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.MountNamespace;
import org.jvisor.api.vfs.VfsPath;
import org.jvisor.core.KernelImpl;
import org.jvisor.core.process.TaskImpl;

/** A container's file tree: its root, and what its specification mounts there, in order. */
final class ContainerMounts {

    private static final Logger LOG = System.getLogger("org.jvisor.core.container");

    private static final String BIND = "bind";
    private static final String GOFER = "9p";
    private static final String OVERLAY = "overlay";
    private static final String TMPFS = "tmpfs";
    /** What the OCI runtime specification calls the container's cgroup, and what that is here, as with runc on a host of today. */
    private static final String CGROUP = "cgroup";
    private static final String CGROUP2 = "cgroup2";
    private static final String NONE = "none";

    /** What programs expect in /dev, and its target (the OCI runtime specification's "Dev symbolic links"). */
    private static final String[][] DEVICE_LINKS = {
        {"/dev/fd", "/proc/self/fd"},
        {"/dev/stdin", "/proc/self/fd/0"},
        {"/dev/stdout", "/proc/self/fd/1"},
        {"/dev/stderr", "/proc/self/fd/2"},
        {"/dev/ptmx", "pts/ptmx"},
    };

    /** Others may change what is bound: nothing of it is remembered without asking again. */
    private static final String SHARED = "cache=shared";

    private final KernelImpl kernel;
    private final ContainerSpec spec;
    private final Cgroup cgroup;
    private final DonatedDescriptors donated;

    ContainerMounts(KernelImpl kernel, ContainerSpec spec, Cgroup cgroup, DonatedDescriptors donated) {
        this.kernel = kernel;
        this.spec = spec;
        this.cgroup = cgroup;
        this.donated = donated;
    }

    MountNamespace root() {
        ContainerSpec.Root root = spec.rootfs();
        try {
            if (!root.overlay()) {
                return kernel.vfs().newNamespace(cgroup, NONE, GOFER, 0, "", donated.take(root.goferFd()));
            }
            return kernel.vfs().newNamespace(cgroup, NONE, OVERLAY, 0, "", layers(root.goferFd(), root.overlayBytes()));
        } catch (ErrnoException e) {
            throw new StartException("mounting the root file system: " + Failures.text(e), e.errno());
        }
    }

    /** A root that is to be read-only is so from here on: mount points were made in it before. */
    void protectRoot(TaskImpl task) {
        if (spec.rootfs().readOnly()) {
            kernel.vfs().mount(task, NONE, task.mounts().root(), null, Mount.MS_REMOUNT | Mount.MS_BIND | Mount.MS_RDONLY, null);
        }
    }

    private FileSystem[] layers(int goferFd, long bytes) {
        String size = "mode=0755" + (bytes > 0 ? ",size=" + bytes : "");
        return new FileSystem[] {
            kernel.vfs().newFileSystem(cgroup, NONE, GOFER, "", donated.take(goferFd)),
            kernel.vfs().newFileSystem(cgroup, NONE, TMPFS, size, null),
        };
    }

    void mountAll(TaskImpl task) {
        for (MountSpec mount : spec.mounts()) {
            try {
                mount(task, mount);
            } catch (ErrnoException e) {
                throw new StartException("mounting \"" + mount.type() + "\" to \"" + mount.destination() + "\": "
                        + Failures.text(e), e.errno());
            }
        }
        linkDevices(task);
    }

    private void mount(TaskImpl task, MountSpec mount) {
        PathMaker maker = new PathMaker(kernel, task);
        if (mount.type().equals(BIND)) {
            bind(task, mount, maker);
            return;
        }
        VfsPath target = maker.makeDirectories(mount.destination());
        String type = mount.type().equals(CGROUP) ? CGROUP2 : mount.type();
        kernel.vfs().mountAtBoot(task.mounts(), cgroup, mount.source(), target, type, mount.flags(), mount.data(), null);
    }

    /** The gofer's tree is looked at first: a file is mounted on a file. */
    private void bind(TaskImpl task, MountSpec mount, PathMaker maker) {
        MountNamespace tree = mount.overlay()
                ? kernel.vfs().newNamespace(cgroup, mount.source(), OVERLAY, 0, "", layers(mount.goferFd(), 0))
                : kernel.vfs().newNamespace(cgroup, mount.source(), GOFER, 0, SHARED, donated.take(mount.goferFd()));
        try {
            boolean directory = (tree.root().inode().mode() & Mode.S_IFMT) == Mode.S_IFDIR;
            VfsPath target = directory ? maker.makeDirectories(mount.destination()) : maker.makeFile(mount.destination());
            long flags = mount.flags() & ~(Mount.MS_BIND | Mount.MS_REC);
            kernel.vfs().bindAtBoot(task.mounts(), tree.root(), target, flags);
        } finally {
            tree.release();
        }
    }

    private void linkDevices(TaskImpl task) {
        PathMaker maker = new PathMaker(kernel, task);
        for (String[] link : DEVICE_LINKS) {
            try {
                if (!maker.exists(link[0])) {
                    kernel.vfs().symlink(task, link[1], Open.AT_FDCWD, task.walk().load(link[0]));
                }
            } catch (ErrnoException e) {
                // A /dev that somebody else made, read-only perhaps, is left as it is.
                LOG.log(Level.DEBUG, "{0}: {1}", link[0], e.getMessage());
            }
        }
    }
}
