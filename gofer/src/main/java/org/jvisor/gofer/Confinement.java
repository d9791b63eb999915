// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import java.nio.charset.StandardCharsets;
import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.FsMagic;
import org.jvisor.api.abi.Mount;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Prctl;
import org.jvisor.api.abi.StatfsLayout;
import org.jvisor.api.abi.StatxLayout;
import org.jvisor.api.abi.Statx;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.host.seal.ThreadCapabilities;

/**
 * Gives up whatever serving files does not need. The order matters: first the trees are taken hold of, then everything else goes
 * out of sight, then the rights to undo that.
 *
 * <p>An export is a copy of its mounts that is attached nowhere (open_tree(2)): there is nothing above its root, so that no ".."
 * and no rename leads out of it. The same goes for /proc/self/fd. The process's own root is an empty, read-only tmpfs.
 */
final class Confinement {
    /** What file serving needs: owners, permissions, set-ID bits and file capabilities are as the Sentry says. */
    private static final long KEPT = Capability.bit(Capability.CAP_CHOWN) | Capability.bit(Capability.CAP_DAC_OVERRIDE)
            | Capability.bit(Capability.CAP_DAC_READ_SEARCH) | Capability.bit(Capability.CAP_FOWNER)
            | Capability.bit(Capability.CAP_FSETID) | Capability.bit(Capability.CAP_SETFCAP);

    private static final int PATH_BYTES = Open.PATH_MAX + 1;
    /** struct mount_attr of mount_setattr(2): attr_set, attr_clr, propagation, userns_fd. */
    private static final int MOUNT_ATTR_SET = 0;
    private static final int MOUNT_ATTR_PROPAGATION = 16;
    private static final String SELF_NAMESPACE = "/proc/self/ns/mnt";
    /** A directory that every host has, to put the new root on; our own mount namespace only. */
    private static final String NEW_ROOT = "/proc";

    private final HostKernel host;
    private final long path;
    private final long path2;
    private final long scratch;

    Confinement(HostKernel host) {
        this.host = host;
        path = host.allocate(3 * PATH_BYTES);
        path2 = path + PATH_BYTES;
        scratch = path2 + PATH_BYTES;
    }

    /** Sees to it that mounts made here stay here. */
    void privateMounts() {
        if (inode(SELF_NAMESPACE) == inode("/proc/" + parent() + "/ns/mnt")) {
            throw HostCallException.because("the gofer must be started in a mount namespace of its own");
        }
        HostCallException.check(host.syscall(SyscallNr.MOUNT, 0, put(path, "/"), 0, Mount.MS_REC | Mount.MS_PRIVATE, 0, 0),
                "making mounts private");
    }

    private long parent() {
        return host.syscall(SyscallNr.GETPPID);
    }

    /** The inode number of what the path leads to, or a negative errno. */
    long inode(String of) {
        long result = host.syscall(SyscallNr.STATX, Open.AT_FDCWD, put(path, of), 0, Statx.STATX_INO, scratch, 0);
        return result < 0 ? result : host.getLong(scratch + StatxLayout.INO);
    }

    /** A detached copy of the tree at {@code hostPath}; the O_PATH descriptor of its root. */
    int takeTree(String hostPath, boolean readOnly) {
        if (hostPath.length() >= PATH_BYTES) {
            throw HostCallException.because("a path that is too long");
        }
        int flags = Mount.OPEN_TREE_CLONE | Mount.OPEN_TREE_CLOEXEC | Open.AT_RECURSIVE;
        long tree = HostCallException.check(host.syscall(SyscallNr.OPEN_TREE, Open.AT_FDCWD, put(path, hostPath), flags),
                hostPath);
        long attributes = Mount.MOUNT_ATTR_NODEV | Mount.MOUNT_ATTR_NOSUID | (readOnly ? Mount.MOUNT_ATTR_RDONLY : 0);
        long result = setAttributes((int) tree, attributes | Mount.MOUNT_ATTR_NOSYMFOLLOW);
        if (result == -Errno.EINVAL) {
            // Before Linux 5.14; no call here follows links anyway.
            result = setAttributes((int) tree, attributes);
        }
        HostCallException.check(result, hostPath);
        return (int) tree;
    }

