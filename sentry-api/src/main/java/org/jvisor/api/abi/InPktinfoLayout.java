// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct in_pktinfo} of IP_PKTINFO. */
public final class InPktinfoLayout {
    public static final int SIZE = 12;

    public static final int IFINDEX = 0; // s32
    public static final int SPEC_DST = 4; // be32
    public static final int ADDR = 8; // be32

    private InPktinfoLayout() {
    }

    public static int ifindex(byte[] b, int off) {
        return Bytes.getInt(b, off + IFINDEX);
    }

    public static void ifindex(byte[] b, int off, int value) {
        Bytes.putInt(b, off + IFINDEX, value);
    }

    public static int specDst(byte[] b, int off) {
        return Bytes.getIntBigEndian(b, off + SPEC_DST);
    }

    public static void specDst(byte[] b, int off, int value) {
        Bytes.putIntBigEndian(b, off + SPEC_DST, value);
    }

    public static int addr(byte[] b, int off) {
        return Bytes.getIntBigEndian(b, off + ADDR);
    }

    public static void addr(byte[] b, int off, int value) {
        Bytes.putIntBigEndian(b, off + ADDR, value);
    }
}
