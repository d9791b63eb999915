// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import java.util.List;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Attributes;
import org.jvisor.api.p9.P9Requests;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.SetAttributes;

/** A file of the gofer. Directories are {@link GoferDirectory}. */
class GoferInode implements Inode, Stateful {
    /** An unlinked file of this size is not kept on the host until the next batch of clunks. */
    private static final long LARGE_BYTES = 1 << 20;

    final GoferFileSystem fileSystem;
    final GoferClient client;
    final FileAttributes attributes;

    /** Held over a write(2), and over changes of attributes. */
    final KillableLock writing = new KillableLock(LockRank.FILE_WRITE);

    /** Over what changes the bytes, on the host and in mapped pages; held over the host's reads and writes, never over messages. */
    final KillableLock content = new KillableLock(LockRank.GOFER_FILE);

    /** Guards all that is below, the attributes, the fid and the descriptors. */
    final Mutex lock = new Mutex(LockRank.INODE);

    final InodeFid fid;
    final Descriptors descriptors;
    final AttributeState state;

    /** Set once, with the content's lock. */
    private volatile PageCache pages;
    /**
     * Size and time of change of the file that the pages were last found to agree with; in a tree that can change outside. Guarded by
     * the content's lock.
     */
    private long pagesSize;

    private long pagesMtimeSeconds;
    private int pagesMtimeNanos;
    private volatile String target;
    /** Made when somebody asks; two may be made, which does no harm. */
    private volatile ExtendedAttributes extendedAttributes;

    /** @param number a fid that the inode takes over, or NOFID */
    GoferInode(GoferFileSystem fileSystem, P9Attributes a, int number, GoferDirectory parent, String name) {
        this.fileSystem = fileSystem;
        client = fileSystem.client;
        attributes = new FileAttributes(a);
        fid = new InodeFid(this, number, parent, name);
        descriptors = new Descriptors(this);
        state = new AttributeState(this);
    }

    // ---- hand-over

    /** What {@link #save} wrote. */
    GoferInode(StateRecord record) {
        fileSystem = record.requireOwn("fileSystem", GoferFileSystem.class);
        client = fileSystem.client;
        attributes = new FileAttributes(record);
        fid = new InodeFid(this, record);
        descriptors = new Descriptors(this, record);
        state = new AttributeState(this);
        pagesSize = record.getLong("pagesSize", 0);
        pagesMtimeSeconds = record.getLong("pagesMtimeSeconds", 0);
        pagesMtimeNanos = record.getInt("pagesMtimeNanos", 0);
        target = record.getString("target", null);
    }

    @Override
    public final StateRecord save() {
        StateRecord record = new StateRecord(stateType(), GoferDriver.SCHEMA).putOwn("fileSystem", fileSystem);
        client.settleAll(record);
        attributes.save(record);
        fid.save(record);
        descriptors.save(record);
        record.putOwn("pages", pages).put("pagesSize", pagesSize).put("pagesMtimeSeconds", pagesMtimeSeconds)
                .put("pagesMtimeNanos", pagesMtimeNanos).put("target", target);
        saveContent(record);
        return record;
    }

    String stateType() {
        return GoferDriver.INODE;
    }

    void saveContent(StateRecord record) {}

    @Override
    public void link(StateRecord record) {
        fid.link(record);
        pages = record.own("pages", PageCache.class);
    }

    /** Whether the gofer means this file: inode numbers are used again, times of birth are not. */
    boolean isSame(P9Attributes a) {
        return attributes.ino == a.qidPath && attributes.type == Mode.type(a.mode)
                && attributes.btimeSeconds == a.btimeSeconds && attributes.btimeNanos == (int) a.btimeNanos;
    }

    /** The gofer has told of this file again. */
    void meetAgain(P9Attributes a, int newFid, GoferDirectory newParent, String newName, boolean fresh) {
        try (Mutex _ = lock.take()) {
            fid.meet(newFid);
            if (newParent != null && newParent != this) {
                fid.nameMoved(newParent, newName);
                fid.setUnlinked(false);
            }
            if (fresh && fileSystem.shared) {
                state.set(a);
            }
        }
    }

