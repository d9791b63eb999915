// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct timex} of adjtimex(2). */
public final class TimexLayout {
    public static final int SIZE = 208;

    public static final int MODES = 0; // u32
    public static final int OFFSET = 8; // s64
    public static final int FREQ = 16; // s64
    public static final int MAXERROR = 24; // s64
    public static final int ESTERROR = 32; // s64
    public static final int STATUS = 40; // s32
    public static final int CONSTANT = 48; // s64
    public static final int PRECISION = 56; // s64
    public static final int TOLERANCE = 64; // s64
    public static final int TIME = 72; // 16 bytes
    public static final int TICK = 88; // s64
    public static final int TAI = 160; // s32

    private TimexLayout() {
    }

    public static int modes(byte[] b, int off) {
        return Bytes.getInt(b, off + MODES);
    }

    public static void modes(byte[] b, int off, int value) {
        Bytes.putInt(b, off + MODES, value);
    }

    public static long offset(byte[] b, int off) {
        return Bytes.getLong(b, off + OFFSET);
    }

    public static void offset(byte[] b, int off, long value) {
        Bytes.putLong(b, off + OFFSET, value);
    }

    public static long freq(byte[] b, int off) {
        return Bytes.getLong(b, off + FREQ);
    }

    public static void freq(byte[] b, int off, long value) {
        Bytes.putLong(b, off + FREQ, value);
    }

    public static long maxerror(byte[] b, int off) {
        return Bytes.getLong(b, off + MAXERROR);
    }

    public static void maxerror(byte[] b, int off, long value) {
        Bytes.putLong(b, off + MAXERROR, value);
    }

    public static long esterror(byte[] b, int off) {
        return Bytes.getLong(b, off + ESTERROR);
    }

    public static void esterror(byte[] b, int off, long value) {
        Bytes.putLong(b, off + ESTERROR, value);
    }

    public static int status(byte[] b, int off) {
        return Bytes.getInt(b, off + STATUS);
    }

    public static void status(byte[] b, int off, int value) {
        Bytes.putInt(b, off + STATUS, value);
    }

    public static long constant(byte[] b, int off) {
        return Bytes.getLong(b, off + CONSTANT);
    }

    public static void constant(byte[] b, int off, long value) {
        Bytes.putLong(b, off + CONSTANT, value);
    }

    public static long precision(byte[] b, int off) {
        return Bytes.getLong(b, off + PRECISION);
    }

    public static void precision(byte[] b, int off, long value) {
        Bytes.putLong(b, off + PRECISION, value);
    }

    public static long tolerance(byte[] b, int off) {
        return Bytes.getLong(b, off + TOLERANCE);
    }

    public static void tolerance(byte[] b, int off, long value) {
        Bytes.putLong(b, off + TOLERANCE, value);
    }

    public static long tick(byte[] b, int off) {
        return Bytes.getLong(b, off + TICK);
    }

    public static void tick(byte[] b, int off, long value) {
        Bytes.putLong(b, off + TICK, value);
    }

    public static int tai(byte[] b, int off) {
        return Bytes.getInt(b, off + TAI);
    }

    public static void tai(byte[] b, int off, int value) {
        Bytes.putInt(b, off + TAI, value);
    }
}
