// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct sockaddr_in} of ip(7). Port and address are in network byte order in memory, in that of the host here. */
public final class SockaddrInLayout {
    public static final int SIZE = 16;

    public static final int FAMILY = 0; // u16
    public static final int PORT = 2; // be16
    public static final int ADDR = 4; // be32

    private SockaddrInLayout() {
    }

    public static int family(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + FAMILY);
    }

    public static void family(byte[] b, int off, int value) {
        Bytes.putShort(b, off + FAMILY, value);
    }

    public static int port(byte[] b, int off) {
        return Bytes.getShortBigEndian(b, off + PORT);
    }

    public static void port(byte[] b, int off, int value) {
        Bytes.putShortBigEndian(b, off + PORT, value);
    }

    public static int addr(byte[] b, int off) {
        return Bytes.getIntBigEndian(b, off + ADDR);
    }

    public static void addr(byte[] b, int off, int value) {
        Bytes.putIntBigEndian(b, off + ADDR, value);
    }
}
