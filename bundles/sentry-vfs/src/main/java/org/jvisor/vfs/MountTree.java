// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import static org.jvisor.api.abi.Mount.MS_PRIVATE;
import static org.jvisor.api.abi.Mount.MS_SHARED;
import static org.jvisor.api.abi.Mount.MS_SLAVE;
import static org.jvisor.api.abi.Mount.MS_UNBINDABLE;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.vfs.Mount;
import org.jvisor.api.vfs.VfsPath;

/** The changes of the trees of mounts, those of all namespaces under one lock. Look-ups go by {@link MountImpl} without it. */
final class MountTree {

    /** How many mounts a namespace may have; propagation and recursive binds multiply them. */
    static final int MAX_MOUNTS = Mount.MOUNT_MAX;

    /**
     * How deep mounts may be nested, or stacked: further than anybody does, and not so far that the walks here run out of
     * stack.
     */
    static final int MAX_DEPTH = 400;

    private static final Logger LOG = System.getLogger("org.jvisor.vfs");

    private final NameHash hashes;
    private final Mutex mutex = new Mutex(LockRank.MOUNTS);
    private volatile int changes;

    MountTree(NameHash hashes) {
        this.hashes = hashes;
    }

    /** Of the names in all its dentries. */
    NameHash hashes() {
        return hashes;
    }

    /** Counts changes of mounts and renames of directories: what may lead ".." astray. */
    int changes() {
        return changes;
    }

    void directoryMoved() {
        try (Mutex _ = mutex.take()) {
            changes++;
        }
    }

    /**
     * A mount that is nowhere yet: {@link #attach} or {@link #discard} it.
     *
     * @throws ErrnoException ENOSPC when {@code payer} may not have more
     */
    MountImpl newMount(Cgroup payer, SuperBlock superBlock, String source, int flags) {
        payer.requireCharge(Charge.MOUNT, 1);
        return new MountImpl(payer, superBlock, superBlock.root, source, flags);
    }

    /** The same of what {@code from} shows, taking no part in what is mounted elsewhere. */
    MountImpl newPrivateMount(Cgroup payer, MountImpl from, DentryImpl root) {
        payer.requireCharge(Charge.MOUNT, 1);
        return new MountImpl(payer, from.superBlock, root, from.source(), from.flags());
    }

    // ---- look at it

    List<Mount> list(MountNamespaceImpl ns) {
        try (Mutex _ = mutex.take()) {
            List<Mount> all = new ArrayList<>();
            gather(ns.rootMount(), all);
            return all;
        }
    }

    private static void gather(MountImpl mount, List<Mount> into) {
        into.add(mount);
        for (MountImpl child : mount.children()) {
            gather(child, into);
        }
    }

    private static int count(MountImpl mount) {
        int n = 1;
        for (MountImpl child : mount.children()) {
            n += count(child);
        }
        return n;
    }

    private static int depth(MountImpl mount) {
        int n = 0;
        for (MountImpl m = mount; m != null; m = m.parent()) {
            n++;
        }
        return n;
    }

    private static int height(MountImpl mount) {
        int n = 0;
        for (MountImpl child : mount.children()) {
            n = Math.max(n, height(child));
        }
        return n + 1;
    }

    VfsPath translate(MountNamespaceImpl ns, VfsPath path) {
        try (Mutex _ = mutex.take()) {
            for (Mount m : list(ns)) {
                if (((MountImpl) m).copiedFrom == path.mount().id()) {
                    return new VfsPath(m, path.dentry());
                }
            }
            return path;
        }
    }

    // ---- attach

    /** The place where something mounted at {@code target} goes: the top of what is mounted there. */
    static VfsPath top(VfsPath target) {
        VfsPath at = target;
        for (;;) {
            MountImpl on = ((MountImpl) at.mount()).mountOn((DentryImpl) at.dentry());
            if (on == null) {
                return at;
            }
            at = on.rootPath();
        }
    }

    /** Mounts {@code tree}, with what is mounted below it, at {@code target}, and wherever that propagates to. */
    void attach(Cgroup payer, MountImpl mounted, VfsPath target) {
        DentryImpl below = ((DentryImpl) target.dentry()).parent();
        below.lock.lock();
        try {
            attachLocked(payer, mounted, target);
        } finally {
            below.lock.unlock();
        }
    }

