// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.abi.Xattr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Message;
import org.jvisor.api.p9.P9Replies;

/**
 * Extended attributes. Those of regular files and directories, which are the ones that can have "user." attributes, and of the
 * others only security.capability: the rest speak to the host's own security modules.
 */
final class XattrRequests {
    /** Values in transfer on one connection. */
    static final int MAX_TRANSFERS = 16;

    private final Worker worker;
    private final HostCalls calls;
    private final HostKernel host;
    private final P9Message in;
    private final P9Message out;

    XattrRequests(Worker worker) {
        this.worker = worker;
        calls = worker.calls;
        host = calls.host;
        in = worker.in;
        out = worker.out;
    }

    // ---- plain 9P2000.L: a value goes through a fid of its own

    long xattrwalk() {
        Fid fid = worker.file();
        int newNumber = in.getInt();
        long result = calls.readString(in, calls.name, Xattr.XATTR_NAME_MAX);
        boolean list = in.stringLength() == 0;
        if (fid == null) {
            return -Errno.EBADF;
        }
        if (result == 0) {
            result = fetch(fid.node(), list);
        }
        if (result < 0) {
            return result;
        }
        byte[] value = new byte[(int) result];
        host.copyIn(calls.data, value, 0, value.length);
        if (!worker.connection.addTransfer()) {
            return -Errno.ENOBUFS;
        }
        Fid transfer = new Fid(host, fid.node().retain(), fid.user);
        transfer.xattr = new XattrTransfer(null, value, 0, false);
        if (!worker.connection.fids.put(newNumber, transfer)) {
            worker.connection.removeTransfer();
            transfer.release();
            return -Errno.EINVAL;
        }
        P9Replies.xattrwalk(out, value.length);
        return 0;
    }

    long xattrcreate() {
        Fid fid = worker.file();
        long result = calls.readString(in, calls.name, Xattr.XATTR_NAME_MAX);
        int length = in.stringLength();
        int begin = in.position() - length;
        long size = in.getLong();
        int flags = in.getInt();
        if (fid == null) {
            return -Errno.EBADF;
        }
        if (result < 0 || !in.isIntact()) {
            return result < 0 ? result : -Errno.EINVAL;
        }
        if (worker.isReadOnly()) {
            return -Errno.EROFS;
        }
        if (size < 0 || size > Xattr.XATTR_SIZE_MAX) {
            return -Errno.E2BIG;
        }
        if (!worker.connection.addTransfer()) {
            return -Errno.ENOBUFS;
        }
        byte[] name = new byte[length];
        System.arraycopy(in.bytes(), begin, name, 0, length);
        synchronized (fid) {
            if (fid.xattr != null) {
                worker.connection.removeTransfer();
                return -Errno.EINVAL;
            }
            fid.xattr = new XattrTransfer(name, new byte[(int) size], flags, true);
        }
        return worker.done();
    }

    /** A Twrite after Txattrcreate. */
    static long append(Worker worker, XattrTransfer xattr, long offset, int begin, int count) {
        synchronized (xattr) {
            if (!xattr.writing || offset != xattr.written || count > xattr.value.length - xattr.written) {
                return -Errno.EINVAL;
            }
            System.arraycopy(worker.in.bytes(), begin, xattr.value, xattr.written, count);
            xattr.written += count;
        }
        P9Replies.write(worker.out, count);
        return 0;
    }

    /** The fid is clunked: a value that came is set now. An empty one removes the attribute, as Linux's client means it. */
    static long finish(Worker worker, Fid fid) {
        XattrTransfer xattr = fid.xattr;
        if (xattr == null) {
            return 0;
        }
        worker.connection.removeTransfer();
        if (!xattr.writing) {
            return 0;
        }
        synchronized (xattr) {
            if (xattr.written < xattr.value.length) {
                return -Errno.EINVAL;
            }
            return worker.setXattr(fid.node(), xattr);
        }
    }

    long set(Node node, XattrTransfer xattr) {
        calls.putString(xattr.name, 0, xattr.name.length, calls.name);
        boolean remove = xattr.value.length == 0 && (xattr.flags & Xattr.XATTR_REPLACE) != 0;
        return remove ? removeFrom(node) : store(node, xattr.value, 0, xattr.value.length, xattr.flags);
    }

