// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mode;
import org.jvisor.api.abi.Open;
import org.jvisor.api.abi.Stat;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.p9.P9;
import org.jvisor.api.p9.P9Attributes;
import org.jvisor.api.p9.P9Message;
import org.jvisor.api.p9.P9Requests;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;
import org.jvisor.api.vfs.FileOperations;
import org.jvisor.api.vfs.FileSystem;
import org.jvisor.api.vfs.Inode;
import org.jvisor.api.vfs.SetAttributes;

/** A file of the gofer. Directories are {@link GoferDirectory}. */
class GoferInode implements Inode, Stateful {
    /** In a tree that can change outside, attributes hold for so long: from a path's walk to the use of what it found. */
    private static final long FRESH_NS = 1_000_000;

    /** An unlinked file of this size is not kept on the host until the next batch of clunks. */
    private static final long LARGE_BYTES = 1 << 20;

    final GoferFileSystem fileSystem;
    final GoferClient client;
    final FileAttributes attributes;
    /** Guards all that is below, unless it says otherwise; see the package's documentation for the order. */
    final ReentrantLock lock = new ReentrantLock();
    /** Held over a write(2). */
    final KillableLock writing = new KillableLock(LockRank.FILE_WRITE);

    private int fid;
    /** Requests under way that name the fid. */
    private int fidUsers;
    /** Where the file can be found again; null when that is not known. */
    private GoferDirectory parent;

    private String name;
    /** No name is left. */
    private boolean unlinked;

    private long fetchedNs = System.nanoTime();
    private HostDescriptor readable;
    private HostDescriptor writable;
    /** Open files and mappings that keep descriptors. */
    private int openCount;

    private volatile PageCache pages;
    /** Size and time of change of the file that the pages were last found to agree with; in a tree that can change outside. */
    private long pagesSize;

    private long pagesMtimeSeconds;
    private int pagesMtimeNanos;
    private volatile String target;
    /** Made when somebody asks; two may be made, which does no harm. */
    private volatile ExtendedAttributes extendedAttributes;

    /** @param fid a fid that the inode takes over, or NOFID */
    GoferInode(GoferFileSystem fileSystem, P9Attributes a, int fid, GoferDirectory parent, String name) {
        this.fileSystem = fileSystem;
        client = fileSystem.client;
        attributes = new FileAttributes(a);
        this.fid = fid;
        this.parent = parent;
        this.name = name;
    }

    // ---- hand-over

    /** What {@link #save} wrote. */
    GoferInode(StateRecord record) {
        fileSystem = record.requireOwn("fileSystem", GoferFileSystem.class);
        client = fileSystem.client;
        attributes = new FileAttributes(record);
        fid = record.getInt("fid", P9.NOFID);
        name = record.getString("name", null);
        unlinked = record.getBoolean("unlinked", false);
        readable = record.own("readable", HostDescriptor.class);
        writable = record.own("writable", HostDescriptor.class);
        openCount = record.getInt("openCount", 0);
        pagesSize = record.getLong("pagesSize", 0);
        pagesMtimeSeconds = record.getLong("pagesMtimeSeconds", 0);
        pagesMtimeNanos = record.getInt("pagesMtimeNanos", 0);
        target = record.getString("target", null);
    }

    @Override
    public final StateRecord save() {
        StateRecord record = new StateRecord(stateType(), GoferDriver.SCHEMA).putOwn("fileSystem", fileSystem);
        attributes.save(record);
        record.put("fid", fid).put("name", name).putOwn("parent", parent).put("unlinked", unlinked).putOwn("readable", readable)
                .putOwn("writable", writable).put("openCount", openCount).putOwn("pages", pages).put("pagesSize", pagesSize)
                .put("pagesMtimeSeconds", pagesMtimeSeconds).put("pagesMtimeNanos", pagesMtimeNanos).put("target", target);
        saveContent(record);
        return record;
    }

    String stateType() {
        return GoferDriver.INODE;
    }

    void saveContent(StateRecord record) {}

    /** The way up is as long as an application makes it. */
    @Override
    public void link(StateRecord record) {
        parent = record.own("parent", GoferDirectory.class);
        pages = record.own("pages", PageCache.class);
    }

    /** Whether the gofer means this file: inode numbers are used again, times of birth are not. */
    boolean isSame(P9Attributes a) {
        return attributes.ino == a.qidPath && attributes.type == Mode.type(a.mode)
                && attributes.btimeSeconds == a.btimeSeconds && attributes.btimeNanos == (int) a.btimeNanos;
    }

