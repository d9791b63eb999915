// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct sock_filter}: one instruction of classic BPF. */
public final class SockFilterLayout {
    public static final int SIZE = 8;

    public static final int CODE = 0; // u16
    public static final int JT = 2; // u8
    public static final int JF = 3; // u8
    public static final int K = 4; // u32

    private SockFilterLayout() {
    }

    public static int code(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + CODE);
    }

    public static void code(byte[] b, int off, int value) {
        Bytes.putShort(b, off + CODE, value);
    }

    public static int jt(byte[] b, int off) {
        return Bytes.getUnsignedByte(b, off + JT);
    }

    public static void jt(byte[] b, int off, int value) {
        Bytes.putByte(b, off + JT, value);
    }

    public static int jf(byte[] b, int off) {
        return Bytes.getUnsignedByte(b, off + JF);
    }

    public static void jf(byte[] b, int off, int value) {
        Bytes.putByte(b, off + JF, value);
    }

    public static int k(byte[] b, int off) {
        return Bytes.getInt(b, off + K);
    }

    public static void k(byte[] b, int off, int value) {
        Bytes.putInt(b, off + K, value);
    }
}
