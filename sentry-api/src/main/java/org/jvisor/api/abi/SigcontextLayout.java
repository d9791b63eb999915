// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct sigcontext}: the registers in a signal frame, see {@link RtSigframeLayout}. */
public final class SigcontextLayout {
    public static final int SIZE = 256;

    public static final int R8 = 0; // u64
    public static final int R9 = 8; // u64
    public static final int R10 = 16; // u64
    public static final int R11 = 24; // u64
    public static final int R12 = 32; // u64
    public static final int R13 = 40; // u64
    public static final int R14 = 48; // u64
    public static final int R15 = 56; // u64
    public static final int RDI = 64; // u64
    public static final int RSI = 72; // u64
    public static final int RBP = 80; // u64
    public static final int RBX = 88; // u64
    public static final int RDX = 96; // u64
    public static final int RAX = 104; // u64
    public static final int RCX = 112; // u64
    public static final int RSP = 120; // u64
    public static final int RIP = 128; // u64
    public static final int RFLAGS = 136; // u64
    public static final int CS = 144; // u16
    public static final int GS = 146; // u16
    public static final int FS = 148; // u16
    public static final int SS = 150; // u16
    public static final int ERR = 152; // u64, hardware error code of the fault
    public static final int TRAPNO = 160; // u64, its vector
    public static final int OLDMASK = 168; // u64
    public static final int CR2 = 176; // u64, address of a page fault
    public static final int FPSTATE = 184; // pointer, where the FPU state is; 0 if there is none

    private SigcontextLayout() {
    }

    public static long r8(byte[] b, int off) {
        return Bytes.getLong(b, off + R8);
    }

    public static void r8(byte[] b, int off, long value) {
        Bytes.putLong(b, off + R8, value);
    }

    public static long r9(byte[] b, int off) {
        return Bytes.getLong(b, off + R9);
    }

    public static void r9(byte[] b, int off, long value) {
        Bytes.putLong(b, off + R9, value);
    }

    public static long r10(byte[] b, int off) {
        return Bytes.getLong(b, off + R10);
    }

    public static void r10(byte[] b, int off, long value) {
        Bytes.putLong(b, off + R10, value);
    }

    public static long r11(byte[] b, int off) {
        return Bytes.getLong(b, off + R11);
    }

    public static void r11(byte[] b, int off, long value) {
        Bytes.putLong(b, off + R11, value);
    }

    public static long r12(byte[] b, int off) {
        return Bytes.getLong(b, off + R12);
    }

    public static void r12(byte[] b, int off, long value) {
        Bytes.putLong(b, off + R12, value);
    }

    public static long r13(byte[] b, int off) {
        return Bytes.getLong(b, off + R13);
    }

    public static void r13(byte[] b, int off, long value) {
        Bytes.putLong(b, off + R13, value);
    }

    public static long r14(byte[] b, int off) {
        return Bytes.getLong(b, off + R14);
    }

    public static void r14(byte[] b, int off, long value) {
        Bytes.putLong(b, off + R14, value);
    }

    public static long r15(byte[] b, int off) {
        return Bytes.getLong(b, off + R15);
    }

    public static void r15(byte[] b, int off, long value) {
        Bytes.putLong(b, off + R15, value);
    }

    public static long rdi(byte[] b, int off) {
        return Bytes.getLong(b, off + RDI);
    }

    public static void rdi(byte[] b, int off, long value) {
        Bytes.putLong(b, off + RDI, value);
    }

    public static long rsi(byte[] b, int off) {
        return Bytes.getLong(b, off + RSI);
    }

    public static void rsi(byte[] b, int off, long value) {
        Bytes.putLong(b, off + RSI, value);
    }

    public static long rbp(byte[] b, int off) {
        return Bytes.getLong(b, off + RBP);
    }

    public static void rbp(byte[] b, int off, long value) {
        Bytes.putLong(b, off + RBP, value);
    }

    public static long rbx(byte[] b, int off) {
        return Bytes.getLong(b, off + RBX);
    }

    public static void rbx(byte[] b, int off, long value) {
        Bytes.putLong(b, off + RBX, value);
    }

    public static long rdx(byte[] b, int off) {
        return Bytes.getLong(b, off + RDX);
    }

    public static void rdx(byte[] b, int off, long value) {
        Bytes.putLong(b, off + RDX, value);
    }

    public static long rax(byte[] b, int off) {
        return Bytes.getLong(b, off + RAX);
    }

    public static void rax(byte[] b, int off, long value) {
        Bytes.putLong(b, off + RAX, value);
    }

    public static long rcx(byte[] b, int off) {
        return Bytes.getLong(b, off + RCX);
    }

    public static void rcx(byte[] b, int off, long value) {
        Bytes.putLong(b, off + RCX, value);
    }

    public static long rsp(byte[] b, int off) {
        return Bytes.getLong(b, off + RSP);
    }

    public static void rsp(byte[] b, int off, long value) {
        Bytes.putLong(b, off + RSP, value);
    }

    public static long rip(byte[] b, int off) {
        return Bytes.getLong(b, off + RIP);
    }

    public static void rip(byte[] b, int off, long value) {
        Bytes.putLong(b, off + RIP, value);
    }

    public static long rflags(byte[] b, int off) {
        return Bytes.getLong(b, off + RFLAGS);
    }

    public static void rflags(byte[] b, int off, long value) {
        Bytes.putLong(b, off + RFLAGS, value);
    }

    public static int cs(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + CS);
    }

    public static void cs(byte[] b, int off, int value) {
        Bytes.putShort(b, off + CS, value);
    }

    public static int gs(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + GS);
    }

    public static void gs(byte[] b, int off, int value) {
        Bytes.putShort(b, off + GS, value);
    }

    public static int fs(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + FS);
    }

    public static void fs(byte[] b, int off, int value) {
        Bytes.putShort(b, off + FS, value);
    }

    public static int ss(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + SS);
    }

    public static void ss(byte[] b, int off, int value) {
        Bytes.putShort(b, off + SS, value);
    }

    public static long err(byte[] b, int off) {
        return Bytes.getLong(b, off + ERR);
    }

    public static void err(byte[] b, int off, long value) {
        Bytes.putLong(b, off + ERR, value);
    }

    public static long trapno(byte[] b, int off) {
        return Bytes.getLong(b, off + TRAPNO);
    }

    public static void trapno(byte[] b, int off, long value) {
        Bytes.putLong(b, off + TRAPNO, value);
    }

    public static long oldmask(byte[] b, int off) {
        return Bytes.getLong(b, off + OLDMASK);
    }

    public static void oldmask(byte[] b, int off, long value) {
        Bytes.putLong(b, off + OLDMASK, value);
    }

    public static long cr2(byte[] b, int off) {
        return Bytes.getLong(b, off + CR2);
    }

    public static void cr2(byte[] b, int off, long value) {
        Bytes.putLong(b, off + CR2, value);
    }

    public static long fpstate(byte[] b, int off) {
        return Bytes.getLong(b, off + FPSTATE);
    }

    public static void fpstate(byte[] b, int off, long value) {
        Bytes.putLong(b, off + FPSTATE, value);
    }
}
