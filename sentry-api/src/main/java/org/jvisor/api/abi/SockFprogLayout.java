// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct sock_fprog}: a classic BPF program. */
public final class SockFprogLayout {
    public static final int SIZE = 16;

    public static final int LEN = 0; // u16, instructions
    public static final int FILTER = 8; // pointer

    private SockFprogLayout() {
    }

    public static int len(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + LEN);
    }

    public static void len(byte[] b, int off, int value) {
        Bytes.putShort(b, off + LEN, value);
    }

    public static long filter(byte[] b, int off) {
        return Bytes.getLong(b, off + FILTER);
    }

    public static void filter(byte[] b, int off, long value) {
        Bytes.putLong(b, off + FILTER, value);
    }
}
