// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct ifaddrmsg} of rtnetlink(7). */
public final class IfaddrmsgLayout {
    public static final int SIZE = 8;

    public static final int FAMILY = 0; // u8
    public static final int PREFIXLEN = 1; // u8
    public static final int FLAGS = 2; // u8
    public static final int SCOPE = 3; // u8
    public static final int INDEX = 4; // u32

    private IfaddrmsgLayout() {
    }

    public static void family(byte[] b, int off, int value) {
        b[off + FAMILY] = (byte) value;
    }

    public static void prefixlen(byte[] b, int off, int value) {
        b[off + PREFIXLEN] = (byte) value;
    }

    public static void flags(byte[] b, int off, int value) {
        b[off + FLAGS] = (byte) value;
    }

    public static void scope(byte[] b, int off, int value) {
        b[off + SCOPE] = (byte) value;
    }

    public static void index(byte[] b, int off, int value) {
        Bytes.putInt(b, off + INDEX, value);
    }
}
