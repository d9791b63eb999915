// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code cap_user_data_t} of capget(2): 32 capabilities; versions 2 and 3 take two. */
public final class CapDataLayout {
    public static final int SIZE = 12;

    public static final int EFFECTIVE = 0; // u32
    public static final int PERMITTED = 4; // u32
    public static final int INHERITABLE = 8; // u32

    private CapDataLayout() {
    }

    public static int effective(byte[] b, int off) {
        return Bytes.getInt(b, off + EFFECTIVE);
    }

    public static void effective(byte[] b, int off, int value) {
        Bytes.putInt(b, off + EFFECTIVE, value);
    }

    public static int permitted(byte[] b, int off) {
        return Bytes.getInt(b, off + PERMITTED);
    }

    public static void permitted(byte[] b, int off, int value) {
        Bytes.putInt(b, off + PERMITTED, value);
    }

    public static int inheritable(byte[] b, int off) {
        return Bytes.getInt(b, off + INHERITABLE);
    }

    public static void inheritable(byte[] b, int off, int value) {
        Bytes.putInt(b, off + INHERITABLE, value);
    }
}
