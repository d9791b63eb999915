// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code stack_t} of sigaltstack(2). */
public final class SigaltStackLayout {
    public static final int SIZE = 24;

    public static final int SP = 0; // pointer
    public static final int FLAGS = 8; // s32
    public static final int SIZE_BYTES = 16; // u64

    private SigaltStackLayout() {
    }

    public static long sp(byte[] b, int off) {
        return Bytes.getLong(b, off + SP);
    }

    public static void sp(byte[] b, int off, long value) {
        Bytes.putLong(b, off + SP, value);
    }

    public static int flags(byte[] b, int off) {
        return Bytes.getInt(b, off + FLAGS);
    }

    public static void flags(byte[] b, int off, int value) {
        Bytes.putInt(b, off + FLAGS, value);
    }

    public static long sizeBytes(byte[] b, int off) {
        return Bytes.getLong(b, off + SIZE_BYTES);
    }

    public static void sizeBytes(byte[] b, int off, long value) {
        Bytes.putLong(b, off + SIZE_BYTES, value);
    }
}
