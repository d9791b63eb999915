// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct winsize} of TIOCGWINSZ. */
public final class WinsizeLayout {
    public static final int SIZE = 8;

    public static final int ROW = 0; // u16
    public static final int COL = 2; // u16
    public static final int XPIXEL = 4; // u16
    public static final int YPIXEL = 6; // u16

    private WinsizeLayout() {
    }

    public static int row(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + ROW);
    }

    public static void row(byte[] b, int off, int value) {
        Bytes.putShort(b, off + ROW, value);
    }

    public static int col(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + COL);
    }

    public static void col(byte[] b, int off, int value) {
        Bytes.putShort(b, off + COL, value);
    }

    public static int xpixel(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + XPIXEL);
    }

    public static void xpixel(byte[] b, int off, int value) {
        Bytes.putShort(b, off + XPIXEL, value);
    }

    public static int ypixel(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + YPIXEL);
    }

    public static void ypixel(byte[] b, int off, int value) {
        Bytes.putShort(b, off + YPIXEL, value);
    }
}
