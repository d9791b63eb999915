// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.FsMagic;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.kernel.PipeSysctl;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.VfsPath;
import org.jvisor.vfs.anon.EpollFile;
import org.jvisor.vfs.anon.EpollNesting;
import org.jvisor.vfs.anon.EventFdFile;
import org.jvisor.vfs.anon.MemfdInode;
import org.jvisor.vfs.anon.PipeBuffer;
import org.jvisor.vfs.anon.PipeEnd;
import org.jvisor.vfs.anon.SignalFdFile;
import org.jvisor.vfs.anon.TimerFdFile;

/** Makes descriptions of what has no name in a tree. */
final class AnonymousFiles {

    private static final int KEPT_FLAGS =
            Open.O_ACCMODE | Open.O_NONBLOCK | Open.O_APPEND | Open.O_DIRECT | Open.O_ASYNC | Open.O_LARGEFILE;

    private final Memory memory;
    private final KernelClock clock;
    private final HostKernel host;
    private final OpenFiles openFiles;
    private final MountImpl anonymous;
    private final MountImpl pipes;
    private final MountImpl sockets;
    private final MountImpl memfds;
    private final EpollNesting nesting = new EpollNesting();

    AnonymousFiles(Memory memory, KernelClock clock, HostKernel host, Devices devices, OpenFiles openFiles) {
        this.memory = memory;
        this.clock = clock;
        this.host = host;
        this.openFiles = openFiles;
        anonymous = kernelMount("anon_inodefs", FsMagic.ANON_INODE_FS_MAGIC, devices);
        pipes = kernelMount("pipefs", FsMagic.PIPEFS_MAGIC, devices);
        sockets = kernelMount("sockfs", FsMagic.SOCKFS_MAGIC, devices);
        memfds = kernelMount("tmpfs", FsMagic.TMPFS_MAGIC, devices);
    }

    private static MountImpl kernelMount(String type, long magic, Devices devices) {
        SuperBlock superBlock = new SuperBlock(new KernelFileSystem(type, magic, devices.newDevice()), null, null, ended -> { });
        return new MountImpl(null, superBlock, superBlock.root, "none", 0);
    }

    FileDescription any(FileOperations operations, int flags, String name, int mode) {
        MountImpl mount = Mode.isSocket(mode) ? sockets : Mode.isFifo(mode) ? pipes : anonymous;
        KernelFileSystem fileSystem = (KernelFileSystem) mount.fileSystem();
        Inode inode = new AnonymousInode(fileSystem, inoIn(name, fileSystem), clock, operations, mode, 0, 0);
        return describe(mount, new Vnode(mount.superBlock, inode), name, operations, flags);
    }

    VfsPath place(String name, int mode) {
        KernelFileSystem fileSystem = (KernelFileSystem) anonymous.fileSystem();
        Inode inode = new AnonymousInode(fileSystem, inoIn(name, fileSystem), clock, new FileOperations() {}, mode, 0, 0);
        return new VfsPath(anonymous, DentryImpl.detached(anonymous.superBlock, new Vnode(anonymous.superBlock, inode), name));
    }

    FileDescription any(FileOperations operations, Inode inode, int flags, String name) {
        return describe(anonymous, new Vnode(anonymous.superBlock, inode), name, operations, flags);
    }

    /** "socket:[123]" has 123. */
    private static long inoIn(String name, KernelFileSystem fileSystem) {
        int open = name.indexOf(":[");
        if (open > 0 && name.endsWith("]") && name.length() - open > 3) {
            long ino = 0;
            for (int i = open + 2; i < name.length() - 1; i++) {
                int digit = name.charAt(i) - '0';
                if (digit < 0 || digit > 9) {
                    return fileSystem.newIno();
                }
                ino = ino * 10 + digit;
            }
            return ino;
        }
        return fileSystem.newIno();
    }

    private FileDescription describe(MountImpl mount, Vnode vnode, String name, FileOperations operations, int flags) {
        openFiles.take();
        VfsPath path = new VfsPath(mount, DentryImpl.detached(mount.superBlock, vnode, name));
        return describe(path, vnode, operations, flags & KEPT_FLAGS);
    }

