// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Little-endian access to a byte array, at any alignment. What the layout classes of this package are made of. An offset
 * out of range throws {@link IndexOutOfBoundsException}.
 */
public final class Bytes {
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private Bytes() {
    }

    public static byte getByte(byte[] b, int off) {
        return b[off];
    }

    public static int getUnsignedByte(byte[] b, int off) {
        return b[off] & 0xff;
    }

    public static short getShort(byte[] b, int off) {
        return (short) SHORT.get(b, off);
    }

    public static int getUnsignedShort(byte[] b, int off) {
        return (short) SHORT.get(b, off) & 0xffff;
    }

    public static int getInt(byte[] b, int off) {
        return (int) INT.get(b, off);
    }

    public static long getUnsignedInt(byte[] b, int off) {
        return (int) INT.get(b, off) & 0xffff_ffffL;
    }

    public static long getLong(byte[] b, int off) {
        return (long) LONG.get(b, off);
    }

    /** Stores the low 8 bits. */
    public static void putByte(byte[] b, int off, int value) {
        b[off] = (byte) value;
    }

    /** Stores the low 16 bits. */
    public static void putShort(byte[] b, int off, int value) {
        SHORT.set(b, off, (short) value);
    }

    public static void putInt(byte[] b, int off, int value) {
        INT.set(b, off, value);
    }

    public static void putLong(byte[] b, int off, long value) {
        LONG.set(b, off, value);
    }

    /** Network byte order, as ports and addresses in socket addresses have it. */
    public static int getShortBigEndian(byte[] b, int off) {
        return Short.reverseBytes(getShort(b, off)) & 0xffff;
    }

    /** Network byte order; stores the low 16 bits. */
    public static void putShortBigEndian(byte[] b, int off, int value) {
        putShort(b, off, Short.reverseBytes((short) value));
    }

    public static int getIntBigEndian(byte[] b, int off) {
        return Integer.reverseBytes(getInt(b, off));
    }

    public static void putIntBigEndian(byte[] b, int off, int value) {
        putInt(b, off, Integer.reverseBytes(value));
    }

    /** Sets {@code length} bytes to zero. */
    public static void zero(byte[] b, int off, int length) {
        Arrays.fill(b, off, off + length, (byte) 0);
    }

    /** Copies a byte string (one char a byte) into a field of {@code size} bytes: cut to size - 1, filled up with NULs. */
    public static void putString(byte[] b, int off, int size, String value) {
        int length = Math.min(value.length(), size - 1);
        for (int i = 0; i < length; i++) {
            b[off + i] = (byte) value.charAt(i);
        }
        zero(b, off + length, size - length);
    }

    /** Reads a byte string (one char a byte) that ends at the first NUL, or after {@code size} bytes. */
    public static String getString(byte[] b, int off, int size) {
        int length = 0;
        while (length < size && b[off + length] != 0) {
            length++;
        }
        return new String(b, off, length, StandardCharsets.ISO_8859_1);
    }
}
