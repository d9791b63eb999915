// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import java.util.List;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostCall;
import org.jvisor.api.host.HostCaller;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.p9.P9Transport;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.FileSystemType;
import org.jvisor.api.vfs.Vfs;
import org.osgi.service.component.ComponentServiceObjects;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * Mounts the tree of a gofer. The attachment is an Integer, the descriptor of a connection to it; the options are in
 * {@link MountOptions}. Only the boot of a container can have such a descriptor.
 */
@Component(service = {FileSystemType.class, HostCaller.class})
public final class GoferFileSystemType implements FileSystemType, HostCaller {
    private static final int MESSAGE_BYTES = 64 << 10;

    private final HostKernel host;
    private final Memory memory;
    private final P9Transport transport;
    /** Got when needed: the vfs itself asks for the file system types. */
    private final ComponentServiceObjects<Vfs> vfs;

    @Activate
    public GoferFileSystemType(@Reference HostKernel host, @Reference Memory memory, @Reference P9Transport transport,
            @Reference ComponentServiceObjects<Vfs> vfs) {
        this.host = host;
        this.memory = memory;
        this.transport = transport;
        this.vfs = vfs;
    }

    @Override
    public String name() {
        return "9p";
    }

    @Override
    public boolean userMountable() {
        return false;
    }

    @Override
    public FileSystem mount(Task task, Cgroup cgroup, String source, String data, Object attachment) {
        if (!(attachment instanceof Integer descriptor)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        MountOptions options = MountOptions.parse(data);
        GoferClient client = new GoferClient(host, transport.connect(descriptor, MESSAGE_BYTES));
        return new GoferFileSystem(host, memory, cgroup, client, options, vfs.getService().newDevice());
    }

    /** What is done to donated descriptors. */
    @Override
    public List<HostCall> hostCalls() {
        return HostCall.listOf(SyscallNr.PREAD64, SyscallNr.PWRITE64, SyscallNr.PWRITEV2, SyscallNr.LSEEK, SyscallNr.FSTAT,
            SyscallNr.FSYNC, SyscallNr.FDATASYNC, SyscallNr.FTRUNCATE, SyscallNr.FALLOCATE, SyscallNr.CLOSE);
    }
}
