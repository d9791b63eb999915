// SPDX-License-Identifier: Apache-2.0
package org.jvisor.fs.gofer;

import java.util.concurrent.atomic.AtomicLongArray;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.lock.KillableLock;
import org.jvisor.api.mm.Mappable;
import org.jvisor.api.mm.MemoryFile;
import org.jvisor.api.state.StateRecord;
import org.jvisor.api.state.Stateful;

/**
 * The pages of a file that are or were mapped, in the memory file. Reads and writes of the file go through the pages that are
 * here, so that they agree with mappings; all others go to the host directly. Writes reach the host at once; only what
 * applications write through shared mappings waits for msync(2), fsync(2) or the last munmap(2).
 *
 * <p>Looking a page up takes no lock; the frame stays good for whoever looked until its epoch ends (see {@link MemoryFile}).
 * Everything else is done with the content's lock.
 */
final class PageCache implements Mappable, Stateful {
    private static final int PAGE = MemoryFile.PAGE;
    private static final int PAGE_SHIFT = 12;
    /** Pages of a chunk: 2 MiB. */
    private static final int CHUNK_SHIFT = 9;
    private static final int CHUNK = 1 << CHUNK_SHIFT;
    /** Pages that are read at once, in aligned groups: 128 KiB, what Linux reads ahead. */
    private static final int GROUP = 32;
    /** Bits of an entry beside the frame's offset. */
    private static final long PRESENT = 1;
    /** Shared mappings may have written to it. */
    private static final long DIRTY = 2;
    private static final long MAX_PAGES = 1L << 31;

    private final GoferFileSystem fileSystem;
    private final GoferInode inode;
    private final HostKernel host;
    private final MemoryFile file;

    /** Grown under the content's lock; a chunk is null where no page is. */
    private volatile AtomicLongArray[] chunks = new AtomicLongArray[1];

    /** Changed under the content's lock. */
    private volatile int pages;

    private volatile int dirtyPages;
    /** Open as long as there may be something to read in or write back. */
    private HostDescriptor source;

    private HostDescriptor sink;
    private volatile Mapping[] mappings = new Mapping[0];

    PageCache(GoferFileSystem fileSystem, GoferInode inode) {
        this.fileSystem = fileSystem;
        this.inode = inode;
        host = fileSystem.host;
        file = fileSystem.file;
    }

    // ---- hand-over; the bytes lie in the memory file all the while

    /** What {@link #save} wrote. Mappings come by themselves: they are told of their new object. */
    PageCache(StateRecord record) {
        inode = record.requireOwn("inode", GoferInode.class);
        fileSystem = inode.fileSystem;
        host = fileSystem.host;
        file = fileSystem.file;
        source = record.own("source", HostDescriptor.class);
        sink = record.own("sink", HostDescriptor.class);
        long[] saved = record.getLongs("pages");
        for (int i = 0; saved != null && i < saved.length; i += 2) {
            ensureChunk(saved[i]);
            setEntry(saved[i], saved[i + 1]);
            pages++;
            dirtyPages += (saved[i + 1] & DIRTY) != 0 ? 1 : 0;
        }
    }

    @Override
    public StateRecord save() {
        return new StateRecord(GoferDriver.PAGES, GoferDriver.SCHEMA).putOwn("inode", inode).putOwn("source", source)
                .putOwn("sink", sink).put("pages", entries());
    }

    /** Number and entry of each page that is here. */
    private long[] entries() {
        long[] all = new long[2 * pages];
        int at = 0;
        AtomicLongArray[] now = chunks;
        for (int c = 0; c < now.length; c++) {
            for (int i = 0; now[c] != null && i < CHUNK; i++) {
                long entry = now[c].get(i);
                if ((entry & PRESENT) != 0) {
                    all[at++] = ((long) c << CHUNK_SHIFT) + i;
                    all[at++] = entry;
                }
            }
        }
        return all;
    }

    boolean isEmpty() {
        return pages == 0;
    }

    /** The frame of the page at {@code offset}, or -1 when it is not here. No lock. */
    long find(long offset) {
        long entry = entry(offset >>> PAGE_SHIFT);
        return (entry & PRESENT) != 0 ? entry & -PAGE : -1;
    }

