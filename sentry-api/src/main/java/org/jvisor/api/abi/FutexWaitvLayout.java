// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct futex_waitv} of futex_waitv(2). */
public final class FutexWaitvLayout {
    public static final int SIZE = 24;

    public static final int VAL = 0; // u64
    public static final int UADDR = 8; // u64
    public static final int FLAGS = 16; // u32
    public static final int RESERVED = 20; // u32

    private FutexWaitvLayout() {
    }

    public static long val(byte[] b, int off) {
        return Bytes.getLong(b, off + VAL);
    }

    public static void val(byte[] b, int off, long value) {
        Bytes.putLong(b, off + VAL, value);
    }

    public static long uaddr(byte[] b, int off) {
        return Bytes.getLong(b, off + UADDR);
    }

    public static void uaddr(byte[] b, int off, long value) {
        Bytes.putLong(b, off + UADDR, value);
    }

    public static int flags(byte[] b, int off) {
        return Bytes.getInt(b, off + FLAGS);
    }

    public static void flags(byte[] b, int off, int value) {
        Bytes.putInt(b, off + FLAGS, value);
    }

    public static int reserved(byte[] b, int off) {
        return Bytes.getInt(b, off + RESERVED);
    }

    public static void reserved(byte[] b, int off, int value) {
        Bytes.putInt(b, off + RESERVED, value);
    }
}
