// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct ucred} of SO_PEERCRED and SCM_CREDENTIALS, see unix(7). */
public final class UcredLayout {
    public static final int SIZE = 12;

    public static final int PID = 0; // s32
    public static final int UID = 4; // u32
    public static final int GID = 8; // u32

    private UcredLayout() {
    }

    public static int pid(byte[] b, int off) {
        return Bytes.getInt(b, off + PID);
    }

    public static void pid(byte[] b, int off, int value) {
        Bytes.putInt(b, off + PID, value);
    }

    public static int uid(byte[] b, int off) {
        return Bytes.getInt(b, off + UID);
    }

    public static void uid(byte[] b, int off, int value) {
        Bytes.putInt(b, off + UID, value);
    }

    public static int gid(byte[] b, int off) {
        return Bytes.getInt(b, off + GID);
    }

    public static void gid(byte[] b, int off, int value) {
        Bytes.putInt(b, off + GID, value);
    }
}
