// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.StatxLayout;
import org.jvisor.api.abi.Statx;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.p9.P9Attributes;
import org.jvisor.api.p9.P9Message;

/**
 * The host's system calls as one worker makes them, with memory for their arguments. Results are negative errnos as the kernel's.
 *
 * <p>A file is known by an O_PATH descriptor, which nothing can redirect. From there every step is one name, relative to the
 * directory's descriptor and without following links; and a file is opened for use through /proc/self/fd, which leads to the
 * very inode. No call here takes a path of more than one name.
 */
final class HostCalls {
    /** Room for a name or a link's target and its NUL, each. */
    private static final int NAME_BYTES = Open.PATH_MAX + 64;

    private static final int DATA_OFFSET = 3 * NAME_BYTES + StatxLayout.SIZE + 64;
    private static final int STATX_MASK = Statx.STATX_BASIC_STATS | Statx.STATX_BTIME;
    private static final int NEVER_FOLLOW = Open.AT_SYMLINK_NOFOLLOW | Open.AT_NO_AUTOMOUNT;

    final HostKernel host;
    /** The first name of a request. */
    final long name;
    /** The second one, or a link's target. */
    final long name2;
    /** A small structure: timespecs, a lock. */
    final long small;
    /** {@link #dataBytes} for what is read or written. */
    final long data;

    final int dataBytes;
    private final int procFd;
    private final long number;
    private final long statx;

    /**
     * @param procFd a descriptor of /proc/self/fd
     * @param dataBytes room at {@link #data}
     */
    HostCalls(HostKernel host, int procFd, int dataBytes) {
        this.host = host;
        this.procFd = procFd;
        this.dataBytes = dataBytes;
        name = host.allocate(DATA_OFFSET + dataBytes);
        name2 = name + NAME_BYTES;
        number = name2 + NAME_BYTES;
        statx = number + NAME_BYTES;
        small = statx + StatxLayout.SIZE;
        data = name + DATA_OFFSET;
    }

    void free() {
        host.free(name);
    }

    // ---- names out of messages

    /**
     * Takes the next string of {@code in} as the name of a directory entry and puts it, with a NUL, at {@code address}.
     *
     * @return 0; -EINVAL for what is no name, among it ".", ".." and anything with a slash or a NUL; or -ENAMETOOLONG
     */
    int readName(P9Message in, long address) {
        int begin = in.getStringPosition();
        int length = in.stringLength();
        if (!in.isIntact() || length == 0) {
            return -Errno.EINVAL;
        }
        if (length > Open.NAME_MAX) {
            return -Errno.ENAMETOOLONG;
        }
        byte[] bytes = in.bytes();
        if (bytes[begin] == '.' && (length == 1 || length == 2 && bytes[begin + 1] == '.')) {
            return -Errno.EINVAL;
        }
        for (int i = 0; i < length; i++) {
            if (bytes[begin + i] == '/' || bytes[begin + i] == 0) {
                return -Errno.EINVAL;
            }
        }
        putString(bytes, begin, length, address);
        return 0;
    }

    /** The same for other strings: a link's target, the name of an extended attribute. */
    int readString(P9Message in, long address, int maximum) {
        int begin = in.getStringPosition();
        int length = in.stringLength();
        if (!in.isIntact()) {
            return -Errno.EINVAL;
        }
        if (length > maximum) {
            return -Errno.ENAMETOOLONG;
        }
        for (int i = 0; i < length; i++) {
            if (in.bytes()[begin + i] == 0) {
                return -Errno.EINVAL;
            }
        }
        putString(in.bytes(), begin, length, address);
        return 0;
    }

    void putString(byte[] bytes, int begin, int length, long address) {
        host.copyOut(bytes, begin, length, address);
        host.putByte(address + length, (byte) 0);
    }

    // ---- descriptors

    /** The entry {@code name} of a directory, as an O_PATH descriptor. */
    long openEntry(int directory, long name) {
        return host.syscall(SyscallNr.OPENAT, directory, name, Open.O_PATH | Open.O_NOFOLLOW | Open.O_CLOEXEC, 0);
    }

    /** Opens what {@code descriptor} stands for; it must be a regular file or a directory. */
    long reopen(int descriptor, int flags) {
        return host.syscall(SyscallNr.OPENAT, procFd, decimal(descriptor), flags | Open.O_CLOEXEC | Open.O_NOCTTY, 0);
    }

    void close(int descriptor) {
        host.syscall(SyscallNr.CLOSE, descriptor);
    }

    /** The number of a descriptor as a string: its name in /proc/self/fd. */
    private long decimal(int descriptor) {
        long end = number + 16;
        host.putByte(end, (byte) 0);
        int rest = descriptor;
        do {
            host.putByte(--end, (byte) ('0' + rest % 10));
            rest /= 10;
        } while (rest > 0);
        return end;
    }

