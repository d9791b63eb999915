// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct sigaction} as rt_sigaction(2) takes it, which is not the one of libc. */
public final class SigactionLayout {
    public static final int SIZE = 32;

    public static final int HANDLER = 0; // pointer
    public static final int FLAGS = 8; // u64
    public static final int RESTORER = 16; // pointer
    public static final int MASK = 24; // u64

    private SigactionLayout() {
    }

    public static long handler(byte[] b, int off) {
        return Bytes.getLong(b, off + HANDLER);
    }

    public static void handler(byte[] b, int off, long value) {
        Bytes.putLong(b, off + HANDLER, value);
    }

    public static long flags(byte[] b, int off) {
        return Bytes.getLong(b, off + FLAGS);
    }

    public static void flags(byte[] b, int off, long value) {
        Bytes.putLong(b, off + FLAGS, value);
    }

    public static long restorer(byte[] b, int off) {
        return Bytes.getLong(b, off + RESTORER);
    }

    public static void restorer(byte[] b, int off, long value) {
        Bytes.putLong(b, off + RESTORER, value);
    }

    public static long mask(byte[] b, int off) {
        return Bytes.getLong(b, off + MASK);
    }

    public static void mask(byte[] b, int off, long value) {
        Bytes.putLong(b, off + MASK, value);
    }
}
