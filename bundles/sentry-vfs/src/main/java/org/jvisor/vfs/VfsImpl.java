// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.util.List;
import java.util.function.Consumer;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.abi.Statfs;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.host.RandomBytes;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.KernelClock;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.state.Handle;
import org.jvisor.api.state.Restorable;
import org.jvisor.api.vfs.FdTable;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.FileSystemType;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.Mount;
import org.jvisor.api.vfs.MountNamespace;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.api.vfs.SetAttributes;
import org.jvisor.api.vfs.Vfs;
import org.jvisor.api.vfs.VfsPath;

/** The vfs: hands each question to the class that knows. */
public class VfsImpl implements Vfs {

    private final Devices devices = new Devices();
    private final OpenFiles openFiles = new OpenFiles();
    private final LockWaits lockWaits = new LockWaits();
    private final MountTree tree;
    private final Attributes attributes = new Attributes();
    private final NameOperations names = new NameOperations();
    private final Rename rename;
    private final Xattrs xattrs = new Xattrs();
    private final Providers providers;
    private final AnonymousFiles anonymous;
    private final Opener opener;
    private final MountOperations mounts;

    public VfsImpl(Memory memory, KernelClock clock, HostKernel host, Providers providers) {
        this.providers = providers;
        tree = new MountTree(new NameHash(new RandomBytes(host)));
        rename = new Rename(tree);
        anonymous = new AnonymousFiles(memory, clock, host, devices, openFiles);
        opener = new Opener(providers, anonymous, attributes, openFiles);
        mounts = new MountOperations(tree, providers);
    }

    @Override
    public PathWalk newPathWalk() {
        return new PathWalkImpl(tree);
    }

    @Override
    public FdTable newFdTable(Cgroup cgroup) {
        return new FdTableImpl(cgroup);
    }

    private static PathWalkImpl walk(PathWalk path) {
        return (PathWalkImpl) path;
    }

    // ---- open

    @Override
    public FileDescription open(Task task, int dirfd, PathWalk path, int flags, int mode, int resolve) {
        return opener.open(task, dirfd, walk(path), flags, mode, resolve);
    }

    @Override
    public FileDescription open(Task task, VfsPath path, int flags) {
        return opener.open(task, path, flags);
    }

    @Override
    public FileDescription newAnonymous(FileOperations operations, int flags, String name, int mode) {
        return anonymous.any(operations, flags, name, mode);
    }

    @Override
    public FileDescription newAnonymous(FileOperations operations, Inode inode, int flags, String name) {
        return anonymous.any(operations, inode, flags, name);
    }

    @Override
    public VfsPath newAnonymousPlace(String name, int mode) {
        return anonymous.place(name, mode);
    }

    @Override
    public FileDescription[] newPipe(Task task, int flags) {
        return anonymous.pipe(task, flags);
    }

    @Override
    public FileDescription newEventFd(int initial, int flags) {
        return anonymous.eventFd(initial, flags);
    }

    @Override
    public FileDescription newEpoll(int flags) {
        return anonymous.epoll(flags);
    }

    @Override
    public FileDescription newTimerFd(Task task, int clock, int flags) {
        return anonymous.timerFd(clock, flags);
    }

    @Override
    public FileDescription newSignalFd(Task task, long mask, int flags) {
        return anonymous.signalFd(task, mask, flags);
    }

    @Override
    public FileDescription newMemfd(Task task, String name, int flags) {
        return anonymous.memfd(task, name, flags);
    }

    // ---- attributes

    @Override
    public void stat(Task task, int dirfd, PathWalk path, int walkFlags, Stat stat) {
        attributes.stat(task, dirfd, walk(path), walkFlags, stat);
    }

    @Override
    public void stat(FileDescription file, Stat stat) {
        attributes.stat(file, stat);
    }

    @Override
    public void access(Task task, int dirfd, PathWalk path, int mask, int walkFlags, boolean effective) {
        attributes.access(task, dirfd, walk(path), mask, walkFlags, effective);
    }

    @Override
    public void setAttributes(Task task, int dirfd, PathWalk path, int walkFlags, SetAttributes changes) {
        attributes.set(task, dirfd, walk(path), walkFlags, changes);
    }

    @Override
    public void setAttributes(Task task, FileDescription file, SetAttributes changes) {
        attributes.set(task, file, changes);
    }

    @Override
    public int permission(Credentials credentials, Inode inode, int mask) {
        return Permissions.check(credentials, inode, mask);
    }

    @Override
    public byte[] getXattr(Task task, VfsPath path, String name) {
        return xattrs.get(task, path, name);
    }

    @Override
    public void setXattr(Task task, VfsPath path, String name, byte[] value, int flags) {
        xattrs.set(task, path, name, value, flags);
    }

    @Override
    public List<String> listXattr(Task task, VfsPath path) {
        return xattrs.list(task, path);
    }

    @Override
    public void removeXattr(Task task, VfsPath path, String name) {
        xattrs.remove(task, path, name);
    }

    @Override
    public void statfs(VfsPath path, Statfs statfs) {
        path.inode().fileSystem().statfs(statfs);
        statfs.flags |= MountOptions.statfsFlags(path.mount().flags());
    }

    // ---- names

    @Override
    public void mkdir(Task task, int dirfd, PathWalk path, int mode) {
        names.mkdir(task, dirfd, walk(path), mode);
    }

    @Override
    public void mknod(Task task, int dirfd, PathWalk path, int mode, long device) {
        names.mknod(task, dirfd, walk(path), mode, device);
    }

