// SPDX-License-Identifier: Apache-2.0
package org.jvisor.syscalls.fs;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.host.HostKernel;
import org.jvisor.api.mm.IoBuffer;
import org.jvisor.api.mm.UserMemory;

/** Application memory: one range of the test's own, addressed as it is. All else is EFAULT. */
final class Arena implements UserMemory {

    static final int BYTES = 1 << 20;

    private final HostKernel host;
    private final long base;

    Arena(HostKernel host) {
        this.host = host;
        base = host.allocate(BYTES);
    }

    long base() {
        return base;
    }

    private long accessible(long address) {
        return address < base ? 0 : Math.max(0, base + BYTES - address);
    }

    private void check(long address, long length) {
        if (accessible(address) < length) {
            throw ErrnoException.of(Errno.EFAULT);
        }
    }

    @Override
    public byte getByte(long address) {
        check(address, Byte.BYTES);
        return host.getByte(address);
    }

    @Override
    public short getShort(long address) {
        check(address, Short.BYTES);
        return host.getShort(address);
    }

    @Override
    public int getInt(long address) {
        check(address, Integer.BYTES);
        return host.getInt(address);
    }

    @Override
    public long getLong(long address) {
        check(address, Long.BYTES);
        return host.getLong(address);
    }

    @Override
    public void putByte(long address, byte value) {
        check(address, Byte.BYTES);
        host.putByte(address, value);
    }

    @Override
    public void putShort(long address, short value) {
        check(address, Short.BYTES);
        host.putShort(address, value);
    }

    @Override
    public void putInt(long address, int value) {
        check(address, Integer.BYTES);
        host.putInt(address, value);
    }

    @Override
    public void putLong(long address, long value) {
        check(address, Long.BYTES);
        host.putLong(address, value);
    }

    @Override
    public void copyIn(long address, byte[] target, int offset, int length) {
        check(address, length);
        tryCopyIn(address, target, offset, length);
    }

    @Override
    public void copyOut(byte[] source, int offset, int length, long address) {
        check(address, length);
        tryCopyOut(source, offset, length, address);
    }

    @Override
    public void zero(long address, long length) {
        check(address, length);
        host.fill(address, length, (byte) 0);
    }

    @Override
    public long tryCopyIn(long address, byte[] target, int offset, int length) {
        int some = (int) Math.min(length, accessible(address));
        if (some > 0) {
            host.copyIn(address, target, offset, some);
        }
        return some;
    }

    @Override
    public long tryCopyOut(byte[] source, int offset, int length, long address) {
        int some = (int) Math.min(length, accessible(address));
        if (some > 0) {
            host.copyOut(source, offset, some, address);
        }
        return some;
    }

    @Override
    public int copyInString(long address, byte[] target) {
        for (int i = 0; i < target.length; i++) {
            target[i] = getByte(address + i);
            if (target[i] == 0) {
                return i;
            }
        }
        return -Errno.ENAMETOOLONG;
    }

    @Override
    public String getString(long address, int max) {
        byte[] bytes = new byte[max + 1];
        int length = copyInString(address, bytes);
        if (length < 0) {
            throw ErrnoException.of(-length);
        }
        return new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
    }

    @Override
    public int getIntVolatile(long address) {
        return getInt(address);
    }

    @Override
    public int compareAndExchangeInt(long address, int expected, int value) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long getIntIfPresent(long address) {
        return getIntVolatile(address) & 0xffff_ffffL;
    }

    @Override
    public long compareAndExchangeIntIfPresent(long address, int expected, int value) {
        return compareAndExchangeInt(address, expected, value) & 0xffff_ffffL;
    }

    @Override
    public long shareKey(long address) {
        throw new UnsupportedOperationException();
    }

    @Override
    public IoBuffer range(long address, long length, boolean toUser) {
        return new Spans(new long[] {address}, new long[] {length});
    }

    @Override
    public IoBuffer vector(long iovec, int count, boolean toUser) {
        if (count < 0 || count > 1024) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        long[] addresses = new long[count];
        long[] lengths = new long[count];
        for (int i = 0; i < count; i++) {
            addresses[i] = getLong(iovec + 16L * i);
            lengths[i] = getLong(iovec + 16L * i + 8);
        }
        return new Spans(addresses, lengths);
    }

    private final class Spans implements IoBuffer {
        private final long[] addresses;
        private final long[] lengths;
        private int at;

        Spans(long[] addresses, long[] lengths) {
            this.addresses = addresses;
            this.lengths = lengths;
        }

        @Override
        public long remaining() {
            return Arrays.stream(lengths).sum();
        }

        @Override
        public long span() {
            while (lengths[at] == 0) {
                at++;
            }
            return accessible(addresses[at]) == 0 ? -Errno.EFAULT : addresses[at];
        }

        @Override
        public long spanLength() {
            return Math.min(lengths[at], accessible(addresses[at]));
        }

        @Override
        public void advance(long bytes) {
            addresses[at] += bytes;
            lengths[at] -= bytes;
        }

        @Override
        public long put(byte[] source, int offset, int length) {
            return move(offset, length, (address, from, some) -> host.copyOut(source, from, some, address));
        }

        @Override
        public long get(byte[] target, int offset, int length) {
            return move(offset, length, (address, from, some) -> host.copyIn(address, target, from, some));
        }

        private long move(int offset, int length, Mover mover) {
            int moved = 0;
            while (moved < length && remaining() > 0) {
                long address = span();
                if (address < 0) {
                    return moved > 0 ? moved : address;
                }
                int some = (int) Math.min(length - moved, spanLength());
                mover.move(address, offset + moved, some);
                advance(some);
                moved += some;
            }
            return moved;
        }
    }

    private interface Mover {
        void move(long address, int from, int length);
    }
}
