// SPDX-License-Identifier: Apache-2.0
package org.jvisor.time;

import java.util.List;

/**
 * The functions of the vDSO, by the calling convention of the System V ABI for x86-64. Leaf functions that touch no stack and
 * only registers that belong to the callee. Pointers are the program's own: a bad one faults in the program, as vdso(7)'s do.
 * What they cannot answer goes to the kernel by the system call of the same name. {@code page} is the {@link ClockPage}.
 */
final class VdsoCode {

    /** A function of the image. */
    record Function(String name, Listing listing) {}

    /**
     * RAX becomes CLOCK_MONOTONIC in ns by the {@link TimeLine} of the page's valid slot, whose address stays in RCX, with the
     * page's in R8 and its sequence in R9. LFENCE keeps the counter from being read before the slot (Intel SDM, RDTSC).
     */
    private static final String MONOTONIC = """
        4c 8d 05 {page}                     lea r8, [rip + page]
        retry:
        45 8b 08                            mov r9d, dword ptr [r8]
        44 89 c9                            mov ecx, r9d
        83 e1 01                            and ecx, 1
        c1 e1 06                            shl ecx, 6
        49 8d 4c 08 40                      lea rcx, [r8 + rcx*1 + 64]
        83 39 00                            cmp dword ptr [rcx], 0
        0f 84 {kernel}                      je kernel
        0f ae e8                            lfence
        0f 31                               rdtsc
        48 c1 e2 20                         shl rdx, 32
        48 09 d0                            or rax, rdx
        31 d2                               xor edx, edx
        48 2b 41 08                         sub rax, qword ptr [rcx + 8]
        48 0f 42 c2                         cmovb rax, rdx
        48 f7 61 10                         mul qword ptr [rcx + 16]
        48 0f ac d0 38                      shrd rax, rdx, 56
        48 03 41 18                         add rax, qword ptr [rcx + 24]
        """;

    private static final String ADD_REALTIME_OFFSET = """
        48 03 41 20                         add rax, qword ptr [rcx + 32]
        """;

    private static final String CHECK_SEQUENCE = """
        check:
        45 3b 08                            cmp r9d, dword ptr [r8]
        0f 85 {retry}                       jne retry
        """;

    /**
     * RAX in ns becomes seconds in RDX and the rest in R10. The division by 10^9 is one by 2^9, a shift, and one by 5^9: a
     * multiplication with 2^75 / 5^9, rounded up, and a shift by 75. That is exact for all 64-bit numbers.
     */
    private static final String SPLIT = """
        49 89 c2                            mov r10, rax
        48 c1 e8 09                         shr rax, 9
        48 ba 53 5a 9b a0 2f b8 44 00       movabs rdx, 19342813113834067
        48 f7 e2                            mul rdx
        48 c1 ea 0b                         shr rdx, 11
        48 69 c2 00 ca 9a 3b                imul rax, rdx, 1000000000
        49 29 c2                            sub r10, rax
        """;

    /** int clock_gettime(clockid_t EDI, struct timespec *RSI): clocks 0, 1 and 4 to 7; of those 0 and 5 are REALTIME's. */
    private static final String CLOCK_GETTIME = """
        83 ff 07                            cmp edi, 7
        0f 87 {kernel}                      ja kernel
        b8 f3 00 00 00                      mov eax, 243
        0f a3 f8                            bt eax, edi
        0f 83 {kernel}                      jae kernel
        """ + MONOTONIC + """
        41 ba 21 00 00 00                   mov r10d, 33
        41 0f a3 fa                         bt r10d, edi
        0f 83 {check}                       jae check
        """ + ADD_REALTIME_OFFSET + CHECK_SEQUENCE + SPLIT + """
        48 89 16                            mov qword ptr [rsi], rdx
        4c 89 56 08                         mov qword ptr [rsi + 8], r10
        31 c0                               xor eax, eax
        c3                                  ret
        kernel:
        b8 e4 00 00 00                      mov eax, 228
        0f 05                               syscall
        c3                                  ret
        """;

