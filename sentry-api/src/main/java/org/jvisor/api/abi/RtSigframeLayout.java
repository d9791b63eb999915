// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/**
 * The frame a handler finds on its stack and rt_sigreturn(2) reads. It starts at an address that is 8 modulo 16; the
 * FPU state lies above it, aligned to 64 bytes, and the red zone of 128 bytes above that stays untouched.
 */
public final class RtSigframeLayout {
    public static final int SIZE = 440;

    public static final int PRETCODE = 0; // pointer, return address: sa_restorer
    public static final int UCONTEXT = 8; // 304 bytes, UcontextLayout, the third argument
    public static final int SIGINFO = 312; // 128 bytes, SiginfoLayout, the second argument

    private RtSigframeLayout() {
    }

    public static long pretcode(byte[] b, int off) {
        return Bytes.getLong(b, off + PRETCODE);
    }

    public static void pretcode(byte[] b, int off, long value) {
        Bytes.putLong(b, off + PRETCODE, value);
    }

    /** Bytes below the stack pointer that the System V ABI lets a leaf function use. */
    public static final int RED_ZONE = 128;
}
