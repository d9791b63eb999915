// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.Mman;
import org.jvisor.api.mm.MemoryManager;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.api.platform.AddressSpace;
import org.jvisor.api.vfs.FileDescription;

/** An address space of pages in a map, enough for loading programs, signal frames and futexes. */
public final class FakeManager {

    static final long MAX_ADDRESS = 0x7fff_ffff_f000L;
    private static final int PAGE = 4096;
    /** No honest program of the tests maps more; a hostile one shall not exhaust the test's memory. */
    private static final long LENGTH_MAX = 64 << 20;

    private final Map<Long, byte[]> pages = new HashMap<>();
    private final Map<Long, Long> reserved = new HashMap<>();
    private final MemoryManager.Layout layout = new MemoryManager.Layout();
    private long nextFree = 0x7f00_0000_0000L;
    private int users = 1;
    public volatile long resident = PAGE;
    /** Page faults, all of which are well. */
    public final AtomicInteger faults = new AtomicInteger();

    public MemoryManager asManager() {
        MemoryManager[] self = new MemoryManager[1];
        AddressSpace space = new Fakes().as(AddressSpace.class);
        self[0] = new Fakes()
                .on("space", a -> space)
                .on("mmap", a -> mmap((Long) a[1], (Long) a[2], (Integer) a[4], (FileDescription) a[5], (Long) a[6]))
                .on("munmap", a -> munmap((Long) a[1], (Long) a[2]))
                .on("layout", a -> layout)
                .on("newUserMemory", a -> memory())
                .on("fork", a -> fork())
                .on("fault", a -> {
                    faults.incrementAndGet();
                    return 0;
                })
                .on("peakResidentBytes", a -> 4096L)
                .on("residentBytes", a -> resident)
                .on("virtualBytes", a -> 8192L)
                .ignore("setExecutable")
                .on("retain", a -> users(1))
                .on("release", a -> users(-1))
                .as(MemoryManager.class);
        return self[0];
    }

    public synchronized int users() {
        return users;
    }

    private synchronized Object users(int change) {
        users += change;
        return null;
    }

    private synchronized MemoryManager fork() {
        FakeManager copy = new FakeManager();
        pages.forEach((address, bytes) -> copy.pages.put(address, bytes.clone()));
        return copy.asManager();
    }

    private synchronized long mmap(long wanted, long length, int flags, FileDescription file, long offset) {
        long rounded = length + PAGE - 1 & -PAGE;
        if (length <= 0 || rounded <= 0 || wanted + rounded > MAX_ADDRESS || wanted < 0) {
            return -Errno.ENOMEM;
        }
        boolean fixed = (flags & (Mman.MAP_FIXED | Mman.MAP_FIXED_NOREPLACE)) != 0;
        long address = wanted;
        if (!fixed) {
            nextFree -= rounded;
            address = nextFree;
        }
        if ((flags & Mman.MAP_NORESERVE) != 0) {
            reserved.put(address, rounded);
            return address;
        }
        if (rounded > LENGTH_MAX) {
            return -Errno.ENOMEM;
        }
        for (long at = 0; at < rounded; at += PAGE) {
            byte[] page = new byte[PAGE];
            if (file != null) {
                file.readAt(null, new FakeMemory().kernelBuffer(page, 0, PAGE), offset + at);
            }
            pages.put(address + at, page);
        }
        return address;
    }

    private synchronized long munmap(long address, long length) {
        if (reserved.remove(address) == null) {
            for (long at = 0; at < length; at += PAGE) {
                pages.remove(address + at);
            }
        }
        return 0;
    }

    /** Makes {@code length} bytes at {@code address} present. */
    public synchronized void map(long address, long length) {
        for (long at = address & -PAGE; at < address + length; at += PAGE) {
            pages.computeIfAbsent(at, k -> new byte[PAGE]);
        }
    }

    private synchronized byte[] page(long address) {
        byte[] page = pages.get(address & -PAGE);
        if (page == null) {
            throw ErrnoException.of(Errno.EFAULT);
        }
        return page;
    }

    private synchronized void copy(long address, byte[] bytes, int offset, int length, boolean in) {
        for (int i = 0; i < length; i++) {
            byte[] page = page(address + i);
            int at = (int) (address + i & PAGE - 1);
            if (in) {
                bytes[offset + i] = page[at];
            } else {
                page[at] = bytes[offset + i];
            }
        }
    }

    private long number(long address, int size) {
        byte[] bytes = new byte[8];
        copy(address, bytes, 0, size, true);
        return Bytes.getLong(bytes, 0);
    }

    private Object put(long address, long value, int size) {
        byte[] bytes = new byte[8];
        Bytes.putLong(bytes, 0, value);
        copy(address, bytes, 0, size, false);
        return null;
    }

    public UserMemory memory() {
        return new Fakes()
                .on("getInt", a -> (int) number((Long) a[0], 4))
                .on("getIntVolatile", a -> (int) number((Long) a[0], 4))
                .on("getLong", a -> number((Long) a[0], 8))
                .on("putInt", a -> put((Long) a[0], (Integer) a[1], 4))
                .on("putLong", a -> put((Long) a[0], (Long) a[1], 8))
                .on("copyIn", a -> {
                    copy((Long) a[0], (byte[]) a[1], (Integer) a[2], (Integer) a[3], true);
                    return null;
                })
                .on("copyOut", a -> {
                    copy((Long) a[3], (byte[]) a[0], (Integer) a[1], (Integer) a[2], false);
                    return null;
                })
                .on("zero", a -> {
                    copy((Long) a[0], new byte[(int) (long) (Long) a[1]], 0, (int) (long) (Long) a[1], false);
                    return null;
                })
                .on("compareAndExchangeInt", a -> exchange((Long) a[0], (Integer) a[1], (Integer) a[2]))
                .on("getIntIfPresent", a -> number((Long) a[0], 4) & 0xffff_ffffL)
                .on("compareAndExchangeIntIfPresent",
                        a -> exchange((Long) a[0], (Integer) a[1], (Integer) a[2]) & 0xffff_ffffL)
                .on("shareKey", a -> (Long) a[0])
                .as(UserMemory.class);
    }

    private synchronized int exchange(long address, int expected, int value) {
        int found = (int) number(address, 4);
        if (found == expected) {
            put(address, value, 4);
        }
        return found;
    }
}
