// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.dispatch;

import java.util.Arrays;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.IovecLayout;
import org.jvisor.api.abi.Splice;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.Memory;
import org.jvisor.api.mm.UserMemory;
import org.jvisor.api.syscall.SyscallInterceptor;

/**
 * An application's memory during a call that interceptors see: what they have read is kept here, and read again from here. What
 * the kernel writes meanwhile is written to both. Stands in for the task's own for such calls only.
 */
final class SnapshotMemory implements UserMemory {

    private static final int MAX_RANGES = 256;

    private final Memory memory;
    private UserMemory real;
    private boolean keeping;

    /** Ranges may overlap; where they do they hold the same bytes. */
    private long[] starts = new long[8];
    private byte[][] kept = new byte[8][];
    private int[] lengths = new int[8];
    private int count;
    private int keptBytes;
    private final byte[] word = new byte[Long.BYTES];

    SnapshotMemory(Memory memory) {
        this.memory = memory;
    }

    /** Nothing is kept yet. */
    void begin() {
        Arrays.fill(kept, 0, count, null);
        count = 0;
        keptBytes = 0;
    }

    SnapshotMemory over(UserMemory newReal) {
        real = newReal;
        return this;
    }

    UserMemory real() {
        return real;
    }

    /** Whether what is read from now on is kept. */
    void keep(boolean on) {
        keeping = on;
    }

    // ---- what is kept

    private boolean contains(int range, long address) {
        return Long.compareUnsigned(address - starts[range], lengths[range]) < 0;
    }

    /** How many bytes of the range overlap {@code length} bytes from {@code address}. */
    private int overlap(int range, long address, long length) {
        long begin = Math.max(address, starts[range]);
        // A length may be whatever the program says.
        long last = address > Long.MAX_VALUE - length ? Long.MAX_VALUE : address + length;
        long end = Math.min(last, starts[range] + lengths[range]);
        return (int) Math.max(0, end - begin);
    }

    private boolean anyOverlap(long address, long length) {
        for (int i = 0; i < count; i++) {
            if (overlap(i, address, length) > 0) {
                return true;
            }
        }
        return false;
    }

    private boolean covered(long address, long length) {
        for (int i = 0; i < count; i++) {
            if (overlap(i, address, length) == length) {
                return true;
            }
        }
        return false;
    }

    /** Puts what is kept over what was read from {@code address}. */
    private void overlay(long address, byte[] target, int offset, int length) {
        for (int i = 0; i < count; i++) {
            int bytes = overlap(i, address, length);
            if (bytes > 0) {
                long begin = Math.max(address, starts[i]);
                System.arraycopy(kept[i], (int) (begin - starts[i]), target, offset + (int) (begin - address), bytes);
            }
        }
    }

    private void add(long address, byte[] bytes, int offset, int length) {
        if (length == 0 || covered(address, length)) {
            return;
        }
        boolean follows = count > 0 && starts[count - 1] + lengths[count - 1] == address;
        if (keptBytes + length > SyscallInterceptor.MAX_KEPT_BYTES || !follows && count == MAX_RANGES) {
            throw ErrnoException.of(Errno.E2BIG);
        }
        if (!follows) {
            addRange(address);
        }
        int last = count - 1;
        int end = lengths[last] + length;
        if (end > kept[last].length) {
            kept[last] = Arrays.copyOf(kept[last], Math.max(end, 2 * kept[last].length));
        }
        System.arraycopy(bytes, offset, kept[last], lengths[last], length);
        lengths[last] = end;
        keptBytes += length;
    }

    private void addRange(long address) {
        if (count == starts.length) {
            starts = Arrays.copyOf(starts, 2 * count);
            kept = Arrays.copyOf(kept, 2 * count);
            lengths = Arrays.copyOf(lengths, 2 * count);
        }
        starts[count] = address;
        kept[count] = new byte[16];
        lengths[count++] = 0;
    }

    /** The kernel has written {@code length} bytes to {@code address}. */
    private void written(long address, byte[] source, int offset, long length) {
        for (int i = 0; i < count; i++) {
            int bytes = overlap(i, address, length);
            if (bytes > 0) {
                long begin = Math.max(address, starts[i]);
                System.arraycopy(source, offset + (int) (begin - address), kept[i], (int) (begin - starts[i]), bytes);
            }
        }
    }

