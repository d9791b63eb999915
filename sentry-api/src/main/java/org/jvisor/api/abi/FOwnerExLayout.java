// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct f_owner_ex} of F_SETOWN_EX. */
public final class FOwnerExLayout {
    public static final int SIZE = 8;

    public static final int TYPE = 0; // s32
    public static final int PID = 4; // s32

    private FOwnerExLayout() {
    }

    public static int type(byte[] b, int off) {
        return Bytes.getInt(b, off + TYPE);
    }

    public static void type(byte[] b, int off, int value) {
        Bytes.putInt(b, off + TYPE, value);
    }

    public static int pid(byte[] b, int off) {
        return Bytes.getInt(b, off + PID);
    }

    public static void pid(byte[] b, int off, int value) {
        Bytes.putInt(b, off + PID, value);
    }
}
