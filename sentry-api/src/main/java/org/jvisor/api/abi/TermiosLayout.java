// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct termios} of TCGETS, which is not the one of libc. */
public final class TermiosLayout {
    public static final int SIZE = 36;

    public static final int IFLAG = 0; // u32
    public static final int OFLAG = 4; // u32
    public static final int CFLAG = 8; // u32
    public static final int LFLAG = 12; // u32
    public static final int LINE = 16; // u8
    public static final int CC = 17; // 19 bytes, Termios.V*

    private TermiosLayout() {
    }

    public static int iflag(byte[] b, int off) {
        return Bytes.getInt(b, off + IFLAG);
    }

    public static void iflag(byte[] b, int off, int value) {
        Bytes.putInt(b, off + IFLAG, value);
    }

    public static int oflag(byte[] b, int off) {
        return Bytes.getInt(b, off + OFLAG);
    }

    public static void oflag(byte[] b, int off, int value) {
        Bytes.putInt(b, off + OFLAG, value);
    }

    public static int cflag(byte[] b, int off) {
        return Bytes.getInt(b, off + CFLAG);
    }

    public static void cflag(byte[] b, int off, int value) {
        Bytes.putInt(b, off + CFLAG, value);
    }

    public static int lflag(byte[] b, int off) {
        return Bytes.getInt(b, off + LFLAG);
    }

    public static void lflag(byte[] b, int off, int value) {
        Bytes.putInt(b, off + LFLAG, value);
    }

    public static int line(byte[] b, int off) {
        return Bytes.getUnsignedByte(b, off + LINE);
    }

    public static void line(byte[] b, int off, int value) {
        Bytes.putByte(b, off + LINE, value);
    }
}
