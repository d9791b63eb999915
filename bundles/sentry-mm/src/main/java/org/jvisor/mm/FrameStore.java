// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Cgroup;
import org.jvisor.api.kernel.Charge;
import org.jvisor.api.lock.LockRank;
import org.jvisor.api.lock.Mutex;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.mm.SharedSegments;

/**
 * Bytes in frames, sparse. Reading, and writing where frames are, takes no lock: whoever does so is in an epoch, so that frames
 * that are given back meanwhile stay whole. What changes the set of frames does so with the lock.
 */
final class FrameStore implements Memory.SharedMemory {

    private static final int PAGE = Pte.PAGE;
    /** Frames taken at once for a write, so that files grow in runs. */
    private static final int GROWTH = 64;
    private static final long MAX_BYTES = Long.MAX_VALUE & -PAGE;
    /** An entry: the frame's offset, with this bit. 0: a hole. */
    private static final long THERE = 1;
    /** Most have no more mappings. */
    private static final int FEW = 2;
    /** How often others are asked to give memory back before a call is told that there is none. */
    private static final int MAX_SHORTAGES = 64;
    private static final byte[] ZEROS = new byte[PAGE];

    private final HostKernel host;
    private final FrameFile file;
    private final FrameAccount account;

    /** An entry a page; set with the lock. */
    private final FrameTable table;
    private volatile long size;

    private final Mutex lock = new Mutex(LockRank.FRAMES);
    // Guarded by the lock.
    private long frames;
    private boolean owned = true;
    private final Mutex mappingsLock = new Mutex(LockRank.FRAMES);
    /** Guarded by a lock of its own, which is taken after the store's: they are told of changes with that one free. */
    private final Set<Mapping> mappings = Collections.newSetFromMap(new IdentityHashMap<>(FEW));
    private volatile SharedSegments.Segment segment;
    private final Cgroup payer;
    /** What the payer is charged for beside the index, until the end; null: nothing. */
    private Charge charged;

    /**
     * @param account who is charged for the frames
     * @param payer who is charged for the index; null: nobody, it is the kernel's own
     */
    FrameStore(HostKernel host, FrameAccount account, Cgroup payer, long bytes) {
        this.account = account;
        this.payer = payer;
        table = new FrameTable(payer);
        this.host = host;
        this.file = account.file();
        size = bytes;
    }

    /**
     * Charges the payer for the store as what it is, until it has neither owner nor mapping any more. Called at most once, before anybody
     * else knows it.
     *
     * @return whether there may be one more
     */
    boolean tryChargeAs(Charge kind) {
        if (payer != null && !payer.tryCharge(kind, 1)) {
            return false;
        }
        charged = payer == null ? null : kind;
        return true;
    }

    /** Called at most once. */
    void setSegment(SharedSegments.Segment newSegment) {
        segment = newSegment;
    }

    /** What shmdt(2) knows it by; null for most. */
    SharedSegments.Segment segment() {
        return segment;
    }

    // ---- entries

    private long entry(long index) {
        return table.get(index);
    }

    /**
     * Brings in up to {@code wanted} frames from page {@code index} on, in one run if there is one; stops at the first page that
     * is there. At least one unless it is there already.
     */
    private void bring(long index, int wanted) {
        try (Mutex _ = lock.take()) {
            if (index + wanted > FrameTable.LIMIT) {
                throw ErrnoException.of(Errno.EFBIG);
            }
            if (!owned && !isMapped()) {
                throw ErrnoException.of(Errno.ENOMEM);
            }
            int count = 0;
            while (count < wanted && entry(index + count) == 0) {
                count++;
            }
            if (count == 0) {
                return;
            }
            table.makeRoom(index, count);
            long run = account.allocateRun(count, true);
            count = (int) run & PAGE - 1;
            for (int i = 0; i < count; i++) {
                table.set(index + i, (run & -PAGE) + (long) i * PAGE | THERE);
            }
            frames += count;
        }
    }

    // ---- reading and writing

    @Override
    public long size() {
        return size;
    }

    @Override
    public long read(IoBuffer buffer, long offset) {
        long end = size;
        long at = offset;
        while (at < end && buffer.remaining() > 0) {
            int inPage = (int) at & PAGE - 1;
            long entry = entry(at >>> Pte.PAGE_SHIFT);
            long n = Math.min(runBytes(at, entry), Math.min(end - at, buffer.remaining()));
            long moved = entry == 0 ? buffer.put(ZEROS, 0, (int) n) : copyTo(buffer, address(entry) + inPage, n);
            if (moved < 0) {
                return at > offset ? at - offset : moved;
            }
            at += moved;
            if (moved < n) {
                break;
            }
        }
        return at - offset;
    }