    /** Address of the byte at {@code offset} of the file, whose page is {@code frame}. */
    long address(long frame, long offset) {
        return file.base() + frame + (offset & PAGE - 1);
    }

    /** Bytes from {@code offset} on, at most {@code max}, that are not here. No lock. */
    long missing(long offset, long max) {
        long end = (offset & -PAGE) + PAGE;
        while (end - offset < max && find(end) < 0) {
            end += PAGE;
        }
        return Math.min(max, end - offset);
    }

    private long entry(long page) {
        AtomicLongArray[] all = chunks;
        long chunk = page >>> CHUNK_SHIFT;
        if (chunk >= all.length || all[(int) chunk] == null) {
            return 0;
        }
        return all[(int) chunk].get((int) page & CHUNK - 1);
    }

    /** With the lock, for a page that has a chunk. */
    private void setEntry(long page, long entry) {
        chunks[(int) (page >>> CHUNK_SHIFT)].set((int) page & CHUNK - 1, entry);
    }

    // ---- Mappable

    @Override
    public long frame(long offset, boolean write) {
        long page = offset >>> PAGE_SHIFT;
        long entry = entry(page);
        if ((entry & PRESENT) != 0 && (!write || (entry & DIRTY) != 0)) {
            return entry & -PAGE;
        }
        try (KillableLock _ = inode.content.take()) {
            entry = entry(page);
            if ((entry & PRESENT) == 0) {
                long result = load(page);
                if (result < 0) {
                    return result;
                }
                entry = entry(page);
            }
            if (write && (entry & DIRTY) == 0) {
                entry |= DIRTY;
                setEntry(page, entry);
                dirtyPages++;
            }
            return entry & -PAGE;
        } catch (ErrnoException e) {
            return -e.errno();
        }
    }

    @Override
    public int framesFollowing(long offset, int max) {
        long page = offset >>> PAGE_SHIFT;
        long first = find(offset);
        int count = 1;
        while (count < max && first >= 0 && find(page + count << PAGE_SHIFT) == first + (long) count * PAGE) {
            count++;
        }
        return count;
    }

    @Override
    public void addMapping(Mapping mapping) {
        try (KillableLock _ = inode.content.takeAlways()) {
            Mapping[] more = new Mapping[mappings.length + 1];
            System.arraycopy(mappings, 0, more, 0, mappings.length);
            more[mappings.length] = mapping;
            mappings = more;
        }
    }

    @Override
    public void removeMapping(Mapping mapping) {
        try (KillableLock _ = inode.content.takeAlways()) {
            Mapping[] old = mappings;
            for (int i = 0; i < old.length; i++) {
                if (old[i] == mapping) {
                    Mapping[] fewer = new Mapping[old.length - 1];
                    System.arraycopy(old, 0, fewer, 0, i);
                    System.arraycopy(old, i + 1, fewer, i, fewer.length - i);
                    mappings = fewer;
                    break;
                }
            }
            if (mappings.length == 0) {
                // An error here has no one to go to, as on Linux; the pages stay dirty, and fsync(2) will say it.
                flush(0, Long.MAX_VALUE, true);
                if (dirtyPages == 0) {
                    dropSink();
                }
            }
        }
    }

    @Override
    public long writeBack(long offset, long length) {
        try (KillableLock _ = inode.content.take()) {
            return flush(offset, length, mappings.length == 0);
        }
    }

    // ---- with the content's lock

    /** Somebody maps the file that is open as {@code descriptor}. */
    void use(HostDescriptor descriptor) {
        if (source == null) {
            source = descriptor.retain();
        }
        if (sink == null && descriptor.writable) {
            sink = descriptor.retain();
        }
    }

    private void dropSink() {
        if (sink != null) {
            sink.release();
            sink = null;
        }
    }

