// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct rseq_cs}: a restartable sequence. */
public final class RseqCsLayout {
    public static final int SIZE = 32;

    public static final int VERSION = 0; // u32
    public static final int FLAGS = 4; // u32
    public static final int START_IP = 8; // u64
    public static final int POST_COMMIT_OFFSET = 16; // u64
    public static final int ABORT_IP = 24; // u64

    private RseqCsLayout() {
    }

    public static int version(byte[] b, int off) {
        return Bytes.getInt(b, off + VERSION);
    }

    public static void version(byte[] b, int off, int value) {
        Bytes.putInt(b, off + VERSION, value);
    }

    public static int flags(byte[] b, int off) {
        return Bytes.getInt(b, off + FLAGS);
    }

    public static void flags(byte[] b, int off, int value) {
        Bytes.putInt(b, off + FLAGS, value);
    }

    public static long startIp(byte[] b, int off) {
        return Bytes.getLong(b, off + START_IP);
    }

    public static void startIp(byte[] b, int off, long value) {
        Bytes.putLong(b, off + START_IP, value);
    }

    public static long postCommitOffset(byte[] b, int off) {
        return Bytes.getLong(b, off + POST_COMMIT_OFFSET);
    }

    public static void postCommitOffset(byte[] b, int off, long value) {
        Bytes.putLong(b, off + POST_COMMIT_OFFSET, value);
    }

    public static long abortIp(byte[] b, int off) {
        return Bytes.getLong(b, off + ABORT_IP);
    }

    public static void abortIp(byte[] b, int off, long value) {
        Bytes.putLong(b, off + ABORT_IP, value);
    }
}
