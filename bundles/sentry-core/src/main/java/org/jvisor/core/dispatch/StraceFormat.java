// SPDX-License-Identifier: Apache-2.0
package org.jvisor.core.dispatch;

import java.util.HashMap;
import java.util.Map;
import org.jvisor.api.abi.Errno;
import org.jvisor.api.abi.ErrnoException;
import org.jvisor.api.abi.SyscallNr;
import org.jvisor.api.kernel.Task;
import org.jvisor.api.syscall.Arguments;

/**
 * A call in words. Arguments are described by a letter each: d a number, u an unsigned one, x hexadecimal, o octal, p an address,
 * s a string, b a buffer whose length is the next argument (w: after the call, its result), f a directory descriptor.
 */
final class StraceFormat {

    private static final int STRING_MAX = 64;
    private static final int AT_FDCWD = -100;
    private static final String UNKNOWN = "xxxxxx";
    private static final Map<Integer, String> SHAPES = new HashMap<>();

    static {
        shape("dwu", "read");
        shape("dbu", "write");
        shape("dwud", "pread64");
        shape("dbud", "pwrite64");
        shape("sxo", "open");
        shape("fsxo", "openat");
        shape("fspu", "openat2");
        shape("d", "close dup exit exit_group fsync fdatasync syncfs fchdir setuid setgid umask getpgid getsid epoll_create1");
        shape("sp", "stat lstat statfs");
        shape("dp", "fstat clock_gettime clock_getres fstatfs getrlimit setrlimit getrusage getitimer timer_gettime capget");
        shape("fspx", "newfstatat faccessat2");
        shape("fsxxp", "statx");
        shape("pud", "poll");
        shape("ddd", "lseek fcntl flock socket listen shutdown dup3 setresuid setresgid tgkill");
        shape("dpu", "readv writev bind connect getdents64 getdents");
        shape("puxxdx", "mmap");
        shape("pux", "mprotect madvise msync");
        shape("pu", "munmap mlock munlock set_robust_list nanosleep");
        shape("p", "brk pipe uname times time set_tid_address sysinfo");
        shape("dppu", "rt_sigaction rt_sigprocmask");
        shape("dxp", "ioctl");
        shape("so", "access chmod mkdir creat");
        shape("fso", "faccessat mkdirat fchmodat");
        shape("s", "chdir rmdir unlink chroot");
        shape("ss", "rename link symlink");
        shape("fsfs", "renameat");
        shape("fsfsx", "renameat2 linkat");
        shape("sfs", "symlinkat");
        shape("fsx", "unlinkat");
        shape("spu", "readlink");
        shape("fspu", "readlinkat");
        shape("spp", "execve");
        shape("fsppx", "execveat");
        shape("dd", "dup2 kill setpgid setreuid setregid tkill");
        shape("xpppp", "clone");
        shape("pu", "clone3");
        shape("dpxp", "wait4");
        shape("ddpxp", "waitid");
        shape("pdupud", "futex");
        shape("", "getpid getppid gettid getuid geteuid getgid getegid fork vfork setsid sched_yield pause rt_sigreturn");
        shape("", "getpgrp sync");
        shape("pd", "pipe2 eventfd2");
        shape("puu", "getrandom getcpu");
        shape("ddpp", "prlimit64");
        shape("xp", "arch_prctl");
        shape("dpdd", "epoll_wait");
        shape("dddp", "epoll_ctl");
        shape("ddddd", "prctl");
        shape("dxpp", "clock_nanosleep timerfd_settime timer_settime");
    }

    private StraceFormat() {}

    private static void shape(String letters, String names) {
        for (String name : names.split(" ")) {
            SHAPES.putIfAbsent(SyscallNr.byName(name), letters);
        }
    }

    /** Calls whose arguments are gone afterwards, or that do not return. */
    static boolean showsEntry(int number) {
        return number == SyscallNr.EXECVE || number == SyscallNr.EXECVEAT || number == SyscallNr.EXIT
                || number == SyscallNr.EXIT_GROUP || number == SyscallNr.RT_SIGRETURN;
    }

    static String prefix(Task task) {
        return "[" + task.tid() + "] " + task.name() + " ";
    }

    /** @param result what the call gave back, for the length of what it stored; -1 when it has not */
    static String call(Task task, Arguments a, long result) {
        String shape = SHAPES.getOrDefault(a.number, UNKNOWN);
        long[] values = {a.a0, a.a1, a.a2, a.a3, a.a4, a.a5};
        StringBuilder text = new StringBuilder(SyscallNr.name(a.number)).append('(');
        for (int i = 0; i < shape.length(); i++) {
            if (i > 0) {
                text.append(", ");
            }
            char letter = shape.charAt(i);
            long length = letter == 'w' ? Math.max(result, 0) : values[Math.min(i + 1, values.length - 1)];
            append(text, task, letter, values[i], length);
        }
        return text.append(')').toString();
    }

    private static void append(StringBuilder text, Task task, char letter, long value, long length) {
        switch (letter) {
            case 'd' -> text.append((int) value);
            case 'u' -> text.append(Long.toUnsignedString(value));
            case 'o' -> text.append('0').append(Integer.toOctalString((int) value));
            case 'f' -> text.append((int) value == AT_FDCWD ? "AT_FDCWD" : Integer.toString((int) value));
            case 's' -> appendString(text, task, value);
            case 'b', 'w' -> appendBytes(text, task, value, length);
            case 'p' -> text.append(value == 0 ? "NULL" : "0x" + Long.toHexString(value));
            default -> text.append(value == 0 ? "0" : "0x" + Long.toHexString(value));
        }
    }

    private static void appendString(StringBuilder text, Task task, long address) {
        if (address == 0 || task.memory() == null) {
            text.append("NULL");
            return;
        }
        byte[] bytes = new byte[STRING_MAX];
        int count = (int) task.memory().tryCopyIn(address, bytes, 0, bytes.length);
        int length = 0;
        while (length < count && bytes[length] != 0) {
            length++;
        }
        quote(text, bytes, length, length == bytes.length);
    }

    private static void appendBytes(StringBuilder text, Task task, long address, long length) {
        byte[] bytes = new byte[(int) Math.clamp(length, 0L, (long) STRING_MAX)];
        int count = (int) task.memory().tryCopyIn(address, bytes, 0, bytes.length);
        quote(text, bytes, count, Long.compareUnsigned(length, STRING_MAX) > 0);
    }

    private static void quote(StringBuilder text, byte[] bytes, int length, boolean more) {
        text.append('"');
        for (int i = 0; i < length; i++) {
            int c = bytes[i] & 0xff;
            switch (c) {
                case '\n' -> text.append("\\n");
                case '\t' -> text.append("\\t");
                case '\r' -> text.append("\\r");
                case '"', '\\' -> text.append('\\').append((char) c);
                default -> {
                    if (c >= ' ' && c < 0x7f) {
                        text.append((char) c);
                    } else {
                        text.append('\\').append(Integer.toOctalString(c));
                    }
                }
            }
        }
        text.append(more ? "\"..." : "\"");
    }

    static String result(int number, long result) {
        if (Errno.isError(result)) {
            return "-1 " + ErrnoException.of((int) -result).getMessage().replaceFirst(": (.*)", " ($1)");
        }
        boolean address = number == SyscallNr.MMAP || number == SyscallNr.BRK || number == SyscallNr.MREMAP
                || number == SyscallNr.SHMAT;
        return address ? "0x" + Long.toHexString(result) : Long.toString(result);
    }
}
