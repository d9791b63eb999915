// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.dev;

import java.util.List;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostCall;
import org.jvisor.api.host.HostCaller;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.vfs.DeviceDriver;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.VfsPath;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The memory devices, major number 1: null(4), random(4), full(4). */
@Component(service = {DeviceDriver.class, HostCaller.class})
public final class MemDriver implements DeviceDriver, HostCaller {

    static final int MAJOR = 1;
    static final int NULL = 3;
    static final int ZERO = 5;
    static final int FULL = 7;
    static final int RANDOM = 8;
    static final int URANDOM = 9;

    private final HostKernel host;
    private final Memory memory;

    @Activate
    public MemDriver(@Reference HostKernel host, @Reference Memory memory) {
        this.host = host;
        this.memory = memory;
    }

    @Override
    public List<HostCall> hostCalls() {
        return HostCall.listOf(SyscallNr.GETRANDOM);
    }

    @Override
    public String name() {
        return "mem";
    }

    @Override
    public int major() {
        return MAJOR;
    }

    @Override
    public int firstMinor() {
        return NULL;
    }

    @Override
    public int lastMinor() {
        return URANDOM;
    }

    @Override
    public FileOperations open(Task task, int minor, int flags, VfsPath path) {
        return switch (minor) {
            case NULL -> new NullDevice();
            case ZERO -> new ZeroDevice(host, memory, false);
            case FULL -> new ZeroDevice(host, memory, true);
            case RANDOM, URANDOM -> new RandomDevice(host);
            default -> throw ErrnoException.of(Errno.ENXIO);
        };
    }
}