    // ---- 9P2000.L.jvisor

    long getxattr() {
        Fid fid = worker.file();
        long result = calls.readString(in, calls.name, Xattr.XATTR_NAME_MAX);
        boolean list = in.stringLength() == 0;
        if (fid == null) {
            return -Errno.EBADF;
        }
        if (result == 0) {
            result = fetch(fid.node(), list);
        }
        if (result < 0) {
            return result;
        }
        P9Replies.startData(out, P9.TGETXATTR + 1, worker.connection.messageSize());
        int at = out.reserve((int) result);
        if (at < 0) {
            return -Errno.E2BIG;
        }
        host.copyIn(calls.data, out.bytes(), at, (int) result);
        P9Replies.finishData(out);
        return 0;
    }

    long setxattr() {
        Fid fid = worker.file();
        long result = calls.readString(in, calls.name, Xattr.XATTR_NAME_MAX);
        int flags = in.getInt();
        int size = in.getInt();
        int begin = in.getBytesPosition(size);
        if (fid == null) {
            return -Errno.EBADF;
        }
        if (result < 0 || begin < 0) {
            return result < 0 ? result : -Errno.EINVAL;
        }
        if (worker.isReadOnly()) {
            return -Errno.EROFS;
        }
        result = store(fid.node(), in.bytes(), begin, size, flags);
        return result < 0 ? result : worker.done();
    }

    long removexattr() {
        Fid fid = worker.file();
        long result = calls.readString(in, calls.name, Xattr.XATTR_NAME_MAX);
        if (fid == null) {
            return -Errno.EBADF;
        }
        if (result < 0) {
            return result;
        }
        if (worker.isReadOnly()) {
            return -Errno.EROFS;
        }
        result = removeFrom(fid.node());
        return result < 0 ? result : worker.done();
    }

    // ---- the host

    /** The value of the attribute {@code calls.name}, or the list of names, into {@code calls.data}; its length. */
    private long fetch(Node node, boolean list) {
        if (!list && !isServed()) {
            return -Errno.EOPNOTSUPP;
        }
        long file = open(node);
        if (file < 0) {
            return file;
        }
        int room = Math.min(calls.dataBytes, Xattr.XATTR_SIZE_MAX);
        long result = list
                ? host.syscall(SyscallNr.FLISTXATTR, file, calls.data, room)
                : host.syscall(SyscallNr.FGETXATTR, file, calls.name, calls.data, room);
        calls.close((int) file);
        return result == -Errno.ERANGE ? -Errno.E2BIG : result;
    }

    private long store(Node node, byte[] value, int begin, int size, int flags) {
        if (!isServed() || size > calls.dataBytes) {
            return size > calls.dataBytes ? -Errno.E2BIG : -Errno.EOPNOTSUPP;
        }
        long file = open(node);
        if (file < 0) {
            return file;
        }
        host.copyOut(value, begin, size, calls.data);
        long result = host.syscall(SyscallNr.FSETXATTR, file, calls.name, calls.data, size, flags, 0);
        calls.close((int) file);
        return result;
    }

    private long removeFrom(Node node) {
        if (!isServed()) {
            return -Errno.EOPNOTSUPP;
        }
        long file = open(node);
        if (file < 0) {
            return file;
        }
        long result = host.syscall(SyscallNr.FREMOVEXATTR, file, calls.name);
        calls.close((int) file);
        return result;
    }

    /** fgetxattr(2) and its kin do not take O_PATH descriptors. */
    private long open(Node node) {
        return switch (node.type) {
            case Mode.S_IFREG -> calls.reopen(node.descriptor, Open.O_RDONLY);
            case Mode.S_IFDIR -> calls.reopen(node.descriptor, Open.O_RDONLY | Open.O_DIRECTORY);
            default -> -Errno.EOPNOTSUPP;
        };
    }

    private boolean isServed() {
        return begins(Xattr.USER_PREFIX) || begins(Xattr.CAPABILITY) && host.getByte(calls.name + Xattr.CAPABILITY.length()) == 0;
    }

    private boolean begins(String prefix) {
        for (int i = 0; i < prefix.length(); i++) {
            if (host.getByte(calls.name + i) != prefix.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}
