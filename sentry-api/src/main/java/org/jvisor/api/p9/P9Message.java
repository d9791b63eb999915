// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.p9;

import java.nio.charset.StandardCharsets;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;

/**
 * One message in a byte array, written or read from front to back, and used again for the next one:
 *
 * <pre>
 *   0        4      5       7
 *   | size   | type | tag   | fields …
 * </pre>
 *
 * A field that does not fit, or that a received message is too short for, leaves no trace but {@link #isIntact}: whoever has read
 * or written a message asks once at its end. Owned by one thread at a time. Nothing allocates but {@link #getString}.
 */
public final class P9Message {
    /** size[4] type[1] tag[2]. */
    public static final int HEADER = 7;
    /** No descriptor comes with the message. */
    public static final int NO_DESCRIPTOR = -1;
    private static final int TYPE = 4;
    private static final int TAG = 5;
    private static final int MAX_STRING = 0xffff;

    private final byte[] bytes;
    private int limit;
    private int position;
    private boolean intact;
    private int stringLength;
    private int descriptor = NO_DESCRIPTOR;

    /** @param capacity bytes of the longest message, with its header */
    public P9Message(int capacity) {
        if (capacity < HEADER) {
            throw new IllegalArgumentException("no room for a header");
        }
        bytes = new byte[capacity];
        limit = capacity;
    }

    /** The bytes of the message; a transport's business. */
    public byte[] bytes() {
        return bytes;
    }

    public int capacity() {
        return bytes.length;
    }

    /** A host descriptor that goes with the message, or {@link #NO_DESCRIPTOR}. */
    public int descriptor() {
        return descriptor;
    }

    public void setDescriptor(int descriptor) {
        this.descriptor = descriptor;
    }

    /** Hands the descriptor over to the caller: the message has none any more. */
    public int takeDescriptor() {
        int taken = descriptor;
        descriptor = NO_DESCRIPTOR;
        return taken;
    }

    /** Whether everything that was written fitted, or everything that was read was there. */
    public boolean isIntact() {
        return intact;
    }

    public int type() {
        return bytes[TYPE] & 0xff;
    }

    public int tag() {
        return bytes[TAG] & 0xff | (bytes[TAG + 1] & 0xff) << 8;
    }

    public void setTag(int tag) {
        bytes[TAG] = (byte) tag;
        bytes[TAG + 1] = (byte) (tag >>> 8);
    }

    /** Bytes of a message that is {@link #finish finished} or being read. */
    public int length() {
        return limit;
    }

    // ---- writing

    /** Begins a message that may fill the whole array. */
    public P9Message start(int type) {
        return start(type, bytes.length);
    }

    /** Begins a message of at most {@code maximum} bytes, the message size that was negotiated. The tag stays as it is. */
    public P9Message start(int type, int maximum) {
        limit = Math.min(maximum, bytes.length);
        position = HEADER;
        intact = true;
        descriptor = NO_DESCRIPTOR;
        bytes[TYPE] = (byte) type;
        return this;
    }

    /** Fills in the size. */
    public P9Message finish() {
        limit = position;
        storeInt(0, limit);
        return this;
    }

    /** Where the next field goes (or comes from). */
    public int position() {
        return position;
    }

    /** Goes back to an earlier position: what was written since is forgotten, also that it did not fit. */
    public void rewind(int earlier) {
        if (earlier < HEADER || earlier > position) {
            throw new IllegalArgumentException("not an earlier position");
        }
        position = earlier;
        intact = true;
    }

    /** Bytes that can still be written (or read). */
    public int remaining() {
        return limit - position;
    }

    public P9Message putByte(int value) {
        if (fits(1)) {
            bytes[position++] = (byte) value;
        }
        return this;
    }

    public P9Message putShort(int value) {
        if (fits(2)) {
            bytes[position] = (byte) value;
            bytes[position + 1] = (byte) (value >>> 8);
            position += 2;
        }
        return this;
    }

    public P9Message putInt(int value) {
        if (fits(4)) {
            storeInt(position, value);
            position += 4;
        }
        return this;
    }

    public P9Message putLong(long value) {
        if (fits(8)) {
            storeInt(position, (int) value);
            storeInt(position + 4, (int) (value >>> 32));
            position += 8;
        }
        return this;
    }

    /** A string of one char a byte. */
    public P9Message putString(String value) {
        int length = value.length();
        if (length > MAX_STRING) {
            intact = false;
        } else if (fits(2 + length)) {
            putShort(length);
            for (int i = 0; i < length; i++) {
                bytes[position + i] = (byte) value.charAt(i);
            }
            position += length;
        }
        return this;
    }

