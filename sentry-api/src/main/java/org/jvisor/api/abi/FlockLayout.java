// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct flock} of fcntl(2). */
public final class FlockLayout {
    public static final int SIZE = 32;

    public static final int TYPE = 0; // s16
    public static final int WHENCE = 2; // s16
    public static final int START = 8; // s64
    public static final int LEN = 16; // s64
    public static final int PID = 24; // s32

    private FlockLayout() {
    }

    public static int type(byte[] b, int off) {
        return Bytes.getShort(b, off + TYPE);
    }

    public static void type(byte[] b, int off, int value) {
        Bytes.putShort(b, off + TYPE, value);
    }

    public static int whence(byte[] b, int off) {
        return Bytes.getShort(b, off + WHENCE);
    }

    public static void whence(byte[] b, int off, int value) {
        Bytes.putShort(b, off + WHENCE, value);
    }

    public static long start(byte[] b, int off) {
        return Bytes.getLong(b, off + START);
    }

    public static void start(byte[] b, int off, long value) {
        Bytes.putLong(b, off + START, value);
    }

    public static long len(byte[] b, int off) {
        return Bytes.getLong(b, off + LEN);
    }

    public static void len(byte[] b, int off, long value) {
        Bytes.putLong(b, off + LEN, value);
    }

    public static int pid(byte[] b, int off) {
        return Bytes.getInt(b, off + PID);
    }

    public static void pid(byte[] b, int off, int value) {
        Bytes.putInt(b, off + PID, value);
    }
}
