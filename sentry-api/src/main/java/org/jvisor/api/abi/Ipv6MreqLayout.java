// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct ipv6_mreq} of IPV6_ADD_MEMBERSHIP. */
public final class Ipv6MreqLayout {
    public static final int SIZE = 20;

    public static final int MULTIADDR = 0; // 16 bytes
    public static final int IFINDEX = 16; // u32

    private Ipv6MreqLayout() {
    }

    public static int ifindex(byte[] b, int off) {
        return Bytes.getInt(b, off + IFINDEX);
    }

    public static void ifindex(byte[] b, int off, int value) {
        Bytes.putInt(b, off + IFINDEX, value);
    }
}
