// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.host;

import java.util.List;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.abi.Termios;
import org.jvisor.api.host.HostCall;
import org.jvisor.api.host.HostCaller;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.state.Driver;
import org.jvisor.api.state.StateException;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.HostFiles;
import org.jvisor.api.vfs.Vfs;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/** Makes descriptions of host descriptors. */
@Component(service = {HostFiles.class, HostCaller.class, Driver.class})
public final class HostFilesImpl implements HostFiles, HostCaller, Driver {

    static final int SCHEMA = 1;
    static final String SUPER_BLOCK = "host.superblock";
    static final String INODE = "host.inode";
    static final String FILE = "host.open-file";
    static final String DESCRIPTOR = "host.descriptor";

    static final List<HostCall> HOST_CALLS = HostCall.all(
        List.of(HostCall.of(SyscallNr.IOCTL).with(1, Termios.TCGETS, Termios.TIOCGWINSZ, Termios.FIONREAD),
            HostCall.of(SyscallNr.FCNTL).with(1, Open.F_GETFL)),
        HostCall.listOf(SyscallNr.READ, SyscallNr.WRITE, SyscallNr.PREAD64, SyscallNr.PWRITE64, SyscallNr.PREADV2,
            SyscallNr.PWRITEV2, SyscallNr.LSEEK, SyscallNr.FSTAT, SyscallNr.FSYNC, SyscallNr.FDATASYNC, SyscallNr.FTRUNCATE,
            SyscallNr.FALLOCATE, SyscallNr.CLOSE, SyscallNr.POLL, SyscallNr.EPOLL_CREATE1, SyscallNr.EPOLL_CTL,
            SyscallNr.EPOLL_WAIT, SyscallNr.EVENTFD2));

    private static final int KEPT_FLAGS = Open.O_ACCMODE | Open.O_APPEND | Open.O_NONBLOCK;

    private final HostKernel host;
    private final Vfs vfs;
    /** That of a predecessor where there was one. */
    private volatile HostFileSystem fileSystem;

    private final Mutex lock = new Mutex(LockRank.KERNEL);
    /** Made when first needed; guarded by the lock. */
    private HostPoller poller;

    @Activate
    public HostFilesImpl(@Reference HostKernel host, @Reference Vfs vfs) {
        this.host = host;
        this.vfs = vfs;
        this.fileSystem = new HostFileSystem(vfs.newDevice(), this::serve);
    }

    @Override
    public FileDescription open(int hostFd, int uid, int gid) {
        int flags = (int) ErrnoException.check(host.syscall(SyscallNr.FCNTL, hostFd, Open.F_GETFL));
        HostDescriptor descriptor = new HostDescriptor(host, hostFd);
        Stat stat = new Stat();
        descriptor.stat(stat);
        HostFile file = new HostFile(descriptor, poller(), stat.mode, flags);
        long ino = fileSystem.ino(stat.dev, stat.ino);
        HostInode inode = new HostInode(fileSystem, ino, descriptor, file, stat.mode, uid, gid);
        return vfs.newAnonymous(file, inode, flags & KEPT_FLAGS, name(stat.mode, ino));
    }

    @Override
    public Stateful adopt(StateRecord record) {
        return switch (record.type()) {
            case SUPER_BLOCK -> new HostFileSystem(record, this::serve);
            case INODE -> new HostInode(record);
            case FILE -> new HostFile(record, poller());
            case DESCRIPTOR -> new HostDescriptor(record, host);
            default -> throw new StateException("host files know no record of type " + record.type());
        };
    }

    private void serve(HostFileSystem successor) {
        fileSystem = successor;
    }

    private HostPoller poller() {
        try (Mutex _ = lock.take()) {
            if (poller == null) {
                poller = new HostPoller(host);
            }
            return poller;
        }
    }

    private static String name(int mode, long ino) {
        String kind = Mode.isFifo(mode) ? "pipe" : Mode.isSocket(mode) ? "socket" : "host";
        return kind + ":[" + ino + "]";
    }

    @Deactivate
    public void close() {
        try (Mutex _ = lock.take()) {
            if (poller != null) {
                poller.close();
            }
        }
    }

    @Override
    public List<HostCall> hostCalls() {
        return HOST_CALLS;
    }
}
