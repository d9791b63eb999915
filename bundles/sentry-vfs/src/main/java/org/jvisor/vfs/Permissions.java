// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import org.jvisor.api.abi.Capability;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.Inode;

/**
 * Who may do what with a file: path_resolution(7), capabilities(7). A null task is the kernel itself, which may do everything.
 */
final class Permissions {

    static final int READ = 4;
    static final int WRITE = 2;
    static final int EXECUTE = 1;

    static Credentials of(Task task) {
        return task == null ? Credentials.ROOT : task.credentials();
    }

    /** 0 or a negative errno. */
    static int check(Credentials who, Inode inode, int mask) {
        int own = inode.permission(who, mask);
        return own == Inode.GENERIC_CHECK ? generic(who, inode.mode(), inode.uid(), inode.gid(), mask) : own;
    }

    static void require(Credentials who, Inode inode, int mask) {
        int result = check(who, inode, mask);
        if (result != 0) {
            throw ErrnoException.of(-result);
        }
    }

    static int generic(Credentials who, int mode, int uid, int gid, int mask) {
        int bits;
        if (who.fsuid() == uid) {
            bits = mode >> 6;
        } else if (who.inGroup(gid)) {
            bits = mode >> 3;
        } else {
            bits = mode;
        }
        if ((mask & ~bits) == 0) {
            return 0;
        }
        return byCapability(who, mode, mask) ? 0 : -Errno.EACCES;
    }

    private static boolean byCapability(Credentials who, int mode, int mask) {
        boolean searchesOrReads = Mode.isDir(mode) ? (mask & WRITE) == 0 : mask == READ;
        if (searchesOrReads && who.has(Capability.CAP_DAC_READ_SEARCH)) {
            return true;
        }
        // Nobody executes a file that has no execute bit at all.
        boolean executable = Mode.isDir(mode) || (mask & EXECUTE) == 0 || (mode & Mode.S_IXUGO) != 0;
        return executable && who.has(Capability.CAP_DAC_OVERRIDE);
    }

    /** Owner or CAP_FOWNER. */
    static boolean owns(Credentials who, Inode inode) {
        return who.fsuid() == inode.uid() || who.has(Capability.CAP_FOWNER);
    }

    /** Whether the sticky bit of {@code directory} protects {@code child} from {@code who} (unlink(2), rename(2)). */
    static boolean stickyProtects(Credentials who, Inode directory, Inode child) {
        return (directory.mode() & Mode.S_ISVTX) != 0 && who.fsuid() != child.uid() && who.fsuid() != directory.uid()
                && !who.has(Capability.CAP_FOWNER);
    }

    /**
     * The mode of a file without the bits that a write, a truncation or a change of owner takes away (inode(7)): set-user-ID, and
     * set-group-ID of what the group executes or what belongs to a group that {@code who} is not in.
     */
    static int withoutSetId(Credentials who, Inode inode) {
        int mode = inode.mode();
        if ((mode & (Mode.S_ISUID | Mode.S_ISGID)) == 0) {
            return mode;
        }
        int kept = mode & ~Mode.S_ISUID;
        boolean keepsGroup = (mode & Mode.S_IXGRP) == 0 && (who.inGroup(inode.gid()) || who.has(Capability.CAP_FSETID));
        return keepsGroup ? kept : kept & ~Mode.S_ISGID;
    }

    private Permissions() {
    }
}
