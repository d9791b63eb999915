// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct sigevent} of timer_create(2). */
public final class SigeventLayout {
    public static final int SIZE = 64;

    public static final int VALUE = 0; // 8 bytes, sival_int or sival_ptr
    public static final int SIGNO = 8; // s32
    public static final int NOTIFY = 12; // s32
    public static final int TID = 16; // s32, SIGEV_THREAD_ID

    private SigeventLayout() {
    }

    public static int signo(byte[] b, int off) {
        return Bytes.getInt(b, off + SIGNO);
    }

    public static void signo(byte[] b, int off, int value) {
        Bytes.putInt(b, off + SIGNO, value);
    }

    public static int notify(byte[] b, int off) {
        return Bytes.getInt(b, off + NOTIFY);
    }

    public static void notify(byte[] b, int off, int value) {
        Bytes.putInt(b, off + NOTIFY, value);
    }

    public static int tid(byte[] b, int off) {
        return Bytes.getInt(b, off + TID);
    }

    public static void tid(byte[] b, int off, int value) {
        Bytes.putInt(b, off + TID, value);
    }
}
