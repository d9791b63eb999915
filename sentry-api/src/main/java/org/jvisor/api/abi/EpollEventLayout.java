// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct epoll_event} of epoll_ctl(2), which is packed on x86-64. */
public final class EpollEventLayout {
    public static final int SIZE = 12;

    public static final int EVENTS = 0; // u32
    public static final int DATA = 4; // u64

    private EpollEventLayout() {
    }

    public static int events(byte[] b, int off) {
        return Bytes.getInt(b, off + EVENTS);
    }

    public static void events(byte[] b, int off, int value) {
        Bytes.putInt(b, off + EVENTS, value);
    }

    public static long data(byte[] b, int off) {
        return Bytes.getLong(b, off + DATA);
    }

    public static void data(byte[] b, int off, long value) {
        Bytes.putLong(b, off + DATA, value);
    }
}