    // ---- attributes

    /** Attributes of what {@code descriptor} stands for. */
    long stat(int descriptor, Export export, P9Attributes attributes) {
        host.putByte(number, (byte) 0);
        return statx(descriptor, number, NEVER_FOLLOW | Open.AT_EMPTY_PATH, export, attributes);
    }

    /** Attributes of the entry {@code name} of a directory. */
    long statEntry(int directory, long name, Export export, P9Attributes attributes) {
        return statx(directory, name, NEVER_FOLLOW, export, attributes);
    }

    private long statx(int descriptor, long path, int flags, Export export, P9Attributes a) {
        long result = host.syscall(SyscallNr.STATX, descriptor, path, flags, STATX_MASK, statx, 0);
        if (result < 0) {
            return result;
        }
        a.mode = host.getShort(statx + StatxLayout.MODE) & 0xffff;
        a.uid = host.getInt(statx + StatxLayout.UID);
        a.gid = host.getInt(statx + StatxLayout.GID);
        a.nlink = host.getInt(statx + StatxLayout.NLINK) & 0xffff_ffffL;
        a.rdev = Mode.makeDev(host.getInt(statx + StatxLayout.RDEV_MAJOR), host.getInt(statx + StatxLayout.RDEV_MINOR));
        a.size = host.getLong(statx + StatxLayout.SIZE_BYTES);
        a.blockSize = host.getInt(statx + StatxLayout.BLKSIZE) & 0xffff_ffffL;
        a.blocks = host.getLong(statx + StatxLayout.BLOCKS);
        a.atimeSeconds = host.getLong(statx + StatxLayout.ATIME);
        a.atimeNanos = host.getInt(statx + StatxLayout.ATIME + 8);
        a.mtimeSeconds = host.getLong(statx + StatxLayout.MTIME);
        a.mtimeNanos = host.getInt(statx + StatxLayout.MTIME + 8);
        a.ctimeSeconds = host.getLong(statx + StatxLayout.CTIME);
        a.ctimeNanos = host.getInt(statx + StatxLayout.CTIME + 8);
        a.btimeSeconds = host.getLong(statx + StatxLayout.BTIME);
        a.btimeNanos = host.getInt(statx + StatxLayout.BTIME + 8);
        long device = Mode.makeDev(host.getInt(statx + StatxLayout.DEV_MAJOR), host.getInt(statx + StatxLayout.DEV_MINOR));
        a.qidType = P9Attributes.qidType(a.mode);
        a.qidVersion = (int) (a.mtimeNanos ^ a.mtimeSeconds ^ a.size << 16);
        a.qidPath = export.qidPath(device, host.getLong(statx + StatxLayout.INO));
        return 0;
    }

    /** {@code uid} or {@code gid} -1: leave it. */
    long chown(int descriptor, int uid, int gid) {
        host.putByte(number, (byte) 0);
        return host.syscall(SyscallNr.FCHOWNAT, descriptor, number, uid, gid, Open.AT_SYMLINK_NOFOLLOW | Open.AT_EMPTY_PATH, 0);
    }

    /** Permission bits of anything but a symbolic link. */
    long chmod(int descriptor, int mode) {
        return host.syscall(SyscallNr.FCHMODAT, procFd, decimal(descriptor), mode & Mode.PERMISSIONS);
    }

    /** The two timespecs are at {@link #small}. */
    long setTimes(int descriptor) {
        host.putByte(number, (byte) 0);
        return host.syscall(SyscallNr.UTIMENSAT, descriptor, number, small, Open.AT_SYMLINK_NOFOLLOW | Open.AT_EMPTY_PATH);
    }

    long truncate(int descriptor, long size) {
        long file = reopen(descriptor, Open.O_WRONLY);
        if (file < 0) {
            return file;
        }
        long result = host.syscall(SyscallNr.FTRUNCATE, file, size);
        close((int) file);
        return result;
    }

    /** The target of a symbolic link, into {@link #data}; its length. */
    long readlink(int descriptor) {
        host.putByte(number, (byte) 0);
        return host.syscall(SyscallNr.READLINKAT, descriptor, number, data, Math.min(dataBytes, Open.PATH_MAX));
    }

    /** A further name for what {@code descriptor} stands for, at {@link #name}. Needs CAP_DAC_READ_SEARCH. */
    long link(int descriptor, int directory) {
        host.putByte(number, (byte) 0);
        return host.syscall(SyscallNr.LINKAT, descriptor, number, directory, name, Open.AT_EMPTY_PATH, 0);
    }
}
