// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import org.jvisor.api.abi.Clock;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.FlockLayout;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.StatfsLayout;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.abi.TimespecLayout;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Attributes;
import org.jvisor.api.p9.P9Message;
import org.jvisor.api.p9.P9Replies;
import org.jvisor.api.p9.P9Requests;

/** Requests about one file: opening, reading and writing, attributes, locks. */
final class FileRequests {
    private static final int OPEN_FLAGS = Open.O_ACCMODE | Open.O_TRUNC | Open.O_SYNC | Open.O_DSYNC;
    /** Tread: size[4] type[1] tag[2] count[4] before the data. */
    private static final int READ_HEADER = P9Message.HEADER + 4;

    private final Worker worker;
    private final HostCalls calls;
    private final HostKernel host;
    private final P9Message in;
    private final P9Message out;
    private final P9Attributes attributes;
    private final P9Requests.Changes changes = new P9Requests.Changes();

    FileRequests(Worker worker) {
        this.worker = worker;
        calls = worker.calls;
        host = calls.host;
        in = worker.in;
        out = worker.out;
        attributes = worker.attributes;
    }

    // ---- opening

    /**
     * Opens a file for use: a regular one or a directory, nothing else, for to open a fifo or a device does things on the host.
     *
     * @return the descriptor, or a negative errno
     */
    private long openForUse(Node node, int wanted) {
        int flags = wanted & OPEN_FLAGS;
        boolean changes = (flags & Open.O_ACCMODE) != Open.O_RDONLY || (flags & Open.O_TRUNC) != 0;
        if (changes && worker.isReadOnly()) {
            return -Errno.EROFS;
        }
        if ((flags & Open.O_ACCMODE) == Open.O_ACCMODE) {
            return -Errno.EINVAL;
        }
        return switch (node.type) {
            case Mode.S_IFREG -> calls.reopen(node.descriptor, flags);
            case Mode.S_IFDIR -> changes ? -Errno.EISDIR : calls.reopen(node.descriptor, Open.O_RDONLY | Open.O_DIRECTORY);
            case Mode.S_IFLNK -> -Errno.ELOOP;
            default -> -Errno.EOPNOTSUPP;
        };
    }

    long lopen() {
        Fid fid = worker.file();
        int flags = in.getInt();
        if (fid == null) {
            return -Errno.EBADF;
        }
        if (!in.isIntact() || fid.open() != Fid.NOT_OPEN) {
            return -Errno.EINVAL;
        }
        long descriptor = openForUse(fid.node(), flags);
        if (descriptor < 0) {
            return descriptor;
        }
        if (!fid.setOpen((int) descriptor, true)) {
            calls.close((int) descriptor);
            return -Errno.EINVAL;
        }
        long result = calls.stat((int) descriptor, worker.export(), attributes);
        if (result == 0) {
            P9Replies.opened(out, P9.TLOPEN + 1, attributes, 0);
        }
        return result;
    }

    long openfd() {
        Fid fid = worker.file();
        int flags = in.getInt();
        if (fid == null) {
            return -Errno.EBADF;
        }
        Node node = fid.node();
        if (!in.isIntact() || !Mode.isRegular(node.type)) {
            return -Errno.EINVAL;
        }
        long descriptor = openForUse(node, flags);
        if (descriptor < 0) {
            return descriptor;
        }
        long result = calls.stat((int) descriptor, worker.export(), attributes);
        P9Replies.attributes(out, P9.TOPENFD + 1, attributes);
        out.setDescriptor((int) descriptor);
        return result;
    }

    // ---- data

    long read() {
        Fid fid = worker.fid();
        long offset = in.getLong();
        int count = in.getInt();
        if (fid == null) {
            return -Errno.EBADF;
        }
        if (!in.isIntact() || count < 0 || offset < 0) {
            return -Errno.EINVAL;
        }
        int length = Math.min(count, worker.connection.messageSize() - READ_HEADER);
        P9Replies.startData(out, P9.TREAD + 1, worker.connection.messageSize());
        XattrTransfer xattr = fid.xattr;
        if (xattr != null) {
            int from = (int) Math.min(offset, xattr.value.length);
            out.putBytes(xattr.value, from, Math.min(length, xattr.value.length - from));
        } else {
            int file = fid.open();
            if (file == Fid.NOT_OPEN || !fid.isOpenedByClient()) {
                return -Errno.EBADF;
            }
            long got = host.syscall(SyscallNr.PREAD64, file, calls.data, length, offset);
            if (got < 0) {
                return got;
            }
            host.copyIn(calls.data, out.bytes(), out.reserve((int) got), (int) got);
        }
        P9Replies.finishData(out);
        return 0;
    }

