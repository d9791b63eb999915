// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct open_how} of openat2(2). */
public final class OpenHowLayout {
    public static final int SIZE = 24;

    public static final int FLAGS = 0; // u64
    public static final int MODE = 8; // u64
    public static final int RESOLVE = 16; // u64

    private OpenHowLayout() {
    }

    public static long flags(byte[] b, int off) {
        return Bytes.getLong(b, off + FLAGS);
    }

    public static void flags(byte[] b, int off, long value) {
        Bytes.putLong(b, off + FLAGS, value);
    }

    public static long mode(byte[] b, int off) {
        return Bytes.getLong(b, off + MODE);
    }

    public static void mode(byte[] b, int off, long value) {
        Bytes.putLong(b, off + MODE, value);
    }

    public static long resolve(byte[] b, int off) {
        return Bytes.getLong(b, off + RESOLVE);
    }

    public static void resolve(byte[] b, int off, long value) {
        Bytes.putLong(b, off + RESOLVE, value);
    }
}
