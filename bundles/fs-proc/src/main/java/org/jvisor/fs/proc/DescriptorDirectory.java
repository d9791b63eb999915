// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.proc;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.kernel.Credentials;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.vfs.FdTable;
import org.jvisor.api.vfs.FileDescription;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.VfsPath;

/** /proc/PID/fd and fdinfo: a name for each open descriptor. */
final class DescriptorDirectory extends ProcessPart {
    private static final int READABLE = 0500;
    private static final int WRITABLE = 0300;

    private final boolean info;

    DescriptorDirectory(ProcFileSystem fs, Target target, long ino, boolean info) {
        super(fs, target, ino, info ? 0555 : 0500);
        this.info = info;
    }

    /** A process may always look at its own descriptors, even where its files are root's (PR_SET_DUMPABLE). */
    @Override
    public int permission(Credentials credentials, int mask) {
        Target target = subject().find();
        return (mask & 2) == 0 && target != null && credentials == target.task().credentials() ? 0 : GENERIC_CHECK;
    }

    @Override
    protected Inode lookupMore(Task task, String name) {
        Target target = subject().find();
        if (target == null || !target.exists()) {
            return null;
        }
        Access.requireRead(task, target.task());
        int fd = number(name);
        FileDescription file = fd < 0 ? null : acquire(fd);
        if (file == null) {
            return null;
        }
        int permissions = (file.readable() ? READABLE : 0) | (file.writable() ? WRITABLE : 0);
        file.release(task);
        return info ? infoFile(target, fd) : link(target, fd, permissions);
    }

    private Inode link(Target target, int fd, int permissions) {
        return new MagicLink.Descriptor(fs(), target, ProcFileSystem.descriptorIno(target, fd, false), permissions, owner -> {
            FileDescription file = acquire(fd);
            if (file == null) {
                return null;
            }
            VfsPath path = file.path();
            file.release(null);
            return path;
        });
    }

    private Inode infoFile(Target target, int fd) {
        return new ProcessFile(fs(), target, ProcFileSystem.descriptorIno(target, fd, true), 0444, true, (reader, owner) -> {
            FdTable files = owner.task().files();
            FileDescription file = acquire(fd);
            if (file == null) {
                throw ErrnoException.of(Errno.ENOENT);
            }
            try {
                int flags = file.flags() | (files.getFlags(fd) > 0 ? Open.O_CLOEXEC : 0);
                return new Text().add("pos:\t").add(file.position()).add("\nflags:\t0").octal(flags & 0xffff_ffffL, 1)
                        .add("\nmnt_id:\t").add(file.path().mount() == null ? 0 : file.path().mount().id())
                        .add("\nino:\t").addUnsigned(file.inode().ino()).add('\n').add(file.operations().info(reader)).bytes();
            } finally {
                file.release(reader);
            }
        }, null);
    }

    private FileDescription acquire(int fd) {
        Target target = subject().find();
        FdTable files = target == null ? null : target.task().files();
        return files == null ? null : files.acquire(fd);
    }

    @Override
    protected long readMore(Task task, long position, FileOperations.DirectorySink sink) {
        Target target = target();
        Access.requireRead(task, target.task());
        FdTable files = target.task().files();
        if (files == null) {
            return 0;
        }
        for (int fd : files.descriptors()) {
            long ino = ProcFileSystem.descriptorIno(target, fd, info);
            if (MORE + fd >= position && !sink.add(Integer.toString(fd), ino, info ? Mode.DT_REG : Mode.DT_LNK, MORE + fd + 1)) {
                return 0;
            }
        }
        return 0;
    }

    /** The value of a canonical decimal number, or -1. */
    static int number(String name) {
        if (name.isEmpty() || name.length() > 10 || name.length() > 1 && name.charAt(0) == '0') {
            return -1;
        }
        long value = 0;
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c < '0' || c > '9') {
                return -1;
            }
            value = 10 * value + c - '0';
        }
        return value > Integer.MAX_VALUE ? -1 : (int) value;
    }
}