    long write() {
        Fid fid = worker.fid();
        long offset = in.getLong();
        int count = in.getInt();
        int begin = in.getBytesPosition(count);
        if (fid == null) {
            return -Errno.EBADF;
        }
        if (begin < 0 || offset < 0) {
            return -Errno.EINVAL;
        }
        XattrTransfer xattr = fid.xattr;
        if (xattr != null) {
            return XattrRequests.append(worker, xattr, offset, begin, count);
        }
        int file = fid.open();
        if (file == Fid.NOT_OPEN || !fid.isOpenedByClient()) {
            return -Errno.EBADF;
        }
        host.copyOut(in.bytes(), begin, count, calls.data);
        long written = host.syscall(SyscallNr.PWRITE64, file, calls.data, count, offset);
        if (written >= 0) {
            P9Replies.write(out, (int) written);
        }
        return Math.min(written, 0);
    }

    long fsync() {
        Fid fid = worker.file();
        // Linux sends datasync[4]; the oldest clients do not.
        boolean dataOnly = in.remaining() >= 4 && in.getInt() != 0;
        if (fid == null) {
            return -Errno.EBADF;
        }
        int file = fid.open();
        boolean own = file == Fid.NOT_OPEN;
        if (own) {
            long opened = openForUse(fid.node(), Open.O_RDONLY);
            if (opened < 0) {
                return opened;
            }
            file = (int) opened;
        }
        long result = host.syscall(dataOnly ? SyscallNr.FDATASYNC : SyscallNr.FSYNC, file);
        if (own) {
            calls.close(file);
        }
        return result < 0 ? result : worker.done();
    }

    // ---- attributes

    long getattr() {
        Fid fid = worker.file();
        in.getLong();
        if (fid == null) {
            return -Errno.EBADF;
        }
        long result = calls.stat(fid.node().descriptor, worker.export(), attributes);
        if (result == 0) {
            P9Replies.getattr(out, P9.GETATTR_BASIC | P9.GETATTR_BTIME, attributes);
        }
        return result;
    }

    /** @param get answer with the attributes (Tsetattrget) */
    long setattr(boolean get) {
        Fid fid = worker.file();
        changes.read(in);
        if (fid == null) {
            return -Errno.EBADF;
        }
        if (!in.isIntact()) {
            return -Errno.EINVAL;
        }
        if (worker.isReadOnly()) {
            return -Errno.EROFS;
        }
        long result = change(fid.node());
        if (result < 0) {
            return result;
        }
        if (!get) {
            return worker.done();
        }
        result = calls.stat(fid.node().descriptor, worker.export(), attributes);
        P9Replies.attributes(out, P9.TSETATTRGET + 1, attributes);
        return result;
    }

    /** The owner goes before the mode, because chown(2) clears set-user-ID bits; times last, because all else changes them. */
    private long change(Node node) {
        int valid = changes.valid;
        long result = 0;
        if ((valid & P9.SETATTR_SIZE) != 0) {
            if (!Mode.isRegular(node.type)) {
                return Mode.isDir(node.type) ? -Errno.EISDIR : -Errno.EINVAL;
            }
            result = calls.truncate(node.descriptor, changes.size);
        }
        if (result == 0 && (valid & (P9.SETATTR_UID | P9.SETATTR_GID)) != 0) {
            result = calls.chown(node.descriptor, (valid & P9.SETATTR_UID) != 0 ? changes.uid : -1,
                    (valid & P9.SETATTR_GID) != 0 ? changes.gid : -1);
        }
        if (result == 0 && (valid & P9.SETATTR_MODE) != 0) {
            result = Mode.isSymlink(node.type) ? -Errno.EOPNOTSUPP : calls.chmod(node.descriptor, changes.mode);
        }
        if (result == 0 && (valid & (P9.SETATTR_ATIME | P9.SETATTR_MTIME)) != 0) {
            putTime(calls.small, valid, P9.SETATTR_ATIME, P9.SETATTR_ATIME_SET, changes.atimeSeconds, changes.atimeNanos);
            putTime(calls.small + TimespecLayout.SIZE, valid, P9.SETATTR_MTIME, P9.SETATTR_MTIME_SET, changes.mtimeSeconds,
                    changes.mtimeNanos);
            result = calls.setTimes(node.descriptor);
        }
        return result;
    }