    /** Bytes from {@code offset} on that follow in the memory file, too, as far as it is worth looking; of a hole, to the page's end. */
    private long runBytes(long offset, long entry) {
        int pages = 1;
        if (entry != 0) {
            long index = offset >>> Pte.PAGE_SHIFT;
            while (pages < GROWTH && entry(index + pages) == entry + (long) pages * PAGE) {
                pages++;
            }
        }
        return ((long) pages << Pte.PAGE_SHIFT) - (offset & PAGE - 1);
    }

    private long copyTo(IoBuffer buffer, long from, long length) {
        long done = 0;
        while (done < length) {
            long to = buffer.span();
            if (to < 0) {
                return done > 0 ? done : to;
            }
            long n = Math.min(length - done, buffer.spanLength());
            host.copy(from + done, to, n);
            buffer.advance(n);
            done += n;
        }
        return done;
    }

    private long copyFrom(IoBuffer buffer, long to, long length) {
        long done = 0;
        while (done < length) {
            long from = buffer.span();
            if (from < 0) {
                return done > 0 ? done : from;
            }
            long n = Math.min(length - done, buffer.spanLength());
            host.copy(from, to + done, n);
            buffer.advance(n);
            done += n;
        }
        return done;
    }

    private long address(long entry) {
        return file.base() + (entry & -PAGE);
    }

    @Override
    public long write(IoBuffer buffer, long offset) {
        if (offset > size) {
            clearTail(offset);
        }
        long at = offset;
        long error = 0;
        while (buffer.remaining() > 0 && error == 0) {
            if (at >= MAX_BYTES) {
                error = -Errno.EFBIG;
                break;
            }
            long index = at >>> Pte.PAGE_SHIFT;
            int inPage = (int) at & PAGE - 1;
            long entry = entry(index);
            if (entry == 0) {
                // Before frames are taken: nothing to write must not leave any behind.
                long source = buffer.span();
                error = source < 0 ? source : growAnyhow(index, inPage + buffer.remaining());
                continue;
            }
            long n = Math.min(runBytes(at, entry), buffer.remaining());
            long moved = copyFrom(buffer, address(entry) + inPage, n);
            if (moved < 0) {
                error = moved;
                break;
            }
            at += moved;
            extend(at);
        }
        return at > offset ? at - offset : error;
    }

    private long grow(long index, long bytes) {
        int pages = (int) Math.min(GROWTH, bytes + PAGE - 1 >>> Pte.PAGE_SHIFT);
        try {
            try {
                bring(index, pages);
            } catch (ErrnoException e) {
                if (e.errno() != Errno.ENOMEM || !account.awaitReleased()) {
                    throw e;
                }
                bring(index, pages);
            }
            return 0;
        } catch (ErrnoException e) {
            return -e.errno();
        }
    }

    /** Has others give memory back where there is none; -ENOSPC is what a file system in memory says at last. */
    private long growAnyhow(long index, long bytes) {
        long error = grow(index, bytes);
        for (int i = 0; error == -Errno.ENOMEM && i < MAX_SHORTAGES && account.relieve(null); i++) {
            error = grow(index, bytes);
        }
        return error == -Errno.ENOMEM ? -Errno.ENOSPC : error;
    }

    private void extend(long end) {
        if (end > size) {
            try (Mutex _ = lock.take()) {
                size = Math.max(size, end);
            }
        }
    }

    /** The file will reach to {@code end} at least: what a mapping has put behind the old end, in its page, is not part of it. */
    private void clearTail(long end) {
        try (Mutex _ = lock.take()) {
            zeroPart(size, Math.min(end, size + PAGE - 1 & -PAGE));
        }
    }

    // ---- shape

    @Override
    public void resize(long bytes) {
        long from = bytes + PAGE - 1 & -PAGE;
        boolean shrinks;
        RunList gone = new RunList();
        try (Mutex _ = lock.take()) {
            shrinks = bytes < size;
            clearTail(bytes);
            size = bytes;
            if (shrinks) {
                int inPage = (int) bytes & PAGE - 1;
                long last = inPage == 0 ? 0 : entry(bytes >>> Pte.PAGE_SHIFT);
                if (last != 0) {
                    host.fill(address(last) + inPage, PAGE - inPage, (byte) 0);
                }
                takeOut(from >>> Pte.PAGE_SHIFT, Long.MAX_VALUE, gone);
            }
        }
        if (shrinks) {
            for (Mapping mapping : allMappings()) {
                mapping.truncate(from);
            }
            gone.release(file);
        }
    }

    @Override
    public void punch(long offset, long length) {
        long end = offset + length < 0 ? Long.MAX_VALUE : offset + length;
        long from = offset + PAGE - 1 & -PAGE;
        long to = end & -PAGE;
        RunList gone = new RunList();
        try (Mutex _ = lock.take()) {
            zeroPart(offset, Math.min(end, from));
            zeroPart(Math.max(offset, to), end);
            if (from < to) {
                takeOut(from >>> Pte.PAGE_SHIFT, to >>> Pte.PAGE_SHIFT, gone);
            }
        }
        if (from < to) {
            for (Mapping mapping : allMappings()) {
                mapping.invalidate(from, to - from);
            }
        }
        gone.release(file);
    }

