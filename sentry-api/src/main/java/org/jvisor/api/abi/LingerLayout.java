// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct linger} of SO_LINGER. */
public final class LingerLayout {
    public static final int SIZE = 8;

    public static final int ONOFF = 0; // s32
    public static final int LINGER = 4; // s32, seconds

    private LingerLayout() {
    }

    public static int onoff(byte[] b, int off) {
        return Bytes.getInt(b, off + ONOFF);
    }

    public static void onoff(byte[] b, int off, int value) {
        Bytes.putInt(b, off + ONOFF, value);
    }

    public static int linger(byte[] b, int off) {
        return Bytes.getInt(b, off + LINGER);
    }

    public static void linger(byte[] b, int off, int value) {
        Bytes.putInt(b, off + LINGER, value);
    }
}
