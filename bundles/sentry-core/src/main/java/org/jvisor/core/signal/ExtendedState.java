// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.signal;

import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.FpstateLayout;
import org.jvisor.api.platform.Context;
import org.jvisor.api.platform.Registers;

/**
 * x87, SSE, AVX and further state of an application (Intel SDM volume 1, 13.4: the standard format of the XSAVE area), and its
 * form in signal frames.
 */
public final class ExtendedState {

    /** Where XSAVE itself stores nothing, ptrace(2)'s NT_X86_XSTATE tells which components the host's kernel has enabled. */
    private static final int ENABLED = 464;

    private static final int STANDARD_SIZE = FpstateLayout.XSAVE_HEADER + FpstateLayout.XSAVE_HEADER_SIZE;
    private static final int XSTATE_BV = FpstateLayout.XSAVE_HEADER;
    private static final int XCOMP_BV = XSTATE_BV + 8;
    /** x87 and SSE, which every x86-64 CPU has. */
    private static final long LEGACY = 3;
    private static final int INITIAL_FCW = 0x37f;
    private static final int INITIAL_MXCSR = 0x1f80;
    /** What MXCSR_MASK means where it is 0 (Intel SDM volume 1, 11.6.6). */
    private static final int DEFAULT_MXCSR_MASK = 0xffbf;
    /** No CPU's state is larger; AMX takes 8 KiB. */
    private static final int SIZE_MAX = 1 << 14;

    private ExtendedState() {}

    /** The state that {@code registers} has or {@code context} holds; null for the initial one. */
    public static byte[] of(Context context, Registers registers) {
        if (!registers.extendedModified) {
            context.saveExtended(registers);
        }
        return registers.extended;
    }

    /** Bytes that a frame needs for {@code state}, with the mark at its end. */
    static int frameSize(byte[] state) {
        return sizeOf(state) + FpstateLayout.FP_XSTATE_MAGIC2_SIZE;
    }

    private static int sizeOf(byte[] state) {
        return state == null ? STANDARD_SIZE : Math.max(state.length, STANDARD_SIZE);
    }

    /** Puts {@code state} into a frame. */
    static void toFrame(byte[] state, byte[] frame, int at) {
        int size = sizeOf(state);
        Bytes.zero(frame, at, size);
        long enabled = LEGACY;
        if (state == null) {
            FpstateLayout.cwd(frame, at, INITIAL_FCW);
            FpstateLayout.mxcsr(frame, at, INITIAL_MXCSR);
            FpstateLayout.mxcsrMask(frame, at, DEFAULT_MXCSR_MASK);
        } else {
            System.arraycopy(state, 0, frame, at, state.length);
            enabled = enabled(state);
        }
        FpstateLayout.magic1(frame, at, FpstateLayout.FP_XSTATE_MAGIC1);
        FpstateLayout.extendedSize(frame, at, size + FpstateLayout.FP_XSTATE_MAGIC2_SIZE);
        FpstateLayout.xfeatures(frame, at, enabled);
        FpstateLayout.xstateSize(frame, at, size);
        Bytes.putInt(frame, at + size, FpstateLayout.FP_XSTATE_MAGIC2);
    }

    private static long enabled(byte[] state) {
        long told = state.length >= STANDARD_SIZE ? Bytes.getLong(state, ENABLED) : 0;
        long used = state.length >= STANDARD_SIZE ? Bytes.getLong(state, XSTATE_BV) : 0;
        return (told & LEGACY) == LEGACY ? told : used | LEGACY;
    }

    /**
     * Bytes of state in a frame whose first 512 bytes are in {@code legacy}: all, if it says so and the platform's state is as
     * large, or those 512.
     *
     * @param own the size of the platform's state
     */
    static int sizeInFrame(byte[] legacy, int own) {
        int size = FpstateLayout.xstateSize(legacy, 0);
        boolean extended = FpstateLayout.magic1(legacy, 0) == FpstateLayout.FP_XSTATE_MAGIC1
                && size >= STANDARD_SIZE && size <= Math.min(own, SIZE_MAX)
                && FpstateLayout.extendedSize(legacy, 0) == size + FpstateLayout.FP_XSTATE_MAGIC2_SIZE;
        return extended ? size : FpstateLayout.SIZE;
    }

    /**
     * Makes state that the application had in its hands fit for the CPU, which would refuse reserved bits.
     *
     * @param state the {@code size} bytes that came from the frame, in an array as large as {@code own}
     * @param own state of the platform itself, which shows what there is
     */
    static void sanitize(byte[] state, int size, byte[] own) {
        int mask = FpstateLayout.mxcsrMask(own, 0);
        int allowed = mask == 0 ? DEFAULT_MXCSR_MASK : mask;
        FpstateLayout.mxcsr(state, 0, FpstateLayout.mxcsr(state, 0) & allowed);
        FpstateLayout.mxcsrMask(state, 0, mask);
        // What software may use in the legacy area is the platform's again.
        System.arraycopy(own, ENABLED, state, ENABLED, FpstateLayout.SIZE - ENABLED);
        if (state.length < STANDARD_SIZE) {
            return;
        }
        long used = size == FpstateLayout.SIZE ? LEGACY : Bytes.getLong(state, XSTATE_BV) & enabled(own);
        Bytes.zero(state, FpstateLayout.XSAVE_HEADER, FpstateLayout.XSAVE_HEADER_SIZE);
        Bytes.putLong(state, XSTATE_BV, used);
        Bytes.putLong(state, XCOMP_BV, 0);
    }
}
