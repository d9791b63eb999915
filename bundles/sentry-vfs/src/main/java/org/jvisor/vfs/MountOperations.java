// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import static org.jvisor.api.abi.Mount.MNT_DETACH;
import static org.jvisor.api.abi.Mount.MNT_EXPIRE;
import static org.jvisor.api.abi.Mount.MNT_FORCE;
import static org.jvisor.api.abi.Mount.MS_BIND;
import static org.jvisor.api.abi.Mount.MS_DIRSYNC;
import static org.jvisor.api.abi.Mount.MS_LAZYTIME;
import static org.jvisor.api.abi.Mount.MS_MGC_MSK;
import static org.jvisor.api.abi.Mount.MS_MGC_VAL;
import static org.jvisor.api.abi.Mount.MS_MOVE;
import static org.jvisor.api.abi.Mount.MS_NOATIME;
import static org.jvisor.api.abi.Mount.MS_NODEV;
import static org.jvisor.api.abi.Mount.MS_NODIRATIME;
import static org.jvisor.api.abi.Mount.MS_NOEXEC;
import static org.jvisor.api.abi.Mount.MS_NOSUID;
import static org.jvisor.api.abi.Mount.MS_NOSYMFOLLOW;
import static org.jvisor.api.abi.Mount.MS_PRIVATE;
import static org.jvisor.api.abi.Mount.MS_RDONLY;
import static org.jvisor.api.abi.Mount.MS_REC;
import static org.jvisor.api.abi.Mount.MS_RELATIME;
import static org.jvisor.api.abi.Mount.MS_REMOUNT;
import static org.jvisor.api.abi.Mount.MS_SHARED;
import static org.jvisor.api.abi.Mount.MS_SILENT;
import static org.jvisor.api.abi.Mount.MS_SLAVE;
import static org.jvisor.api.abi.Mount.MS_STRICTATIME;
import static org.jvisor.api.abi.Mount.MS_SYNCHRONOUS;
import static org.jvisor.api.abi.Mount.MS_UNBINDABLE;
import static org.jvisor.api.abi.Mount.UMOUNT_NOFOLLOW;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.kernel.ThreadGroup;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.FileSystemType;
import org.jvisor.api.vfs.FsContext;
import org.jvisor.api.vfs.MountNamespace;
import org.jvisor.api.vfs.PathWalk;
import org.jvisor.api.vfs.VfsPath;

/** mount(2), umount2(2), pivot_root(2), and what the boot of a container mounts. */
final class MountOperations {

    private static final int KEPT = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_SYNCHRONOUS | MS_DIRSYNC | MS_NOSYMFOLLOW
            | MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_LAZYTIME;
    private static final int ATIME = MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME;
    private static final int PROPAGATION = MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;

    private final MountTree tree;
    private final Providers providers;
    /** All that is mounted somewhere, for sync(2). */
    private final Set<SuperBlock> superBlocks = ConcurrentHashMap.newKeySet();
    private final NameReclaim reclaim = new NameReclaim();

    MountOperations(MountTree tree, Providers providers) {
        this.tree = tree;
        this.providers = providers;
    }

    // ---- mount(2)

    void mount(Task task, String source, VfsPath target, String type, long allFlags, String data) {
        requireAdministrator(task);
        int flags = (int) allFlags;
        if ((flags & MS_MGC_MSK) == MS_MGC_VAL) {
            flags &= ~MS_MGC_MSK;
        }
        if ((flags & (MS_REMOUNT | MS_BIND)) == (MS_REMOUNT | MS_BIND)) {
            remount(task, target, flags, null);
        } else if ((flags & MS_REMOUNT) != 0) {
            remount(task, target, flags, data == null ? "" : data);
        } else if ((flags & MS_BIND) != 0) {
            bind(task, find(task, source), target, (flags & MS_REC) != 0);
        } else if ((flags & PROPAGATION) != 0) {
            changePropagation(task, target, flags);
        } else if ((flags & MS_MOVE) != 0) {
            move(task, find(task, source), target);
        } else {
            mountNew(task, source, target, type, flags, data);
        }
    }

    private void mountNew(Task task, String source, VfsPath target, String type, int flags, String data) {
        if (type == null) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        FileSystemType kind = type(type);
        if (!kind.userMountable()) {
            throw ErrnoException.of(Errno.EPERM);
        }
        requireOwnNamespace(task, target);
        FileSystem fileSystem = kind.mount(task, task.cgroup(), source, data == null ? "" : data, null);
        // Names are everybody's who looks them up, be the process that has mounted gone or not.
        attach(task.cgroup(), task.container().cgroup(), fileSystem, source, target, flags);
    }

