// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Kernel;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.state.Driver;
import org.jvisor.api.state.StateException;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.HostFiles;
import org.jvisor.api.vfs.Vfs;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Makes devices, instances of devpts and terminals of records. */
@Component
public final class DevDriver implements Driver {

    static final int SCHEMA = 1;
    static final String NULL = "dev.null";
    static final String ZERO = "dev.zero";
    static final String RANDOM = "dev.random";
    static final String ZERO_MAPPING = "dev.zero-mapping";
    static final String DEV = "dev.superblock";
    static final String DEVPTS = "devpts.superblock";
    static final String DEVPTS_ROOT = "devpts.root";
    static final String DEVPTS_INODE = "devpts.inode";
    static final String DEVPTS_OPEN_ROOT = "devpts.open-root";
    static final String SLAVE_INODE = "devpts.slave-inode";
    static final String TERMINAL = "devpts.terminal";
    static final String MASTER = "devpts.master";
    static final String SLAVE = "devpts.slave";
    static final String RELAY = "devpts.relay";
    static final String KERNEL_PTY = "devpts.kernel-pty";

    private final Kernel kernel;
    private final HostKernel host;
    private final Memory memory;
    private final KernelClock clock;
    private final Vfs vfs;
    private final HostFiles hostFiles;

    @Activate
    public DevDriver(@Reference Kernel kernel, @Reference HostKernel host, @Reference Memory memory, @Reference KernelClock clock,
            @Reference Vfs vfs, @Reference HostFiles hostFiles) {
        this.kernel = kernel;
        this.host = host;
        this.memory = memory;
        this.clock = clock;
        this.vfs = vfs;
        this.hostFiles = hostFiles;
    }

    @Override
    public Stateful adopt(StateRecord record) {
        return switch (record.type()) {
            case NULL -> new NullDevice();
            case ZERO -> new ZeroDevice(host, memory, record.getBoolean("full", false));
            case RANDOM -> new RandomDevice(host);
            case ZERO_MAPPING -> new ZeroMapping(record);
            case DEV -> new DevFileSystem(record);
            case DEVPTS -> new DevptsFileSystem(record, clock);
            case DEVPTS_ROOT -> new DevptsRoot(record);
            case DEVPTS_INODE -> new DevptsInode(record);
            case DEVPTS_OPEN_ROOT -> record.requireOwn("inode", DevptsRoot.class).reopened();
            case SLAVE_INODE -> new PtsInode(record);
            case TERMINAL -> new Terminal(record);
            case MASTER -> new PtyMaster(record);
            case SLAVE -> new PtySlave(record.requireOwn("terminal", Terminal.class));
            case RELAY -> new PtyRelay(record, kernel, host, memory, hostFiles);
            case KERNEL_PTY -> new KernelPty(record, vfs);
            default -> throw new StateException("dev knows no record of type " + record.type());
        };
    }
}
