// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/** {@code struct signalfd_siginfo} of signalfd(2). */
public final class SignalfdSiginfoLayout {
    public static final int SIZE = 128;

    public static final int SIGNO = 0; // u32
    public static final int ERRNO = 4; // s32
    public static final int CODE = 8; // s32
    public static final int PID = 12; // u32
    public static final int UID = 16; // u32
    public static final int FD = 20; // s32
    public static final int TID = 24; // u32
    public static final int BAND = 28; // u32
    public static final int OVERRUN = 32; // u32
    public static final int TRAPNO = 36; // u32
    public static final int STATUS = 40; // s32
    public static final int INT = 44; // s32
    public static final int PTR = 48; // u64
    public static final int UTIME = 56; // u64
    public static final int STIME = 64; // u64
    public static final int ADDR = 72; // u64
    public static final int ADDR_LSB = 80; // u16
    public static final int SYSCALL = 84; // s32
    public static final int CALL_ADDR = 88; // u64
    public static final int ARCH = 96; // u32

    private SignalfdSiginfoLayout() {
    }

    public static int signo(byte[] b, int off) {
        return Bytes.getInt(b, off + SIGNO);
    }

    public static void signo(byte[] b, int off, int value) {
        Bytes.putInt(b, off + SIGNO, value);
    }

    public static int errno(byte[] b, int off) {
        return Bytes.getInt(b, off + ERRNO);
    }

    public static void errno(byte[] b, int off, int value) {
        Bytes.putInt(b, off + ERRNO, value);
    }

    public static int code(byte[] b, int off) {
        return Bytes.getInt(b, off + CODE);
    }

    public static void code(byte[] b, int off, int value) {
        Bytes.putInt(b, off + CODE, value);
    }

    public static int pid(byte[] b, int off) {
        return Bytes.getInt(b, off + PID);
    }

    public static void pid(byte[] b, int off, int value) {
        Bytes.putInt(b, off + PID, value);
    }

    public static int uid(byte[] b, int off) {
        return Bytes.getInt(b, off + UID);
    }

    public static void uid(byte[] b, int off, int value) {
        Bytes.putInt(b, off + UID, value);
    }

    public static int fd(byte[] b, int off) {
        return Bytes.getInt(b, off + FD);
    }

    public static void fd(byte[] b, int off, int value) {
        Bytes.putInt(b, off + FD, value);
    }

    public static int tid(byte[] b, int off) {
        return Bytes.getInt(b, off + TID);
    }

    public static void tid(byte[] b, int off, int value) {
        Bytes.putInt(b, off + TID, value);
    }

    public static int band(byte[] b, int off) {
        return Bytes.getInt(b, off + BAND);
    }

    public static void band(byte[] b, int off, int value) {
        Bytes.putInt(b, off + BAND, value);
    }

    public static int overrun(byte[] b, int off) {
        return Bytes.getInt(b, off + OVERRUN);
    }

    public static void overrun(byte[] b, int off, int value) {
        Bytes.putInt(b, off + OVERRUN, value);
    }

    public static int trapno(byte[] b, int off) {
        return Bytes.getInt(b, off + TRAPNO);
    }

    public static void trapno(byte[] b, int off, int value) {
        Bytes.putInt(b, off + TRAPNO, value);
    }

    public static int status(byte[] b, int off) {
        return Bytes.getInt(b, off + STATUS);
    }

    public static void status(byte[] b, int off, int value) {
        Bytes.putInt(b, off + STATUS, value);
    }

    public static int int_(byte[] b, int off) {
        return Bytes.getInt(b, off + INT);
    }

    public static void int_(byte[] b, int off, int value) {
        Bytes.putInt(b, off + INT, value);
    }

    public static long ptr(byte[] b, int off) {
        return Bytes.getLong(b, off + PTR);
    }

    public static void ptr(byte[] b, int off, long value) {
        Bytes.putLong(b, off + PTR, value);
    }

    public static long utime(byte[] b, int off) {
        return Bytes.getLong(b, off + UTIME);
    }

    public static void utime(byte[] b, int off, long value) {
        Bytes.putLong(b, off + UTIME, value);
    }

    public static long stime(byte[] b, int off) {
        return Bytes.getLong(b, off + STIME);
    }

    public static void stime(byte[] b, int off, long value) {
        Bytes.putLong(b, off + STIME, value);
    }

    public static long addr(byte[] b, int off) {
        return Bytes.getLong(b, off + ADDR);
    }

    public static void addr(byte[] b, int off, long value) {
        Bytes.putLong(b, off + ADDR, value);
    }

    public static int addrLsb(byte[] b, int off) {
        return Bytes.getUnsignedShort(b, off + ADDR_LSB);
    }

    public static void addrLsb(byte[] b, int off, int value) {
        Bytes.putShort(b, off + ADDR_LSB, value);
    }

    public static int syscall(byte[] b, int off) {
        return Bytes.getInt(b, off + SYSCALL);
    }

    public static void syscall(byte[] b, int off, int value) {
        Bytes.putInt(b, off + SYSCALL, value);
    }

    public static long callAddr(byte[] b, int off) {
        return Bytes.getLong(b, off + CALL_ADDR);
    }

    public static void callAddr(byte[] b, int off, long value) {
        Bytes.putLong(b, off + CALL_ADDR, value);
    }

    public static int arch(byte[] b, int off) {
        return Bytes.getInt(b, off + ARCH);
    }

    public static void arch(byte[] b, int off, int value) {
        Bytes.putInt(b, off + ARCH, value);
    }
}