    private MountImpl attach(Cgroup payer, Cgroup names, FileSystem fileSystem, String source, VfsPath target, int flags) {
        MountImpl mount = newMount(payer, names, fileSystem, source, flags);
        attachOrDiscard(payer, mount, target);
        return mount;
    }

    private void attachOrDiscard(Cgroup payer, MountImpl mount, VfsPath target) {
        boolean attached = false;
        try {
            tree.attach(payer, mount, target);
            attached = true;
        } finally {
            if (!attached) {
                tree.discard(mount);
            }
        }
    }

    private void ended(SuperBlock superBlock) {
        superBlocks.remove(superBlock);
        reclaim.remove(superBlock.names);
    }

    /** @param names who is charged for the names in it. {@code fileSystem} ends when the mount is refused. */
    private MountImpl newMount(Cgroup payer, Cgroup names, FileSystem fileSystem, String source, int flags) {
        SuperBlock superBlock = new SuperBlock(fileSystem, names, reclaim, this::ended);
        superBlock.retain();
        try {
            MountImpl mount = tree.newMount(payer, superBlock, source == null ? "none" : source, withAtime(flags) & KEPT);
            superBlocks.add(superBlock);
            reclaim.add(superBlock.names);
            return mount;
        } finally {
            superBlock.release();
        }
    }

    /** mount(2): relatime unless another of its kind is asked for. */
    private static int withAtime(int flags) {
        return (flags & (MS_NOATIME | MS_STRICTATIME)) == 0 ? flags | MS_RELATIME : flags;
    }

    private FileSystemType type(String name) {
        FileSystemType type = providers.type(name);
        if (type == null) {
            throw ErrnoException.of(Errno.ENODEV);
        }
        return type;
    }

    private VfsPath find(Task task, String source) {
        if (source == null || source.isEmpty()) {
            throw ErrnoException.of(source == null ? Errno.EINVAL : Errno.ENOENT);
        }
        PathWalkImpl walk = new PathWalkImpl(tree);
        walk.load(source);
        walk.resolve(task, Open.AT_FDCWD, PathWalk.FOLLOW);
        return walk.path();
    }