    /** Reads the page in, with those of its group that are not here; 0 or a negative errno. */
    private long load(long page) {
        if (fileSystem.shared && inode.attributes.size < (page + 1) << PAGE_SHIFT) {
            // It may have grown outside.
            inode.state.refresh(source);
        }
        long size = inode.attributes.size;
        long end = size + PAGE - 1 >>> PAGE_SHIFT;
        if (page >= end) {
            return -Errno.EFAULT;
        }
        if (page >= MAX_PAGES) {
            return -Errno.ENOMEM;
        }
        long first = page & -GROUP;
        while (first < page && !absentFrom(first, page)) {
            first++;
        }
        long last = page + 1;
        long limit = Math.min(end, (page & -GROUP) + GROUP);
        while (last < limit && (entry(last) & PRESENT) == 0) {
            last++;
        }
        ensureChunk(last - 1);
        long taken = fileSystem.allocatePages(this, (int) (last - first));
        if (taken < 0) {
            return taken;
        }
        int count = (int) (taken & PAGE - 1);
        if (count < last - first) {
            // Memory is short: this page alone.
            first = page;
        }
        long frame = taken & -PAGE;
        long result = readIn(first << PAGE_SHIFT, frame, count);
        if (result < 0) {
            file.release(frame, count);
            return result;
        }
        for (int i = 0; i < count; i++) {
            setEntry(first + i, frame + (long) i * PAGE | PRESENT);
        }
        pages += count;
        fileSystem.pagesChanged(this, (long) count * PAGE, true);
        return 0;
    }

    private boolean absentFrom(long from, long to) {
        for (long page = from; page < to; page++) {
            if ((entry(page) & PRESENT) != 0) {
                return false;
            }
        }
        return true;
    }

    /** Groups do not cross chunks. */
    private void ensureChunk(long page) {
        int index = (int) (page >>> CHUNK_SHIFT);
        AtomicLongArray[] all = chunks;
        if (index >= all.length) {
            AtomicLongArray[] more = new AtomicLongArray[Math.max(index + 1, all.length * 2)];
            System.arraycopy(all, 0, more, 0, all.length);
            all = more;
        }
        if (all[index] == null) {
            all[index] = new AtomicLongArray(CHUNK);
        }
        chunks = all;
    }

    /** Frames come zeroed, so that what lies beyond the end of the file reads as zeros. */
    private long readIn(long offset, long frame, int count) {
        long wanted = (long) count * PAGE;
        long got = 0;
        while (got < wanted) {
            long n = host.syscall(SyscallNr.PREAD64, source.number, file.base() + frame + got, wanted - got, offset + got);
            if (n < 0 && n != -Errno.EINTR) {
                return -Errno.EIO;
            }
            if (n == 0) {
                break;
            }
            got += Math.max(n, 0);
        }
        return 0;
    }

    /**
     * Writes dirty pages of the range to the host.
     *
     * @param clean whether nobody can write to them any more
     * @return 0 or a negative errno
     */
    long flush(long offset, long length, boolean clean) {
        if (dirtyPages == 0) {
            return 0;
        }
        long size = inode.attributes.size;
        long end = length > Long.MAX_VALUE - offset ? Long.MAX_VALUE : offset + length;
        long result = 0;
        AtomicLongArray[] all = chunks;
        for (int c = 0; c < all.length; c++) {
            long chunkStart = (long) c << CHUNK_SHIFT + PAGE_SHIFT;
            if (all[c] == null || chunkStart >= end || chunkStart + ((long) CHUNK << PAGE_SHIFT) <= offset) {
                continue;
            }
            for (int i = 0; i < CHUNK; i++) {
                long at = chunkStart + ((long) i << PAGE_SHIFT);
                long entry = all[c].get(i);
                if ((entry & DIRTY) == 0 || at + PAGE <= offset || at >= end) {
                    continue;
                }
                long error = writeOut(at, entry & -PAGE, Math.min(PAGE, size - at));
                if (error < 0) {
                    result = error;
                } else if (clean) {
                    all[c].set(i, entry & ~DIRTY);
                    dirtyPages--;
                }
            }
        }
        inode.state.changedByHost();
        return result;
    }

    private long writeOut(long offset, long frame, long length) {
        long done = 0;
        while (done < length) {
            long n = sink == null ? -Errno.EIO
                    : host.syscall(SyscallNr.PWRITE64, sink.number, file.base() + frame + done, length - done, offset + done);
            if (n < 0 && n != -Errno.EINTR) {
                return n;
            }
            done += Math.max(n, 0);
        }
        return 0;
    }

