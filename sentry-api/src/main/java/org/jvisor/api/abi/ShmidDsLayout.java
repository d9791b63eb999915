// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct shmid_ds} of shmctl(2). */
public final class ShmidDsLayout {
    public static final int SIZE = 112;

    public static final int PERM = 0; // 48 bytes, IpcPermLayout
    public static final int SEGSZ = 48; // u64
    public static final int ATIME = 56; // s64
    public static final int DTIME = 64; // s64
    public static final int CTIME = 72; // s64
    public static final int CPID = 80; // s32
    public static final int LPID = 84; // s32
    public static final int NATTCH = 88; // u64

    private ShmidDsLayout() {
    }

    public static long segsz(byte[] b, int off) {
        return Bytes.getLong(b, off + SEGSZ);
    }

    public static void segsz(byte[] b, int off, long value) {
        Bytes.putLong(b, off + SEGSZ, value);
    }

    public static long atime(byte[] b, int off) {
        return Bytes.getLong(b, off + ATIME);
    }

    public static void atime(byte[] b, int off, long value) {
        Bytes.putLong(b, off + ATIME, value);
    }

    public static long dtime(byte[] b, int off) {
        return Bytes.getLong(b, off + DTIME);
    }

    public static void dtime(byte[] b, int off, long value) {
        Bytes.putLong(b, off + DTIME, value);
    }

    public static long ctime(byte[] b, int off) {
        return Bytes.getLong(b, off + CTIME);
    }

    public static void ctime(byte[] b, int off, long value) {
        Bytes.putLong(b, off + CTIME, value);
    }

    public static int cpid(byte[] b, int off) {
        return Bytes.getInt(b, off + CPID);
    }

    public static void cpid(byte[] b, int off, int value) {
        Bytes.putInt(b, off + CPID, value);
    }

    public static int lpid(byte[] b, int off) {
        return Bytes.getInt(b, off + LPID);
    }

    public static void lpid(byte[] b, int off, int value) {
        Bytes.putInt(b, off + LPID, value);
    }

    public static long nattch(byte[] b, int off) {
        return Bytes.getLong(b, off + NATTCH);
    }

    public static void nattch(byte[] b, int off, long value) {
        Bytes.putLong(b, off + NATTCH, value);
    }
}
