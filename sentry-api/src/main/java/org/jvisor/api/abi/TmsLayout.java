// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct tms} of times(2), in ticks of Clock.USER_HZ. */
public final class TmsLayout {
    public static final int SIZE = 32;

    public static final int UTIME = 0; // s64
    public static final int STIME = 8; // s64
    public static final int CUTIME = 16; // s64
    public static final int CSTIME = 24; // s64

    private TmsLayout() {
    }

    public static long utime(byte[] b, int off) {
        return Bytes.getLong(b, off + UTIME);
    }

    public static void utime(byte[] b, int off, long value) {
        Bytes.putLong(b, off + UTIME, value);
    }

    public static long stime(byte[] b, int off) {
        return Bytes.getLong(b, off + STIME);
    }

    public static void stime(byte[] b, int off, long value) {
        Bytes.putLong(b, off + STIME, value);
    }

    public static long cutime(byte[] b, int off) {
        return Bytes.getLong(b, off + CUTIME);
    }

    public static void cutime(byte[] b, int off, long value) {
        Bytes.putLong(b, off + CUTIME, value);
    }

    public static long cstime(byte[] b, int off) {
        return Bytes.getLong(b, off + CSTIME);
    }

    public static void cstime(byte[] b, int off, long value) {
        Bytes.putLong(b, off + CSTIME, value);
    }
}
