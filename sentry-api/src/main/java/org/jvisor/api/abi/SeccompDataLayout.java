// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct seccomp_data}: what a seccomp(2) filter reads. */
public final class SeccompDataLayout {
    public static final int SIZE = 64;

    public static final int NR = 0; // s32
    public static final int ARCH = 4; // u32
    public static final int INSTRUCTION_POINTER = 8; // u64
    public static final int ARGS = 16; // 48 bytes, six of u64

    private SeccompDataLayout() {
    }

    public static int nr(byte[] b, int off) {
        return Bytes.getInt(b, off + NR);
    }

    public static void nr(byte[] b, int off, int value) {
        Bytes.putInt(b, off + NR, value);
    }

    public static int arch(byte[] b, int off) {
        return Bytes.getInt(b, off + ARCH);
    }

    public static void arch(byte[] b, int off, int value) {
        Bytes.putInt(b, off + ARCH, value);
    }

    public static long instructionPointer(byte[] b, int off) {
        return Bytes.getLong(b, off + INSTRUCTION_POINTER);
    }

    public static void instructionPointer(byte[] b, int off, long value) {
        Bytes.putLong(b, off + INSTRUCTION_POINTER, value);
    }
}