    private long setAttributes(int tree, long attributes) {
        host.fill(scratch, Mount.MOUNT_ATTR_SIZE_VER0, (byte) 0);
        host.putLong(scratch + MOUNT_ATTR_SET, attributes);
        host.putLong(scratch + MOUNT_ATTR_PROPAGATION, Mount.MS_PRIVATE);
        return host.syscall(SyscallNr.MOUNT_SETATTR, tree, put(path, ""), Open.AT_EMPTY_PATH | Open.AT_RECURSIVE, scratch,
                Mount.MOUNT_ATTR_SIZE_VER0, 0);
    }

    /** A descriptor of /proc/self/fd from which the rest of /proc cannot be reached. */
    int takeDescriptorDirectory() {
        long tree = HostCallException.check(host.syscall(SyscallNr.OPEN_TREE, Open.AT_FDCWD, put(path, "/proc/self/fd"),
                Mount.OPEN_TREE_CLONE | Mount.OPEN_TREE_CLOEXEC), "/proc/self/fd");
        HostCallException.check(host.syscall(SyscallNr.FSTATFS, tree, scratch), "/proc/self/fd");
        if (host.getLong(scratch + StatfsLayout.TYPE) != FsMagic.PROC_SUPER_MAGIC) {
            throw HostCallException.because("/proc is not mounted");
        }
        return (int) tree;
    }

    /** To be called while /proc can still be reached. */
    ThreadCapabilities takeThreads() {
        try {
            return new ThreadCapabilities(host);
        } catch (ErrnoException e) {
            throw HostCallException.because("/proc/self/task: " + e.getMessage());
        }
    }

    /** Leaves the host's tree of files for an empty one. All threads go, as they share their root. */
    void leaveHostTree() {
        long flags = Mount.MS_NOSUID | Mount.MS_NODEV | Mount.MS_NOEXEC;
        put(path, "tmpfs");
        HostCallException.check(host.syscall(SyscallNr.MOUNT, path, put(path2, NEW_ROOT), path, flags,
                put(scratch, "size=4k,mode=555"), 0), "mounting an empty root");
        HostCallException.check(host.syscall(SyscallNr.CHDIR, path2), "entering the empty root");
        // pivot_root(".", ".") puts the old root on top of the new one, see pivot_root(2).
        put(path, ".");
        long pivoted = host.syscall(SyscallNr.PIVOT_ROOT, path, path);
        if (pivoted == 0) {
            HostCallException.check(host.syscall(SyscallNr.UMOUNT2, path, Mount.MNT_DETACH), "detaching the old root");
        } else {
            leaveInitramfs(pivoted);
        }
        HostCallException.check(host.syscall(SyscallNr.CHDIR, put(path, "/")), "entering the new root");
        HostCallException.check(host.syscall(SyscallNr.MOUNT, 0, path, 0, flags | Mount.MS_REMOUNT | Mount.MS_RDONLY, 0, 0),
                "making the new root read-only");
    }

    /** The first root of a machine cannot be pivoted away, only covered. */
    private void leaveInitramfs(long pivoted) {
        if (pivoted != -Errno.EINVAL) {
            HostCallException.check(pivoted, "pivot_root");
        }
        put(path, ".");
        HostCallException.check(host.syscall(SyscallNr.MOUNT, path, put(path2, "/"), 0, Mount.MS_MOVE, 0, 0),
                "moving the new root");
        HostCallException.check(host.syscall(SyscallNr.CHROOT, path), "chroot");
    }

    /** Keeps {@link #KEPT} for all threads, those of the virtual machine among them, and new privileges from all. */
    void dropPrivileges(ThreadCapabilities threads) {
        try (threads) {
            threads.keep(KEPT);
        } catch (ErrnoException e) {
            throw HostCallException.because("dropping capabilities: " + e.getMessage());
        }
        HostCallException.check(host.syscall(SyscallNr.PRCTL, Prctl.PR_SET_NO_NEW_PRIVS, 1, 0, 0), "no_new_privs");
        HostCallException.check(host.syscall(SyscallNr.PRCTL, Prctl.PR_SET_DUMPABLE, Prctl.SUID_DUMP_DISABLE), "dumpable");
    }

    private long put(long address, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        host.copyOut(bytes, 0, bytes.length, address);
        host.putByte(address + bytes.length, (byte) 0);
        return address;
    }
}