    private void bind(Task task, VfsPath what, VfsPath target, boolean recursive) {
        requireOwnNamespace(task, target);
        MountImpl from = (MountImpl) what.mount();
        if (from.namespace() != task.mounts() || from.unbindable()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        attachOrDiscard(task.cgroup(), tree.copyTree(task.cgroup(), from, (DentryImpl) what.dentry(), recursive, false), target);
    }

    private void move(Task task, VfsPath what, VfsPath target) {
        requireOwnNamespace(task, target);
        MountImpl mount = requireMountRoot(what);
        if (mount.namespace() != task.mounts()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        tree.move(task.cgroup(), mount, target);
    }

    /** @param data new options for the file system, or null to change this mount's flags alone */
    private void remount(Task task, VfsPath target, int flags, String data) {
        MountImpl mount = requireMountRoot(target);
        requireOwnNamespace(task, target);
        boolean becomesReadOnly = (flags & MS_RDONLY) != 0 && !mount.readOnly();
        if (becomesReadOnly && mount.writers.get() > 0) {
            throw ErrnoException.of(Errno.EBUSY);
        }
        if (data != null) {
            mount.fileSystem().remount(task, data);
        }
        int atime = (flags & ATIME) == 0 ? mount.flags() & ATIME : withAtime(flags) & ATIME;
        mount.setFlags((flags & ~ATIME | atime) & KEPT);
        mount.namespace().changed();
    }

    private void changePropagation(Task task, VfsPath target, int flags) {
        int type = flags & PROPAGATION;
        int others = flags & ~PROPAGATION & ~(MS_REC | MS_SILENT);
        if (Integer.bitCount(type) != 1 || others != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        MountImpl mount = requireMountRoot(target);
        requireOwnNamespace(task, target);
        tree.setPropagation(mount, type, (flags & MS_REC) != 0);
    }

    private static MountImpl requireMountRoot(VfsPath path) {
        MountImpl mount = (MountImpl) path.mount();
        if (path.dentry() != mount.root) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return mount;
    }

    private static void requireOwnNamespace(Task task, VfsPath target) {
        if (((MountImpl) target.mount()).namespace() != task.mounts()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    private static void requireAdministrator(Task task) {
        if (!task.hasCapability(Capability.CAP_SYS_ADMIN)) {
            throw ErrnoException.of(Errno.EPERM);
        }
    }

    // ---- umount2(2)

    void umount(Task task, VfsPath target, int flags) {
        boolean contradicts = (flags & MNT_EXPIRE) != 0 && (flags & (MNT_FORCE | MNT_DETACH)) != 0;
        if ((flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW)) != 0 || contradicts) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        requireAdministrator(task);
        // What is mounted on "." is meant by it here, as after pivot_root(".", "."), see pivot_root(2).
        MountImpl mount = requireMountRoot(MountTree.top(target));
        if (mount.namespace() != task.mounts() || mount.mountPoint() == null) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        tree.unmount(mount, (flags & MNT_DETACH) != 0, (flags & MNT_EXPIRE) != 0);
    }

    // ---- private mounts

    MountImpl newPrivateMount(Task task, VfsPath what) {
        MountImpl from = (MountImpl) what.mount();
        return tree.newPrivateMount(task.cgroup(), from, (DentryImpl) what.dentry());
    }

    void endPrivateMount(MountImpl mount) {
        tree.discard(mount);
    }

    // ---- pivot_root(2)

    void pivotRoot(Task task, VfsPath newRoot, VfsPath putOld) {
        requireAdministrator(task);
        VfsPath root = task.fs().root();
        MountImpl old = (MountImpl) root.mount();
        MountImpl fresh = (MountImpl) newRoot.mount();
        if (!((DentryImpl) newRoot.dentry()).isDirectory() || !((DentryImpl) putOld.dentry()).isDirectory()) {
            throw ErrnoException.of(Errno.ENOTDIR);
        }
        if (newRoot.dentry() != fresh.root || root.dentry() != old.root || old.namespace() != task.mounts()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        tree.pivot(fresh, old, putOld);
        follow(task, root, fresh.rootPath());
    }

    /** Tasks whose root or working directory was the old root are moved to the new one. */
    private static void follow(Task task, VfsPath from, VfsPath to) {
        for (ThreadGroup group : task.pidNamespace().threadGroups()) {
            for (Task other : group.tasks()) {
                FsContext fs = other.fs();
                if (fs != null && other.mounts() == task.mounts()) {
                    if (fs.root().equals(from)) {
                        fs.setRoot(to);
                    }
                    if (fs.workingDirectory().equals(from)) {
                        fs.setWorkingDirectory(to);
                    }
                }
            }
        }
    }

    // ---- at boot

    MountImpl mountAtBoot(Cgroup cgroup, String source, VfsPath target, String type, long flags, String data,
            Object attachment) {
        FileSystem fileSystem = newFileSystem(cgroup, source, type, data, attachment);
        return attach(cgroup, cgroup, fileSystem, source, target, (int) flags);
    }

    MountImpl bindAtBoot(Cgroup cgroup, VfsPath what, VfsPath target, long flags) {
        MountImpl from = (MountImpl) what.mount();
        MountImpl mount = tree.copyTree(cgroup, from, (DentryImpl) what.dentry(), (flags & MS_REC) != 0, true);
        int added = (int) flags & KEPT & ~ATIME;
        mount.setFlags(mount.flags() | added);
        attachOrDiscard(cgroup, mount, target);
        return mount;
    }

    MountNamespace newNamespace(Cgroup cgroup, String source, String type, long flags, String data, Object attachment) {
        MountImpl root = newMount(cgroup, cgroup, newFileSystem(cgroup, source, type, data, attachment), source, (int) flags);
        cgroup.charge(Charge.NAMESPACE, 1);
        MountNamespaceImpl namespace = new MountNamespaceImpl(cgroup, tree, root);
        root.setNamespace(namespace);
        return namespace;
    }

    FileSystem newFileSystem(Cgroup cgroup, String source, String type, String data, Object attachment) {
        return type(type).mount(null, cgroup, source, data == null ? "" : data, attachment);
    }

    /** All that are mounted somewhere, or still in use. */
    void forEachSuperBlock(Consumer<SuperBlock> visitor) {
        for (SuperBlock superBlock : superBlocks) {
            if (!superBlock.hasEnded()) {
                visitor.accept(superBlock);
            }
        }
    }

    void sync() {
        forEachSuperBlock(superBlock -> superBlock.fileSystem.sync());
    }

    long reclaimPages(Cgroup container) {
        long bytes = 0;
        for (SuperBlock superBlock : superBlocks) {
            bytes += superBlock.hasEnded() ? 0 : superBlock.fileSystem.reclaimPages(container);
        }
        return bytes;
    }
}
