// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import static org.jvisor.api.abi.Mount.MS_NODEV;
import static org.jvisor.api.abi.Mount.MS_NOEXEC;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.DeviceDriver;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.api.vfs.Vfs;
import org.jvisor.api.vfs.VfsPath;
import org.jvisor.vfs.anon.PipeBuffer;
import org.jvisor.vfs.anon.PipeEnd;

/** open(2), openat2(2). */
final class Opener {

    /** O_TMPFILE without O_DIRECTORY, which it includes so that old kernels refuse it. */
    private static final int TMPFILE_BIT = Open.O_TMPFILE & ~Open.O_DIRECTORY;
    /** Flags of the act of opening, which the description does not keep. */
    private static final int ACT = Open.O_CREAT | Open.O_EXCL | Open.O_NOCTTY | Open.O_TRUNC | Open.O_CLOEXEC;
    private static final int PATH_FLAGS = Open.O_PATH | Open.O_DIRECTORY | Open.O_NOFOLLOW;

    /** What a description that is only a place (O_PATH) can do. */
    private static final FileOperations PLACE = new FileOperations() {};

    private final Providers providers;
    private final AnonymousFiles anonymous;
    private final Attributes attributes;
    private final OpenFiles openFiles;

    Opener(Providers providers, AnonymousFiles anonymous, Attributes attributes, OpenFiles openFiles) {
        this.providers = providers;
        this.anonymous = anonymous;
        this.attributes = attributes;
        this.openFiles = openFiles;
    }

