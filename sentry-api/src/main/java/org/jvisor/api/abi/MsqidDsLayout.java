// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct msqid_ds} of msgctl(2). */
public final class MsqidDsLayout {
    public static final int SIZE = 120;

    public static final int PERM = 0; // 48 bytes, IpcPermLayout
    public static final int STIME = 48; // s64
    public static final int RTIME = 56; // s64
    public static final int CTIME = 64; // s64
    public static final int CBYTES = 72; // u64
    public static final int QNUM = 80; // u64
    public static final int QBYTES = 88; // u64
    public static final int LSPID = 96; // s32
    public static final int LRPID = 100; // s32

    private MsqidDsLayout() {
    }

    public static long stime(byte[] b, int off) {
        return Bytes.getLong(b, off + STIME);
    }

    public static void stime(byte[] b, int off, long value) {
        Bytes.putLong(b, off + STIME, value);
    }

    public static long rtime(byte[] b, int off) {
        return Bytes.getLong(b, off + RTIME);
    }

    public static void rtime(byte[] b, int off, long value) {
        Bytes.putLong(b, off + RTIME, value);
    }

    public static long ctime(byte[] b, int off) {
        return Bytes.getLong(b, off + CTIME);
    }

    public static void ctime(byte[] b, int off, long value) {
        Bytes.putLong(b, off + CTIME, value);
    }

    public static long cbytes(byte[] b, int off) {
        return Bytes.getLong(b, off + CBYTES);
    }

    public static void cbytes(byte[] b, int off, long value) {
        Bytes.putLong(b, off + CBYTES, value);
    }

    public static long qnum(byte[] b, int off) {
        return Bytes.getLong(b, off + QNUM);
    }

    public static void qnum(byte[] b, int off, long value) {
        Bytes.putLong(b, off + QNUM, value);
    }

    public static long qbytes(byte[] b, int off) {
        return Bytes.getLong(b, off + QBYTES);
    }

    public static void qbytes(byte[] b, int off, long value) {
        Bytes.putLong(b, off + QBYTES, value);
    }

    public static int lspid(byte[] b, int off) {
        return Bytes.getInt(b, off + LSPID);
    }

    public static void lspid(byte[] b, int off, int value) {
        Bytes.putInt(b, off + LSPID, value);
    }

    public static int lrpid(byte[] b, int off) {
        return Bytes.getInt(b, off + LRPID);
    }

    public static void lrpid(byte[] b, int off, int value) {
        Bytes.putInt(b, off + LRPID, value);
    }
}
