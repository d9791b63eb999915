// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct sched_attr} of sched_setattr(2). */
public final class SchedAttrLayout {
    public static final int SIZE = 56;

    public static final int SIZE_BYTES = 0; // u32
    public static final int POLICY = 4; // u32
    public static final int FLAGS = 8; // u64
    public static final int NICE = 16; // s32
    public static final int PRIORITY = 20; // u32
    public static final int RUNTIME = 24; // u64
    public static final int DEADLINE = 32; // u64
    public static final int PERIOD = 40; // u64
    public static final int UTIL_MIN = 48; // u32
    public static final int UTIL_MAX = 52; // u32

    private SchedAttrLayout() {
    }

    public static int sizeBytes(byte[] b, int off) {
        return Bytes.getInt(b, off + SIZE_BYTES);
    }

    public static void sizeBytes(byte[] b, int off, int value) {
        Bytes.putInt(b, off + SIZE_BYTES, value);
    }

    public static int policy(byte[] b, int off) {
        return Bytes.getInt(b, off + POLICY);
    }

    public static void policy(byte[] b, int off, int value) {
        Bytes.putInt(b, off + POLICY, value);
    }

    public static long flags(byte[] b, int off) {
        return Bytes.getLong(b, off + FLAGS);
    }

    public static void flags(byte[] b, int off, long value) {
        Bytes.putLong(b, off + FLAGS, value);
    }

    public static int nice(byte[] b, int off) {
        return Bytes.getInt(b, off + NICE);
    }

    public static void nice(byte[] b, int off, int value) {
        Bytes.putInt(b, off + NICE, value);
    }

    public static int priority(byte[] b, int off) {
        return Bytes.getInt(b, off + PRIORITY);
    }

    public static void priority(byte[] b, int off, int value) {
        Bytes.putInt(b, off + PRIORITY, value);
    }

    public static long runtime(byte[] b, int off) {
        return Bytes.getLong(b, off + RUNTIME);
    }

    public static void runtime(byte[] b, int off, long value) {
        Bytes.putLong(b, off + RUNTIME, value);
    }

    public static long deadline(byte[] b, int off) {
        return Bytes.getLong(b, off + DEADLINE);
    }

    public static void deadline(byte[] b, int off, long value) {
        Bytes.putLong(b, off + DEADLINE, value);
    }

    public static long period(byte[] b, int off) {
        return Bytes.getLong(b, off + PERIOD);
    }

    public static void period(byte[] b, int off, long value) {
        Bytes.putLong(b, off + PERIOD, value);
    }

    public static int utilMin(byte[] b, int off) {
        return Bytes.getInt(b, off + UTIL_MIN);
    }

    public static void utilMin(byte[] b, int off, int value) {
        Bytes.putInt(b, off + UTIL_MIN, value);
    }

    public static int utilMax(byte[] b, int off) {
        return Bytes.getInt(b, off + UTIL_MAX);
    }

    public static void utilMax(byte[] b, int off, int value) {
        Bytes.putInt(b, off + UTIL_MAX, value);
    }
}
