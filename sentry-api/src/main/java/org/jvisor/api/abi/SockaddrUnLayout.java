// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct sockaddr_un} of unix(7). */
public final class SockaddrUnLayout {
    public static final int SIZE = 110;

    public static final int FAMILY = 0; // u16
    public static final int PATH = 2; // 108 bytes

    private SockaddrUnLayout() {
    }

    public static int family(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + FAMILY);
    }

    public static void family(byte[] b, int off, int value) {
        Bytes.putShort(b, off + FAMILY, value);
    }

    public static final int PATH_MAX = SIZE - PATH;
}