    private void attachLocked(Cgroup payer, MountImpl mounted, VfsPath target) {
        try (Mutex _ = mutex.take()) {
            VfsPath at = top(target);
            MountImpl above = (MountImpl) at.mount();
            DentryImpl on = (DentryImpl) at.dentry();
            MountNamespaceImpl ns = above.namespace();
            if (ns == null) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            if (on.isDeleted()) {
                throw ErrnoException.of(Errno.ENOENT);
            }
            if (on.isDirectory() != mounted.root().isDirectory()) {
                throw ErrnoException.of(Errno.ENOTDIR);
            }
            Set<MountImpl> receivers = Propagation.receivers(above, on);
            requireRoom(ns, (long) count(mounted) * (1 + receivers.size()));
            for (MountImpl receiver : receivers) {
                requireRoom(receiver.namespace(), (long) count(mounted) * (1 + receivers.size()));
            }
            if (depth(above) + height(mounted) > MAX_DEPTH) {
                throw ErrnoException.of(Errno.ENOSPC);
            }
            payer.requireCharge(Charge.MOUNT, (long) count(mounted) * receivers.size());
            if (above.peers() != null) {
                Propagation.share(mounted);
            }
            for (MountImpl receiver : receivers) {
                MountImpl twin = copyCharged(payer, mounted, mounted.root(), true, true);
                Propagation.adopt(twin, receiver);
                place(twin, top(new VfsPath(receiver, on)), receiver.namespace());
            }
            place(mounted, at, ns);
        }
    }

    private static void requireRoom(MountNamespaceImpl ns, long more) {
        if (ns.count() + more > MAX_MOUNTS) {
            throw ErrnoException.of(Errno.ENOSPC);
        }
    }

    private void place(MountImpl mounted, VfsPath at, MountNamespaceImpl ns) {
        mounted.attachTo(at, ns);
        setNamespace(mounted, ns);
        changed(ns);
    }

    private static void setNamespace(MountImpl mount, MountNamespaceImpl ns) {
        mount.setNamespace(ns);
        for (MountImpl child : mount.children()) {
            setNamespace(child, ns);
        }
    }

    private void changed(MountNamespaceImpl ns) {
        changes++;
        if (ns != null) {
            ns.changed();
        }
    }

    // ---- copies

    /**
     * A copy of {@code mount} that shows {@code root}, attached nowhere.
     *
     * @param recursive with what is mounted below {@code root}
     * @param unbindable whether unbindable mounts are copied too
     * @throws ErrnoException ENOSPC when {@code payer} may not have so many more; EINVAL when it is in no namespace
     */
    MountImpl copyTree(Cgroup payer, MountImpl mount, DentryImpl root, boolean recursive, boolean unbindable) {
        try (Mutex _ = mutex.take()) {
            if (mount.namespace() == null) {
                throw ErrnoException.of(Errno.EINVAL); // unmounted meanwhile
            }
            payer.requireCharge(Charge.MOUNT, countCopies(mount, root, recursive, unbindable));
            return copyCharged(payer, mount, root, recursive, unbindable);
        }
    }

    private static boolean isCopied(MountImpl child, DentryImpl root, boolean unbindable) {
        return ((DentryImpl) child.mountPoint().dentry()).isWithin(root) && (unbindable || !child.unbindable());
    }

    private static int countCopies(MountImpl mount, DentryImpl root, boolean recursive, boolean unbindable) {
        int n = 1;
        for (MountImpl child : mount.children()) {
            if (recursive && isCopied(child, root, unbindable)) {
                n += countCopies(child, child.root(), true, unbindable);
            }
        }
        return n;
    }

    private MountImpl copyCharged(Cgroup payer, MountImpl mount, DentryImpl root, boolean recursive, boolean unbindable) {
        MountImpl copy = new MountImpl(payer, mount.superBlock, root, mount.source(), mount.flags());
        Propagation.inherit(copy, mount);
        for (MountImpl child : mount.children()) {
            if (recursive && isCopied(child, root, unbindable)) {
                MountImpl twin = copyCharged(payer, child, child.root(), true, unbindable);
                twin.attachTo(new VfsPath(copy, child.mountPoint().dentry()), null);
            }
        }
        return copy;
    }

    /** @throws ErrnoException ENOSPC when {@code payer} may not have another */
    MountNamespaceImpl copy(Cgroup payer, MountNamespaceImpl ns) {
        try (Mutex _ = mutex.take()) {
            payer.requireCharge(Charge.NAMESPACE, 1);
            MountImpl root;
            try {
                root = copyTree(payer, ns.rootMount(), ns.rootMount().root(), true, true);
            } catch (ErrnoException e) {
                payer.uncharge(Charge.NAMESPACE, 1);
                throw e;
            }
            rememberOrigin(root, ns.rootMount());
            MountNamespaceImpl copy = new MountNamespaceImpl(payer, this, root);
            setNamespace(root, copy);
            return copy;
        }
    }

    private static void rememberOrigin(MountImpl copy, MountImpl original) {
        copy.copiedFrom = original.id();
        for (int i = 0; i < copy.children().length; i++) {
            rememberOrigin(copy.children()[i], original.children()[i]);
        }
    }

    // ---- detach

    /** Whether anything but the mount itself needs it. */
    private static boolean isBusy(MountImpl mount) {
        return mount.isInUse() || mount.children().length > 0;
    }

