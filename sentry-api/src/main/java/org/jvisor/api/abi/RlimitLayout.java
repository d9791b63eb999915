// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct rlimit} of getrlimit(2), and {@code struct rlimit64} of prlimit64(2). */
public final class RlimitLayout {
    public static final int SIZE = 16;

    public static final int CUR = 0; // u64
    public static final int MAX = 8; // u64

    private RlimitLayout() {
    }

    public static long cur(byte[] b, int off) {
        return Bytes.getLong(b, off + CUR);
    }

    public static void cur(byte[] b, int off, long value) {
        Bytes.putLong(b, off + CUR, value);
    }

    public static long max(byte[] b, int off) {
        return Bytes.getLong(b, off + MAX);
    }

    public static void max(byte[] b, int off, long value) {
        Bytes.putLong(b, off + MAX, value);
    }
}
