// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.vfs.HostFiles;
import org.jvisor.api.vfs.Mount;
import org.jvisor.api.vfs.MountNamespace;
import org.jvisor.api.vfs.Ptys;
import org.jvisor.api.vfs.Vfs;
import org.jvisor.api.vfs.VfsPath;
import org.osgi.service.component.ComponentServiceObjects;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Makes containers' own terminals. */
@Component(service = Ptys.class)
public final class PtysImpl implements Ptys {

    /** Got when needed: the kernel itself asks for pseudoterminals. */
    private final ComponentServiceObjects<Kernel> kernel;
    private final HostKernel host;
    private final Memory memory;
    private final Vfs vfs;
    private final HostFiles hostFiles;

    @Activate
    public PtysImpl(@Reference ComponentServiceObjects<Kernel> kernel, @Reference HostKernel host, @Reference Memory memory, @Reference Vfs vfs, @Reference HostFiles hostFiles) {
        this.kernel = kernel;
        this.host = host;
        this.memory = memory;
        this.vfs = vfs;
        this.hostFiles = hostFiles;
    }

    @Override
    public Pty open(MountNamespace namespace, int uid, int gid) {
        VfsPath directory = devpts(namespace);
        DevptsFileSystem fileSystem = (DevptsFileSystem) directory.mount().fileSystem();
        Terminal terminal = fileSystem.add(null, uid, gid);
        terminal.setLocked(false);
        PtyRelay relay = new PtyRelay(kernel.getService(), host, memory, hostFiles, terminal, fileSystem);
        return new KernelPty(relay, vfs, directory, terminal);
    }

    private VfsPath devpts(MountNamespace namespace) {
        for (Mount mount : namespace.mounts()) {
            if (mount.fileSystem() instanceof DevptsFileSystem) {
                return new VfsPath(mount, mount.root());
            }
        }
        return vfs.newNamespace(new Cgroup(null), "devpts", "devpts", 0, "", null).root();
    }
}
