// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct file_handle} of name_to_handle_at(2). The handle follows. */
public final class FileHandleLayout {
    public static final int SIZE = 8;

    public static final int HANDLE_BYTES = 0; // u32
    public static final int HANDLE_TYPE = 4; // s32

    private FileHandleLayout() {
    }

    public static int handleBytes(byte[] b, int off) {
        return Bytes.getInt(b, off + HANDLE_BYTES);
    }

    public static void handleBytes(byte[] b, int off, int value) {
        Bytes.putInt(b, off + HANDLE_BYTES, value);
    }

    public static int handleType(byte[] b, int off) {
        return Bytes.getInt(b, off + HANDLE_TYPE);
    }

    public static void handleType(byte[] b, int off, int value) {
        Bytes.putInt(b, off + HANDLE_TYPE, value);
    }
}
