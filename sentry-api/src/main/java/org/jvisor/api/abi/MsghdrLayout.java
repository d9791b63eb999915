// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct msghdr} of sendmsg(2). */
public final class MsghdrLayout {
    public static final int SIZE = 56;

    public static final int NAME = 0; // pointer
    public static final int NAMELEN = 8; // u32
    public static final int IOV = 16; // pointer
    public static final int IOVLEN = 24; // u64
    public static final int CONTROL = 32; // pointer
    public static final int CONTROLLEN = 40; // u64
    public static final int FLAGS = 48; // s32

    private MsghdrLayout() {
    }

    public static long name(byte[] b, int off) {
        return Bytes.getLong(b, off + NAME);
    }

    public static void name(byte[] b, int off, long value) {
        Bytes.putLong(b, off + NAME, value);
    }

    public static int namelen(byte[] b, int off) {
        return Bytes.getInt(b, off + NAMELEN);
    }

    public static void namelen(byte[] b, int off, int value) {
        Bytes.putInt(b, off + NAMELEN, value);
    }

    public static long iov(byte[] b, int off) {
        return Bytes.getLong(b, off + IOV);
    }

    public static void iov(byte[] b, int off, long value) {
        Bytes.putLong(b, off + IOV, value);
    }

    public static long iovlen(byte[] b, int off) {
        return Bytes.getLong(b, off + IOVLEN);
    }

    public static void iovlen(byte[] b, int off, long value) {
        Bytes.putLong(b, off + IOVLEN, value);
    }

    public static long control(byte[] b, int off) {
        return Bytes.getLong(b, off + CONTROL);
    }

    public static void control(byte[] b, int off, long value) {
        Bytes.putLong(b, off + CONTROL, value);
    }

    public static long controllen(byte[] b, int off) {
        return Bytes.getLong(b, off + CONTROLLEN);
    }

    public static void controllen(byte[] b, int off, long value) {
        Bytes.putLong(b, off + CONTROLLEN, value);
    }

    public static int flags(byte[] b, int off) {
        return Bytes.getInt(b, off + FLAGS);
    }

    public static void flags(byte[] b, int off, int value) {
        Bytes.putInt(b, off + FLAGS, value);
    }
}
