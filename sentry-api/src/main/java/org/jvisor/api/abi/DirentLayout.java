// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/**
 * {@code struct linux_dirent} of the old getdents(2). Its size varies: NAME, the name and its NUL, filled up to a
 * multiple of 8, the last byte of which is the type.
 */
public final class DirentLayout {
    public static final int SIZE = 24;

    public static final int INO = 0; // u64
    public static final int NEXT = 8; // u64, position of the entry after this one
    public static final int RECLEN = 16; // u16
    public static final int NAME = 18; // 1 bytes, and more

    private DirentLayout() {
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

    /** Bytes an entry with a name of this length takes. */
    public static int recordLength(int nameLength) {
        return NAME + nameLength + 2 + 7 & ~7;
    }

    /** Writes an entry with its name, padding and type, and returns its length. The name has one char a byte. */
    public static int write(byte[] b, int off, long ino, long next, int type, String name) {
        int length = recordLength(name.length());
        Bytes.putLong(b, off + INO, ino);
        Bytes.putLong(b, off + NEXT, next);
        Bytes.putShort(b, off + RECLEN, length);
        Bytes.putString(b, off + NAME, length - NAME - 1, name);
        Bytes.putByte(b, off + length - 1, type);
        return length;
    }
}