    /** The gofer has told of this file again. */
    void meetAgain(P9Attributes a, int newFid, GoferDirectory newParent, String newName, boolean fresh) {
        lock.lock();
        try {
            if (newFid != P9.NOFID) {
                if (fid == P9.NOFID) {
                    fid = newFid;
                } else {
                    client.clunk(newFid);
                    fileSystem.fidGone();
                }
            }
            if (newParent != null && newParent != this) {
                parent = newParent;
                name = newName;
                unlinked = false;
            }
            if (fresh && fileSystem.shared) {
                attributes.set(a);
                fetchedNs = System.nanoTime();
            }
        } finally {
            lock.unlock();
        }
    }

    // ---- the fid

    /** The fid, which stays until {@link #releaseFid}. */
    int acquireFid() {
        lock.lock();
        try {
            if (fid == P9.NOFID) {
                fid = findAgain();
            }
            fidUsers++;
            return fid;
        } finally {
            lock.unlock();
        }
    }

    void releaseFid() {
        lock.lock();
        fidUsers--;
        lock.unlock();
    }

    private int findAgain() {
        if (parent == null || unlinked) {
            throw ErrnoException.of(Errno.ESTALE);
        }
        GoferDirectory from = parent;
        int[] found = {client.newFid()};
        int parentFid = from.acquireFid();
        Exchange e = client.take();
        try {
            P9Requests.walkattr(e.request, parentFid, found, new String[] {name}, 0, 1);
            long result = client.tryCall(e);
            if (result < 0 || e.reply.getInt() != 0) {
                client.freeFid(found[0]);
                throw ErrnoException.of(result < 0 ? (int) -result : Errno.ESTALE);
            }
            e.reply.getShort();
            e.attributes.read(e.reply);
            if (!e.reply.isIntact() || !isSame(e.attributes)) {
                client.clunk(found[0]);
                throw ErrnoException.of(Errno.ESTALE);
            }
        } finally {
            client.give(e);
            from.releaseFid();
        }
        fileSystem.fidBound();
        return found[0];
    }

    /** Gives the fid back, if nobody uses it and it can be had again. */
    boolean giveFidBack() {
        if (!lock.tryLock()) {
            return false;
        }
        try {
            boolean possible = fid != P9.NOFID && fid != GoferClient.ROOT_FID && fidUsers == 0 && parent != null && !unlinked;
            if (possible) {
                clunkFid();
            }
            return possible;
        } finally {
            lock.unlock();
        }
    }

    private void clunkFid() {
        if (fid != P9.NOFID && fid != GoferClient.ROOT_FID) {
            client.clunk(fid);
            fileSystem.fidGone();
            fid = P9.NOFID;
        }
    }

    /** The name is about to go: whoever has the file open, or another name for it, must be able to go on. */
    void prepareForUnlink() {
        lock.lock();
        try {
            if (fid == P9.NOFID && (openCount > 0 || attributes.nlink > 1)) {
                fid = findAgain();
            }
        } finally {
            lock.unlock();
        }
    }

    /** A name is gone. */
    void nameRemoved(GoferDirectory directory, String oldName) {
        lock.lock();
        try {
            attributes.nlink = Mode.isDir(attributes.type) ? 0 : Math.max(0, attributes.nlink - 1);
            attributes.stale = true;
            unlinked = attributes.nlink == 0;
            if (parent == directory && oldName.equals(name)) {
                parent = null;
            }
        } finally {
            lock.unlock();
        }
    }

    void nameMoved(GoferDirectory newDirectory, String newName) {
        lock.lock();
        try {
            parent = newDirectory;
            name = newName;
            attributes.stale = true;
        } finally {
            lock.unlock();
        }
    }

