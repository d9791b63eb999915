// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct ucontext} in a signal frame, of the kernel: the signal set has 8 bytes. */
public final class UcontextLayout {
    public static final int SIZE = 304;

    public static final int FLAGS = 0; // u64
    public static final int LINK = 8; // pointer
    public static final int STACK = 16; // 24 bytes, SigaltStackLayout
    public static final int MCONTEXT = 40; // 256 bytes, SigcontextLayout
    public static final int SIGMASK = 296; // u64

    private UcontextLayout() {
    }

    public static long flags(byte[] b, int off) {
        return Bytes.getLong(b, off + FLAGS);
    }

    public static void flags(byte[] b, int off, long value) {
        Bytes.putLong(b, off + FLAGS, value);
    }

    public static long link(byte[] b, int off) {
        return Bytes.getLong(b, off + LINK);
    }

    public static void link(byte[] b, int off, long value) {
        Bytes.putLong(b, off + LINK, value);
    }

    public static long sigmask(byte[] b, int off) {
        return Bytes.getLong(b, off + SIGMASK);
    }

    public static void sigmask(byte[] b, int off, long value) {
        Bytes.putLong(b, off + SIGMASK, value);
    }
}
