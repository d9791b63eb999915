// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct inotify_event} of inotify(7). A name of LEN bytes follows, with NULs. */
public final class InotifyEventLayout {
    public static final int SIZE = 16;

    public static final int WD = 0; // s32
    public static final int MASK = 4; // u32
    public static final int COOKIE = 8; // u32
    public static final int LEN = 12; // u32

    private InotifyEventLayout() {
    }

    public static int wd(byte[] b, int off) {
        return Bytes.getInt(b, off + WD);
    }

    public static void wd(byte[] b, int off, int value) {
        Bytes.putInt(b, off + WD, value);
    }

    public static int mask(byte[] b, int off) {
        return Bytes.getInt(b, off + MASK);
    }

    public static void mask(byte[] b, int off, int value) {
        Bytes.putInt(b, off + MASK, value);
    }

    public static int cookie(byte[] b, int off) {
        return Bytes.getInt(b, off + COOKIE);
    }

    public static void cookie(byte[] b, int off, int value) {
        Bytes.putInt(b, off + COOKIE, value);
    }

    public static int len(byte[] b, int off) {
        return Bytes.getInt(b, off + LEN);
    }

    public static void len(byte[] b, int off, int value) {
        Bytes.putInt(b, off + LEN, value);
    }
}