    void nameAdded() {
        lock.lock();
        try {
            attributes.nlink++;
            attributes.stale = true;
            unlinked = false;
        } finally {
            lock.unlock();
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
        if (!fileSystem.shared) {
            return attributes.size;
        }
        lock.lock();
        try {
            refreshIfOld();
            return attributes.size;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public final void stat(Stat stat) {
        lock.lock();
        try {
            refreshIfOld();
            attributes.fill(stat, fileSystem.device());
        } finally {
            lock.unlock();
        }
    }

    /** With the lock. */
    private void refreshIfOld() {
        if (attributes.stale || fileSystem.shared && System.nanoTime() - fetchedNs > FRESH_NS) {
            refresh();
        }
    }

    /** Asks for the attributes: the host where the file is open, otherwise the gofer. With the lock. */
    final void refresh() {
        HostDescriptor open = writable != null ? writable : readable;
        Exchange e = client.take();
        try {
            if (open != null) {
                ErrnoException.check(fileSystem.host.syscall(SyscallNr.FSTAT, open.number, e.scratch));
                attributes.set(fileSystem.host, e.scratch);
            } else if (fid == P9.NOFID && unlinked) {
                attributes.stale = false;
            } else {
                P9Requests.getattr(e.request, acquireFid(), P9.GETATTR_BASIC);
                fidUsers--;
                client.call(e);
                e.reply.getLong();
                e.attributes.read(e.reply);
                e.reply.checkIntact();
                attributes.set(e.attributes);
            }
            fetchedNs = System.nanoTime();
        } finally {
            client.give(e);
        }
    }

    /** The size as far as we know it; with the lock. */
    final long knownSize() {
        return attributes.size;
    }

    /** The size, asked for anew where the file may have grown outside to {@code needed} bytes. With the lock. */
    final long sizeForMapping(long needed) {
        if (fileSystem.shared && attributes.size < needed) {
            refresh();
        }
        return attributes.size;
    }

    /** Times and blocks are no longer what we know. */
    final void changedByHost() {
        attributes.stale = true;
    }

    @Override
    public final void setAttributes(Task task, SetAttributes changes) {
        lock.lock();
        try {
            long oldSize = attributes.size;
            boolean resizes = (changes.valid & SetAttributes.SIZE) != 0;
            if (changes.valid == SetAttributes.SIZE && writable != null) {
                ErrnoException.check(fileSystem.host.syscall(SyscallNr.FTRUNCATE, writable.number, changes.size));
                attributes.size = changes.size;
                attributes.stale = true;
            } else {
                askForChange(changes);
            }
            PageCache cache = pages;
            if (resizes && cache != null && !cache.isEmpty()) {
                if (changes.size < oldSize) {
                    cache.truncate(changes.size);
                } else {
                    cache.extend(oldSize);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void askForChange(SetAttributes s) {
        Exchange e = client.take();
        int number = acquireFid();
        try {
            P9Requests.Changes c = e.changes;
            c.valid = bit(s, SetAttributes.MODE, P9.SETATTR_MODE) | bit(s, SetAttributes.UID, P9.SETATTR_UID)
                    | bit(s, SetAttributes.GID, P9.SETATTR_GID) | bit(s, SetAttributes.SIZE, P9.SETATTR_SIZE)
                    | bit(s, SetAttributes.ATIME, P9.SETATTR_ATIME) | bit(s, SetAttributes.MTIME, P9.SETATTR_MTIME);
            c.valid |= (s.valid & SetAttributes.ATIME_NOW) == 0 ? bit(s, SetAttributes.ATIME, P9.SETATTR_ATIME_SET) : 0;
            c.valid |= (s.valid & SetAttributes.MTIME_NOW) == 0 ? bit(s, SetAttributes.MTIME, P9.SETATTR_MTIME_SET) : 0;
            c.mode = s.mode;
            c.uid = s.uid;
            c.gid = s.gid;
            c.size = s.size;
            c.atimeSeconds = s.atimeSeconds;
            c.atimeNanos = s.atimeNanos;
            c.mtimeSeconds = s.mtimeSeconds;
            c.mtimeNanos = s.mtimeNanos;
            P9Requests.setattrget(e.request, number, c);
            client.call(e);
            e.attributes.read(e.reply);
            e.reply.checkIntact();
            attributes.set(e.attributes);
            fetchedNs = System.nanoTime();
        } finally {
            releaseFid();
            client.give(e);
        }
    }

    private static int bit(SetAttributes s, int from, int to) {
        return (s.valid & from) != 0 ? to : 0;
    }

    // ---- opening

    @Override
    public FileOperations open(Task task, int flags) {
        if (!Mode.isRegular(attributes.type)) {
            throw ErrnoException.of(Mode.isSymlink(attributes.type) ? Errno.ELOOP : Errno.ENXIO);
        }
        boolean write = (flags & Open.O_ACCMODE) != Open.O_RDONLY;
        HostDescriptor descriptor = acquireDescriptor(write);
        if (fileSystem.shared) {
            forgetOldPages();
        }
        return new RegularFile(this, descriptor);
    }

    /** A descriptor of the file; the caller gives it to {@link #releaseDescriptor}. */
    final HostDescriptor acquireDescriptor(boolean write) {
        lock.lock();
        try {
            HostDescriptor descriptor = writable != null || write ? writable : readable;
            if (descriptor == null) {
                descriptor = openAtGofer(write);
            }
            if (openCount++ == 0) {
                fileSystem.descriptorsUsed(this);
            }
            return descriptor.retain();
        } finally {
            lock.unlock();
        }
    }

    final void releaseDescriptor(HostDescriptor descriptor) {
        boolean idle;
        lock.lock();
        try {
            descriptor.release();
            idle = --openCount == 0;
            if (idle && fileSystem.shared && writable != null) {
                // The host must not find its programs "busy" (ETXTBSY) because we might write once more.
                writable.release();
                writable = null;
            }
        } finally {
            lock.unlock();
        }
        if (idle) {
            fileSystem.descriptorsIdle(this);
        }
    }

    /** With the lock. What is open for writing also serves to read, so that a page can be brought in before it is changed. */
    private HostDescriptor openAtGofer(boolean write) {
        Exchange e = client.take();
        int number = acquireFid();
        try {
            P9Requests.openfd(e.request, number, write ? Open.O_RDWR : Open.O_RDONLY);
            long result = client.tryCall(e);
            if (result == -Errno.EMFILE || result >= 0 && e.reply.descriptor() == P9Message.NO_DESCRIPTOR) {
                fileSystem.closeIdleDescriptors();
                fileSystem.giveFidsBack();
                result = client.tryCall(e);
            }
            ErrnoException.check(result);
            if (e.reply.descriptor() == P9Message.NO_DESCRIPTOR) {
                throw ErrnoException.of(Errno.ENFILE);
            }
            adopt(e, write);
        } finally {
            releaseFid();
            client.give(e);
        }
        return write ? writable : readable;
    }

    /** Takes the descriptor and the attributes of a reply. With the lock. */
    private void adopt(Exchange e, boolean write) {
        HostDescriptor descriptor = new HostDescriptor(fileSystem.host, e.reply.takeDescriptor(), write);
        if (write) {
            writable = descriptor;
        } else {
            readable = descriptor;
        }
        e.attributes.read(e.reply);
        if (e.reply.isIntact()) {
            attributes.set(e.attributes);
            fetchedNs = System.nanoTime();
        }
    }

    /** A new file, just made and open for writing: takes the descriptor of the reply, whose attributes have been read. */
    final void adoptNew(Exchange e) {
        lock.lock();
        try {
            int number = e.reply.takeDescriptor();
            if (number != P9Message.NO_DESCRIPTOR) {
                writable = new HostDescriptor(fileSystem.host, number, true);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Pages that nobody has changed here, of a file that has changed outside, are brought in anew. */
    private void forgetOldPages() {
        lock.lock();
        try {
            refresh();
            boolean same = attributes.hasSameData(pagesSize, pagesMtimeSeconds, pagesMtimeNanos);
            PageCache cache = pages;
            if (!same && cache != null && !cache.isEmpty() && cache.flush(0, Long.MAX_VALUE, !cache.isMapped()) == 0) {
                cache.drop(0, Long.MAX_VALUE);
            }
            pagesSize = attributes.size;
            pagesMtimeSeconds = attributes.mtimeSeconds();
            pagesMtimeNanos = attributes.mtimeNanos();
        } finally {
            lock.unlock();
        }
    }

    /** The page cache, or null when there never was one. No lock. */
    final PageCache pages() {
        return pages;
    }

    /** The page cache for a mapping of what is open as {@code descriptor}. */
    final PageCache pagesFor(HostDescriptor descriptor) {
        lock.lock();
        try {
            if (pages == null) {
                pages = new PageCache(fileSystem, this);
            }
            pages.use(descriptor);
            return pages;
        } finally {
            lock.unlock();
        }
    }

    // ---- going

    /** Nobody has the file open: its descriptors go. */
    final void closeIdleDescriptors() {
        if (!lock.tryLock()) {
            return;
        }
        try {
            if (openCount == 0) {
                closeDescriptors();
            }
        } finally {
            lock.unlock();
        }
    }

    private void closeDescriptors() {
        if (readable != null) {
            readable.release();
            readable = null;
        }
        if (writable != null) {
            writable.release();
            writable = null;
        }
    }

    @Override
    public void evict() {
        boolean gone;
        lock.lock();
        try {
            gone = unlinked && openCount == 0;
        } finally {
            lock.unlock();
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
        if (!lock.tryLock()) {
            return false;
        }
        try {
            PageCache cache = pages;
            if (openCount > 0 || fidUsers > 0 || cache != null && cache.isMapped()) {
                return false;
            }
            drop();
            return true;
        } finally {
            lock.unlock();
        }
    }

    void drop() {
        lock.lock();
        try {
            if (pages != null) {
                pages.close();
            }
            closeDescriptors();
            clunkFid();
        } finally {
            lock.unlock();
        }
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
        Exchange e = client.take();
        int number = acquireFid();
        try {
            P9Requests.readlink(e.request, number);
            client.call(e);
            known = e.reply.getString();
            e.reply.checkIntact();
        } finally {
            releaseFid();
            client.give(e);
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
