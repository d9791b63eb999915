// SPDX-License-Identifier: Apache-2.0
package org.jvisor.vfs;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.Supplier;
import org.jvisor.api.state.Handle;
import org.jvisor.api.vfs.Inode;
import org.jvisor.vfs.anon.PipeBuffer;

/**
 * What the vfs keeps about an inode in use: the handle by which everything else refers to it. Counts its users, which are cached
 * dentries and open file descriptions. Any thread.
 */
final class Vnode implements Handle {

    private static final VarHandle USERS;
    private static final VarHandle LOCKS;
    private static final VarHandle FIFO;
    private static final int EVICTED = -1;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            USERS = lookup.findVarHandle(Vnode.class, "users", int.class);
            LOCKS = lookup.findVarHandle(Vnode.class, "locks", FileLocks.class);
            FIFO = lookup.findVarHandle(Vnode.class, "fifo", PipeBuffer.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final SuperBlock superBlock;
    /** What its file system does with it; another object once the file system's bundle is replaced. */
    volatile Inode inode;

    /** Whether it may get a name though it has none: what O_TMPFILE has made, without O_EXCL, and only once (open(2)). */
    volatile boolean linkable;

    private volatile int users = 1;
    private volatile FileLocks locks;
    private volatile PipeBuffer fifo;

    /** With one user. */
    Vnode(SuperBlock superBlock, Inode inode) {
        this.superBlock = superBlock;
        this.inode = inode;
    }

    /** One more user, unless the inode is evicted already. */
    boolean tryRetain() {
        for (;;) {
            int now = users;
            if (now == EVICTED) {
                return false;
            }
            if (USERS.compareAndSet(this, now, now + 1)) {
                return true;
            }
        }
    }

    void release() {
        for (;;) {
            int now = users;
            int after = now == 1 ? EVICTED : now - 1;
            if (USERS.compareAndSet(this, now, after)) {
                if (after == EVICTED) {
                    superBlock.evict(this);
                }
                return;
            }
        }
    }

    /** The locks of fcntl(2) and flock(2) on this file; null while there never were any. */
    FileLocks locksIfAny() {
        return locks;
    }

    FileLocks locks() {
        FileLocks known = locks;
        if (known == null) {
            LOCKS.compareAndSet(this, null, new FileLocks());
            known = locks;
        }
        return known;
    }

    // ---- Handle

    @Override
    public long id() {
        return inode.ino();
    }

    @Override
    public String kind() {
        return "inode";
    }

    @Override
    public Class<?> type() {
        return Inode.class;
    }

    @Override
    public Inode target() {
        return inode;
    }

    @Override
    public void prepare(Object fresh) {
        superBlock.enter(this, (Inode) fresh);
    }

    @Override
    public void replace(Object fresh) {
        Inode before = inode;
        inode = (Inode) fresh;
        superBlock.leave(this, before);
    }

    @Override
    public void giveUp(Object fresh) {
        superBlock.leave(this, (Inode) fresh);
    }

    /** The bytes of a pipe or FIFO; made by {@code maker} when there are none. */
    PipeBuffer fifo(Supplier<PipeBuffer> maker) {
        PipeBuffer known = fifo;
        if (known == null) {
            FIFO.compareAndSet(this, null, maker.get());
            known = fifo;
        }
        return known;
    }
}
