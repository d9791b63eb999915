// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import org.jvisor.api.abi.Dirent64Layout;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Attributes;
import org.jvisor.api.p9.P9Message;
import org.jvisor.api.p9.P9Replies;

/** Requests about directories and the names in them. */
final class DirectoryRequests {
    private static final int RENAME_FLAGS = Open.RENAME_NOREPLACE | Open.RENAME_EXCHANGE;
    /** Bytes that one getdents64(2) asks for: about as many entries as fill a message. */
    private static final int GETDENTS_BYTES = 16 << 10;

    /** {@link #fill}'s answer. */
    private static final long END = 1;

    private final Worker worker;
    private final HostCalls calls;
    private final HostKernel host;
    private final P9Message in;
    private final P9Message out;
    private final P9Attributes attributes;

    DirectoryRequests(Worker worker) {
        this.worker = worker;
        calls = worker.calls;
        host = calls.host;
        in = worker.in;
        out = worker.out;
        attributes = worker.attributes;
    }

    // ---- reading

    long readdir() {
        Fid fid = worker.file();
        long offset = in.getLong();
        int count = in.getInt();
        if (fid == null || !fid.isOpenedByClient()) {
            return -Errno.EBADF;
        }
        if (!in.isIntact() || count < 0 || !Mode.isDir(fid.node().type)) {
            return -Errno.EINVAL;
        }
        P9Replies.startData(out, P9.TREADDIR + 1, maximum(count, P9Message.HEADER + 4));
        synchronized (fid) {
            long result = fill(fid, offset, false);
            if (result < 0) {
                return result;
            }
        }
        P9Replies.finishData(out);
        return 0;
    }

    long readdirattr() {
        Fid fid = worker.file();
        long offset = in.getLong();
        int count = in.getInt();
        if (fid == null) {
            return -Errno.EBADF;
        }
        if (!in.isIntact() || count < 0) {
            return -Errno.EINVAL;
        }
        if (!Mode.isDir(fid.node().type)) {
            return -Errno.ENOTDIR;
        }
        P9Replies.startReaddirattr(out, maximum(count, P9Message.HEADER + 5));
        long result;
        synchronized (fid) {
            if (fid.open() == Fid.NOT_OPEN) {
                long opened = calls.reopen(fid.node().descriptor, Open.O_RDONLY | Open.O_DIRECTORY);
                if (opened < 0) {
                    return opened;
                }
                fid.setOpen((int) opened, false);
            }
            result = fill(fid, offset, true);
            if (result != 0) {
                fid.closeDirectory();
            }
        }
        if (result < 0) {
            return result;
        }
        P9Replies.finishReaddirattr(out, result == END);
        return 0;
    }

    private int maximum(int count, int header) {
        int size = worker.connection.messageSize();
        return count > size - header ? size : count + header;
    }

    /**
     * Writes entries from {@code offset} on until the message is full or the directory ends. The fid is locked.
     *
     * @return 0, {@link #END}, or a negative errno
     */
    private long fill(Fid fid, long offset, boolean withAttributes) {
        int directory = fid.open();
        if (offset != fid.directoryPosition) {
            long moved = host.syscall(SyscallNr.LSEEK, directory, offset, Open.SEEK_SET);
            if (moved < 0) {
                return moved;
            }
            fid.directoryPosition = offset;
        }
        boolean any = false;
        while (true) {
            long got = host.syscall(SyscallNr.GETDENTS64, directory, calls.data, Math.min(GETDENTS_BYTES, calls.dataBytes));
            if (got <= 0) {
                return got < 0 ? got : END;
            }
            long at = calls.data;
            long end = at + got;
            while (at < end) {
                int before = out.position();
                putEntry(fid.node(), directory, at, withAttributes);
                if (!out.isIntact()) {
                    out.rewind(before);
                    // The rest of what the host gave is read again from here.
                    host.syscall(SyscallNr.LSEEK, directory, fid.directoryPosition, Open.SEEK_SET);
                    return any ? 0 : -Errno.EINVAL;
                }
                any = true;
                fid.directoryPosition = host.getLong(at + Dirent64Layout.NEXT);
                at += host.getShort(at + Dirent64Layout.RECLEN) & 0xffff;
            }
        }
    }

    private void putEntry(Node node, int directory, long at, boolean withAttributes) {
        long name = at + Dirent64Layout.NAME;
        int length = 0;
        while (host.getByte(name + length) != 0) {
            length++;
        }
        boolean dot = host.getByte(name) == '.' && (length == 1 || length == 2 && host.getByte(name + 1) == '.');
        long next = host.getLong(at + Dirent64Layout.NEXT);
        if (withAttributes) {
            // What has gone meanwhile is passed over.
            if (!dot && calls.statEntry(directory, name, worker.export(), attributes) == 0) {
                attributes.write(out);
                out.putLong(next);
                putName(name, length);
            }
            return;
        }
        int type = host.getByte(at + Dirent64Layout.TYPE) & 0xff;
        attributes.qidType = P9Attributes.qidType(type << 12);
        attributes.qidVersion = 0;
        attributes.qidPath = host.getLong(at + Dirent64Layout.INO);
        if (dot && length == 2) {
            // Above the root there is nothing; of other directories the number is as good as any.
            Node parent = node.retainParent();
            calls.stat(parent == null ? node.descriptor : parent.descriptor, worker.export(), attributes);
            if (parent != null) {
                parent.release();
            }
        }
        attributes.writeQid(out);
        out.putLong(next).putByte(type);
        putName(name, length);
    }

