// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct sockaddr_nl} of netlink(7). */
public final class SockaddrNlLayout {
    public static final int SIZE = 12;

    public static final int FAMILY = 0; // u16
    public static final int PID = 4; // u32
    public static final int GROUPS = 8; // u32

    private SockaddrNlLayout() {
    }

    public static int family(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + FAMILY);
    }

    public static void family(byte[] b, int off, int value) {
        Bytes.putShort(b, off + FAMILY, value);
    }

    public static int pid(byte[] b, int off) {
        return Bytes.getInt(b, off + PID);
    }

    public static void pid(byte[] b, int off, int value) {
        Bytes.putInt(b, off + PID, value);
    }

    public static int groups(byte[] b, int off) {
        return Bytes.getInt(b, off + GROUPS);
    }

    public static void groups(byte[] b, int off, int value) {
        Bytes.putInt(b, off + GROUPS, value);
    }
}
