// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct iovec} of readv(2). */
public final class IovecLayout {
    public static final int SIZE = 16;

    public static final int BASE = 0; // pointer
    public static final int LEN = 8; // u64, bytes

    private IovecLayout() {
    }

    public static long base(byte[] b, int off) {
        return Bytes.getLong(b, off + BASE);
    }

    public static void base(byte[] b, int off, long value) {
        Bytes.putLong(b, off + BASE, value);
    }

    public static long len(byte[] b, int off) {
        return Bytes.getLong(b, off + LEN);
    }

    public static void len(byte[] b, int off, long value) {
        Bytes.putLong(b, off + LEN, value);
    }
}
