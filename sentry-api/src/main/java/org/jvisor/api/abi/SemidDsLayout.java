// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct semid_ds} of semctl(2). */
public final class SemidDsLayout {
    public static final int SIZE = 104;

    public static final int PERM = 0; // 48 bytes, IpcPermLayout
    public static final int OTIME = 48; // s64
    public static final int CTIME = 64; // s64
    public static final int NSEMS = 80; // u64

    private SemidDsLayout() {
    }

    public static long otime(byte[] b, int off) {
        return Bytes.getLong(b, off + OTIME);
    }

    public static void otime(byte[] b, int off, long value) {
        Bytes.putLong(b, off + OTIME, value);
    }

    public static long ctime(byte[] b, int off) {
        return Bytes.getLong(b, off + CTIME);
    }

    public static void ctime(byte[] b, int off, long value) {
        Bytes.putLong(b, off + CTIME, value);
    }

    public static long nsems(byte[] b, int off) {
        return Bytes.getLong(b, off + NSEMS);
    }

    public static void nsems(byte[] b, int off, long value) {
        Bytes.putLong(b, off + NSEMS, value);
    }
}