    /**
     * Takes {@code mount} and all below it out of the tree, and out of those that its parent propagates to.
     *
     * @param lazily whether it is used or not
     * @param expire MNT_EXPIRE: only if that was asked for before, and it was not used since
     * @throws ErrnoException EBUSY, EAGAIN; EINVAL when somebody else has done so meanwhile
     */
    void unmount(MountImpl mount, boolean lazily, boolean expire) {
        List<SuperBlock> left = new ArrayList<>();
        try (Mutex _ = mutex.take()) {
            VfsPath point = mount.mountPoint();
            if (point == null) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            if (!lazily && isBusy(mount)) {
                throw ErrnoException.of(Errno.EBUSY);
            }
            if (expire && !mount.expiring) {
                mount.expiring = true;
                throw ErrnoException.of(Errno.EAGAIN);
            }
            DentryImpl on = (DentryImpl) point.dentry();
            for (MountImpl receiver : Propagation.receivers(mount.parent(), on)) {
                MountImpl twin = receiver.mountOn(on);
                if (twin != null && twin.superBlock == mount.superBlock && twin.children().length == 0) {
                    drop(twin, left);
                }
            }
            drop(mount, left);
        }
        release(left);
    }

    /** A namespace has lost its last user. */
    void dissolve(MountNamespaceImpl ns) {
        discard(ns.rootMount());
        ns.uncharge();
    }

    /** A copy that was never attached, or a whole tree. */
    void discard(MountImpl mount) {
        List<SuperBlock> left = new ArrayList<>();
        try (Mutex _ = mutex.take()) {
            drop(mount, left);
        }
        release(left);
    }

    /** @param left gets what each mount was of, to be released once the lock is free: a file system may end by that */
    private void drop(MountImpl mount, List<SuperBlock> left) {
        for (MountImpl child : mount.children()) {
            drop(child, left);
        }
        MountNamespaceImpl ns = mount.namespace();
        mount.detach();
        Propagation.leave(mount);
        left.add(mount.superBlock);
        mount.uncharge();
        changed(ns);
    }

    /** One that fails at its end, which is code of a bundle, must not keep the others. */
    private static void release(List<SuperBlock> left) {
        for (SuperBlock superBlock : left) {
            try {
                superBlock.release();
            } catch (RuntimeException | Error e) {
                LOG.log(Level.ERROR, "a file system failed when it was unmounted", e);
            }
        }
    }

    // ---- move and pivot

    /** mount(2), MS_MOVE. */
    void move(Cgroup payer, MountImpl mount, VfsPath target) {
        DentryImpl below = ((DentryImpl) target.dentry()).parent();
        below.lock.lock();
        try {
            try (Mutex _ = mutex.take()) {
                MountImpl above = mount.parent();
                if (above == null || above.peers() != null) {
                    throw ErrnoException.of(Errno.EINVAL);
                }
                VfsPath at = top(target);
                if (((DentryImpl) at.dentry()).isDirectory() != mount.root().isDirectory()) {
                    throw ErrnoException.of(Errno.EINVAL);
                }
                if (((MountImpl) at.mount()).isWithin(mount)) {
                    throw ErrnoException.of(Errno.ELOOP);
                }
                VfsPath before = mount.mountPoint();
                MountNamespaceImpl ns = mount.namespace();
                mount.detach();
                try {
                    attachLocked(payer, mount, target);
                } catch (ErrnoException e) {
                    mount.attachTo(before, ns);
                    throw e;
                }
            }
        } finally {
            below.lock.unlock();
        }
    }

    /**
     * pivot_root(2), after the checks of who and whether directories: {@code fresh} becomes the root, {@code old} goes to
     * {@code putOld}.
     *
     * @throws ErrnoException EBUSY, EINVAL; ENOSPC when mounts would be nested too deep
     */
    void pivot(MountImpl fresh, MountImpl old, VfsPath putOld) {
        try (Mutex _ = mutex.take()) {
            MountNamespaceImpl ns = old.namespace();
            MountImpl above = fresh.parent();
            if (fresh == old || putOld.mount() == old) {
                throw ErrnoException.of(Errno.EBUSY);
            }
            boolean shared = above == null || above.peers() != null || fresh.peers() != null
                    || old.parent() != null && old.parent().peers() != null;
            if (shared || fresh.namespace() != ns || !((MountImpl) putOld.mount()).isWithin(fresh)) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            if (depth((MountImpl) putOld.mount()) + height(old) > MAX_DEPTH) {
                throw ErrnoException.of(Errno.ENOSPC);
            }
            VfsPath whereOldWas = old.mountPoint();
            fresh.detach();
            old.detach();
            if (whereOldWas == null) {
                ns.setRootMount(fresh);
                fresh.setNamespace(ns);
            } else {
                fresh.attachTo(whereOldWas, ns);
            }
            old.attachTo(top(putOld), ns);
            changed(ns);
        }
    }

    // ---- propagation types

    /** mount(2), MS_SHARED and its kin. */
    void setPropagation(MountImpl mount, int type, boolean recursive) {
        try (Mutex _ = mutex.take()) {
            Propagation.change(mount, type);
            if (recursive) {
                for (MountImpl child : mount.children()) {
                    setPropagation(child, type, true);
                }
            }
        }
    }

    static boolean isPropagationType(int type) {
        return type == MS_PRIVATE || type == MS_SHARED || type == MS_SLAVE || type == MS_UNBINDABLE;
    }
}