    private FileDescription describe(VfsPath path, Vnode vnode, FileOperations operations, int flags) {
        ((MountImpl) path.mount()).openFile(FileDescriptionImpl.writes(flags, vnode.inode.mode()));
        return new FileDescriptionImpl(openFiles, operations, path, vnode, flags);
    }

    /** As large as usual, or as it may be for {@code task} (pipe(7), /proc/sys/fs/pipe-max-size). */
    PipeBuffer newPipeBuffer(Task task) {
        PipeBuffer buffer = new PipeBuffer(task == null ? memory.file() : memory.file(task.cgroup()), host);
        if (task != null) {
            long most = PipeSysctl.maxSize(task.kernel().sysctls());
            if (most < buffer.capacity() && !task.hasCapability(Capability.CAP_SYS_RESOURCE)) {
                buffer.setCapacity((int) most);
            }
        }
        return buffer;
    }

    FileDescription[] pipe(Task task, int flags) {
        takeTwo();
        KernelFileSystem fileSystem = (KernelFileSystem) pipes.fileSystem();
        long ino = fileSystem.newIno();
        PipeBuffer buffer = newPipeBuffer(task);
        int uid = Permissions.of(task).fsuid();
        int gid = Permissions.of(task).fsgid();
        Inode inode = new AnonymousInode(fileSystem, ino, clock, null, Mode.S_IFIFO | Mode.S_IRUSR | Mode.S_IWUSR, uid, gid);
        Vnode vnode = new Vnode(pipes.superBlock, inode);
        vnode.fifo(() -> buffer);
        DentryImpl dentry = DentryImpl.detached(pipes.superBlock, vnode, "pipe:[" + ino + "]");
        VfsPath path = new VfsPath(pipes, dentry);
        int kept = flags & KEPT_FLAGS & ~Open.O_ACCMODE;
        FileDescription read = describe(path, vnode, PipeEnd.reader(buffer), kept | Open.O_RDONLY);
        vnode.tryRetain();
        FileDescription write = describe(path, vnode, PipeEnd.writer(buffer), kept | Open.O_WRONLY);
        return new FileDescription[] {read, write};
    }

    private void takeTwo() {
        openFiles.take();
        try {
            openFiles.take();
        } catch (ErrnoException e) {
            openFiles.give();
            throw e;
        }
    }

    FileDescription eventFd(int initial, int flags) {
        return special(new EventFdFile(host, initial, flags), flags, "[eventfd]");
    }

    FileDescription epoll(int flags) {
        return special(new EpollFile(nesting), flags, "[eventpoll]");
    }

    FileDescription timerFd(int clockId, int flags) {
        TimerFdFile timer = new TimerFdFile(host, clock, clockId);
        FileDescription file = special(timer, flags, "[timerfd]");
        timer.setDescription(((FileDescriptionImpl) file).id());
        return file;
    }

    FileDescription signalFd(Task task, long mask, int flags) {
        return special(new SignalFdFile(task, mask), flags, "[signalfd]");
    }

    /** On Linux all of these share one inode with no type and mode 0600. */
    private FileDescription special(FileOperations operations, int flags, String kind) {
        return any(operations, flags & Open.O_NONBLOCK | Open.O_RDWR, "anon_inode:" + kind, Mode.S_IRUSR | Mode.S_IWUSR);
    }

    /** memfd_create(2); {@code flags} are MFD_*. */
    FileDescription memfd(Task task, String name, int flags) {
        KernelFileSystem fileSystem = (KernelFileSystem) memfds.fileSystem();
        boolean sealable = (flags & Mman.MFD_ALLOW_SEALING) != 0;
        MemfdInode inode = new MemfdInode(fileSystem, fileSystem.newIno(), clock, memory.newSharedMemory(task.cgroup(), 0), sealable,
                Permissions.of(task).fsuid(), Permissions.of(task).fsgid());
        Vnode vnode = new Vnode(memfds.superBlock, inode);
        return describe(memfds, vnode, "/memfd:" + name + " (deleted)", inode.open(task, Open.O_RDWR),
                Open.O_RDWR | Open.O_LARGEFILE);
    }
}
