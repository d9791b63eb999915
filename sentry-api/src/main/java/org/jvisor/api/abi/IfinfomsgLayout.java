// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct ifinfomsg} of rtnetlink(7). */
public final class IfinfomsgLayout {
    public static final int SIZE = 16;

    public static final int FAMILY = 0; // u8
    public static final int TYPE = 2; // u16
    public static final int INDEX = 4; // s32
    public static final int FLAGS = 8; // u32
    public static final int CHANGE = 12; // u32

    private IfinfomsgLayout() {
    }

    public static void type(byte[] b, int off, int value) {
        Bytes.putShort(b, off + TYPE, value);
    }

    public static int index(byte[] b, int off) {
        return Bytes.getInt(b, off + INDEX);
    }

    public static void index(byte[] b, int off, int value) {
        Bytes.putInt(b, off + INDEX, value);
    }

    public static void flags(byte[] b, int off, int value) {
        Bytes.putInt(b, off + FLAGS, value);
    }
}
