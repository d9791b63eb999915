// SPDX-License-Identifier: Apache-2.0
package org.jvisor.api.abi;

/**
 * {@code siginfo_t} of sigaction(2). After the first three fields and 4 bytes of padding it is a union: which fields
 * it has follows from the signal and its code.
 */
public final class SiginfoLayout {
    public static final int SIZE = 128;

    public static final int SIGNO = 0; // s32
    public static final int ERRNO = 4; // s32
    public static final int CODE = 8; // s32
    public static final int PID = 16; // s32, kill(2), sigqueue(3), SIGCHLD
    public static final int UID = 20; // u32, kill(2), sigqueue(3), SIGCHLD
    public static final int VALUE = 24; // 8 bytes, sigqueue(3), timers: sival_int or sival_ptr
    public static final int TIMER_ID = 16; // s32, timers
    public static final int OVERRUN = 20; // s32, timers
    public static final int STATUS = 24; // s32, SIGCHLD
    public static final int UTIME = 32; // s64, SIGCHLD
    public static final int STIME = 40; // s64, SIGCHLD
    public static final int ADDR = 16; // pointer, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP
    public static final int ADDR_LSB = 24; // s16, SIGBUS of a broken page
    public static final int LOWER = 32; // pointer, SEGV_BNDERR
    public static final int UPPER = 40; // pointer, SEGV_BNDERR
    public static final int PKEY = 32; // u32, SEGV_PKUERR
    public static final int BAND = 16; // s64, SIGPOLL
    public static final int FD = 24; // s32, SIGPOLL
    public static final int CALL_ADDR = 16; // pointer, SIGSYS
    public static final int SYSCALL = 24; // s32, SIGSYS
    public static final int ARCH = 28; // u32, SIGSYS

    private SiginfoLayout() {
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

    public static int timerId(byte[] b, int off) {
        return Bytes.getInt(b, off + TIMER_ID);
    }

    public static void timerId(byte[] b, int off, int value) {
        Bytes.putInt(b, off + TIMER_ID, value);
    }

    public static int overrun(byte[] b, int off) {
        return Bytes.getInt(b, off + OVERRUN);
    }

    public static void overrun(byte[] b, int off, int value) {
        Bytes.putInt(b, off + OVERRUN, value);
    }

    public static int status(byte[] b, int off) {
        return Bytes.getInt(b, off + STATUS);
    }

    public static void status(byte[] b, int off, int value) {
        Bytes.putInt(b, off + STATUS, value);
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
        return Bytes.getShort(b, off + ADDR_LSB);
    }

    public static void addrLsb(byte[] b, int off, int value) {
        Bytes.putShort(b, off + ADDR_LSB, value);
    }

    public static long lower(byte[] b, int off) {
        return Bytes.getLong(b, off + LOWER);
    }

    public static void lower(byte[] b, int off, long value) {
        Bytes.putLong(b, off + LOWER, value);
    }

    public static long upper(byte[] b, int off) {
        return Bytes.getLong(b, off + UPPER);
    }

    public static void upper(byte[] b, int off, long value) {
        Bytes.putLong(b, off + UPPER, value);
    }

    public static int pkey(byte[] b, int off) {
        return Bytes.getInt(b, off + PKEY);
    }

    public static void pkey(byte[] b, int off, int value) {
        Bytes.putInt(b, off + PKEY, value);
    }

    public static long band(byte[] b, int off) {
        return Bytes.getLong(b, off + BAND);
    }

    public static void band(byte[] b, int off, long value) {
        Bytes.putLong(b, off + BAND, value);
    }

    public static int fd(byte[] b, int off) {
        return Bytes.getInt(b, off + FD);
    }

    public static void fd(byte[] b, int off, int value) {
        Bytes.putInt(b, off + FD, value);
    }

    public static long callAddr(byte[] b, int off) {
        return Bytes.getLong(b, off + CALL_ADDR);
    }

    public static void callAddr(byte[] b, int off, long value) {
        Bytes.putLong(b, off + CALL_ADDR, value);
    }

    public static int syscall(byte[] b, int off) {
        return Bytes.getInt(b, off + SYSCALL);
    }

    public static void syscall(byte[] b, int off, int value) {
        Bytes.putInt(b, off + SYSCALL, value);
    }

    public static int arch(byte[] b, int off) {
        return Bytes.getInt(b, off + ARCH);
    }

    public static void arch(byte[] b, int off, int value) {
        Bytes.putInt(b, off + ARCH, value);
    }

    /** {@code sival_ptr}; its low half is {@code sival_int}. */
    public static long value(byte[] b, int off) {
        return Bytes.getLong(b, off + VALUE);
    }

    public static void value(byte[] b, int off, long value) {
        Bytes.putLong(b, off + VALUE, value);
    }
}