    /** int gettimeofday(struct timeval *RDI, struct timezone *RSI); each may be null. The zone is always UTC. */
    private static final String GETTIMEOFDAY = """
        48 85 ff                            test rdi, rdi
        0f 84 {zone}                        je zone
        """ + MONOTONIC + ADD_REALTIME_OFFSET + CHECK_SEQUENCE + SPLIT + """
        49 69 c2 d3 4d 62 10                imul rax, r10, 274877907
        48 c1 e8 26                         shr rax, 38
        48 89 17                            mov qword ptr [rdi], rdx
        48 89 47 08                         mov qword ptr [rdi + 8], rax
        zone:
        31 c0                               xor eax, eax
        48 85 f6                            test rsi, rsi
        0f 84 {done}                        je done
        48 89 06                            mov qword ptr [rsi], rax
        done:
        c3                                  ret
        kernel:
        b8 60 00 00 00                      mov eax, 96
        0f 05                               syscall
        c3                                  ret
        """;

    /** time_t time(time_t *RDI), which may be null. */
    private static final String TIME = MONOTONIC + ADD_REALTIME_OFFSET + CHECK_SEQUENCE + SPLIT + """
        48 89 d0                            mov rax, rdx
        48 85 ff                            test rdi, rdi
        0f 84 {done}                        je done
        48 89 07                            mov qword ptr [rdi], rax
        done:
        c3                                  ret
        kernel:
        b8 c9 00 00 00                      mov eax, 201
        0f 05                               syscall
        c3                                  ret
        """;

    /** int clock_getres(clockid_t EDI, struct timespec *RSI), which may be null: 1 ns, and 4 ms for the coarse ones (5 and 6). */
    private static final String CLOCK_GETRES = """
        83 ff 07                            cmp edi, 7
        0f 87 {kernel}                      ja kernel
        ba 01 00 00 00                      mov edx, 1
        b8 93 00 00 00                      mov eax, 147
        0f a3 f8                            bt eax, edi
        0f 82 {store}                       jb store
        ba 00 09 3d 00                      mov edx, 4000000
        b8 60 00 00 00                      mov eax, 96
        0f a3 f8                            bt eax, edi
        0f 83 {kernel}                      jae kernel
        store:
        31 c0                               xor eax, eax
        48 85 f6                            test rsi, rsi
        0f 84 {done}                        je done
        48 89 06                            mov qword ptr [rsi], rax
        48 89 56 08                         mov qword ptr [rsi + 8], rdx
        done:
        c3                                  ret
        kernel:
        b8 e5 00 00 00                      mov eax, 229
        0f 05                               syscall
        c3                                  ret
        """;

    /**
     * int getcpu(unsigned *RDI, unsigned *RSI, void *), each may be null. Linux keeps the CPU's number in the limit of a segment
     * of each CPU's GDT, whose selector is 0x7b: the low 12 bits. It is the host's CPU: the page says whose part it plays here.
     * There is one node.
     */
    private static final String GETCPU = """
        b8 7b 00 00 00                      mov eax, 123
        0f 03 c0                            lsl eax, eax
        0f 85 {kernel}                      jne kernel
        25 ff 0f 00 00                      and eax, 4095
        3d 00 04 00 00                      cmp eax, 1024
        0f 83 {kernel}                      jae kernel
        4c 8d 05 {page}                     lea r8, [rip + page]
        41 0f b7 84 40 00 08 00 00          movzx eax, word ptr [r8 + rax*2 + 2048]
        48 85 ff                            test rdi, rdi
        0f 84 {node}                        je node
        89 07                               mov dword ptr [rdi], eax
        node:
        31 c0                               xor eax, eax
        48 85 f6                            test rsi, rsi
        0f 84 {done}                        je done
        89 06                               mov dword ptr [rsi], eax
        done:
        c3                                  ret
        kernel:
        b8 35 01 00 00                      mov eax, 309
        0f 05                               syscall
        c3                                  ret
        """;

    /** In the order of the text section. */
    static final List<Function> FUNCTIONS = List.of(
            new Function("clock_gettime", new Listing(CLOCK_GETTIME)),
            new Function("gettimeofday", new Listing(GETTIMEOFDAY)),
            new Function("time", new Listing(TIME)),
            new Function("clock_getres", new Listing(CLOCK_GETRES)),
            new Function("getcpu", new Listing(GETCPU)));

    private VdsoCode() {
    }
}
