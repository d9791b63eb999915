// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/**
 * FPU state in a signal frame: what FXSAVE writes. Where the processor has XSAVE, {@code MAGIC1} stands in the
 * software-reserved bytes, the XSAVE header and the extended state follow, and {@code FP_XSTATE_MAGIC2} ends it.
 */
public final class FpstateLayout {
    public static final int SIZE = 512;

    public static final int CWD = 0; // u16
    public static final int SWD = 2; // u16
    public static final int TWD = 4; // u16
    public static final int FOP = 6; // u16
    public static final int RIP = 8; // u64
    public static final int RDP = 16; // u64
    public static final int MXCSR = 24; // u32
    public static final int MXCSR_MASK = 28; // u32
    public static final int ST_SPACE = 32; // 128 bytes
    public static final int XMM_SPACE = 160; // 256 bytes
    public static final int MAGIC1 = 464; // u32, FP_XSTATE_MAGIC1, or 0: no extended state
    public static final int EXTENDED_SIZE = 468; // u32, of all the state, with FP_XSTATE_MAGIC2
    public static final int XFEATURES = 472; // u64, as XCR0
    public static final int XSTATE_SIZE = 480; // u32, without FP_XSTATE_MAGIC2

    private FpstateLayout() {
    }

    public static int cwd(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + CWD);
    }

    public static void cwd(byte[] b, int off, int value) {
        Bytes.putShort(b, off + CWD, value);
    }

    public static int swd(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + SWD);
    }

    public static void swd(byte[] b, int off, int value) {
        Bytes.putShort(b, off + SWD, value);
    }

    public static int twd(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + TWD);
    }

    public static void twd(byte[] b, int off, int value) {
        Bytes.putShort(b, off + TWD, value);
    }

    public static int fop(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + FOP);
    }

    public static void fop(byte[] b, int off, int value) {
        Bytes.putShort(b, off + FOP, value);
    }

    public static long rip(byte[] b, int off) {
        return Bytes.getLong(b, off + RIP);
    }

    public static void rip(byte[] b, int off, long value) {
        Bytes.putLong(b, off + RIP, value);
    }

    public static long rdp(byte[] b, int off) {
        return Bytes.getLong(b, off + RDP);
    }

    public static void rdp(byte[] b, int off, long value) {
        Bytes.putLong(b, off + RDP, value);
    }

    public static int mxcsr(byte[] b, int off) {
        return Bytes.getInt(b, off + MXCSR);
    }

    public static void mxcsr(byte[] b, int off, int value) {
        Bytes.putInt(b, off + MXCSR, value);
    }

    public static int mxcsrMask(byte[] b, int off) {
        return Bytes.getInt(b, off + MXCSR_MASK);
    }

    public static void mxcsrMask(byte[] b, int off, int value) {
        Bytes.putInt(b, off + MXCSR_MASK, value);
    }

    public static int magic1(byte[] b, int off) {
        return Bytes.getInt(b, off + MAGIC1);
    }

    public static void magic1(byte[] b, int off, int value) {
        Bytes.putInt(b, off + MAGIC1, value);
    }

    public static int extendedSize(byte[] b, int off) {
        return Bytes.getInt(b, off + EXTENDED_SIZE);
    }

    public static void extendedSize(byte[] b, int off, int value) {
        Bytes.putInt(b, off + EXTENDED_SIZE, value);
    }

    public static long xfeatures(byte[] b, int off) {
        return Bytes.getLong(b, off + XFEATURES);
    }

    public static void xfeatures(byte[] b, int off, long value) {
        Bytes.putLong(b, off + XFEATURES, value);
    }

    public static int xstateSize(byte[] b, int off) {
        return Bytes.getInt(b, off + XSTATE_SIZE);
    }

    public static void xstateSize(byte[] b, int off, int value) {
        Bytes.putInt(b, off + XSTATE_SIZE, value);
    }

    public static final int FP_XSTATE_MAGIC1 = 0x46505853;
    public static final int FP_XSTATE_MAGIC2 = 0x46505845;
    public static final int FP_XSTATE_MAGIC2_SIZE = 4;

    /** Offset and size of the XSAVE header; its first 8 bytes are XSTATE_BV, the next 8 XCOMP_BV. */
    public static final int XSAVE_HEADER = 512;
    public static final int XSAVE_HEADER_SIZE = 64;
}
