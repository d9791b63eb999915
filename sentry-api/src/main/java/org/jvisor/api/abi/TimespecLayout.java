// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct timespec} of clock_gettime(2). */
public final class TimespecLayout {
    public static final int SIZE = 16;

    public static final int SEC = 0; // s64
    public static final int NSEC = 8; // s64

    private TimespecLayout() {
    }

    public static long sec(byte[] b, int off) {
        return Bytes.getLong(b, off + SEC);
    }

    public static void sec(byte[] b, int off, long value) {
        Bytes.putLong(b, off + SEC, value);
    }

    public static long nsec(byte[] b, int off) {
        return Bytes.getLong(b, off + NSEC);
    }

    public static void nsec(byte[] b, int off, long value) {
        Bytes.putLong(b, off + NSEC, value);
    }

    /** Whether the nanoseconds are from 0 to 999,999,999 and the seconds not negative, as sleeping calls want it. */
    public static boolean isValid(byte[] b, int off) {
        long nsec = nsec(b, off);
        return sec(b, off) >= 0 && nsec >= 0 && nsec < Clock.NSEC_PER_SEC;
    }

    /** A valid time in nanoseconds; {@link Long#MAX_VALUE} if that is too far away for a long. */
    public static long toNs(byte[] b, int off) {
        long sec = sec(b, off);
        return sec >= Long.MAX_VALUE / Clock.NSEC_PER_SEC ? Long.MAX_VALUE : sec * Clock.NSEC_PER_SEC + nsec(b, off);
    }

    public static void putNs(byte[] b, int off, long ns) {
        sec(b, off, Math.floorDiv(ns, Clock.NSEC_PER_SEC));
        nsec(b, off, Math.floorMod(ns, Clock.NSEC_PER_SEC));
    }
}