    // ---- names

    /** The name is about to go: whoever has the file open, or another name for it, must be able to go on. */
    void prepareForUnlink() {
        boolean needed;
        try (Mutex _ = lock.take()) {
            needed = fid.isMissing() && (descriptors.isUsed() || attributes.nlink > 1);
        }
        if (needed) {
            fid.acquire();
            fid.release();
        }
    }

    /** A name is gone. */
    void nameRemoved(GoferDirectory directory, String oldName) {
        try (Mutex _ = lock.take()) {
            attributes.nlink = Mode.isDir(attributes.type) ? 0 : Math.max(0, attributes.nlink - 1);
            state.changed();
            fid.setUnlinked(attributes.nlink == 0);
            fid.nameRemoved(directory, oldName);
        }
    }

    void nameMoved(GoferDirectory newDirectory, String newName) {
        try (Mutex _ = lock.take()) {
            fid.nameMoved(newDirectory, newName);
            state.changed();
        }
    }

    void nameAdded() {
        try (Mutex _ = lock.take()) {
            attributes.nlink++;
            state.changed();
            fid.setUnlinked(false);
        }
    }

    // ---- attributes

    @Override
    public final FileSystem fileSystem() {
        return fileSystem;
    }

    @Override
    public final long ino() {
        return attributes.ino;
    }

    @Override
    public final int mode() {
        return attributes.mode;
    }

    @Override
    public final int uid() {
        return attributes.uid;
    }

    @Override
    public final int gid() {
        return attributes.gid;
    }

    @Override
    public final long size() {
        if (fileSystem.shared) {
            state.refreshIfOld();
        }
        return attributes.size;
    }

    @Override
    public final void stat(Stat stat) {
        state.refreshIfOld();
        try (Mutex _ = lock.take()) {
            attributes.fill(stat, fileSystem.device());
        }
    }

    @Override
    public final void setAttributes(Task task, SetAttributes changes) {
        try (KillableLock _ = writing.take()) {
            if ((changes.valid & SetAttributes.SIZE) != 0) {
                resize(changes.size);
            }
            if ((changes.valid & ~SetAttributes.SIZE) != 0) {
                state.change(changes);
            }
        }
    }

    /** Through a descriptor, so that pages that are mapped are cut at the same moment. */
    private void resize(long size) {
        HostDescriptor descriptor = descriptors.acquire(true);
        try {
            try (KillableLock _ = content.take()) {
                long oldSize = attributes.size;
                ErrnoException.check(fileSystem.host.syscall(SyscallNr.FTRUNCATE, descriptor.number, size));
                state.resized(size);
                PageCache cache = pages;
                if (cache != null && !cache.isEmpty()) {
                    if (size < oldSize) {
                        cache.truncate(size);
                    } else {
                        cache.extend(oldSize);
                    }
                }
            }
        } finally {
            descriptors.release(descriptor);
        }
    }

    // ---- opening

    @Override
    public FileOperations open(Task task, int flags) {
        if (!Mode.isRegular(attributes.type)) {
            throw ErrnoException.of(Mode.isSymlink(attributes.type) ? Errno.ELOOP : Errno.ENXIO);
        }
        boolean write = (flags & Open.O_ACCMODE) != Open.O_RDONLY;
        HostDescriptor descriptor = descriptors.acquire(write);
        if (fileSystem.shared) {
            try {
                forgetOldPages(descriptor);
            } catch (ErrnoException e) {
                descriptors.release(descriptor);
                throw e;
            }
        }
        return new RegularFile(this, descriptor);
    }

