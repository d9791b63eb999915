// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct rseq} of rseq(2). */
public final class RseqLayout {
    public static final int SIZE = 32;

    public static final int CPU_ID_START = 0; // u32
    public static final int CPU_ID = 4; // u32
    public static final int RSEQ_CS = 8; // u64
    public static final int FLAGS = 16; // u32

    private RseqLayout() {
    }

    public static int cpuIdStart(byte[] b, int off) {
        return Bytes.getInt(b, off + CPU_ID_START);
    }

    public static void cpuIdStart(byte[] b, int off, int value) {
        Bytes.putInt(b, off + CPU_ID_START, value);
    }

    public static int cpuId(byte[] b, int off) {
        return Bytes.getInt(b, off + CPU_ID);
    }

    public static void cpuId(byte[] b, int off, int value) {
        Bytes.putInt(b, off + CPU_ID, value);
    }

    public static long rseqCs(byte[] b, int off) {
        return Bytes.getLong(b, off + RSEQ_CS);
    }

    public static void rseqCs(byte[] b, int off, long value) {
        Bytes.putLong(b, off + RSEQ_CS, value);
    }

    public static int flags(byte[] b, int off) {
        return Bytes.getInt(b, off + FLAGS);
    }

    public static void flags(byte[] b, int off, int value) {
        Bytes.putInt(b, off + FLAGS, value);
    }
}
