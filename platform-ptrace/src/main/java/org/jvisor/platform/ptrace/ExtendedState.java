// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import java.util.Arrays;
import org.jvisor.api.abi.Bytes;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.FpstateLayout;
import org.jvisor.api.host.HostKernel;

/**
 * This host's format of the extended state (x87, SSE, AVX and so on): XSAVE's standard form, as ptrace(2) reads and writes it,
 * and the state that execve(2) leaves.
 */
final class ExtendedState {
    /** More than any processor's state has now; AMX takes 8 KiB. */
    private static final int MAX_BYTES = 64 << 10;
    private static final int XSTATE_BV = FpstateLayout.XSAVE_HEADER;
    /** Of the bytes that FXSAVE reserves for software, ptrace(2) gives the first eight the components that the host supports. */
    private static final int XCR0 = 464;
    private static final long LEGACY_COMPONENTS = 3;
    private static final int HEADER_END = FpstateLayout.XSAVE_HEADER + FpstateLayout.XSAVE_HEADER_SIZE;

    private final byte[] initial;
    private final long components;
    private final int mxcsrMask;

    /** @param initial in this host's format */
    ExtendedState(byte[] initial) {
        this.initial = initial;
        components = Bytes.getLong(initial, XCR0) | LEGACY_COMPONENTS;
        int mask = FpstateLayout.mxcsrMask(initial, 0);
        mxcsrMask = mask == 0 ? 0xffbf : mask;
    }

    /** The format, and the initial state, from a stub that has run nothing yet. */
    static ExtendedState of(HostKernel host, Tracee tracee) {
        long buffer = host.allocate(MAX_BYTES);
        try {
            byte[] state = new byte[(int) ErrnoException.check(tracee.getExtended(buffer, MAX_BYTES))];
            host.copyIn(buffer, state, 0, state.length);
            return new ExtendedState(state);
        } finally {
            host.free(buffer);
        }
    }

    byte[] initial() {
        return initial.clone();
    }

    int bytes() {
        return initial.length;
    }

    /**
     * Writes a state as the host takes it. What is in it may come from the application (rt_sigreturn(2)), so reserved bits are
     * cleared, on which the host would refuse it.
     *
     * @param state null: the initial one
     */
    void write(byte[] state, byte[] to) {
        System.arraycopy(initial, 0, to, 0, initial.length);
        if (state == null || state.length < FpstateLayout.SIZE) {
            return;
        }
        int length = Math.min(state.length, initial.length);
        System.arraycopy(state, 0, to, 0, Math.min(length, XCR0));
        FpstateLayout.mxcsr(to, 0, FpstateLayout.mxcsr(to, 0) & mxcsrMask);
        boolean hasHeader = length >= HEADER_END;
        Arrays.fill(to, XSTATE_BV, Math.min(HEADER_END, to.length), (byte) 0);
        Bytes.putLong(to, XSTATE_BV, hasHeader ? Bytes.getLong(state, XSTATE_BV) & components : LEGACY_COMPONENTS);
        if (hasHeader) {
            System.arraycopy(state, HEADER_END, to, HEADER_END, length - HEADER_END);
        }
    }
}
