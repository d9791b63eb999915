// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct ifreq} of netdevice(7). After the name it is a union. */
public final class IfreqLayout {
    public static final int SIZE = 40;

    public static final int NAME = 0; // 16 bytes
    public static final int DATA = 16; // 24 bytes
    public static final int FLAGS = 16; // s16
    public static final int IFINDEX = 16; // s32

    private IfreqLayout() {
    }

    public static int flags(byte[] b, int off) {
        return Bytes.getShort(b, off + FLAGS);
    }

    public static void flags(byte[] b, int off, int value) {
        Bytes.putShort(b, off + FLAGS, value);
    }

    public static int ifindex(byte[] b, int off) {
        return Bytes.getInt(b, off + IFINDEX);
    }

    public static void ifindex(byte[] b, int off, int value) {
        Bytes.putInt(b, off + IFINDEX, value);
    }
}
