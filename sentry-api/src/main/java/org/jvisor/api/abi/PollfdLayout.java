// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct pollfd} of poll(2). */
public final class PollfdLayout {
    public static final int SIZE = 8;

    public static final int FD = 0; // s32
    public static final int EVENTS = 4; // s16
    public static final int REVENTS = 6; // s16

    private PollfdLayout() {
    }

    public static int fd(byte[] b, int off) {
        return Bytes.getInt(b, off + FD);
    }

    public static void fd(byte[] b, int off, int value) {
        Bytes.putInt(b, off + FD, value);
    }

    public static int events(byte[] b, int off) {
        return Bytes.getShort(b, off + EVENTS);
    }

    public static void events(byte[] b, int off, int value) {
        Bytes.putShort(b, off + EVENTS, value);
    }

    public static int revents(byte[] b, int off) {
        return Bytes.getShort(b, off + REVENTS);
    }

    public static void revents(byte[] b, int off, int value) {
        Bytes.putShort(b, off + REVENTS, value);
    }
}
