// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct ipc_perm} of sysvipc(7). */
public final class IpcPermLayout {
    public static final int SIZE = 48;

    public static final int KEY = 0; // s32
    public static final int UID = 4; // u32
    public static final int GID = 8; // u32
    public static final int CUID = 12; // u32
    public static final int CGID = 16; // u32
    public static final int MODE = 20; // u32
    public static final int SEQ = 24; // u16

    private IpcPermLayout() {
    }

    public static int key(byte[] b, int off) {
        return Bytes.getInt(b, off + KEY);
    }

    public static void key(byte[] b, int off, int value) {
        Bytes.putInt(b, off + KEY, value);
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

    public static int cuid(byte[] b, int off) {
        return Bytes.getInt(b, off + CUID);
    }

    public static void cuid(byte[] b, int off, int value) {
        Bytes.putInt(b, off + CUID, value);
    }

    public static int cgid(byte[] b, int off) {
        return Bytes.getInt(b, off + CGID);
    }

    public static void cgid(byte[] b, int off, int value) {
        Bytes.putInt(b, off + CGID, value);
    }

    public static int mode(byte[] b, int off) {
        return Bytes.getInt(b, off + MODE);
    }

    public static void mode(byte[] b, int off, int value) {
        Bytes.putInt(b, off + MODE, value);
    }

    public static int seq(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + SEQ);
    }

    public static void seq(byte[] b, int off, int value) {
        Bytes.putShort(b, off + SEQ, value);
    }
}
