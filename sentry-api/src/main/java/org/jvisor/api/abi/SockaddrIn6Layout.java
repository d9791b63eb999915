// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct sockaddr_in6} of ipv6(7). The port is in network byte order in memory, in that of the host here. */
public final class SockaddrIn6Layout {
    public static final int SIZE = 28;

    public static final int FAMILY = 0; // u16
    public static final int PORT = 2; // be16
    public static final int FLOWINFO = 4; // be32
    public static final int ADDR = 8; // 16 bytes
    public static final int SCOPE_ID = 24; // u32

    private SockaddrIn6Layout() {
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

    public static int flowinfo(byte[] b, int off) {
        return Bytes.getIntBigEndian(b, off + FLOWINFO);
    }

    public static void flowinfo(byte[] b, int off, int value) {
        Bytes.putIntBigEndian(b, off + FLOWINFO, value);
    }

    public static int scopeId(byte[] b, int off) {
        return Bytes.getInt(b, off + SCOPE_ID);
    }

    public static void scopeId(byte[] b, int off, int value) {
        Bytes.putInt(b, off + SCOPE_ID, value);
    }
}
