// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct clone_args} of clone3(2). */
public final class CloneArgsLayout {
    public static final int SIZE = 88;

    public static final int FLAGS = 0; // u64
    public static final int PIDFD = 8; // u64
    public static final int CHILD_TID = 16; // u64
    public static final int PARENT_TID = 24; // u64
    public static final int EXIT_SIGNAL = 32; // u64
    public static final int STACK = 40; // u64
    public static final int STACK_SIZE = 48; // u64
    public static final int TLS = 56; // u64
    public static final int SET_TID = 64; // u64
    public static final int SET_TID_SIZE = 72; // u64
    public static final int CGROUP = 80; // u64

    private CloneArgsLayout() {
    }

    public static long flags(byte[] b, int off) {
        return Bytes.getLong(b, off + FLAGS);
    }

    public static void flags(byte[] b, int off, long value) {
        Bytes.putLong(b, off + FLAGS, value);
    }

    public static long pidfd(byte[] b, int off) {
        return Bytes.getLong(b, off + PIDFD);
    }

    public static void pidfd(byte[] b, int off, long value) {
        Bytes.putLong(b, off + PIDFD, value);
    }

    public static long childTid(byte[] b, int off) {
        return Bytes.getLong(b, off + CHILD_TID);
    }

    public static void childTid(byte[] b, int off, long value) {
        Bytes.putLong(b, off + CHILD_TID, value);
    }

    public static long parentTid(byte[] b, int off) {
        return Bytes.getLong(b, off + PARENT_TID);
    }

    public static void parentTid(byte[] b, int off, long value) {
        Bytes.putLong(b, off + PARENT_TID, value);
    }

    public static long exitSignal(byte[] b, int off) {
        return Bytes.getLong(b, off + EXIT_SIGNAL);
    }

    public static void exitSignal(byte[] b, int off, long value) {
        Bytes.putLong(b, off + EXIT_SIGNAL, value);
    }

    public static long stack(byte[] b, int off) {
        return Bytes.getLong(b, off + STACK);
    }

    public static void stack(byte[] b, int off, long value) {
        Bytes.putLong(b, off + STACK, value);
    }

    public static long stackSize(byte[] b, int off) {
        return Bytes.getLong(b, off + STACK_SIZE);
    }

    public static void stackSize(byte[] b, int off, long value) {
        Bytes.putLong(b, off + STACK_SIZE, value);
    }

    public static long tls(byte[] b, int off) {
        return Bytes.getLong(b, off + TLS);
    }

    public static void tls(byte[] b, int off, long value) {
        Bytes.putLong(b, off + TLS, value);
    }

    public static long setTid(byte[] b, int off) {
        return Bytes.getLong(b, off + SET_TID);
    }

    public static void setTid(byte[] b, int off, long value) {
        Bytes.putLong(b, off + SET_TID, value);
    }

    public static long setTidSize(byte[] b, int off) {
        return Bytes.getLong(b, off + SET_TID_SIZE);
    }

    public static void setTidSize(byte[] b, int off, long value) {
        Bytes.putLong(b, off + SET_TID_SIZE, value);
    }

    public static long cgroup(byte[] b, int off) {
        return Bytes.getLong(b, off + CGROUP);
    }

    public static void cgroup(byte[] b, int off, long value) {
        Bytes.putLong(b, off + CGROUP, value);
    }
}