    /** The kernel is about to write there by another way: these bytes are its own from now on. */
    private void forget(long address, long length) {
        for (int i = count - 1; i >= 0; i--) {
            if (overlap(i, address, length) > 0) {
                long start = starts[i];
                byte[] bytes = kept[i];
                int end = lengths[i];
                count--;
                starts[i] = starts[count];
                kept[i] = kept[count];
                lengths[i] = lengths[count];
                kept[count] = null;
                keptBytes -= end;
                add(start, bytes, 0, (int) Math.max(0, address - start));
                int after = (int) Math.min(end, Math.max(0, address + length - start));
                add(start + after, bytes, after, end - after);
            }
        }
    }

    // ---- reading

    @Override
    public void copyIn(long address, byte[] target, int offset, int length) {
        if (!covered(address, length)) {
            real.copyIn(address, target, offset, length);
        }
        overlay(address, target, offset, length);
        if (keeping) {
            add(address, target, offset, length);
        }
    }

    @Override
    public long tryCopyIn(long address, byte[] target, int offset, int length) {
        long copied = covered(address, length) ? length : real.tryCopyIn(address, target, offset, length);
        overlay(address, target, offset, (int) copied);
        if (keeping) {
            add(address, target, offset, (int) copied);
        }
        return copied;
    }

    private byte[] word(long address, int length) {
        copyIn(address, word, 0, length);
        return word;
    }

    @Override
    public byte getByte(long address) {
        for (int i = 0; i < count; i++) {
            if (contains(i, address)) {
                return kept[i][(int) (address - starts[i])];
            }
        }
        byte value = real.getByte(address);
        if (keeping) {
            word[0] = value;
            add(address, word, 0, 1);
        }
        return value;
    }

    @Override
    public short getShort(long address) {
        return Bytes.getShort(word(address, Short.BYTES), 0);
    }

    @Override
    public int getInt(long address) {
        return Bytes.getInt(word(address, Integer.BYTES), 0);
    }

    @Override
    public long getLong(long address) {
        return Bytes.getLong(word(address, Long.BYTES), 0);
    }

    @Override
    public int copyInString(long address, byte[] target) {
        for (int i = 0; i < target.length; i++) {
            byte b = getByte(address + i);
            if (b == 0) {
                return i;
            }
            target[i] = b;
        }
        return -Errno.ENAMETOOLONG;
    }