    /** A range within one page. */
    private void zeroPart(long from, long to) {
        long entry = from < to ? entry(from >>> Pte.PAGE_SHIFT) : 0;
        if (entry != 0) {
            host.fill(address(entry) + (from & PAGE - 1), to - from, (byte) 0);
        }
    }

    /** With the lock: makes holes of the pages {@code [from, to)}. */
    private void takeOut(long from, long to, RunList gone) {
        for (long index = table.skipHoles(from); index < to && index < FrameTable.LIMIT; index = table.skipHoles(index + 1)) {
            long entry = entry(index);
            if (entry != 0) {
                table.set(index, 0);
                gone.add(entry & -PAGE, 1);
                frames--;
            }
        }
        table.dropParts(from, to);
    }

    @Override
    public void reserve(long offset, long length) {
        long end = offset + length + PAGE - 1 >>> Pte.PAGE_SHIFT;
        for (long index = offset >>> Pte.PAGE_SHIFT; index < end; index++) {
            if (entry(index) == 0) {
                long error = growAnyhow(index, (end - index) << Pte.PAGE_SHIFT);
                if (error < 0) {
                    throw ErrnoException.of((int) -error);
                }
            }
        }
    }

    @Override
    public long seekData(long offset) {
        return seek(offset, true);
    }

    @Override
    public long seekHole(long offset) {
        return seek(offset, false);
    }

    private long seek(long offset, boolean data) {
        long end = size;
        if (offset < 0 || offset >= end) {
            return -Errno.ENXIO;
        }
        for (long at = offset; at < end;) {
            long index = at >>> Pte.PAGE_SHIFT;
            if (data == (entry(index) != 0)) {
                return at;
            }
            long next = data ? table.skipHoles(index + 1) : index + 1;
            if (next >= FrameTable.LIMIT) {
                break;
            }
            at = next << Pte.PAGE_SHIFT;
        }
        return data ? -Errno.ENXIO : end;
    }

    @Override
    public long allocatedBytes() {
        try (Mutex _ = lock.take()) {
            return frames << Pte.PAGE_SHIFT;
        }
    }

    // ---- mapping

    @Override
    public long frame(long offset, boolean write) {
        if (offset >= (size + PAGE - 1 & -PAGE)) {
            return -Errno.EFAULT;
        }
        long index = offset >>> Pte.PAGE_SHIFT;
        for (long entry = entry(index);; entry = entry(index)) {
            if (entry != 0) {
                return entry & -PAGE;
            }
            long error = grow(index, 1);
            if (error < 0) {
                return error;
            }
        }
    }

    @Override
    public int framesFollowing(long offset, int max) {
        long index = offset >>> Pte.PAGE_SHIFT;
        long first = entry(index);
        if (first == 0) {
            return 0;
        }
        int count = 1;
        while (count < max && entry(index + count) == first + (long) count * PAGE) {
            count++;
        }
        return count;
    }

    /** Like {@link #framesFollowing}, taking frames for holes up to {@code max} pages and the end of the file. */
    int bringFollowing(long offset, int max) {
        long index = offset >>> Pte.PAGE_SHIFT;
        long end = size + PAGE - 1 >>> Pte.PAGE_SHIFT;
        int wanted = (int) Math.min(max, end - index);
        int there = Math.max(1, framesFollowing(offset, wanted));
        if (there < wanted && entry(index + there) == 0) {
            if (grow(index + there, (long) (wanted - there) << Pte.PAGE_SHIFT) == 0) {
                there = Math.max(1, framesFollowing(offset, wanted));
            }
        }
        return there;
    }

    @Override
    public void addMapping(Mapping mapping) {
        try (Mutex _ = mappingsLock.take()) {
            mappings.add(mapping);
        }
    }

    @Override
    public void removeMapping(Mapping mapping) {
        try (Mutex _ = mappingsLock.take()) {
            mappings.remove(mapping);
        }
        releaseIfUnused();
    }

    private boolean isMapped() {
        return mappingCount() > 0;
    }

    int mappingCount() {
        try (Mutex _ = mappingsLock.take()) {
            return mappings.size();
        }
    }

    private Mapping[] allMappings() {
        try (Mutex _ = mappingsLock.take()) {
            return mappings.toArray(Mapping[]::new);
        }
    }

    @Override
    public void release() {
        try (Mutex _ = lock.take()) {
            owned = false;
        }
        releaseIfUnused();
    }

    private void releaseIfUnused() {
        RunList gone = new RunList();
        try (Mutex _ = lock.take()) {
            if (!owned && !isMapped()) {
                takeOut(0, Long.MAX_VALUE, gone);
                if (charged != null) {
                    payer.uncharge(charged, 1);
                    charged = null;
                }
            }
        }
        gone.release(file);
    }
}
