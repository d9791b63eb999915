// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Attributes;
import org.jvisor.api.p9.P9Message;
import org.jvisor.api.p9.P9Replies;

/**
 * Requests that make files. A new file belongs to whom the request says and has exactly the mode that it says; when that cannot
 * be had, the file goes again. Nothing that is there already is ever taken for the new file.
 */
final class CreationRequests {
    private static final int CREATE_FLAGS = Open.O_ACCMODE | Open.O_SYNC | Open.O_DSYNC;

    private final Worker worker;
    private final HostCalls calls;
    private final HostKernel host;
    private final P9Message in;
    private final P9Message out;
    private final P9Attributes attributes;

    CreationRequests(Worker worker) {
        this.worker = worker;
        calls = worker.calls;
        host = calls.host;
        in = worker.in;
        out = worker.out;
        attributes = worker.attributes;
    }

    // ---- regular files

    long lcreate() {
        Fid fid = worker.file();
        int nameResult = calls.readName(in, calls.name);
        byte[] name = nameResult < 0 ? null : worker.copyName(in.position() - in.stringLength(), in.stringLength());
        int flags = in.getInt();
        int mode = in.getInt();
        int gid = in.getInt();
        if (fid == null) {
            return -Errno.EBADF;
        }
        if (nameResult < 0 || !in.isIntact() || fid.open() != Fid.NOT_OPEN) {
            return nameResult < 0 ? nameResult : -Errno.EINVAL;
        }
        Node directory = fid.node();
        long file = createFile(directory, flags, mode, fid.user, gid);
        if (file == -Errno.EEXIST && (flags & Open.O_EXCL) == 0) {
            return openExisting(fid, directory, name, flags);
        }
        return file < 0 ? file : becomeFile(fid, directory, name, (int) file);
    }

    /** Tlcreate without O_EXCL of a file that was made in the meantime, or that the client did not see: it is opened. */
    private long openExisting(Fid fid, Node directory, byte[] name, int flags) {
        long path = calls.openEntry(directory.descriptor, calls.name);
        if (path < 0) {
            return path;
        }
        long result = calls.stat((int) path, worker.export(), attributes);
        if (result == 0) {
            result = Mode.isRegular(attributes.mode)
                    ? calls.reopen((int) path, flags & (CREATE_FLAGS | Open.O_TRUNC))
                    : -Errno.EEXIST;
        }
        calls.close((int) path);
        return result < 0 ? result : becomeFile(fid, directory, name, (int) result);
    }

    private long becomeFile(Fid fid, Node directory, byte[] name, int file) {
        long path = calls.reopen(file, Open.O_PATH);
        long result = path < 0 ? path : calls.stat(file, worker.export(), attributes);
        if (result < 0) {
            closeBoth(path, file);
            return result;
        }
        Node node = new Node(host, (int) path, Mode.S_IFREG, worker.parentOf(directory), name);
        if (!fid.become(node, file)) {
            node.release();
            calls.close(file);
            return -Errno.EINVAL;
        }
        P9Replies.opened(out, P9.TLCREATE + 1, attributes, 0);
        return 0;
    }

    long createfd() {
        Fid directory = worker.file();
        int newNumber = in.getInt();
        boolean unnamed = in.remaining() >= 2 && in.bytes()[in.position()] == 0 && in.bytes()[in.position() + 1] == 0;
        int nameResult = 0;
        if (unnamed) {
            in.getStringPosition();
        } else {
            nameResult = calls.readName(in, calls.name);
        }
        int flags = in.getInt();
        int mode = in.getInt();
        int uid = in.getInt();
        int gid = in.getInt();
        if (directory == null) {
            return -Errno.EBADF;
        }
        if (nameResult < 0 || !in.isIntact()) {
            return nameResult < 0 ? nameResult : -Errno.EINVAL;
        }
        Node node = directory.node();
        long file = unnamed ? createUnnamed(node, flags, mode, uid, gid) : createFile(node, flags, mode, uid, gid);
        if (file < 0) {
            return file;
        }
        long path = calls.reopen((int) file, Open.O_PATH);
        long result = path < 0 ? path : calls.stat((int) file, worker.export(), attributes);
        if (result < 0) {
            closeBoth(path, (int) file);
            return result;
        }
        result = enter(newNumber, new Node(host, (int) path, Mode.S_IFREG, null, null), directory.user);
        P9Replies.attributes(out, P9.TCREATEFD + 1, attributes);
        out.setDescriptor((int) file);
        return result;
    }