    @Override
    public String getString(long address, int max) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i <= max; i++) {
            byte b = getByte(address + i);
            if (b == 0) {
                return text.toString();
            }
            text.append((char) (b & 0xff));
        }
        throw ErrnoException.of(Errno.ENAMETOOLONG);
    }

    // ---- writing

    @Override
    public void copyOut(byte[] source, int offset, int length, long address) {
        real.copyOut(source, offset, length, address);
        written(address, source, offset, length);
    }

    @Override
    public long tryCopyOut(byte[] source, int offset, int length, long address) {
        long copied = real.tryCopyOut(source, offset, length, address);
        written(address, source, offset, copied);
        return copied;
    }

    private void write(long address, int length) {
        copyOut(word, 0, length, address);
    }

    @Override
    public void putByte(long address, byte value) {
        word[0] = value;
        write(address, 1);
    }

    @Override
    public void putShort(long address, short value) {
        Bytes.putShort(word, 0, value);
        write(address, Short.BYTES);
    }

    @Override
    public void putInt(long address, int value) {
        Bytes.putInt(word, 0, value);
        write(address, Integer.BYTES);
    }

    @Override
    public void putLong(long address, long value) {
        Bytes.putLong(word, 0, value);
        write(address, Long.BYTES);
    }

    @Override
    public void zero(long address, long length) {
        real.zero(address, length);
        for (int i = 0; i < count; i++) {
            int bytes = overlap(i, address, length);
            if (bytes > 0) {
                int from = (int) (Math.max(address, starts[i]) - starts[i]);
                Arrays.fill(kept[i], from, from + bytes, (byte) 0);
            }
        }
    }

    // ---- what is shared with other tasks, and must be seen as it is

    @Override
    public int getIntVolatile(long address) {
        return real.getIntVolatile(address);
    }

    @Override
    public int compareAndExchangeInt(long address, int expected, int value) {
        return real.compareAndExchangeInt(address, expected, value);
    }

    @Override
    public long getIntIfPresent(long address) {
        return real.getIntIfPresent(address);
    }

    @Override
    public long compareAndExchangeIntIfPresent(long address, int expected, int value) {
        return real.compareAndExchangeIntIfPresent(address, expected, value);
    }

    @Override
    public long shareKey(long address) {
        return real.shareKey(address);
    }

    // ---- buffers

    @Override
    public IoBuffer range(long address, long length, boolean toUser) {
        if (length <= 0 || !anyOverlap(address, length)) {
            return real.range(address, length, toUser);
        }
        if (toUser) {
            forget(address, length);
            return real.range(address, length, true);
        }
        Pieces pieces = new Pieces(false);
        pieces.add(address, Math.min(length, Splice.MAX_RW_COUNT));
        return pieces;
    }

    @Override
    public IoBuffer vector(long iovec, int vectors, boolean toUser) {
        if (count == 0 || vectors < 0 || vectors > Splice.IOV_MAX) {
            return real.vector(iovec, vectors, toUser);
        }
        byte[] array = new byte[vectors * IovecLayout.SIZE];
        copyIn(iovec, array, 0, array.length);
        Pieces pieces = new Pieces(toUser);
        long total = 0;
        for (int at = 0; at < array.length; at += IovecLayout.SIZE) {
            long length = IovecLayout.len(array, at);
            total += length;
            if (length < 0 || total < 0) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            long taken = Math.min(length, Splice.MAX_RW_COUNT - pieces.remaining());
            if (toUser) {
                forget(IovecLayout.base(array, at), taken);
            }
            pieces.add(IovecLayout.base(array, at), taken);
        }
        return pieces;
    }

    /** Several ranges of memory, one after the other, each either kept or the application's. */
    private final class Pieces implements IoBuffer {
        private final boolean toUser;
        private long[] addresses = new long[4];
        private long[] sizes = new long[4];
        private int[] sources = new int[4];
        private int used;
        private int at;
        private IoBuffer current;
        private long remaining;
        private int markedAt;
        private long markedOffset;
        private long markedRemaining;

        Pieces(boolean toUser) {
            this.toUser = toUser;
        }

        /** Splits the range where what is kept begins and ends. */
        void add(long address, long length) {
            long end = address + length;
            for (long from = address; from != end;) {
                int source = -1;
                long to = end;
                for (int i = 0; i < count; i++) {
                    if (contains(i, from)) {
                        source = i;
                        to = Math.min(to, starts[i] + lengths[i]);
                        break;
                    }
                    if (starts[i] > from) {
                        to = Math.min(to, starts[i]);
                    }
                }
                put(from, to - from, source);
                from = to;
            }
        }

        private void put(long address, long size, int source) {
            if (used == addresses.length) {
                addresses = Arrays.copyOf(addresses, 2 * used);
                sizes = Arrays.copyOf(sizes, 2 * used);
                sources = Arrays.copyOf(sources, 2 * used);
            }
            addresses[used] = address;
            sizes[used] = size;
            sources[used++] = source;
            remaining += size;
        }

        private IoBuffer current() {
            if (current != null && current.remaining() == 0) {
                current = null;
                at++;
            }
            if (current == null && at < used) {
                int source = sources[at];
                current = source < 0 ? real.range(addresses[at], sizes[at], toUser)
                        : memory.kernelBuffer(kept[source], (int) (addresses[at] - starts[source]), (int) sizes[at]);
            }
            return current;
        }

        @Override
        public long remaining() {
            return remaining;
        }

        @Override
        public long span() {
            return current().span();
        }

        @Override
        public long spanLength() {
            return current.spanLength();
        }

        @Override
        public void advance(long bytes) {
            current.advance(bytes);
            remaining -= bytes;
        }

        @Override
        public boolean mark() {
            IoBuffer here = current();
            markedAt = at;
            markedOffset = here == null ? 0 : sizes[at] - here.remaining();
            markedRemaining = remaining;
            return true;
        }

        @Override
        public void goBack() {
            at = markedAt;
            current = null;
            remaining = markedRemaining;
            if (markedOffset > 0) {
                current().skip(markedOffset);
            }
        }

        @Override
        public long put(byte[] source, int offset, int length) {
            return move(source, offset, length, true);
        }

        @Override
        public long get(byte[] target, int offset, int length) {
            return move(target, offset, length, false);
        }

        private long move(byte[] bytes, int offset, int length, boolean put) {
            long done = 0;
            long wanted = Math.min(length, remaining);
            while (done < wanted) {
                IoBuffer piece = current();
                int n = (int) Math.min(wanted - done, piece.remaining());
                long moved = put ? piece.put(bytes, offset + (int) done, n) : piece.get(bytes, offset + (int) done, n);
                if (moved <= 0) {
                    return done > 0 ? done : moved;
                }
                done += moved;
                remaining -= moved;
                if (moved < n) {
                    break;
                }
            }
            return done;
        }
    }
}
