// SPDX-License-Identifier: Apache-2.0
package org.jvisor.assembler;

import static org.jvisor.assembler.Memory.at;
import static org.jvisor.assembler.Register.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HexFormat;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;

/** Encodings, against what the GNU assembler makes of the same instructions. */
class AssemblerTest {
    /** Labels at the begin and at the end of the one instruction. */
    private record Labels(Label before, Label after) {}

    private static void check(String expected, String instruction, BiConsumer<Assembler, Labels> made) {
        Assembler a = new Assembler();
        Labels labels = new Labels(new Label(), new Label());
        a.bind(labels.before);
        made.accept(a, labels);
        a.bind(labels.after);
        assertEquals(expected, HexFormat.of().formatHex(a.code()), instruction);
    }

    @Test
    void shouldEncodeAsTheGnuAssemblerDoes() {
        check("4c89f8", "mov rax, r15", (a, l) -> a.mov(RAX, R15));
        check("4189f9", "mov r9d, edi", (a, l) -> a.mov(R9D, EDI));
        check("4c8b4c2408", "mov r9, [rsp + 8]", (a, l) -> a.mov(R9, at(RSP, 8)));
        check("458b08", "mov r9d, [r8]", (a, l) -> a.mov(R9D, at(R8)));
        check("4c895608", "mov [rsi + 8], r10", (a, l) -> a.mov(at(RSI, 8), R10));
        check("8907", "mov [rdi], eax", (a, l) -> a.mov(at(RDI), EAX));
        check("49891424", "mov [r12], rdx", (a, l) -> a.mov(at(R12), RDX));
        check("49895500", "mov [r13], rdx", (a, l) -> a.mov(at(R13), RDX));
        check("488b8d45230100", "mov rcx, [rbp + 0x12345]", (a, l) -> a.mov(RCX, at(RBP, 0x12345)));
        check("4b8b4cb380", "mov rcx, [r11 + r14*4 - 0x80]", (a, l) -> a.mov(RCX, at(R11, R14, 4, -0x80)));
        check("488b4cc500", "mov rcx, [rbp + rax*8]", (a, l) -> a.mov(RCX, at(RBP, RAX, 8, 0)));
        check("89042578563412", "mov [0x12345678], eax", (a, l) -> a.mov(at(0x12345678), EAX));
        check("bff3000000", "mov edi, 243", (a, l) -> a.mov(EDI, 243));
        check("41bc00000080", "mov r12d, 0x80000000", (a, l) -> a.mov(R12D, 0x8000_0000L));
        check("48bdf0debc9a78563412", "movabs rbp, 0x123456789abcdef0", (a, l) -> a.mov(RBP, 0x1234_5678_9abc_def0L));
        check("49b90100000000000000", "movabs r9, 1", (a, l) -> a.mov(R9, 1));
        check("498d4c0840", "lea rcx, [r8 + rcx*1 + 64]", (a, l) -> a.lea(RCX, at(R8, RCX, 1, 64)));
        check("4c8d05f9ffffff", "lea r8, [rip - 7]", (a, l) -> a.lea(R8, at(l.before)));
        check("410fb7844000080000", "movzx eax, word ptr [r8 + rax*2 + 2048]", (a, l) -> a.movzxWord(EAX, at(R8, RAX, 2, 2048)));
        check("480f42c2", "cmovb rax, rdx", (a, l) -> a.cmovb(RAX, RDX));
        check("53", "push rbx", (a, l) -> a.push(RBX));
        check("4154", "push r12", (a, l) -> a.push(R12));
        check("415f", "pop r15", (a, l) -> a.pop(R15));
        check("5d", "pop rbp", (a, l) -> a.pop(RBP));
        check("48034118", "add rax, [rcx + 24]", (a, l) -> a.add(RAX, at(RCX, 24)));
        check("4929c2", "sub r10, rax", (a, l) -> a.sub(R10, RAX));
        check("482b4108", "sub rax, [rcx + 8]", (a, l) -> a.sub(RAX, at(RCX, 8)));
        check("4809d0", "or rax, rdx", (a, l) -> a.or(RAX, RDX));
        check("4531d2", "xor r10d, r10d", (a, l) -> a.xor(R10D, R10D));
        check("83e101", "and ecx, 1", (a, l) -> a.and(ECX, 1));
        check("4881e700f0ffff", "and rdi, -4096", (a, l) -> a.and(RDI, -4096));
        check("4983e17f", "and r9, 0x7f", (a, l) -> a.and(R9, 0x7f));
        check("4981e180000000", "and r9, 0x80", (a, l) -> a.and(R9, 0x80));
        check("4139c4", "cmp r12d, eax", (a, l) -> a.cmp(R12D, EAX));
        check("453b08", "cmp r9d, [r8]", (a, l) -> a.cmp(R9D, at(R8)));
        check("83fb40", "cmp ebx, 64", (a, l) -> a.cmp(EBX, 64));
        check("81f900040000", "cmp ecx, 1024", (a, l) -> a.cmp(ECX, 1024));
        check("833900", "cmp dword ptr [rcx], 0", (a, l) -> a.cmpDword(at(RCX), (byte) 0));
        check("41837f04ff", "cmp dword ptr [r15 + 4], -1", (a, l) -> a.cmpDword(at(R15, 4), (byte) -1));
        check("4885ff", "test rdi, rdi", (a, l) -> a.test(RDI, RDI));
        check("4585c0", "test r8d, r8d", (a, l) -> a.test(R8D, R8D));
        check("480fa3dd", "bt rbp, rbx", (a, l) -> a.bt(RBP, RBX));
        check("410fa3fa", "bt r10d, edi", (a, l) -> a.bt(R10D, EDI));
        check("ffc3", "inc ebx", (a, l) -> a.inc(EBX));
        check("49ffc3", "inc r11", (a, l) -> a.inc(R11));
        check("48c1e220", "shl rdx, 32", (a, l) -> a.shl(RDX, 32));
        check("49c1e10c", "shl r9, 12", (a, l) -> a.shl(R9, 12));
        check("49c1e918", "shr r9, 24", (a, l) -> a.shr(R9, 24));
        check("480facd038", "shrd rax, rdx, 56", (a, l) -> a.shrd(RAX, RDX, 56));
        check("48f7e2", "mul rdx", (a, l) -> a.mul(RDX));
        check("41f7e1", "mul r9d", (a, l) -> a.mul(R9D));
        check("48f76110", "mul qword ptr [rcx + 16]", (a, l) -> a.mulQword(at(RCX, 16)));
        check("4869c200ca9a3b", "imul rax, rdx, 1000000000", (a, l) -> a.imul(RAX, RDX, 1_000_000_000));
        check("4d69d3d34d6210", "imul r10, r11, 274877907", (a, l) -> a.imul(R10, R11, 274_877_907));
        check("e9fbffffff", "jmp before", (a, l) -> a.jmp(l.before));
        check("0f82faffffff", "jb before", (a, l) -> a.jb(l.before));
        check("0f8300000000", "jae after", (a, l) -> a.jae(l.after));
        check("0f8400000000", "je after", (a, l) -> a.je(l.after));
        check("0f85faffffff", "jne before", (a, l) -> a.jne(l.before));
        check("0f8700000000", "ja after", (a, l) -> a.ja(l.after));
        check("0f8800000000", "js after", (a, l) -> a.js(l.after));
        check("c3", "ret", (a, l) -> a.ret());
        check("0f05", "syscall", (a, l) -> a.syscall());
        check("cc", "int3", (a, l) -> a.int3());
        check("f00fb117", "lock cmpxchg [rdi], edx", (a, l) -> a.lockCmpxchg(at(RDI), EDX));
        check("f04d0fb14e08", "lock cmpxchg [r14 + 8], r9", (a, l) -> a.lockCmpxchg(at(R14, 8), R9));
        check("0f31", "rdtsc", (a, l) -> a.rdtsc());
        check("0faee8", "lfence", (a, l) -> a.lfence());
        check("0f03c0", "lsl eax, eax", (a, l) -> a.lsl(EAX, EAX));
    }