    /** Pages that nobody has changed here, of a file that has changed outside, are brought in anew. */
    private void forgetOldPages(HostDescriptor open) {
        try (KillableLock _ = content.take()) {
            state.refresh(open);
            long size;
            long seconds;
            int nanos;
            try (Mutex _ = lock.take()) {
                size = attributes.size;
                seconds = attributes.mtimeSeconds();
                nanos = attributes.mtimeNanos();
            }
            boolean same = size == pagesSize && seconds == pagesMtimeSeconds && nanos == pagesMtimeNanos;
            PageCache cache = pages;
            if (!same && cache != null && !cache.isEmpty() && cache.flush(0, Long.MAX_VALUE, !cache.isMapped()) == 0) {
                cache.drop(0, Long.MAX_VALUE);
            }
            pagesSize = size;
            pagesMtimeSeconds = seconds;
            pagesMtimeNanos = nanos;
        }
    }

    /** The page cache, or null when there never was one. No lock. */
    final PageCache pages() {
        return pages;
    }

    /** The page cache for a mapping of what is open as {@code descriptor}. */
    final PageCache pagesFor(HostDescriptor descriptor) {
        try (KillableLock _ = content.take()) {
            if (pages == null) {
                pages = new PageCache(fileSystem, this);
            }
            pages.use(descriptor);
            return pages;
        }
    }

    // ---- going

    @Override
    public void evict() {
        boolean gone;
        try (Mutex _ = lock.take()) {
            gone = fid.isUnlinked() && !descriptors.isUsed();
        }
        if (gone) {
            boolean large = attributes.size > LARGE_BYTES;
            fileSystem.descriptorsUsed(this);
            drop();
            fileSystem.forget(this);
            if (large) {
                client.flushClunks();
            }
        } else if (this != fileSystem.root()) {
            fileSystem.idle(this);
        }
    }

    /** Gives everything back that costs something; false when the inode is in use. */
    final boolean dropIfUnused() {
        if (!content.tryLock()) {
            return false;
        }
        try {
            PageCache cache = pages;
            try (Mutex _ = lock.take()) {
                if (descriptors.isUsed() || fid.isUsed() || cache != null && cache.isMapped()) {
                    return false;
                }
            }
            drop();
            return true;
        } finally {
            content.unlock();
        }
    }

    /** Waits for the host's reads and writes at most. */
    void drop() {
        PageCache cache = pages;
        if (cache != null) {
            try (KillableLock _ = content.takeAlways()) {
                cache.close();
            }
        }
        HostDescriptor[] closed;
        try (Mutex _ = lock.take()) {
            closed = descriptors.takeAll();
            fid.clunk();
        }
        Descriptors.close(closed);
    }

    /** syncfs(2): what is dirty here goes to the host, which has its own ways to the disk. */
    final void sync() {
        PageCache cache = pages;
        if (cache != null) {
            cache.writeBack(0, Long.MAX_VALUE);
        }
    }

    // ---- symbolic links and extended attributes

    @Override
    public final String readlink(Task task) {
        String known = target;
        if (known != null) {
            return known;
        }
        int number = fid.acquire();
        try {
            Exchange e = client.take();
            try {
                P9Requests.readlink(e.request, number);
                client.call(e);
                known = e.reply.getString();
                e.reply.checkIntact();
            } finally {
                client.give(e);
            }
        } finally {
            fid.release();
        }
        // The target of a link never changes; a new link has a new inode.
        target = known;
        return known;
    }

    final void setTarget(String text) {
        target = text;
    }

    private ExtendedAttributes extendedAttributes() {
        ExtendedAttributes known = extendedAttributes;
        if (known == null) {
            known = new ExtendedAttributes(this);
            extendedAttributes = known;
        }
        return known;
    }

    @Override
    public final byte[] getXattr(Task task, String attribute) {
        return extendedAttributes().get(attribute);
    }

    @Override
    public final void setXattr(Task task, String attribute, byte[] value, int flags) {
        extendedAttributes().set(attribute, value, flags);
    }

    @Override
    public final List<String> listXattr(Task task) {
        return extendedAttributes().list();
    }

    @Override
    public final void removeXattr(Task task, String attribute) {
        extendedAttributes().remove(attribute);
    }
}