    /** A string from the bytes of {@code source}. */
    public P9Message putString(byte[] source, int offset, int length) {
        if (length > MAX_STRING) {
            intact = false;
        } else if (fits(2 + length)) {
            putShort(length);
            putBytes(source, offset, length);
        }
        return this;
    }

    public P9Message putBytes(byte[] source, int offset, int length) {
        if (fits(length)) {
            System.arraycopy(source, offset, bytes, position, length);
            position += length;
        }
        return this;
    }

    /** Leaves {@code length} bytes to be filled in by other means; the position where they begin, or -1 when they do not fit. */
    public int reserve(int length) {
        if (!fits(length)) {
            return -1;
        }
        int begin = position;
        position += length;
        return begin;
    }

    /** Overwrites a field that was written (as 0) when its value was not known yet. */
    public void setInt(int at, int value) {
        if (at < HEADER || at > position - 4) {
            throw new IndexOutOfBoundsException(at);
        }
        storeInt(at, value);
    }

    /** The same for a field of two bytes. */
    public void setShort(int at, int value) {
        if (at < HEADER || at > position - 2) {
            throw new IndexOutOfBoundsException(at);
        }
        bytes[at] = (byte) value;
        bytes[at + 1] = (byte) (value >>> 8);
    }

    /** The same for a field of one byte. */
    public void setByte(int at, int value) {
        if (at < HEADER || at > position - 1) {
            throw new IndexOutOfBoundsException(at);
        }
        bytes[at] = (byte) value;
    }

    // ---- reading

    /**
     * Begins to read a message that a transport has put into {@link #bytes}.
     *
     * @param length bytes received
     * @return whether the header is there and its size is {@code length}
     */
    public boolean received(int length) {
        position = HEADER;
        limit = length;
        intact = length >= HEADER && length <= bytes.length && loadInt(0) == length;
        if (!intact) {
            limit = HEADER;
        }
        return intact;
    }

    public int getByte() {
        return available(1) ? bytes[position++] & 0xff : 0;
    }

    public int getShort() {
        if (!available(2)) {
            return 0;
        }
        int value = bytes[position] & 0xff | (bytes[position + 1] & 0xff) << 8;
        position += 2;
        return value;
    }

    public int getInt() {
        if (!available(4)) {
            return 0;
        }
        int value = loadInt(position);
        position += 4;
        return value;
    }

    public long getLong() {
        if (!available(8)) {
            return 0;
        }
        long value = loadInt(position) & 0xffff_ffffL | (long) loadInt(position + 4) << 32;
        position += 8;
        return value;
    }

    /** Passes over a string; its first byte's position in {@link #bytes}. {@link #stringLength} has its length. */
    public int getStringPosition() {
        int length = getShort();
        if (!available(length)) {
            length = 0;
        }
        stringLength = length;
        int begin = position;
        position += length;
        return begin;
    }

    /** Length of the string that {@link #getStringPosition} passed over last; 0 when it was cut off. */
    public int stringLength() {
        return stringLength;
    }

    /** A string, one char a byte; allocates. */
    public String getString() {
        int begin = getStringPosition();
        return new String(bytes, begin, stringLength, StandardCharsets.ISO_8859_1);
    }

    /** Passes over {@code length} bytes; the position of the first, or -1 when there are less. */
    public int getBytesPosition(int length) {
        if (length < 0 || !available(length)) {
            intact = false;
            return -1;
        }
        int begin = position;
        position += length;
        return begin;
    }

    /** @throws ErrnoException EIO when a field was missing */
    public void checkIntact() {
        if (!intact) {
            throw ErrnoException.of(Errno.EIO);
        }
    }

    private boolean fits(int length) {
        if (!intact || length > limit - position) {
            intact = false;
            return false;
        }
        return true;
    }

    private boolean available(int length) {
        return fits(length);
    }

    private int loadInt(int at) {
        return bytes[at] & 0xff | (bytes[at + 1] & 0xff) << 8 | (bytes[at + 2] & 0xff) << 16 | bytes[at + 3] << 24;
    }

    private void storeInt(int at, int value) {
        bytes[at] = (byte) value;
        bytes[at + 1] = (byte) (value >>> 8);
        bytes[at + 2] = (byte) (value >>> 16);
        bytes[at + 3] = (byte) (value >>> 24);
    }
}
