// SPDX-License-Identifier: Apache-2.0
package org.jvisor.host.ffm;

import java.util.HexFormat;

/**
 * Two functions with the C calling convention of the System V ABI for x86-64 (arguments in RDI, RSI, RDX, RCX, R8, R9, then on
 * the stack; result in RAX).
 */
final class MachineCode {
    static final int SYSCALL_OFFSET = 0;
    static final int TIME_STAMP_COUNTER_OFFSET = 32;

    /**
     * syscall(number, a0 … a5) with the kernel's own result: libc's would move the errno into a thread-local variable, whence
     * fetching it costs another call. The kernel takes the arguments in RDI, RSI, RDX, R10, R8, R9.
     */
    private static final String SYSCALL = """
        48 89 f8            mov rax, rdi
        48 89 f7            mov rdi, rsi
        48 89 d6            mov rsi, rdx
        48 89 ca            mov rdx, rcx
        4d 89 c2            mov r10, r8
        4d 89 c8            mov r8, r9
        4c 8b 4c 24 08      mov r9, [rsp + 8]
        0f 05               syscall
        c3                  ret
        """;

    /** LFENCE waits for all earlier instructions and loads (Intel SDM, RDTSC). */
    private static final String TIME_STAMP_COUNTER = """
        0f ae e8            lfence
        0f 31               rdtsc
        48 c1 e2 20         shl rdx, 32
        48 09 d0            or rax, rdx
        c3                  ret
        """;

    private static final int BYTES_COLUMN = 20;

    private MachineCode() {
    }

    static byte[] page() {
        byte[] page = new byte[64];
        put(SYSCALL, page, SYSCALL_OFFSET);
        put(TIME_STAMP_COUNTER, page, TIME_STAMP_COUNTER_OFFSET);
        return page;
    }

    private static void put(String listing, byte[] page, int offset) {
        int at = offset;
        for (String line : listing.lines().toList()) {
            for (String octet : line.substring(0, BYTES_COLUMN).trim().split(" ")) {
                page[at++] = (byte) HexFormat.fromHexDigits(octet);
            }
        }
    }
}
