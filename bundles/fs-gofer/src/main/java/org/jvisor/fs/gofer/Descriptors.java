// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Open;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.p9.P9Message;
import org.jvisor.api.p9.P9Requests;
import org.jvisor.api.state.StateRecord;

/**
 * The host's descriptors of a file, which the gofer has sent. They stay for a while when nobody has the file open. Guarded by the
 * inode's lock; the gofer is asked, and the host told to close, without it.
 */
final class Descriptors {
    private final GoferInode inode;
    private final GoferFileSystem fileSystem;
    private HostDescriptor readable;
    private HostDescriptor writable;
    /** Open files and mappings that keep descriptors. */
    private int openCount;

    Descriptors(GoferInode inode) {
        this.inode = inode;
        fileSystem = inode.fileSystem;
    }

    /** What {@link #save} wrote. */
    Descriptors(GoferInode inode, StateRecord record) {
        this(inode);
        readable = record.own("readable", HostDescriptor.class);
        writable = record.own("writable", HostDescriptor.class);
        openCount = record.getInt("openCount", 0);
    }

    void save(StateRecord record) {
        record.putOwn("readable", readable).putOwn("writable", writable).put("openCount", openCount);
    }

    // ---- use

    /** A descriptor of the file, asked for when there is none; the caller gives it to {@link #release}. */
    HostDescriptor acquire(boolean write) {
        HostDescriptor known = tryAcquire(write);
        return known != null ? known : ask(write);
    }

    private HostDescriptor tryAcquire(boolean write) {
        try (Mutex _ = inode.lock.take()) {
            HostDescriptor known = writable != null || write ? writable : readable;
            return known == null ? null : use(known);
        }
    }

    /** With the inode's lock. */
    private HostDescriptor use(HostDescriptor descriptor) {
        if (openCount++ == 0) {
            fileSystem.descriptorsUsed(inode);
        }
        return descriptor.retain();
    }

    void release(HostDescriptor descriptor) {
        HostDescriptor closed = null;
        boolean idle;
        try (Mutex _ = inode.lock.take()) {
            idle = --openCount == 0;
            if (idle && fileSystem.shared && writable != null) {
                // The host must not find its programs "busy" (ETXTBSY) because we might write once more.
                closed = writable;
                writable = null;
            }
        }
        descriptor.release();
        if (closed != null) {
            closed.release();
        }
        if (idle) {
            fileSystem.descriptorsIdle(inode);
        }
    }

    /** What is open now, for a host call; the caller releases it as such. Null: nothing is. */
    HostDescriptor retainOpen() {
        try (Mutex _ = inode.lock.take()) {
            HostDescriptor open = writable != null ? writable : readable;
            return open == null ? null : open.retain();
        }
    }

    /** With the inode's lock. */
    boolean isUsed() {
        return openCount > 0;
    }

    // ---- having them

    /** What is open for writing also serves to read, so that a page can be brought in before it is changed. */
    private HostDescriptor ask(boolean write) {
        int number = inode.fid.acquire();
        try {
            Exchange e = inode.client.take();
            try {
                return ask(e, number, write);
            } finally {
                inode.client.give(e);
            }
        } finally {
            inode.fid.release();
        }
    }

    private HostDescriptor ask(Exchange e, int number, boolean write) {
        P9Requests.openfd(e.request, number, write ? Open.O_RDWR : Open.O_RDONLY);
        long version = inode.state.version();
        long result = inode.client.tryCall(e);
        if (result == -Errno.EMFILE || result >= 0 && e.reply.descriptor() == P9Message.NO_DESCRIPTOR) {
            fileSystem.closeIdleDescriptors();
            fileSystem.giveFidsBack();
            result = inode.client.tryCall(e);
        }
        ErrnoException.check(result);
        int received = e.reply.takeDescriptor();
        if (received == P9Message.NO_DESCRIPTOR) {
            throw ErrnoException.of(Errno.ENFILE);
        }
        e.attributes.read(e.reply);
        if (e.reply.isIntact()) {
            inode.state.learn(e.attributes, version);
        }
        return adopt(new HostDescriptor(fileSystem.host, received, write), write);
    }

    /** Keeps what came, unless another thread has been quicker. */
    private HostDescriptor adopt(HostDescriptor fresh, boolean write) {
        HostDescriptor known;
        try (Mutex _ = inode.lock.take()) {
            known = write ? writable : readable;
            if (known == null) {
                set(fresh, write);
                return use(fresh);
            }
            known = use(known);
        }
        fresh.release();
        return known;
    }

    private void set(HostDescriptor fresh, boolean write) {
        if (write) {
            writable = fresh;
        } else {
            readable = fresh;
        }
    }

    /** A file that was just made, and is open for writing. */
    void adoptNew(HostDescriptor fresh) {
        try (Mutex _ = inode.lock.take()) {
            writable = fresh;
        }
    }

    // ---- giving them back

    /** Nobody has the file open: its descriptors go. */
    void closeIdle() {
        HostDescriptor[] closed = {};
        if (inode.lock.tryLock()) {
            try {
                if (openCount == 0) {
                    closed = takeAll();
                }
            } finally {
                inode.lock.unlock();
            }
        }
        close(closed);
    }

    /** All that are kept here; with the inode's lock. */
    HostDescriptor[] takeAll() {
        HostDescriptor[] all = {readable, writable};
        readable = null;
        writable = null;
        return all;
    }

    static void close(HostDescriptor[] descriptors) {
        for (HostDescriptor descriptor : descriptors) {
            if (descriptor != null) {
                descriptor.release();
            }
        }
    }
}
