// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Attributes;
import org.jvisor.api.p9.P9Requests;
import org.jvisor.api.vfs.SetAttributes;

/**
 * Keeps an inode's attributes true: asks for them when they may have changed, and has them changed. Nothing is held while the gofer is
 * asked: what it tells is taken over unless something has changed meanwhile, and then asked for again. Guarded by the inode's lock.
 */
final class AttributeState {
    /** In a tree that can change outside, attributes hold for so long: from a path's walk to the use of what it found. */
    private static final long FRESH_NS = 1_000_000;

    /** So often attributes are asked for that others change all the time; then what is known will do. */
    private static final int TRIES = 4;

    private final GoferInode inode;
    private final GoferFileSystem fileSystem;
    private final GoferClient client;
    private final FileAttributes attributes;
    private final Mutex lock;

    /** Of the changes that did not come with the attributes. */
    private long version;
    private volatile long fetchedNs = System.nanoTime();

    AttributeState(GoferInode inode) {
        this.inode = inode;
        fileSystem = inode.fileSystem;
        client = inode.client;
        attributes = inode.attributes;
        lock = inode.lock;
    }

    // ---- asking

    void refreshIfOld() {
        if (attributes.stale || fileSystem.shared && System.nanoTime() - fetchedNs > FRESH_NS) {
            refresh();
        }
    }

    /** Asks for the attributes: the host where the file is open, otherwise the gofer. */
    void refresh() {
        HostDescriptor open = inode.descriptors.retainOpen();
        if (open == null) {
            ask();
            return;
        }
        try {
            refresh(open);
        } finally {
            open.release();
        }
    }

    /** The same of the host alone. */
    void refresh(HostDescriptor open) {
        long stat = client.scratch.take();
        try (KillableLock _ = inode.content.take()) {
            long before = version();
            ErrnoException.check(fileSystem.host.syscall(SyscallNr.FSTAT, open.number, stat));
            try (Mutex _ = lock.take()) {
                attributes.set(fileSystem.host, stat);
                attributes.stale = version != before;
                fetchedNs = System.nanoTime();
            }
        } finally {
            client.scratch.give(stat);
        }
    }

    private void ask() {
        boolean known = isGone();
        for (int i = 0; i < TRIES && !known; i++) {
            known = askOnce();
        }
    }

    /** Without a name and a fid nothing more can be learnt of it. */
    private boolean isGone() {
        try (Mutex _ = lock.take()) {
            boolean gone = inode.fid.isMissing() && inode.fid.isUnlinked();
            attributes.stale &= !gone;
            return gone;
        }
    }

    /** False when they have changed meanwhile. */
    private boolean askOnce() {
        int number = inode.fid.acquire();
        try {
            Exchange e = client.take();
            try {
                long before = version();
                P9Requests.getattr(e.request, number, P9.GETATTR_BASIC);
                client.call(e);
                e.reply.getLong();
                e.attributes.read(e.reply);
                e.reply.checkIntact();
                return learn(e.attributes, before);
            } finally {
                client.give(e);
            }
        } finally {
            inode.fid.release();
        }
    }

    // ---- knowing

    /** Changes with each change that is to be asked about. */
    long version() {
        try (Mutex _ = lock.take()) {
            return version;
        }
    }

    /**
     * The gofer has told of the attributes.
     *
     * @param askedAt {@link #version} when it was asked
     * @return whether nothing has changed since; otherwise they will be asked for again
     */
    boolean learn(P9Attributes a, long askedAt) {
        try (Mutex _ = lock.take()) {
            if (version != askedAt) {
                attributes.stale = true;
                return false;
            }
            set(a);
            return true;
        }
    }

    /** With the lock. */
    void set(P9Attributes a) {
        attributes.set(a);
        fetchedNs = System.nanoTime();
    }

    /** With the lock: times, blocks or more are no longer what we know. */
    void changed() {
        version++;
        attributes.stale = true;
    }

    /** The same, without it. */
    void changedByHost() {
        try (Mutex _ = lock.take()) {
            changed();
        }
    }

    /** The host has written up to {@code end}. With the content's lock. */
    void written(long end) {
        try (Mutex _ = lock.take()) {
            changed();
            attributes.size = Math.max(attributes.size, end);
        }
    }

    /** With the content's lock. */
    void resized(long size) {
        try (Mutex _ = lock.take()) {
            changed();
            attributes.size = size;
        }
    }

    // ---- changing

    /** What is left to be done when the answer to a change comes late. */
    private final class Late extends Change {
        private final int valid;
        private final int mode;
        private final int uid;
        private final int gid;

        Late(SetAttributes s) {
            super(client);
            valid = s.valid;
            mode = s.mode;
            uid = s.uid;
            gid = s.gid;
        }

        @Override
        void made() {
            try (Mutex _ = lock.take()) {
                attributes.setOwnership((valid & SetAttributes.MODE) != 0 ? mode : attributes.mode,
                        (valid & SetAttributes.UID) != 0 ? uid : attributes.uid,
                        (valid & SetAttributes.GID) != 0 ? gid : attributes.gid);
                changed();
            }
        }
    }

    /** All but the size. With the writer's lock, so that one change is made after the other. */
    void change(SetAttributes s) {
        int number = inode.fid.acquire();
        try {
            Exchange e = client.take();
            try {
                fill(e.changes, s);
                long before = version();
                P9Requests.setattrget(e.request, number, e.changes);
                client.call(e, new Late(s));
                e.attributes.read(e.reply);
                e.reply.checkIntact();
                changedTo(e.attributes, before);
            } finally {
                client.give(e);
            }
        } finally {
            inode.fid.release();
        }
    }

    /** Mode and owner are known in any case: permissions are checked by them. */
    private void changedTo(P9Attributes a, long askedAt) {
        try (Mutex _ = lock.take()) {
            attributes.setOwnership(a.mode, a.uid, a.gid);
            learn(a, askedAt);
            // Whoever has asked before the change was made knows less.
            version++;
        }
    }

    private static void fill(P9Requests.Changes c, SetAttributes s) {
        c.valid = bit(s, SetAttributes.MODE, P9.SETATTR_MODE) | bit(s, SetAttributes.UID, P9.SETATTR_UID)
                | bit(s, SetAttributes.GID, P9.SETATTR_GID) | bit(s, SetAttributes.ATIME, P9.SETATTR_ATIME)
                | bit(s, SetAttributes.MTIME, P9.SETATTR_MTIME);
        c.valid |= (s.valid & SetAttributes.ATIME_NOW) == 0 ? bit(s, SetAttributes.ATIME, P9.SETATTR_ATIME_SET) : 0;
        c.valid |= (s.valid & SetAttributes.MTIME_NOW) == 0 ? bit(s, SetAttributes.MTIME, P9.SETATTR_MTIME_SET) : 0;
        c.mode = s.mode;
        c.uid = s.uid;
        c.gid = s.gid;
        c.atimeSeconds = s.atimeSeconds;
        c.atimeNanos = s.atimeNanos;
        c.mtimeSeconds = s.mtimeSeconds;
        c.mtimeNanos = s.mtimeNanos;
    }

    private static int bit(SetAttributes s, int from, int to) {
        return (s.valid & from) != 0 ? to : 0;
    }
}