    /** Makes and opens the file {@code calls.name}, which must not be there; the descriptor. */
    private long createFile(Node directory, int flags, int mode, int uid, int gid) {
        long refused = refuse(directory);
        if (refused < 0) {
            return refused;
        }
        int openFlags = flags & CREATE_FLAGS | Open.O_CREAT | Open.O_EXCL | Open.O_NOFOLLOW | Open.O_CLOEXEC | Open.O_NOCTTY;
        long file = host.syscall(SyscallNr.OPENAT, directory.descriptor, calls.name, openFlags, mode & Mode.PERMISSIONS);
        if (file < 0) {
            return file;
        }
        long result = giveTo((int) file, mode, uid, gid);
        if (result < 0) {
            calls.close((int) file);
            unlink(directory, 0);
            return result;
        }
        return file;
    }

    private long createUnnamed(Node directory, int flags, int mode, int uid, int gid) {
        long refused = refuse(directory);
        if (refused < 0) {
            return refused;
        }
        host.putByte(calls.name, (byte) '.');
        host.putByte(calls.name + 1, (byte) 0);
        int access = (flags & Open.O_ACCMODE) == Open.O_RDONLY ? Open.O_RDWR : flags & Open.O_ACCMODE;
        long file = host.syscall(SyscallNr.OPENAT, directory.descriptor, calls.name, access | Open.O_TMPFILE | Open.O_CLOEXEC,
                mode & Mode.PERMISSIONS);
        if (file < 0) {
            return file;
        }
        long result = giveTo((int) file, mode, uid, gid);
        if (result < 0) {
            calls.close((int) file);
        }
        return result < 0 ? result : file;
    }

    private long refuse(Node directory) {
        return worker.isReadOnly() ? -Errno.EROFS : Mode.isDir(directory.type) ? 0 : -Errno.ENOTDIR;
    }

    // ---- everything else

    long mkdir() {
        Fid directory = worker.file();
        int nameResult = calls.readName(in, calls.name);
        int mode = in.getInt();
        int gid = in.getInt();
        return makePlain(directory, nameResult, Mode.S_IFDIR | mode & Mode.PERMISSIONS, 0, gid);
    }

    long mknod() {
        Fid directory = worker.file();
        int nameResult = calls.readName(in, calls.name);
        int mode = in.getInt();
        long device = Mode.makeDev(in.getInt(), in.getInt());
        int gid = in.getInt();
        return makePlain(directory, nameResult, mode, device, gid);
    }

    long symlink() {
        Fid directory = worker.file();
        int nameResult = calls.readName(in, calls.name);
        int targetResult = calls.readString(in, calls.name2, Open.PATH_MAX - 1);
        int gid = in.getInt();
        return makePlain(directory, Math.min(nameResult, targetResult), Mode.S_IFLNK | Mode.S_IRWXUGO, 0, gid);
    }

    /** The reply is the qid of the file, which gets no fid. */
    private long makePlain(Fid directory, int namesResult, int mode, long device, int gid) {
        if (directory == null) {
            return -Errno.EBADF;
        }
        if (namesResult < 0 || !in.isIntact()) {
            return namesResult < 0 ? namesResult : -Errno.EINVAL;
        }
        long path = makeEntry(directory.node(), mode, device, directory.user, gid);
        if (path < 0) {
            return path;
        }
        calls.close((int) path);
        P9Replies.qid(out, in.type() + 1, attributes);
        return 0;
    }

    long make() {
        Fid directory = worker.file();
        int newNumber = in.getInt();
        int nameResult = calls.readName(in, calls.name);
        int mode = in.getInt();
        long device = Mode.makeDev(in.getInt(), in.getInt());
        int uid = in.getInt();
        int gid = in.getInt();
        int targetResult = calls.readString(in, calls.name2, Open.PATH_MAX - 1);
        if (directory == null) {
            return -Errno.EBADF;
        }
        if (nameResult < 0 || targetResult < 0) {
            return Math.min(nameResult, targetResult);
        }
        long path = makeEntry(directory.node(), mode, device, uid, gid);
        if (path < 0) {
            return path;
        }
        long result = enter(newNumber, new Node(host, (int) path, Mode.type(attributes.mode), null, null), directory.user);
        P9Replies.attributes(out, P9.TMAKE + 1, attributes);
        return result;
    }