    FileDescription open(Task task, int dirfd, PathWalkImpl walk, int flags, int mode, int resolve) {
        int walkFlags = resolveFlags(resolve);
        if ((flags & Open.O_PATH) != 0) {
            return openExisting(task, dirfd, walk, flags & PATH_FLAGS, walkFlags);
        }
        if ((flags & TMPFILE_BIT) != 0) {
            return openUnnamed(task, dirfd, walk, flags, mode, walkFlags);
        }
        if ((flags & Open.O_CREAT) == 0) {
            return openExisting(task, dirfd, walk, flags, walkFlags);
        }
        if ((flags & Open.O_DIRECTORY) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return openOrCreate(task, dirfd, walk, flags, mode, walkFlags);
    }

    private static int resolveFlags(int resolve) {
        if ((resolve & Open.RESOLVE_CACHED) != 0) {
            throw ErrnoException.of(Errno.EAGAIN); // openat2(2): the caller tries again without
        }
        int flags = 0;
        flags |= (resolve & Open.RESOLVE_NO_XDEV) != 0 ? PathWalk.NO_XDEV : 0;
        flags |= (resolve & Open.RESOLVE_NO_MAGICLINKS) != 0 ? PathWalk.NO_MAGICLINKS : 0;
        flags |= (resolve & Open.RESOLVE_NO_SYMLINKS) != 0 ? PathWalk.NO_SYMLINKS : 0;
        flags |= (resolve & Open.RESOLVE_BENEATH) != 0 ? PathWalk.BENEATH : 0;
        flags |= (resolve & Open.RESOLVE_IN_ROOT) != 0 ? PathWalk.IN_ROOT : 0;
        return flags;
    }

    private FileDescription openExisting(Task task, int dirfd, PathWalkImpl walk, int flags, int walkFlags) {
        int all = walkFlags;
        all |= (flags & Open.O_NOFOLLOW) == 0 ? PathWalk.FOLLOW : 0;
        all |= (flags & Open.O_DIRECTORY) != 0 ? PathWalk.DIRECTORY : 0;
        walk.resolve(task, dirfd, all);
        return openFound(task, walk.path(), flags);
    }

    // ---- create

    private FileDescription openOrCreate(Task task, int dirfd, PathWalkImpl walk, int flags, int mode, int walkFlags) {
        walk.resolve(task, dirfd, walkFlags | PathWalk.PARENT);
        for (;;) {
            if (walk.atPlace()) {
                return openFound(task, walk.path(), flags);
            }
            if (!walk.lastIsName()) {
                walk.enterDots();
                return openFound(task, walk.path(), flags);
            }
            if (walk.trailingSlash()) {
                throw ErrnoException.of(Errno.EISDIR);
            }
            DentryImpl child = walk.lookupLast(task);
            if (child == null) {
                DentryImpl created = create(task, walk, mode);
                if (created != null) {
                    return describe(task, new VfsPath(walk.mount(), created), flags & ~Open.O_TRUNC);
                }
            } else if (!Mode.isSymlink(child.inode().mode()) || (flags & Open.O_EXCL) != 0) {
                walk.enterLast(child);
                return openFound(task, walk.path(), flags);
            } else if ((flags & Open.O_NOFOLLOW) != 0) {
                throw ErrnoException.of(Errno.ELOOP);
            } else {
                walk.followLast(task, child);
            }
        }
    }

    /** Null when somebody else was quicker. */
    private static DentryImpl create(Task task, PathWalkImpl walk, int mode) {
        DentryImpl directory = walk.dentry();
        directory.lock.lock();
        try {
            if (walk.lookupLastLocked(task) != null) {
                return null;
            }
            Creation.requireAllowed(task, walk.mount(), directory);
            Inode.Owner owner = Creation.owner(task, directory.inode());
            int granted = Creation.fileMode(task, directory.inode(), Mode.S_IFREG | mode & Mode.PERMISSIONS);
            return Creation.enter(walk, () -> directory.inode().create(task, walk.lastName(), granted, 0, owner));
        } catch (ErrnoException e) {
            throw walk.doubted(e);
        } finally {
            directory.lock.unlock();
        }
    }

    private FileDescription openUnnamed(Task task, int dirfd, PathWalkImpl walk, int flags, int mode, int walkFlags) {
        boolean writes = (flags & Open.O_ACCMODE) == Open.O_WRONLY || (flags & Open.O_ACCMODE) == Open.O_RDWR;
        if ((flags & Open.O_TMPFILE) != Open.O_TMPFILE || (flags & Open.O_CREAT) != 0 || !writes) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        int follow = (flags & Open.O_NOFOLLOW) == 0 ? PathWalk.FOLLOW : 0;
        walk.resolve(task, dirfd, walkFlags | follow | PathWalk.DIRECTORY);
        DentryImpl directory = walk.dentry();
        Vnode vnode;
        directory.lock.lock();
        try {
            Creation.requireAllowed(task, walk.mount(), directory);
            Inode.Owner owner = Creation.owner(task, directory.inode());
            int granted = Creation.fileMode(task, directory.inode(), Mode.S_IFREG | mode & Mode.PERMISSIONS);
            vnode = directory.superBlock.vnode(directory.inode().tmpfile(task, granted, owner));
            vnode.linkable = (flags & Open.O_EXCL) == 0;
        } finally {
            directory.lock.unlock();
        }
        DentryImpl dentry = DentryImpl.unnamed(directory, vnode, "#" + vnode.inode.ino());
        return finish(task, new VfsPath(walk.mount(), dentry), vnode, flags);
    }

    // ---- what exists

    private FileDescription openFound(Task task, VfsPath path, int flags) {
        if ((flags & Open.O_PATH) == 0) {
            requireAllowed(task, path, flags);
        }
        return describe(task, path, flags);
    }

    private void requireAllowed(Task task, VfsPath path, int flags) {
        Inode inode = path.inode();
        int mode = inode.mode();
        int access = flags & Open.O_ACCMODE;
        boolean reads = access != Open.O_WRONLY;
        boolean writes = access != Open.O_RDONLY || (flags & Open.O_TRUNC) != 0;
        if ((flags & Open.O_CREAT) != 0) {
            if ((flags & Open.O_EXCL) != 0) {
                throw ErrnoException.of(Errno.EEXIST);
            }
            if (Mode.isDir(mode)) {
                throw ErrnoException.of(Errno.EISDIR);
            }
        }
        switch (Mode.type(mode)) {
            case Mode.S_IFLNK -> throw ErrnoException.of(Errno.ELOOP);
            case Mode.S_IFDIR -> {
                if (writes) {
                    throw ErrnoException.of(Errno.EISDIR);
                }
            }
            case Mode.S_IFCHR, Mode.S_IFBLK -> {
                if ((path.mount().flags() & MS_NODEV) != 0) {
                    throw ErrnoException.of(Errno.EACCES);
                }
            }
            default -> {
            }
        }
        Credentials who = Permissions.of(task);
        if (writes) {
            requireWritable(path.mount().readOnly(), mode);
        }
        Permissions.require(who, inode, (reads ? Permissions.READ : 0) | (writes ? Permissions.WRITE : 0));
        if ((flags & Open.O_NOATIME) != 0 && !Permissions.owns(who, inode)) {
            throw ErrnoException.of(Errno.EPERM);
        }
        if ((flags & Open.O_TRUNC) != 0 && Mode.isRegular(mode)) {
            attributes.truncate(task, inode, 0);
        }
    }

    /** Devices, fifos and sockets can be written to on a file system that cannot be. */
    private static void requireWritable(boolean readOnly, int mode) {
        int type = Mode.type(mode);
        if (readOnly && (type == Mode.S_IFREG || type == Mode.S_IFDIR || type == Mode.S_IFLNK)) {
            throw ErrnoException.of(Errno.EROFS);
        }
    }

    private FileDescription describe(Task task, VfsPath path, int flags) {
        Vnode vnode = ((DentryImpl) path.dentry()).vnode;
        if (!vnode.tryRetain()) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        return finish(task, path, vnode, flags);
    }

    private FileDescription finish(Task task, VfsPath path, Vnode vnode, int flags) {
        MountImpl mount = (MountImpl) path.mount();
        boolean writes = FileDescriptionImpl.writes(flags, vnode.inode.mode());
        boolean counted = false;
        boolean opened = false;
        boolean done = false;
        try {
            openFiles.take();
            counted = true;
            mount.openFile(writes);
            opened = true;
            FileOperations operations = (flags & Open.O_PATH) != 0 ? PLACE : operations(task, path, vnode, flags);
            int kept = flags & ~ACT | ((flags & Open.O_PATH) != 0 ? 0 : Open.O_LARGEFILE);
            FileDescription file = new FileDescriptionImpl(openFiles, operations, path, vnode, kept);
            done = true;
            return file;
        } finally {
            if (!done) {
                vnode.release();
            }
            if (!done && opened) {
                mount.closeFile(writes);
            }
            if (!done && counted) {
                openFiles.give();
            }
        }
    }

    private FileOperations operations(Task task, VfsPath path, Vnode vnode, int flags) {
        Inode inode = vnode.inode;
        if (inode instanceof AnonymousInode again && again.reopens()) {
            return again.open(task, flags);
        }
        if (inode.opensItself()) {
            return inode.open(task, flags);
        }
        int mode = inode.mode();
        return switch (Mode.type(mode)) {
            case Mode.S_IFIFO -> inode instanceof AnonymousInode ? reopenPipe(task, vnode.fifo(() -> anonymous.newPipeBuffer(task)), flags)
                    : PipeEnd.openFifo(task, vnode.fifo(() -> anonymous.newPipeBuffer(task)), flags);
            case Mode.S_IFCHR -> device(task, path, flags);
            case Mode.S_IFSOCK, Mode.S_IFBLK -> throw ErrnoException.of(Errno.ENXIO);
            default -> inode.open(task, flags);
        };
    }

    /**
     * A pipe of pipe(2), found through /proc: nobody is waited for, as fifo(7) does, since its other side may never come again.
     */
    private static FileOperations reopenPipe(Task task, PipeBuffer pipe, int flags) {
        return switch (flags & Open.O_ACCMODE) {
            case Open.O_RDONLY -> PipeEnd.reader(pipe);
            case Open.O_WRONLY -> PipeEnd.writer(pipe);
            default -> PipeEnd.openFifo(task, pipe, flags);
        };
    }

    private FileOperations device(Task task, VfsPath path, int flags) {
        Stat stat = new Stat();
        path.inode().stat(stat);
        int minor = Mode.minor(stat.rdev);
        DeviceDriver driver = providers.driver(Mode.major(stat.rdev), minor);
        if (driver == null) {
            throw ErrnoException.of(Errno.ENXIO);
        }
        return driver.open(task, minor, flags, path);
    }

    // ---- by place

    /** For execve(2) and the kernel: asks for no permission but, with OPEN_EXEC, that to execute. */
    FileDescription open(Task task, VfsPath path, int flags) {
        if ((flags & Vfs.OPEN_EXEC) != 0) {
            Inode inode = path.inode();
            if (!Mode.isRegular(inode.mode()) || (path.mount().flags() & MS_NOEXEC) != 0) {
                throw ErrnoException.of(Errno.EACCES);
            }
            Permissions.require(Permissions.of(task), inode, Permissions.EXECUTE);
        }
        return describe(task, path, flags & ~Vfs.OPEN_EXEC);
    }
}
