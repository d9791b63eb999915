// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct mmsghdr} of sendmmsg(2). */
public final class MmsghdrLayout {
    public static final int SIZE = 64;

    public static final int HDR = 0; // 56 bytes, MsghdrLayout
    public static final int LEN = 56; // u32

    private MmsghdrLayout() {
    }

    public static int len(byte[] b, int off) {
        return Bytes.getInt(b, off + LEN);
    }

    public static void len(byte[] b, int off, int value) {
        Bytes.putInt(b, off + LEN, value);
    }
}