    /**
     * Makes the entry {@code calls.name}, of the type that {@code mode} says; {@code calls.name2} is a link's target.
     *
     * @return an O_PATH descriptor, the attributes being in the worker; or a negative errno
     */
    private long makeEntry(Node directory, int mode, long device, int uid, int gid) {
        long result = refuse(directory);
        if (result == 0) {
            result = callFor(directory, mode, device);
        }
        if (result < 0) {
            return result;
        }
        int flags = Mode.isDir(mode) ? Open.AT_REMOVEDIR : 0;
        long path = calls.openEntry(directory.descriptor, calls.name);
        if (path < 0) {
            return path;
        }
        result = calls.stat((int) path, worker.export(), attributes);
        if (result == 0 && Mode.type(attributes.mode) != Mode.type(mode)) {
            // Somebody on the host has put something else in its place.
            calls.close((int) path);
            return -Errno.EIO;
        }
        if (result == 0) {
            result = giveTo((int) path, mode, uid, gid);
        }
        if (result == 0) {
            result = calls.stat((int) path, worker.export(), attributes);
        }
        if (result < 0) {
            calls.close((int) path);
            unlink(directory, flags);
            return result;
        }
        return path;
    }

    private long callFor(Node directory, int mode, long device) {
        int permissions = mode & Mode.PERMISSIONS;
        return switch (Mode.type(mode)) {
            case Mode.S_IFDIR -> host.syscall(SyscallNr.MKDIRAT, directory.descriptor, calls.name, permissions);
            case Mode.S_IFLNK -> host.syscall(SyscallNr.SYMLINKAT, calls.name2, directory.descriptor, calls.name);
            case Mode.S_IFREG, Mode.S_IFIFO, Mode.S_IFSOCK -> mknodCall(directory, mode, 0);
            // The whiteout of an overlay. No other device is made on the host.
            case Mode.S_IFCHR -> device == 0 ? mknodCall(directory, mode, 0) : -Errno.EPERM;
            case Mode.S_IFBLK -> -Errno.EPERM;
            default -> -Errno.EINVAL;
        };
    }

    private long mknodCall(Node directory, int mode, long device) {
        return host.syscall(SyscallNr.MKNODAT, directory.descriptor, calls.name, mode & (Mode.S_IFMT | Mode.PERMISSIONS), device);
    }

    // ---- common

    /** Sees to it that a new file has the owner and mode that were asked for: set-group-ID directories and the kernel differ. */
    private long giveTo(int descriptor, int mode, int uid, int gid) {
        long result = calls.stat(descriptor, worker.export(), attributes);
        int owner = uid == P9.NONUNAME ? attributes.uid : uid;
        int group = gid == P9.NONUNAME ? attributes.gid : gid;
        if (result == 0 && (attributes.uid != owner || attributes.gid != group)) {
            result = calls.chown(descriptor, owner, group);
            if (result == 0) {
                result = calls.stat(descriptor, worker.export(), attributes);
            }
        }
        boolean otherMode = (attributes.mode & Mode.PERMISSIONS) != (mode & Mode.PERMISSIONS);
        if (result == 0 && otherMode && !Mode.isSymlink(attributes.mode)) {
            result = calls.chmod(descriptor, mode);
        }
        return result;
    }

    private void unlink(Node directory, int flags) {
        host.syscall(SyscallNr.UNLINKAT, directory.descriptor, calls.name, flags);
    }

    /** Takes {@code node} over. */
    private long enter(int number, Node node, int user) {
        Fid fid = new Fid(host, node, user);
        if (worker.connection.fids.put(number, fid)) {
            return 0;
        }
        fid.release();
        return -Errno.EINVAL;
    }

    private void closeBoth(long path, int file) {
        if (path >= 0) {
            calls.close((int) path);
        }
        calls.close(file);
    }
}
