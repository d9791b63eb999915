// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct timeval} of gettimeofday(2). */
public final class TimevalLayout {
    public static final int SIZE = 16;

    public static final int SEC = 0; // s64
    public static final int USEC = 8; // s64

    private TimevalLayout() {
    }

    public static long sec(byte[] b, int off) {
        return Bytes.getLong(b, off + SEC);
    }

    public static void sec(byte[] b, int off, long value) {
        Bytes.putLong(b, off + SEC, value);
    }

    public static long usec(byte[] b, int off) {
        return Bytes.getLong(b, off + USEC);
    }

    public static void usec(byte[] b, int off, long value) {
        Bytes.putLong(b, off + USEC, value);
    }

    /** Whether the microseconds are from 0 to 999,999 and the seconds not negative. */
    public static boolean isValid(byte[] b, int off) {
        long usec = usec(b, off);
        return sec(b, off) >= 0 && usec >= 0 && usec < Clock.USEC_PER_SEC;
    }

    /** A valid time in nanoseconds; {@link Long#MAX_VALUE} if that is too far away for a long. */
    public static long toNs(byte[] b, int off) {
        long sec = sec(b, off);
        return sec >= Long.MAX_VALUE / Clock.NSEC_PER_SEC
                ? Long.MAX_VALUE
                : sec * Clock.NSEC_PER_SEC + usec(b, off) * Clock.NSEC_PER_USEC;
    }

    public static void putNs(byte[] b, int off, long ns) {
        sec(b, off, Math.floorDiv(ns, Clock.NSEC_PER_SEC));
        usec(b, off, Math.floorMod(ns, Clock.NSEC_PER_SEC) / Clock.NSEC_PER_USEC);
    }
}
