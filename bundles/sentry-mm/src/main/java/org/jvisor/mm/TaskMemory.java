// SPDX-License-Identifier: Apache-2.0
package org.jvisor.mm;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.lock.LockOrder;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.api.platform.Context;

/**
 * A task's copying to and from its application: a look-up in the page table, whose last leaf is remembered, and plain memory
 * access. The manager is asked only for pages that are not there.
 */
final class TaskMemory implements UserMemory {

    private static final VarHandle HELD;

    static {
        try {
            HELD = MethodHandles.lookup().findVarHandle(TaskMemory.class, "held", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final int PAGE = Pte.PAGE;
    private static final int STRING_STEP = 64;
    private static final int READABLE = Pte.PRESENT | Pte.READ;
    private static final int WRITABLE = Pte.PRESENT | Pte.WRITE;

    private static final int MAX_REPEATS = 100;
    /** Faults further apart are not one that is tried again. */
    private static final long REPEAT_NS = 100_000_000;

    private final Manager mm;
    private final Task task;
    private final HostKernel host;
    private final PageTable table;
    private final long base;
    private final TaskBuffer buffer;

    /** The leaf that was used last, and the address bits that lead to it. Leaves stay as long as the manager. */
    private long leafTag = -1;
    private long leaf;

    /** Faults of the application where nothing was missing: see {@link Faults}. Used with the manager's lock. */
    private long repeatedPage = -1;
    private long repeatedChanges;
    private long repeatedAt;
    private int repeats;

    private byte[] text;

    /**
     * Pages that may just be copied to, by an address that was looked up before: the first one's address and, in the low bits,
     * their number; 0: none. While others have the memory too, it is set before the look-up. So whoever takes the right to write
     * away, and then looks here, knows all pages that may still be written: a fork copies them at once, instead of waiting.
     */
    @SuppressWarnings("unused")
    private long held;
    private boolean holds;
    private boolean isKnown;

    TaskMemory(Manager mm, Task task) {
        this.mm = mm;
        this.task = task;
        host = mm.system.host;
        table = mm.pages.table;
        base = mm.system.file.base();
        buffer = new TaskBuffer(this, host);
    }

    /**
     * Called for each fault where nothing is missing: whether it is the same again, so that trying once more is no use. As long
     * as other threads change things it may be their doing, though not for ever.
     */
    boolean isRepeatedFault(long page, long changes) {
        long now = System.nanoTime();
        boolean again = page == repeatedPage && now - repeatedAt < REPEAT_NS;
        boolean result = again && (changes == repeatedChanges || ++repeats > MAX_REPEATS);
        if (!again) {
            repeats = 0;
        }
        repeatedPage = page;
        repeatedChanges = changes;
        repeatedAt = now;
        return result;
    }

    // ---- translation

    private long entry(long address) {
        long tag = address >>> PageTable.LEAF_SHIFT;
        if (tag != leafTag) {
            long found = table.leaf(address);
            if (found == 0) {
                return 0;
            }
            leaf = found;
            leafTag = tag;
        }
        return host.getLongVolatile(leaf + PageTable.leafSlot(address));
    }

    /** Says that {@code length} bytes may be copied to, before they are looked up. */
    private void hold(long address, long length) {
        if (mm.users() == 1) {
            return;
        }
        if (!isKnown) {
            isKnown = true;
            mm.copiers.add(this);
        }
        holds = true;
        long pages = ((address & PAGE - 1) + length + PAGE - 1) >>> Pte.PAGE_SHIFT;
        // Volatile: no look-up may come before it is seen.
        HELD.setVolatile(this, address & -PAGE | pages);
    }

    /** The copying is done. Who forgets to say so costs a fork the copy of some pages. */
    void letGo() {
        if (holds) {
            holds = false;
            HELD.setRelease(this, 0L);
        }
    }

    long held() {
        return (long) HELD.getAcquire(this);
    }

    boolean isOf(Task candidate) {
        return task == candidate;
    }

    /** It is not among the manager's copiers any more. The task's thread. */
    void leave() {
        isKnown = false;
        letGo();
    }

    /**
     * Where the Sentry reaches an application's byte, good to the end of its page.
     *
     * @param ahead bytes behind it that will be used as well
     * @return -EFAULT if the application could not access it
     */
    long translate(long address, boolean write, long ahead) {
        LockOrder.mayWait("application memory");
        int needed = write ? WRITABLE : READABLE;
        long entry = entry(address);
        while (!Pte.has(entry, needed)) {
            if (!mm.bring(task, address, write ? Context.ACCESS_WRITE : Context.ACCESS_READ, ahead)) {
                return -Errno.EFAULT;
            }
            entry = entry(address);
        }
        return place(entry, address);
    }

    private long place(long entry, long address) {
        return base + Pte.frame(entry) + (address & PAGE - 1);
    }

    /** As {@link #translate} for up to {@code length} bytes that are written, at most 4095 pages; {@link #letGo} is to follow. */
    long translateToWrite(long address, long length, long ahead) {
        hold(address, length);
        long found = translate(address, true, ahead);
        if (found < 0) {
            letGo();
        }
        return found;
    }

    /** Bytes from {@code address} on, at most {@code limit}, that are there and follow in the memory file as well. */
    long contiguous(long address, long limit, boolean write) {
        int needed = write ? WRITABLE : READABLE;
        long next = (address & -PAGE) + PAGE;
        long length = next - address;
        long frame = Pte.frame(entry(address));
        while (length < limit) {
            long entry = entry(next);
            frame += PAGE;
            if (!Pte.has(entry, needed) || Pte.frame(entry) != frame) {
                break;
            }
            length += PAGE;
            next += PAGE;
        }
        return Math.min(length, limit);
    }

    private long toRead(long address) {
        return checked(translate(address, false, 0));
    }

    private long toWrite(long address, int size) {
        return checked(translateToWrite(address, size, 0));
    }

    private static long checked(long found) {
        if (found < 0) {
            throw ErrnoException.of(Errno.EFAULT);
        }
        return found;
    }

    private static boolean crossesPage(long address, int size) {
        return (address & PAGE - 1) > PAGE - size;
    }

    // ---- single values

    @Override
    public byte getByte(long address) {
        return host.getByte(toRead(address));
    }

    @Override
    public short getShort(long address) {
        return crossesPage(address, Short.BYTES) ? (short) getAcross(address, Short.BYTES)
                : host.getShort(toRead(address));
    }

    @Override
    public int getInt(long address) {
        return crossesPage(address, Integer.BYTES) ? (int) getAcross(address, Integer.BYTES)
                : host.getInt(toRead(address));
    }

    @Override
    public long getLong(long address) {
        return crossesPage(address, Long.BYTES) ? getAcross(address, Long.BYTES) : host.getLong(toRead(address));
    }

    private long getAcross(long address, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (getByte(address + i) & 0xffL) << (i * 8);
        }
        return value;
    }

    @Override
    public void putByte(long address, byte value) {
        host.putByte(toWrite(address, Byte.BYTES), value);
        letGo();
    }

    @Override
    public void putShort(long address, short value) {
        if (crossesPage(address, Short.BYTES)) {
            putAcross(address, value, Short.BYTES);
        } else {
            host.putShort(toWrite(address, Short.BYTES), value);
            letGo();
        }
    }

    @Override
    public void putInt(long address, int value) {
        if (crossesPage(address, Integer.BYTES)) {
            putAcross(address, value, Integer.BYTES);
        } else {
            host.putInt(toWrite(address, Integer.BYTES), value);
            letGo();
        }
    }

    @Override
    public void putLong(long address, long value) {
        if (crossesPage(address, Long.BYTES)) {
            putAcross(address, value, Long.BYTES);
        } else {
            host.putLong(toWrite(address, Long.BYTES), value);
            letGo();
        }
    }

    private void putAcross(long address, long value, int size) {
        toWrite(address + size - 1, 1);
        for (int i = 0; i < size; i++) {
            putByte(address + i, (byte) (value >>> (i * 8)));
        }
    }

    @Override
    public int getIntVolatile(long address) {
        return host.getIntVolatile(toRead(aligned(address)));
    }

    @Override
    public int compareAndExchangeInt(long address, int expected, int value) {
        int found = host.compareAndExchangeInt(toWrite(aligned(address), Integer.BYTES), expected, value);
        letGo();
        return found;
    }

    @Override
    public long getIntIfPresent(long address) {
        long entry = entry(aligned(address));
        return Pte.has(entry, READABLE) ? host.getIntVolatile(place(entry, address)) & 0xffff_ffffL : ABSENT;
    }

    @Override
    public long compareAndExchangeIntIfPresent(long address, int expected, int value) {
        long entry = entry(aligned(address));
        return Pte.has(entry, WRITABLE) ? host.compareAndExchangeInt(place(entry, address), expected, value) & 0xffff_ffffL : ABSENT;
    }

    private static long aligned(long address) {
        if ((address & 3) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return address;
    }

    @Override
    public long shareKey(long address) {
        long found = toRead(address);
        return Pte.has(entry(address), Pte.SHARED) ? found - base : mm.privateKey(address);
    }

    // ---- ranges

    @Override
    public void copyIn(long address, byte[] target, int offset, int length) {
        if (tryCopyIn(address, target, offset, length) != length) {
            throw ErrnoException.of(Errno.EFAULT);
        }
    }

    @Override
    public void copyOut(byte[] source, int offset, int length, long address) {
        if (tryCopyOut(source, offset, length, address) != length) {
            throw ErrnoException.of(Errno.EFAULT);
        }
    }

    @Override
    public long tryCopyIn(long address, byte[] target, int offset, int length) {
        int done = 0;
        while (done < length) {
            long from = translate(address + done, false, length - done);
            if (from < 0) {
                break;
            }
            int n = (int) Math.min(length - done, PAGE - (address + done & PAGE - 1));
            host.copyIn(from, target, offset + done, n);
            done += n;
        }
        return done;
    }

    @Override
    public long tryCopyOut(byte[] source, int offset, int length, long address) {
        int done = 0;
        while (done < length) {
            int n = (int) Math.min(length - done, PAGE - (address + done & PAGE - 1));
            long to = translateToWrite(address + done, n, length - done);
            if (to < 0) {
                break;
            }
            host.copyOut(source, offset + done, n, to);
            letGo();
            done += n;
        }
        return done;
    }

    @Override
    public void zero(long address, long length) {
        for (long done = 0; done < length;) {
            long n = Math.min(length - done, PAGE - (address + done & PAGE - 1));
            host.fill(checked(translateToWrite(address + done, n, length - done)), n, (byte) 0);
            letGo();
            done += n;
        }
    }

    // ---- strings

    @Override
    public int copyInString(long address, byte[] target) {
        return copyString(address, target, target.length);
    }

    private int copyString(long address, byte[] target, int length) {
        int done = 0;
        while (done < length) {
            long from = toRead(address + done);
            int n = (int) Math.min(length - done, PAGE - (address + done & PAGE - 1));
            // In steps, for most strings are much shorter than a page.
            for (int step; n > 0; n -= step) {
                step = Math.min(n, STRING_STEP);
                host.copyIn(from, target, done, step);
                for (int i = done; i < done + step; i++) {
                    if (target[i] == 0) {
                        return i;
                    }
                }
                done += step;
                from += step;
            }
        }
        return -Errno.ENAMETOOLONG;
    }

    @Override
    public String getString(long address, int max) {
        if (text == null || text.length < max + 1) {
            text = new byte[Math.max(PAGE, max + 1)];
        }
        int length = copyString(address, text, max + 1);
        if (length < 0) {
            throw ErrnoException.of(-length);
        }
        return new String(text, 0, length, StandardCharsets.ISO_8859_1);
    }

    // ---- buffers

    @Override
    public IoBuffer range(long address, long length, boolean toUser) {
        return buffer.range(address, length, toUser);
    }

    @Override
    public IoBuffer vector(long iovec, int count, boolean toUser) {
        return buffer.vector(iovec, count, toUser);
    }

    /** Whether the copying task is to die, so that nobody will see what it copies. */
    boolean endsSoon() {
        return task != null && task.exiting();
    }

    long maxAddress() {
        return mm.maxAddress;
    }
}