    /** The file ends at {@code size} now: pages beyond are gone for everybody, and the rest of the last one is zero. */
    void truncate(long size) {
        long kept = size + PAGE - 1 >>> PAGE_SHIFT;
        long tail = size & PAGE - 1;
        if (tail != 0) {
            long frame = find(size);
            if (frame >= 0) {
                host.fill(address(frame, size), PAGE - tail, (byte) 0);
            }
        }
        dropPages(kept << PAGE_SHIFT, Long.MAX_VALUE);
        for (Mapping mapping : mappings) {
            mapping.truncate(kept << PAGE_SHIFT);
        }
    }

    /** The file was longer than what was written so far: what applications put behind its old end is not part of it. */
    void extend(long oldSize) {
        long tail = oldSize & PAGE - 1;
        long frame = tail == 0 ? -1 : find(oldSize);
        if (frame >= 0) {
            host.fill(address(frame, oldSize), PAGE - tail, (byte) 0);
        }
    }

    /** Drops the pages that lie in the range, whole or in part, whatever is in them; mappings will ask again. */
    void drop(long offset, long end) {
        if (pages == 0) {
            return;
        }
        dropPages(offset, end);
        // Only now: a fault that looks again must not find what is going. Mappings have references of their own.
        long from = offset & -PAGE;
        for (Mapping mapping : mappings) {
            mapping.invalidate(from, end - from);
        }
    }

    private void dropPages(long offset, long end) {
        dropPages(offset, end, DIRTY);
    }

    /** @param which DIRTY for all pages, 0 for those that nobody has written to */
    private int dropPages(long offset, long end, long which) {
        int dropped = 0;
        AtomicLongArray[] all = chunks;
        for (int c = (int) Math.min(offset >>> PAGE_SHIFT + CHUNK_SHIFT, all.length); c < all.length; c++) {
            for (int i = 0; all[c] != null && i < CHUNK; i++) {
                long at = ((long) c << CHUNK_SHIFT) + i << PAGE_SHIFT;
                long entry = all[c].get(i);
                if ((entry & PRESENT) == 0 || (entry & DIRTY & ~which) != 0 || at + PAGE <= offset || at >= end) {
                    continue;
                }
                all[c].set(i, 0);
                dirtyPages -= (entry & DIRTY) != 0 ? 1 : 0;
                file.release(entry & -PAGE, 1);
                dropped++;
            }
        }
        pages -= dropped;
        fileSystem.pagesChanged(this, -(long) dropped * PAGE, pages > 0);
        return dropped;
    }

    boolean isMapped() {
        return mappings.length > 0;
    }

    /** Nobody needs the cache any more. */
    void close() {
        flush(0, Long.MAX_VALUE, true);
        drop(0, Long.MAX_VALUE);
        dropSink();
        if (source != null) {
            source.release();
            source = null;
        }
    }

    /**
     * Memory is short: gives up everything when nobody has the file mapped; the bytes. Called without locks, or with another
     * inode's.
     */
    long reclaim() {
        if (isMapped() || inode.content.isHeldByCurrentThread() || !inode.content.tryLock()) {
            return 0;
        }
        try {
            long bytes = (long) pages * PAGE;
            if (isMapped() || flush(0, Long.MAX_VALUE, true) < 0) {
                return 0;
            }
            drop(0, Long.MAX_VALUE);
            return bytes;
        } finally {
            inode.content.unlock();
        }
    }

    /** Bytes that {@link #reclaimClean} would free, about. Any thread. */
    long cleanBytes() {
        return (long) Math.max(0, pages - dirtyPages) * PAGE;
    }

    /** Gives up all that nobody has written to, mapped or not: who needs it again brings it in anew. Like {@link #reclaim}. */
    long reclaimClean() {
        if (inode.content.isHeldByCurrentThread() || !inode.content.tryLock()) {
            return 0;
        }
        try {
            long bytes = (long) dropPages(0, Long.MAX_VALUE, 0) * PAGE;
            for (Mapping mapping : mappings) {
                mapping.invalidate(0, Long.MAX_VALUE);
            }
            return bytes;
        } finally {
            inode.content.unlock();
        }
    }
}
