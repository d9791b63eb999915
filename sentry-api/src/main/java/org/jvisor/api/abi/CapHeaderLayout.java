// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code cap_user_header_t} of capget(2). */
public final class CapHeaderLayout {
    public static final int SIZE = 8;

    public static final int VERSION = 0; // u32
    public static final int PID = 4; // s32

    private CapHeaderLayout() {
    }

    public static int version(byte[] b, int off) {
        return Bytes.getInt(b, off + VERSION);
    }

    public static void version(byte[] b, int off, int value) {
        Bytes.putInt(b, off + VERSION, value);
    }

    public static int pid(byte[] b, int off) {
        return Bytes.getInt(b, off + PID);
    }

    public static void pid(byte[] b, int off, int value) {
        Bytes.putInt(b, off + PID, value);
    }
}