    private void putName(long name, int length) {
        out.putShort(length);
        int at = out.reserve(length);
        if (at >= 0) {
            host.copyIn(name, out.bytes(), at, length);
        }
    }

    // ---- changing

    long link() {
        Fid directory = worker.file();
        Fid file = worker.file();
        int nameResult = calls.readName(in, calls.name);
        if (directory == null || file == null) {
            return -Errno.EBADF;
        }
        long result = refuse(directory, nameResult);
        if (result == 0) {
            result = calls.link(file.node().descriptor, directory.node().descriptor);
        }
        return result < 0 ? result : worker.done();
    }

    long unlinkat() {
        Fid directory = worker.file();
        int nameResult = calls.readName(in, calls.name);
        int flags = in.getInt();
        if (directory == null) {
            return -Errno.EBADF;
        }
        long result = refuse(directory, nameResult);
        if (result == 0) {
            result = host.syscall(SyscallNr.UNLINKAT, directory.node().descriptor, calls.name, flags & Open.AT_REMOVEDIR);
        }
        return result < 0 ? result : worker.done();
    }

    /** @param withFlags Trenameat2 */
    long renameat(boolean withFlags) {
        Fid oldDirectory = worker.file();
        int oldResult = calls.readName(in, calls.name);
        Fid newDirectory = worker.file();
        int newResult = calls.readName(in, calls.name2);
        int flags = withFlags ? in.getInt() : 0;
        if (oldDirectory == null || newDirectory == null) {
            return -Errno.EBADF;
        }
        long result = refuse(oldDirectory, Math.min(oldResult, newResult));
        if (result == 0 && (flags & ~RENAME_FLAGS) != 0) {
            result = -Errno.EINVAL;
        }
        if (result == 0) {
            result = renameCall(oldDirectory.node(), newDirectory.node(), flags);
        }
        return result < 0 ? result : worker.done();
    }

    private long renameCall(Node oldDirectory, Node newDirectory, int flags) {
        return host.syscall(SyscallNr.RENAMEAT2, oldDirectory.descriptor, calls.name, newDirectory.descriptor, calls.name2,
                flags, 0);
    }

    private long refuse(Fid directory, int nameResult) {
        if (nameResult < 0 || !in.isIntact()) {
            return nameResult < 0 ? nameResult : -Errno.EINVAL;
        }
        return worker.isReadOnly() ? -Errno.EROFS : Mode.isDir(directory.node().type) ? 0 : -Errno.ENOTDIR;
    }

    // ---- by fid: plain 9P2000.L only

    long rename() {
        Fid file = worker.file();
        Fid newDirectory = worker.file();
        int begin = in.position() + 2;
        int nameResult = calls.readName(in, calls.name2);
        if (file == null || newDirectory == null) {
            return -Errno.EBADF;
        }
        long result = refuse(newDirectory, nameResult);
        if (result < 0) {
            return result;
        }
        byte[] newName = worker.copyName(begin, in.stringLength());
        Node node = file.node();
        Node parent = node.retainParent();
        result = locate(node, parent);
        if (result == 0) {
            result = renameCall(parent, newDirectory.node(), 0);
        }
        if (result == 0) {
            node.moved(newDirectory.node(), newName);
        }
        if (parent != null) {
            parent.release();
        }
        return result < 0 ? result : worker.done();
    }

    /** Removes the file and clunks the fid, even when the removal fails (see remove(5) of 9P2000). */
    long remove() {
        Fid file = worker.file();
        if (file == null) {
            return -Errno.EBADF;
        }
        Node node = file.node();
        Node parent = node.retainParent();
        long result = worker.isReadOnly() ? -Errno.EROFS : locate(node, parent);
        if (result == 0) {
            int flags = Mode.isDir(node.type) ? Open.AT_REMOVEDIR : 0;
            result = host.syscall(SyscallNr.UNLINKAT, parent.descriptor, calls.name, flags);
        }
        if (parent != null) {
            parent.release();
        }
        worker.clunk(file);
        return result < 0 ? result : worker.done();
    }

    /** Puts the node's name at {@code calls.name}, if what has that name in its directory still is the node. */
    private long locate(Node node, Node parent) {
        byte[] name = node.name();
        if (parent == null || name == null) {
            return worker.connection.isJvisor() ? -Errno.EOPNOTSUPP : -Errno.EBUSY;
        }
        long result = calls.stat(node.descriptor, worker.export(), attributes);
        long inode = attributes.qidPath;
        calls.putString(name, 0, name.length, calls.name);
        if (result == 0) {
            result = calls.statEntry(parent.descriptor, calls.name, worker.export(), attributes);
        }
        return result == 0 && attributes.qidPath != inode ? -Errno.ENOENT : result;
    }
}
