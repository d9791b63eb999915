// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct sembuf} of semop(2). */
public final class SembufLayout {
    public static final int SIZE = 6;

    public static final int NUM = 0; // u16
    public static final int OP = 2; // s16
    public static final int FLG = 4; // s16

    private SembufLayout() {
    }

    public static int num(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + NUM);
    }

    public static void num(byte[] b, int off, int value) {
        Bytes.putShort(b, off + NUM, value);
    }

    public static int op(byte[] b, int off) {
        return Bytes.getShort(b, off + OP);
    }

    public static void op(byte[] b, int off, int value) {
        Bytes.putShort(b, off + OP, value);
    }

    public static int flg(byte[] b, int off) {
        return Bytes.getShort(b, off + FLG);
    }

    public static void flg(byte[] b, int off, int value) {
        Bytes.putShort(b, off + FLG, value);
    }
}
