// SPDX-License-Identifier: Apache-2.0
package org.jvisor.gofer;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Attributes;
import org.jvisor.api.p9.P9Message;
import org.jvisor.api.p9.P9Replies;

/** A thread that answers requests of one connection, with all that it needs for that: serving allocates next to nothing. */
final class Worker implements Runnable {
    /** {@link #request} while there is none. */
    static final long IDLE = 0;
    /** No request names more fids. */
    private static final int MAX_HELD = 3;

    final Connection connection;
    final P9Message in;
    final P9Message out;
    final HostCalls calls;
    final P9Attributes attributes = new P9Attributes();
    /** Number of the request that is being dealt with, in the order of arrival. Guarded by the connection. */
    long request;

    private final SessionRequests session;
    private final FileRequests files;
    private final DirectoryRequests directories;
    private final CreationRequests creations;
    private final XattrRequests xattrs;
    private final Fid[] held = new Fid[MAX_HELD];
    private int heldCount;
    /** The number that {@link #fid} read last. */
    private int fidNumber;

    Worker(Connection connection, int messageSize) {
        this.connection = connection;
        in = new P9Message(messageSize);
        out = new P9Message(messageSize);
        calls = new HostCalls(connection.host, connection.procFd, messageSize);
        session = new SessionRequests(this);
        files = new FileRequests(this);
        directories = new DirectoryRequests(this);
        creations = new CreationRequests(this);
        xattrs = new XattrRequests(this);
    }

    @Override
    public void run() {
        try {
            while (connection.receive(this)) {
                answer();
            }
        } finally {
            calls.free();
            connection.ended(this);
        }
    }

    private void answer() {
        out.setDescriptor(P9Message.NO_DESCRIPTOR);
        try {
            long result = dispatch();
            if (result < 0) {
                closeDonated();
                P9Replies.error(out, (int) -result);
            }
            out.setTag(in.tag());
            connection.answer(this);
        } finally {
            closeDonated();
            while (heldCount > 0) {
                held[--heldCount].release();
            }
        }
    }

    private void closeDonated() {
        int donated = out.takeDescriptor();
        if (donated != P9Message.NO_DESCRIPTOR) {
            calls.close(donated);
        }
    }

    /** @return 0 when {@link #out} is the reply, or a negative errno */
    private long dispatch() {
        int type = in.type();
        return switch (type) {
            case P9.TVERSION -> session.version();
            // As diod says that no authentication is needed: whoever has the connection may use it.
            case P9.TAUTH -> -Errno.ENOENT;
            case P9.TATTACH -> session.attach();
            case P9.TFLUSH -> session.flush();
            case P9.TWALK -> session.walk();
            case P9.TCLUNK -> session.clunk();
            case P9.TSTATFS -> files.statfs();
            case P9.TLOPEN -> files.lopen();
            case P9.TREAD -> files.read();
            case P9.TWRITE -> files.write();
            case P9.TGETATTR -> files.getattr();
            case P9.TSETATTR -> files.setattr(false);
            case P9.TFSYNC -> files.fsync();
            case P9.TLOCK -> files.lock();
            case P9.TGETLOCK -> files.getlock();
            case P9.TREADLINK -> files.readlink();
            case P9.TREADDIR -> directories.readdir();
            case P9.TRENAME -> directories.rename();
            case P9.TREMOVE -> directories.remove();
            case P9.TLINK -> directories.link();
            case P9.TRENAMEAT -> directories.renameat(false);
            case P9.TUNLINKAT -> directories.unlinkat();
            case P9.TLCREATE -> creations.lcreate();
            case P9.TSYMLINK -> creations.symlink();
            case P9.TMKNOD -> creations.mknod();
            case P9.TMKDIR -> creations.mkdir();
            case P9.TXATTRWALK -> xattrs.xattrwalk();
            case P9.TXATTRCREATE -> xattrs.xattrcreate();
            default -> connection.isJvisor() ? dispatchExtension(type) : -Errno.EOPNOTSUPP;
        };
    }

    private long dispatchExtension(int type) {
        return switch (type) {
            case P9.TWALKATTR -> session.walkattr();
            case P9.TCLUNKMANY -> session.clunkmany();
            case P9.TOPENFD -> files.openfd();
            case P9.TSETATTRGET -> files.setattr(true);
            case P9.TREADDIRATTR -> directories.readdirattr();
            case P9.TRENAMEAT2 -> directories.renameat(true);
            case P9.TCREATEFD -> creations.createfd();
            case P9.TMAKE -> creations.make();
            case P9.TGETXATTR -> xattrs.getxattr();
            case P9.TSETXATTR -> xattrs.setxattr();
            case P9.TREMOVEXATTR -> xattrs.removexattr();
            default -> -Errno.EOPNOTSUPP;
        };
    }

    // ---- for the handlers

    /** The fid whose number comes next in the request, kept until the request has been answered; null when there is none. */
    Fid fid() {
        fidNumber = in.getInt();
        Fid fid = connection.fids.get(fidNumber);
        if (fid != null) {
            held[heldCount++] = fid;
        }
        return fid;
    }

    /** The same for fids that must stand for a file and not for an extended attribute in transfer. */
    Fid file() {
        Fid fid = fid();
        return fid == null || fid.xattr != null ? null : fid;
    }

    /** Takes {@code fid} out of the table, if it still is there. */
    void clunk(Fid fid) {
        if (connection.fids.removeIf(fidNumber, fid)) {
            fid.release();
        }
    }

    /** Sets the attribute that came with Txattrcreate. */
    long setXattr(Node node, XattrTransfer xattr) {
        return xattrs.set(node, xattr);
    }

    Export export() {
        return connection.export;
    }

    boolean isReadOnly() {
        return connection.export.isReadOnly();
    }

    /** A reply that has no fields. */
    long done() {
        P9Replies.empty(out, in.type() + 1);
        return 0;
    }

    /** The next string of the request, the name of an entry, for a {@link Node}; null in the dialect that does not need it. */
    byte[] copyName(int begin, int length) {
        if (connection.isJvisor()) {
            return null;
        }
        byte[] name = new byte[length];
        System.arraycopy(in.bytes(), begin, name, 0, length);
        return name;
    }

    /** The directory for a {@link Node}; null in the dialect that does not need it. */
    Node parentOf(Node directory) {
        return connection.isJvisor() ? null : directory;
    }
}
