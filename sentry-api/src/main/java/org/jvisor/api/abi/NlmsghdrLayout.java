// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct nlmsghdr} of netlink(7). */
public final class NlmsghdrLayout {
    public static final int SIZE = 16;

    public static final int LEN = 0; // u32
    public static final int TYPE = 4; // u16
    public static final int FLAGS = 6; // u16
    public static final int SEQ = 8; // u32
    public static final int PID = 12; // u32

    private NlmsghdrLayout() {
    }

    public static int len(byte[] b, int off) {
        return Bytes.getInt(b, off + LEN);
    }

    public static void len(byte[] b, int off, int value) {
        Bytes.putInt(b, off + LEN, value);
    }

    public static int type(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + TYPE);
    }

    public static void type(byte[] b, int off, int value) {
        Bytes.putShort(b, off + TYPE, value);
    }

    public static int flags(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + FLAGS);
    }

    public static void flags(byte[] b, int off, int value) {
        Bytes.putShort(b, off + FLAGS, value);
    }

    public static int seq(byte[] b, int off) {
        return Bytes.getInt(b, off + SEQ);
    }

    public static void seq(byte[] b, int off, int value) {
        Bytes.putInt(b, off + SEQ, value);
    }

    public static int pid(byte[] b, int off) {
        return Bytes.getInt(b, off + PID);
    }

    public static void pid(byte[] b, int off, int value) {
        Bytes.putInt(b, off + PID, value);
    }
}
