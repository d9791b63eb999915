// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.TreeMap;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.mm.Mappable;

/** A file whose page cache wants to hear of writes. */
final class FakeFile implements Mappable {

    private static final int PAGE = Pte.PAGE;

    private final FrameFile file;
    final TreeMap<Long, Long> frames = new TreeMap<>();
    final List<Mapping> mappings = new ArrayList<>();
    final BitSet dirty = new BitSet();
    long pages;
    int reads;
    int writeBacks;

    FakeFile(FrameFile file, long pages) {
        this.file = file;
        this.pages = pages;
    }

    /** What a page reads as before it was written: the low byte of its index. */
    static int original(long index) {
        return (int) (index * 7 + 1) & 0xff;
    }

    @Override
    public synchronized long frame(long offset, boolean write) {
        long index = offset / PAGE;
        if (index >= pages) {
            return -Errno.EFAULT;
        }
        if (write) {
            dirty.set((int) index);
        }
        return frames.computeIfAbsent(index, i -> {
            reads++;
            long frame = file.allocate(1);
            new org.jvisor.host.ffm.FfmHostKernel().fill(file.base() + frame, PAGE, (byte) original(i));
            return frame;
        });
    }

    /** Brings pages in, as reading ahead does. */
    void readAhead(long from, int count) {
        for (long i = from; i < from + count; i++) {
            frame(i * PAGE, false);
        }
    }

    @Override
    public synchronized int framesFollowing(long offset, int max) {
        long index = offset / PAGE;
        Long first = frames.get(index);
        int count = first == null ? 0 : 1;
        while (first != null && count < max && Long.valueOf(first + (long) count * PAGE).equals(frames.get(index + count))) {
            count++;
        }
        return count;
    }

    @Override
    public synchronized void addMapping(Mapping mapping) {
        mappings.add(mapping);
    }

    @Override
    public synchronized void removeMapping(Mapping mapping) {
        if (!mappings.remove(mapping)) {
            throw new IllegalStateException("not mapped");
        }
    }

    @Override
    public synchronized long writeBack(long offset, long length) {
        writeBacks++;
        dirty.clear();
        return 0;
    }

    /** Truncates, holding its lock as file systems do. */
    synchronized void truncate(long toPages) {
        pages = toPages;
        var gone = frames.tailMap(toPages);
        List<Long> released = new ArrayList<>(gone.values());
        gone.clear();
        mappings.forEach(mapping -> mapping.truncate(toPages * PAGE));
        released.forEach(frame -> file.release(frame, 1));
    }
}
