// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct mq_attr} of mq_getattr(3). */
public final class MqAttrLayout {
    public static final int SIZE = 64;

    public static final int FLAGS = 0; // s64
    public static final int MAXMSG = 8; // s64
    public static final int MSGSIZE = 16; // s64
    public static final int CURMSGS = 24; // s64

    private MqAttrLayout() {
    }

    public static long flags(byte[] b, int off) {
        return Bytes.getLong(b, off + FLAGS);
    }

    public static void flags(byte[] b, int off, long value) {
        Bytes.putLong(b, off + FLAGS, value);
    }

    public static long maxmsg(byte[] b, int off) {
        return Bytes.getLong(b, off + MAXMSG);
    }

    public static void maxmsg(byte[] b, int off, long value) {
        Bytes.putLong(b, off + MAXMSG, value);
    }

    public static long msgsize(byte[] b, int off) {
        return Bytes.getLong(b, off + MSGSIZE);
    }

    public static void msgsize(byte[] b, int off, long value) {
        Bytes.putLong(b, off + MSGSIZE, value);
    }

    public static long curmsgs(byte[] b, int off) {
        return Bytes.getLong(b, off + CURMSGS);
    }

    public static void curmsgs(byte[] b, int off, long value) {
        Bytes.putLong(b, off + CURMSGS, value);
    }
}
