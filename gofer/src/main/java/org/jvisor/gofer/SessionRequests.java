// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Attributes;
import org.jvisor.api.p9.P9Message;
import org.jvisor.api.p9.P9Replies;

/** The session, and the coming and going of fids: Tversion, Tattach, Tflush, Twalk, Twalkattr, Tclunk, Tclunkmany. */
final class SessionRequests {
    /** Less than this cannot carry a name, let alone data. */
    private static final int MIN_MESSAGE = 4096;

    private final Worker worker;
    private final Connection connection;
    private final HostCalls calls;
    private final P9Message in;
    private final P9Message out;

    SessionRequests(Worker worker) {
        this.worker = worker;
        connection = worker.connection;
        calls = worker.calls;
        in = worker.in;
        out = worker.out;
    }

    long version() {
        int size = in.getInt();
        String offered = in.getString();
        if (!in.isIntact() || size >= 0 && size < MIN_MESSAGE) {
            return -Errno.EINVAL;
        }
        // msize is unsigned: what looks negative is more than we take.
        int agreed = size < 0 ? connection.maximumMessageSize() : Math.min(size, connection.maximumMessageSize());
        String version = P9.VERSION_UNKNOWN;
        if (offered.equals(P9.VERSION_JVISOR)) {
            version = P9.VERSION_JVISOR;
        } else if (offered.startsWith(P9.VERSION)) {
            version = P9.VERSION;
        }
        connection.negotiated(agreed, version.equals(P9.VERSION_JVISOR));
        P9Replies.version(out, agreed, version);
        return 0;
    }

    /** There is one tree, which may be called "" or "/", and whoever has the connection may use it. */
    long attach() {
        int number = in.getInt();
        in.getInt();
        in.getStringPosition();
        int tree = in.getStringPosition();
        boolean known = in.stringLength() == 0 || in.stringLength() == 1 && in.bytes()[tree] == '/';
        int user = in.getInt();
        if (!in.isIntact()) {
            return -Errno.EINVAL;
        }
        if (!known) {
            return -Errno.ENOENT;
        }
        long descriptor = connection.host.syscall(SyscallNr.FCNTL, worker.export().root(), Open.F_DUPFD_CLOEXEC, 0);
        long result = descriptor < 0 ? descriptor : enter(number, (int) descriptor, null, null, user);
        if (result == 0) {
            P9Replies.qid(out, P9.TATTACH + 1, worker.attributes);
        }
        return result;
    }

    /** Requests are not broken off; the flush is answered after what it names. */
    long flush() {
        int oldTag = in.getShort();
        if (!connection.isJvisor()) {
            connection.awaitEarlier(worker, oldTag);
        }
        return worker.done();
    }

    long clunk() {
        Fid fid = connection.fids.remove(in.getInt());
        if (fid == null) {
            return -Errno.EBADF;
        }
        long result = XattrRequests.finish(worker, fid);
        fid.release();
        return result < 0 ? result : worker.done();
    }

    long clunkmany() {
        int count = in.getShort();
        for (int i = 0; i < count && in.isIntact(); i++) {
            Fid fid = connection.fids.remove(in.getInt());
            if (fid != null) {
                XattrRequests.finish(worker, fid);
                fid.release();
            }
        }
        return worker.done();
    }

    /** As walk(5) of 9P2000 says: the new fid exists only when all names were walked; when the first fails that is the error. */
    long walk() {
        Fid fid = worker.file();
        int newNumber = in.getInt();
        int names = in.getShort();
        if (fid == null) {
            return -Errno.EBADF;
        }
        if (names > P9.MAX_WALK) {
            return -Errno.EINVAL;
        }
        Node node = fid.node().retain();
        P9Replies.startWalk(out);
        long error = 0;
        int steps = 0;
        while (steps < names && error == 0) {
            Node next = null;
            error = isDotDot() ? -Errno.EOPNOTSUPP : calls.readName(in, calls.name);
            if (error == -Errno.EOPNOTSUPP && !connection.isJvisor()) {
                in.getStringPosition();
                // Above the root is the root itself; elsewhere the directory that the walk came from, wherever it is now.
                Node parent = node.retainParent();
                next = parent == null ? node.retain() : parent;
                error = calls.stat(next.descriptor, worker.export(), worker.attributes);
            } else if (error == 0) {
                long found = step(node);
                error = Math.min(found, 0);
                if (error == 0) {
                    next = new Node(connection.host, (int) found, Mode.type(worker.attributes.mode), worker.parentOf(node),
                            worker.copyName(in.position() - in.stringLength(), in.stringLength()));
                }
            }
            if (error == 0) {
                worker.attributes.writeQid(out);
                node.release();
                node = next;
                steps++;
            } else if (next != null) {
                next.release();
            }
        }
        P9Replies.finishWalk(out, steps);
        if (steps < names) {
            node.release();
            return steps == 0 ? error : 0;
        }
        return bind(newNumber, fid, node);
    }

