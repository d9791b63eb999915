// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/**
 * {@code struct linux_dirent64} of getdents64(2). Its size varies: NAME, the name and its NUL, filled up to a multiple
 * of 8.
 */
public final class Dirent64Layout {
    public static final int SIZE = 24;

    public static final int INO = 0; // u64
    public static final int NEXT = 8; // s64, position of the entry after this one
    public static final int RECLEN = 16; // u16
    public static final int TYPE = 18; // u8, Mode.DT_*

    private Dirent64Layout() {
    }

    public static long ino(byte[] b, int off) {
        return Bytes.getLong(b, off + INO);
    }

    public static void ino(byte[] b, int off, long value) {
        Bytes.putLong(b, off + INO, value);
    }

    public static long next(byte[] b, int off) {
        return Bytes.getLong(b, off + NEXT);
    }

    public static void next(byte[] b, int off, long value) {
        Bytes.putLong(b, off + NEXT, value);
    }

    public static int reclen(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + RECLEN);
    }

    public static void reclen(byte[] b, int off, int value) {
        Bytes.putShort(b, off + RECLEN, value);
    }

    public static int type(byte[] b, int off) {
        return Bytes.getUnsignedByte(b, off + TYPE);
    }

    public static void type(byte[] b, int off, int value) {
        Bytes.putByte(b, off + TYPE, value);
    }

    public static final int NAME = 19; // bytes

    /** Bytes an entry with a name of this length takes. */
    public static int recordLength(int nameLength) {
        return NAME + nameLength + 1 + 7 & ~7;
    }

    /** Writes an entry with its name and padding, and returns its length. The name has one char a byte. */
    public static int write(byte[] b, int off, long ino, long next, int type, String name) {
        int length = recordLength(name.length());
        Bytes.putLong(b, off + INO, ino);
        Bytes.putLong(b, off + NEXT, next);
        Bytes.putShort(b, off + RECLEN, length);
        Bytes.putByte(b, off + TYPE, type);
        Bytes.putString(b, off + NAME, length - NAME, name);
        return length;
    }
}
