// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct rusage} of getrusage(2). */
public final class RusageLayout {
    public static final int SIZE = 144;

    public static final int UTIME = 0; // 16 bytes, TimevalLayout
    public static final int STIME = 16; // 16 bytes, TimevalLayout
    public static final int MAXRSS = 32; // s64, kilobytes
    public static final int IXRSS = 40; // s64
    public static final int IDRSS = 48; // s64
    public static final int ISRSS = 56; // s64
    public static final int MINFLT = 64; // s64
    public static final int MAJFLT = 72; // s64
    public static final int NSWAP = 80; // s64
    public static final int INBLOCK = 88; // s64
    public static final int OUBLOCK = 96; // s64
    public static final int MSGSND = 104; // s64
    public static final int MSGRCV = 112; // s64
    public static final int NSIGNALS = 120; // s64
    public static final int NVCSW = 128; // s64
    public static final int NIVCSW = 136; // s64

    private RusageLayout() {
    }

    public static long maxrss(byte[] b, int off) {
        return Bytes.getLong(b, off + MAXRSS);
    }

    public static void maxrss(byte[] b, int off, long value) {
        Bytes.putLong(b, off + MAXRSS, value);
    }

    public static long ixrss(byte[] b, int off) {
        return Bytes.getLong(b, off + IXRSS);
    }

    public static void ixrss(byte[] b, int off, long value) {
        Bytes.putLong(b, off + IXRSS, value);
    }

    public static long idrss(byte[] b, int off) {
        return Bytes.getLong(b, off + IDRSS);
    }

    public static void idrss(byte[] b, int off, long value) {
        Bytes.putLong(b, off + IDRSS, value);
    }

    public static long isrss(byte[] b, int off) {
        return Bytes.getLong(b, off + ISRSS);
    }

    public static void isrss(byte[] b, int off, long value) {
        Bytes.putLong(b, off + ISRSS, value);
    }

    public static long minflt(byte[] b, int off) {
        return Bytes.getLong(b, off + MINFLT);
    }

    public static void minflt(byte[] b, int off, long value) {
        Bytes.putLong(b, off + MINFLT, value);
    }

    public static long majflt(byte[] b, int off) {
        return Bytes.getLong(b, off + MAJFLT);
    }

    public static void majflt(byte[] b, int off, long value) {
        Bytes.putLong(b, off + MAJFLT, value);
    }

    public static long nswap(byte[] b, int off) {
        return Bytes.getLong(b, off + NSWAP);
    }

    public static void nswap(byte[] b, int off, long value) {
        Bytes.putLong(b, off + NSWAP, value);
    }

    public static long inblock(byte[] b, int off) {
        return Bytes.getLong(b, off + INBLOCK);
    }

    public static void inblock(byte[] b, int off, long value) {
        Bytes.putLong(b, off + INBLOCK, value);
    }

    public static long oublock(byte[] b, int off) {
        return Bytes.getLong(b, off + OUBLOCK);
    }

    public static void oublock(byte[] b, int off, long value) {
        Bytes.putLong(b, off + OUBLOCK, value);
    }

    public static long msgsnd(byte[] b, int off) {
        return Bytes.getLong(b, off + MSGSND);
    }

    public static void msgsnd(byte[] b, int off, long value) {
        Bytes.putLong(b, off + MSGSND, value);
    }

    public static long msgrcv(byte[] b, int off) {
        return Bytes.getLong(b, off + MSGRCV);
    }

    public static void msgrcv(byte[] b, int off, long value) {
        Bytes.putLong(b, off + MSGRCV, value);
    }

    public static long nsignals(byte[] b, int off) {
        return Bytes.getLong(b, off + NSIGNALS);
    }

    public static void nsignals(byte[] b, int off, long value) {
        Bytes.putLong(b, off + NSIGNALS, value);
    }

    public static long nvcsw(byte[] b, int off) {
        return Bytes.getLong(b, off + NVCSW);
    }

    public static void nvcsw(byte[] b, int off, long value) {
        Bytes.putLong(b, off + NVCSW, value);
    }

    public static long nivcsw(byte[] b, int off) {
        return Bytes.getLong(b, off + NIVCSW);
    }

    public static void nivcsw(byte[] b, int off, long value) {
        Bytes.putLong(b, off + NIVCSW, value);
    }
}