    /** Gives {@code node}, whose reference it takes over, the number {@code newNumber}, which may be that of {@code from}. */
    private long bind(int newNumber, Fid from, Node node) {
        Fid bound = new Fid(connection.host, node, from.user);
        Fid before = null;
        if (connection.fids.get(newNumber) instanceof Fid existing) {
            existing.release();
            if (existing != from) {
                bound.release();
                return -Errno.EINVAL;
            }
            before = connection.fids.remove(newNumber);
        }
        boolean entered = connection.fids.put(newNumber, bound);
        if (!entered) {
            bound.release();
        }
        if (before != null) {
            before.release();
        }
        return entered ? 0 : -Errno.EMFILE;
    }

    private boolean isDotDot() {
        int at = in.position();
        return in.remaining() >= 4 && in.bytes()[at] == 2 && in.bytes()[at + 1] == 0 && in.bytes()[at + 2] == '.'
                && in.bytes()[at + 3] == '.';
    }

    long walkattr() {
        Fid fid = worker.file();
        int names = in.getShort();
        if (fid == null) {
            return -Errno.EBADF;
        }
        if (names > P9.MAX_WALK) {
            return -Errno.EINVAL;
        }
        P9Replies.startWalkattr(out);
        // Held while it is used: the client may clunk a step's fid at any moment.
        Node node = fid.node().retain();
        long error = 0;
        int steps = 0;
        while (steps < names && error == 0 && Mode.isDir(node.type)) {
            int newNumber = in.getInt();
            error = calls.readName(in, calls.name);
            long found = error < 0 ? error : step(node);
            error = Math.min(found, 0);
            if (error == 0) {
                node.release();
                node = new Node(connection.host, (int) found, Mode.type(worker.attributes.mode), null, null);
                if (newNumber != P9.NOFID) {
                    error = enter(newNumber, new Fid(connection.host, node.retain(), fid.user));
                }
            }
            if (error == 0) {
                worker.attributes.write(out);
                steps++;
            }
        }
        node.release();
        if (steps == 0 && names > 0 && !Mode.isDir(fid.node().type)) {
            error = -Errno.ENOTDIR;
        }
        P9Replies.finishWalkattr(out, (int) -error, steps);
        return 0;
    }

    /** Opens the entry that was read into {@code calls.name} and fetches its attributes; the descriptor or a negative errno. */
    private long step(Node directory) {
        if (!Mode.isDir(directory.type)) {
            return -Errno.ENOTDIR;
        }
        long descriptor = calls.openEntry(directory.descriptor, calls.name);
        if (descriptor < 0) {
            return descriptor;
        }
        long result = calls.stat((int) descriptor, worker.export(), worker.attributes);
        if (result < 0) {
            calls.close((int) descriptor);
            return result;
        }
        return descriptor;
    }

    /** Makes a fid of an O_PATH descriptor, which it takes over; leaves the attributes in the worker. */
    private long enter(int number, int descriptor, Node parent, byte[] name, int user) {
        P9Attributes attributes = worker.attributes;
        long result = calls.stat(descriptor, worker.export(), attributes);
        if (result < 0) {
            calls.close(descriptor);
            return result;
        }
        Node node = new Node(connection.host, descriptor, Mode.type(attributes.mode), parent, name);
        return enter(number, new Fid(connection.host, node, user));
    }

    private long enter(int number, Fid fid) {
        if (connection.fids.put(number, fid)) {
            return 0;
        }
        boolean inUse = connection.fids.contains(number);
        fid.release();
        return inUse ? -Errno.EINVAL : -Errno.EMFILE;
    }
}