    @Test
    void shouldLeadToAddressesOutside() {
        Assembler a = new Assembler(0x1000);
        Label data = new Label();
        a.int3().lea(R8, at(data)).bind(data, -0x1000);
        // From the instruction's end, at 0x1008.
        assertEquals("cc" + "4c8d05" + "f8dfffff", HexFormat.of().formatHex(a.code()));
        assertThrows(IllegalStateException.class, () -> a.bind(data));
    }

    @Test
    void shouldPutDataBetween() {
        Assembler a = new Assembler();
        assertEquals(8, a.ret().align(8).position());
        assertEquals("c300000000000000" + "0102", HexFormat.of().formatHex(a.bytes(new byte[] {1, 2}).code()));
        byte[] much = new byte[1000];
        assertEquals(1010, a.bytes(much).position());
    }

    @Test
    void shouldRefuseWhatThereIsNot() {
        Assembler a = new Assembler();
        assertThrows(IllegalArgumentException.class, () -> a.mov(RAX, ECX));
        assertThrows(IllegalArgumentException.class, () -> at(RAX, RSP, 1, 0));
        assertThrows(IllegalArgumentException.class, () -> at(RAX, RCX, 3, 0));
        assertThrows(IllegalArgumentException.class, () -> at(EAX));
        assertEquals(0, a.position());
    }
}
