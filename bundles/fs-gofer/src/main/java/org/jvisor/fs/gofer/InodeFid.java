// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import java.util.ArrayList;
import java.util.List;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.p9.P9;
import org.jvisor.api.state.StateRecord;

/**
 * How the gofer knows a file: by a fid, and where it finds the file again when it has none. Guarded by the inode's lock; the gofer is
 * asked without it.
 */
final class InodeFid {
    /** Of directories in each other; a longer way is looked at with suspicion. */
    private static final int LONG_WAY = 1 << 16;

    private final GoferInode inode;
    private int number;
    /** Requests under way that name the fid. */
    private int users;
    /** Where the file can be found again; null when that is not known. */
    private GoferDirectory parent;

    private String name;
    /** No name is left. */
    private boolean unlinked;

    /** @param number a fid that is taken over, or NOFID */
    InodeFid(GoferInode inode, int number, GoferDirectory parent, String name) {
        this.inode = inode;
        this.number = number;
        this.parent = parent;
        this.name = name;
    }

    /** What {@link #save} wrote. */
    InodeFid(GoferInode inode, StateRecord record) {
        this(inode, record.getInt("fid", P9.NOFID), null, record.getString("name", null));
        unlinked = record.getBoolean("unlinked", false);
    }

    void save(StateRecord record) {
        record.put("fid", number).put("name", name).putOwn("parent", parent).put("unlinked", unlinked);
    }

    /** The way up is as long as an application makes it. */
    void link(StateRecord record) {
        parent = record.own("parent", GoferDirectory.class);
    }

    // ---- use

    /** The fid, which stays until {@link #release}; the gofer is asked for one when there is none. */
    int acquire() {
        int known = tryAcquire();
        return known != P9.NOFID ? known : findAgain();
    }

    void release() {
        try (Mutex _ = inode.lock.take()) {
            users--;
        }
    }

    private int tryAcquire() {
        try (Mutex _ = inode.lock.take()) {
            if (number != P9.NOFID) {
                users++;
            }
            return number;
        }
    }

    /** Takes over a further fid of the same file, or gives it back. With the inode's lock. */
    void meet(int another) {
        if (number == P9.NOFID) {
            number = another;
        } else if (another != P9.NOFID) {
            inode.client.clunk(another);
            inode.fileSystem.fidGone();
        }
    }

    /** {@link #meet}, and {@link #acquire}. */
    private int bind(int fresh) {
        inode.fileSystem.fidBound();
        try (Mutex _ = inode.lock.take()) {
            meet(fresh);
            users++;
            return number;
        }
    }

    // ---- finding it again

    /** From the nearest directory above that has a fid down to here, with as few questions as can be. */
    private int findAgain() {
        List<InodeFid> way = new ArrayList<>();
        List<String> names = new ArrayList<>();
        int most = Math.max(LONG_WAY, inode.fileSystem.knownInodes());
        InodeFid from = this;
        int fid;
        while ((fid = from.tryAcquire()) == P9.NOFID) {
            if (way.size() > most) {
                // What was met here and there while others moved it may lead in a circle.
                throw ErrnoException.of(Errno.ESTALE);
            }
            way.add(from);
            from = from.up(names);
        }
        for (int at = way.size(); at > 0;) {
            int count = Math.min(at, P9.MAX_WALK);
            try {
                fid = walk(from, fid, way.subList(at - count, at).reversed(), names.subList(at - count, at).reversed());
            } finally {
                from.release();
            }
            at -= count;
            from = way.get(at);
        }
        return fid;
    }

    private InodeFid up(List<String> names) {
        try (Mutex _ = inode.lock.take()) {
            if (parent == null || unlinked) {
                throw ErrnoException.of(Errno.ESTALE);
            }
            names.add(name);
            return parent.fid;
        }
    }

    /** Gives fids to all of {@code steps}; the last one's, acquired. */
    private static int walk(InodeFid from, int fromFid, List<InodeFid> steps, List<String> names) {
        GoferClient client = from.inode.client;
        int count = steps.size();
        Exchange e = client.take();
        int used = 0;
        int[] fids = client.newFids(count);
        boolean walked = false;
        try {
            ErrnoException.check(client.walk(e, fromFid, fids, names.toArray(new String[0]), 0, count));
            walked = true;
            int error = e.reply.getInt();
            int reached = Math.min(e.reply.getShort(), count);
            if (error == Errno.EMFILE || error == Errno.ENFILE) {
                from.inode.fileSystem.giveFidsBack();
                throw ErrnoException.of(error);
            }
            if (error != 0 || reached < count) {
                throw ErrnoException.of(Errno.ESTALE);
            }
            int last = P9.NOFID;
            while (used < count) {
                InodeFid step = steps.get(used);
                e.attributes.read(e.reply);
                if (!e.reply.isIntact() || !step.inode.isSame(e.attributes)) {
                    throw ErrnoException.of(Errno.ESTALE);
                }
                last = step.bind(fids[used++]);
                if (used < count) {
                    step.release();
                }
            }
            return last;
        } finally {
            client.give(e);
            for (int i = used; walked && i < count; i++) {
                client.clunk(fids[i]);
            }
        }
    }

    // ---- giving it back

    /** Gives the fid back, if nobody uses it and it can be had again. */
    boolean giveBack() {
        if (!inode.lock.tryLock()) {
            return false;
        }
        try {
            boolean possible = number != P9.NOFID && number != GoferClient.ROOT_FID && users == 0 && parent != null && !unlinked;
            if (possible) {
                clunk();
            }
            return possible;
        } finally {
            inode.lock.unlock();
        }
    }

    /** With the inode's lock. */
    void clunk() {
        if (number != P9.NOFID && number != GoferClient.ROOT_FID) {
            inode.client.clunk(number);
            inode.fileSystem.fidGone();
            number = P9.NOFID;
        }
    }

    // ---- names; with the inode's lock

    boolean isUsed() {
        return users > 0;
    }

    boolean isMissing() {
        return number == P9.NOFID;
    }

    boolean isUnlinked() {
        return unlinked;
    }

    void setUnlinked(boolean noNameIsLeft) {
        unlinked = noNameIsLeft;
    }

    void nameRemoved(GoferDirectory directory, String oldName) {
        if (parent == directory && oldName.equals(name)) {
            parent = null;
        }
    }

    void nameMoved(GoferDirectory newParent, String newName) {
        parent = newParent;
        name = newName;
    }
}
