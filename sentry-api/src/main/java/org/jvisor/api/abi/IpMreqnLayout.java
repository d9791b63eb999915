// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct ip_mreqn} of IP_ADD_MEMBERSHIP. */
public final class IpMreqnLayout {
    public static final int SIZE = 12;

    public static final int MULTIADDR = 0; // be32
    public static final int ADDRESS = 4; // be32
    public static final int IFINDEX = 8; // s32

    private IpMreqnLayout() {
    }

    public static int multiaddr(byte[] b, int off) {
        return Bytes.getIntBigEndian(b, off + MULTIADDR);
    }

    public static void multiaddr(byte[] b, int off, int value) {
        Bytes.putIntBigEndian(b, off + MULTIADDR, value);
    }

    public static int address(byte[] b, int off) {
        return Bytes.getIntBigEndian(b, off + ADDRESS);
    }

    public static void address(byte[] b, int off, int value) {
        Bytes.putIntBigEndian(b, off + ADDRESS, value);
    }

    public static int ifindex(byte[] b, int off) {
        return Bytes.getInt(b, off + IFINDEX);
    }

    public static void ifindex(byte[] b, int off, int value) {
        Bytes.putInt(b, off + IFINDEX, value);
    }
}
