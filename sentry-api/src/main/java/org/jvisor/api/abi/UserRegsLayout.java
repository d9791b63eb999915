// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct user_regs_struct}: the registers of PTRACE_GETREGS and of NT_PRSTATUS. */
public final class UserRegsLayout {
    public static final int SIZE = 216;

    public static final int R15 = 0; // u64
    public static final int R14 = 8; // u64
    public static final int R13 = 16; // u64
    public static final int R12 = 24; // u64
    public static final int RBP = 32; // u64
    public static final int RBX = 40; // u64
    public static final int R11 = 48; // u64
    public static final int R10 = 56; // u64
    public static final int R9 = 64; // u64
    public static final int R8 = 72; // u64
    public static final int RAX = 80; // u64
    public static final int RCX = 88; // u64
    public static final int RDX = 96; // u64
    public static final int RSI = 104; // u64
    public static final int RDI = 112; // u64
    public static final int ORIG_RAX = 120; // u64, number of the system call, -1 outside of one
    public static final int RIP = 128; // u64
    public static final int CS = 136; // u64
    public static final int RFLAGS = 144; // u64
    public static final int RSP = 152; // u64
    public static final int SS = 160; // u64
    public static final int FS_BASE = 168; // u64
    public static final int GS_BASE = 176; // u64
    public static final int DS = 184; // u64
    public static final int ES = 192; // u64
    public static final int FS = 200; // u64
    public static final int GS = 208; // u64

    private UserRegsLayout() {
    }

    public static long r15(byte[] b, int off) {
        return Bytes.getLong(b, off + R15);
    }

    public static void r15(byte[] b, int off, long value) {
        Bytes.putLong(b, off + R15, value);
    }

    public static long r14(byte[] b, int off) {
        return Bytes.getLong(b, off + R14);
    }

    public static void r14(byte[] b, int off, long value) {
        Bytes.putLong(b, off + R14, value);
    }

    public static long r13(byte[] b, int off) {
        return Bytes.getLong(b, off + R13);
    }

    public static void r13(byte[] b, int off, long value) {
        Bytes.putLong(b, off + R13, value);
    }

    public static long r12(byte[] b, int off) {
        return Bytes.getLong(b, off + R12);
    }

    public static void r12(byte[] b, int off, long value) {
        Bytes.putLong(b, off + R12, value);
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

    public static long r11(byte[] b, int off) {
        return Bytes.getLong(b, off + R11);
    }

    public static void r11(byte[] b, int off, long value) {
        Bytes.putLong(b, off + R11, value);
    }

    public static long r10(byte[] b, int off) {
        return Bytes.getLong(b, off + R10);
    }

    public static void r10(byte[] b, int off, long value) {
        Bytes.putLong(b, off + R10, value);
    }

    public static long r9(byte[] b, int off) {
        return Bytes.getLong(b, off + R9);
    }

    public static void r9(byte[] b, int off, long value) {
        Bytes.putLong(b, off + R9, value);
    }

    public static long r8(byte[] b, int off) {
        return Bytes.getLong(b, off + R8);
    }

    public static void r8(byte[] b, int off, long value) {
        Bytes.putLong(b, off + R8, value);
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

    public static long rdx(byte[] b, int off) {
        return Bytes.getLong(b, off + RDX);
    }

    public static void rdx(byte[] b, int off, long value) {
        Bytes.putLong(b, off + RDX, value);
    }

    public static long rsi(byte[] b, int off) {
        return Bytes.getLong(b, off + RSI);
    }

    public static void rsi(byte[] b, int off, long value) {
        Bytes.putLong(b, off + RSI, value);
    }

    public static long rdi(byte[] b, int off) {
        return Bytes.getLong(b, off + RDI);
    }

    public static void rdi(byte[] b, int off, long value) {
        Bytes.putLong(b, off + RDI, value);
    }

    public static long origRax(byte[] b, int off) {
        return Bytes.getLong(b, off + ORIG_RAX);
    }

    public static void origRax(byte[] b, int off, long value) {
        Bytes.putLong(b, off + ORIG_RAX, value);
    }

    public static long rip(byte[] b, int off) {
        return Bytes.getLong(b, off + RIP);
    }

    public static void rip(byte[] b, int off, long value) {
        Bytes.putLong(b, off + RIP, value);
    }

    public static long cs(byte[] b, int off) {
        return Bytes.getLong(b, off + CS);
    }

    public static void cs(byte[] b, int off, long value) {
        Bytes.putLong(b, off + CS, value);
    }

    public static long rflags(byte[] b, int off) {
        return Bytes.getLong(b, off + RFLAGS);
    }

    public static void rflags(byte[] b, int off, long value) {
        Bytes.putLong(b, off + RFLAGS, value);
    }

    public static long rsp(byte[] b, int off) {
        return Bytes.getLong(b, off + RSP);
    }

    public static void rsp(byte[] b, int off, long value) {
        Bytes.putLong(b, off + RSP, value);
    }

    public static long ss(byte[] b, int off) {
        return Bytes.getLong(b, off + SS);
    }

    public static void ss(byte[] b, int off, long value) {
        Bytes.putLong(b, off + SS, value);
    }

    public static long fsBase(byte[] b, int off) {
        return Bytes.getLong(b, off + FS_BASE);
    }

    public static void fsBase(byte[] b, int off, long value) {
        Bytes.putLong(b, off + FS_BASE, value);
    }

    public static long gsBase(byte[] b, int off) {
        return Bytes.getLong(b, off + GS_BASE);
    }

    public static void gsBase(byte[] b, int off, long value) {
        Bytes.putLong(b, off + GS_BASE, value);
    }

    public static long ds(byte[] b, int off) {
        return Bytes.getLong(b, off + DS);
    }

    public static void ds(byte[] b, int off, long value) {
        Bytes.putLong(b, off + DS, value);
    }

    public static long es(byte[] b, int off) {
        return Bytes.getLong(b, off + ES);
    }

    public static void es(byte[] b, int off, long value) {
        Bytes.putLong(b, off + ES, value);
    }

    public static long fs(byte[] b, int off) {
        return Bytes.getLong(b, off + FS);
    }

    public static void fs(byte[] b, int off, long value) {
        Bytes.putLong(b, off + FS, value);
    }

    public static long gs(byte[] b, int off) {
        return Bytes.getLong(b, off + GS);
    }

    public static void gs(byte[] b, int off, long value) {
        Bytes.putLong(b, off + GS, value);
    }
}