    @Override
    public void symlink(Task task, String target, int dirfd, PathWalk path) {
        names.symlink(task, target, dirfd, walk(path));
    }

    @Override
    public void link(Task task, int oldDirfd, PathWalk oldPath, int walkFlags, int newDirfd, PathWalk newPath) {
        names.link(task, oldDirfd, walk(oldPath), walkFlags, newDirfd, walk(newPath));
    }

    @Override
    public void unlink(Task task, int dirfd, PathWalk path) {
        names.unlink(task, dirfd, walk(path));
    }

    @Override
    public void rmdir(Task task, int dirfd, PathWalk path) {
        names.rmdir(task, dirfd, walk(path));
    }

    @Override
    public void rename(Task task, int oldDirfd, PathWalk oldPath, int newDirfd, PathWalk newPath, int flags) {
        rename.rename(task, oldDirfd, walk(oldPath), newDirfd, walk(newPath), flags);
    }

    @Override
    public String readlink(Task task, int dirfd, PathWalk path, int walkFlags) {
        PathWalkImpl walk = walk(path);
        walk.resolve(task, dirfd, walkFlags & ~PathWalk.FOLLOW);
        Inode inode = walk.inode();
        if (!Mode.isSymlink(inode.mode())) {
            // readlinkat(2): an empty path that means something else than a link has no name.
            throw ErrnoException.of(walk.isEmpty() ? Errno.ENOENT : Errno.EINVAL);
        }
        String target = inode.readlink(task);
        walk.mount().accessed(inode, false);
        return target;
    }

    @Override
    public void chdir(Task task, VfsPath path) {
        requireSearchable(task, path);
        task.fs().setWorkingDirectory(path);
    }

    @Override
    public void chroot(Task task, VfsPath path) {
        requireSearchable(task, path);
        if (!task.hasCapability(Capability.CAP_SYS_CHROOT)) {
            throw ErrnoException.of(Errno.EPERM);
        }
        task.fs().setRoot(path);
    }

    private static void requireSearchable(Task task, VfsPath path) {
        if (!((DentryImpl) path.dentry()).isDirectory()) {
            throw ErrnoException.of(Errno.ENOTDIR);
        }
        Permissions.require(Permissions.of(task), path.inode(), Permissions.EXECUTE);
    }

    @Override
    public String name(Task task, VfsPath path) {
        return PathNames.name(path, task == null ? null : task.fs().root());
    }

    // ---- mounts

    @Override
    public void mount(Task task, String source, VfsPath target, String type, long flags, String data) {
        mounts.mount(task, source, target, type, flags, data);
    }

    @Override
    public Mount mountAtBoot(MountNamespace namespace, Cgroup cgroup, String source, VfsPath target, String type, long flags,
            String data, Object attachment) {
        return mounts.mountAtBoot(cgroup, source, target, type, flags, data, attachment);
    }

    @Override
    public Mount bindAtBoot(MountNamespace namespace, VfsPath what, VfsPath target, long flags) {
        return mounts.bindAtBoot(((MountNamespaceImpl) namespace).payer(), what, target, flags);
    }

    @Override
    public void umount(Task task, VfsPath target, int flags) {
        mounts.umount(task, target, flags);
    }

    @Override
    public Mount newPrivateMount(Task task, VfsPath path) {
        return mounts.newPrivateMount(task, path);
    }

    @Override
    public void endPrivateMount(Mount mount) {
        mounts.endPrivateMount((MountImpl) mount);
    }

    @Override
    public void pivotRoot(Task task, VfsPath newRoot, VfsPath putOld) {
        mounts.pivotRoot(task, newRoot, putOld);
    }

    @Override
    public MountNamespace newNamespace(Cgroup cgroup, String source, String type, long flags, String data,
            Object attachment) {
        return mounts.newNamespace(cgroup, source, type, flags, data, attachment);
    }

    @Override
    public FileSystem newFileSystem(Cgroup cgroup, String source, String type, String data, Object attachment) {
        return mounts.newFileSystem(cgroup, source, type, data, attachment);
    }

    @Override
    public List<FileSystemType> fileSystemTypes() {
        return providers.types();
    }

    @Override
    public long newDevice() {
        return devices.newDevice();
    }

    @Override
    public void forEachHandle(Consumer<Handle> visitor) {
        mounts.forEachSuperBlock(superBlock -> {
            visitor.accept(superBlock);
            superBlock.forEachVnode(visitor);
        });
        openFiles.forEach(file -> {
            visitor.accept(file);
            visitor.accept(file.vnode());
        });
    }

    @Override
    public void forEachRestorable(Consumer<? super Restorable> visitor) {
        openFiles.forEach(visitor);
    }

    @Override
    public void sync() {
        mounts.sync();
    }

    @Override
    public long reclaimPages(Cgroup container) {
        return mounts.reclaimPages(container);
    }

    // ---- locks

    @Override
    public long flock(Task task, FileDescription file, int operation) {
        if ((file.flags() & Open.O_PATH) != 0) {
            return -Errno.EBADF;
        }
        FileDescriptionImpl description = (FileDescriptionImpl) file;
        return description.vnode().locks().flock(task, description, operation);
    }

    @Override
    public long lock(Task task, FileDescription file, int command, LockRequest lock) {
        return LockCommands.run(task, lockWaits, (FileDescriptionImpl) file, command, lock);
    }
}