    private void putTime(long at, int valid, int changed, int given, long seconds, long nanos) {
        long nsec = (valid & changed) == 0 ? Clock.UTIME_OMIT : (valid & given) == 0 ? Clock.UTIME_NOW : nanos;
        host.putLong(at + TimespecLayout.SEC, seconds);
        host.putLong(at + TimespecLayout.NSEC, nsec);
    }

    long readlink() {
        Fid fid = worker.file();
        if (fid == null) {
            return -Errno.EBADF;
        }
        if (!Mode.isSymlink(fid.node().type)) {
            return -Errno.EINVAL;
        }
        long length = calls.readlink(fid.node().descriptor);
        if (length < 0) {
            return length;
        }
        out.start(P9.TREADLINK + 1).putShort((int) length);
        host.copyIn(calls.data, out.bytes(), out.reserve((int) length), (int) length);
        out.finish();
        return 0;
    }

    long statfs() {
        Fid fid = worker.file();
        if (fid == null) {
            return -Errno.EBADF;
        }
        long at = calls.data;
        long result = host.syscall(SyscallNr.FSTATFS, fid.node().descriptor, at);
        if (result == 0) {
            P9Replies.statfs(out, (int) host.getLong(at + StatfsLayout.TYPE), (int) host.getLong(at + StatfsLayout.BSIZE),
                    host.getLong(at + StatfsLayout.BLOCKS), host.getLong(at + StatfsLayout.BFREE),
                    host.getLong(at + StatfsLayout.BAVAIL), host.getLong(at + StatfsLayout.FILES),
                    host.getLong(at + StatfsLayout.FFREE), host.getLong(at + StatfsLayout.FSID),
                    (int) host.getLong(at + StatfsLayout.NAMELEN));
        }
        return result;
    }

    // ---- locks

    /** Locks of the open file: other fids' and other programs' on the host see them. Never waits: the client asks again. */
    long lock() {
        Fid fid = worker.file();
        int type = in.getByte();
        in.getInt();
        long start = in.getLong();
        long length = in.getLong();
        if (fid == null || fid.open() == Fid.NOT_OPEN) {
            return -Errno.EBADF;
        }
        if (!in.isIntact() || type > P9.LOCK_TYPE_UNLCK) {
            return -Errno.EINVAL;
        }
        long result = lockCall(fid.open(), Open.F_OFD_SETLK, type, start, length);
        if (result == -Errno.EAGAIN || result == -Errno.EACCES) {
            P9Replies.lock(out, P9.LOCK_BLOCKED);
            return 0;
        }
        if (result == 0) {
            P9Replies.lock(out, P9.LOCK_SUCCESS);
        }
        return result;
    }

    long getlock() {
        Fid fid = worker.file();
        int type = in.getByte();
        long start = in.getLong();
        long length = in.getLong();
        int process = in.getInt();
        if (fid == null || fid.open() == Fid.NOT_OPEN) {
            return -Errno.EBADF;
        }
        if (!in.isIntact() || type > P9.LOCK_TYPE_UNLCK) {
            return -Errno.EINVAL;
        }
        long result = lockCall(fid.open(), Open.F_OFD_GETLK, type, start, length);
        if (result == 0) {
            long lock = calls.small;
            int found = host.getShort(lock + FlockLayout.TYPE);
            boolean free = found == Open.F_UNLCK;
            P9Replies.getlock(out, found, free ? start : host.getLong(lock + FlockLayout.START),
                    free ? length : host.getLong(lock + FlockLayout.LEN),
                    free ? process : host.getInt(lock + FlockLayout.PID), "");
        }
        return result;
    }

    /** The lock types of 9P are those of fcntl(2). */
    private long lockCall(int file, int command, int type, long start, long length) {
        long lock = calls.small;
        host.fill(lock, FlockLayout.SIZE, (byte) 0);
        host.putShort(lock + FlockLayout.TYPE, (short) type);
        host.putShort(lock + FlockLayout.WHENCE, (short) Open.SEEK_SET);
        host.putLong(lock + FlockLayout.START, start);
        host.putLong(lock + FlockLayout.LEN, length);
        return host.syscall(SyscallNr.FCNTL, file, command, lock);
    }
}
