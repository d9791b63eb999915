// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct sockaddr_ll} of packet(7). */
public final class SockaddrLlLayout {
    public static final int SIZE = 20;

    public static final int FAMILY = 0; // u16
    public static final int PROTOCOL = 2; // be16
    public static final int IFINDEX = 4; // s32
    public static final int HATYPE = 8; // u16
    public static final int PKTTYPE = 10; // u8
    public static final int HALEN = 11; // u8
    public static final int ADDR = 12; // 8 bytes

    private SockaddrLlLayout() {
    }

    public static int family(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + FAMILY);
    }

    public static void family(byte[] b, int off, int value) {
        Bytes.putShort(b, off + FAMILY, value);
    }

    public static int protocol(byte[] b, int off) {
        return Bytes.getShortBigEndian(b, off + PROTOCOL);
    }

    public static void protocol(byte[] b, int off, int value) {
        Bytes.putShortBigEndian(b, off + PROTOCOL, value);
    }

    public static int ifindex(byte[] b, int off) {
        return Bytes.getInt(b, off + IFINDEX);
    }

    public static void ifindex(byte[] b, int off, int value) {
        Bytes.putInt(b, off + IFINDEX, value);
    }

    public static int hatype(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + HATYPE);
    }

    public static void hatype(byte[] b, int off, int value) {
        Bytes.putShort(b, off + HATYPE, value);
    }

    public static int pkttype(byte[] b, int off) {
        return Bytes.getUnsignedByte(b, off + PKTTYPE);
    }

    public static void pkttype(byte[] b, int off, int value) {
        Bytes.putByte(b, off + PKTTYPE, value);
    }

    public static int halen(byte[] b, int off) {
        return Bytes.getUnsignedByte(b, off + HALEN);
    }

    public static void halen(byte[] b, int off, int value) {
        Bytes.putByte(b, off + HALEN, value);
    }
}
