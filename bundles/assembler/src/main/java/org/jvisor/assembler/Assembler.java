// SPDX-License-Identifier: Apache-2.0
package org.jvisor.assembler;

import java.util.Arrays;

/**
 * Writes instructions one after the other. How wide one is follows from its registers; where it has none, its name says so. Not
 * for several threads.
 */
public final class Assembler {
    private static final int REX = 0x40;
    private static final int REX_WIDE = 0x48;
    private static final int LOCK = 0xf0;
    private static final int ESCAPE = 0x0f;

    /** In ModR/M's place for a register: what follows says what the address is made of. */
    private static final int SIB_FOLLOWS = 4;
    private static final int NO_INDEX = 4;
    /** With no displacement: in ModR/M RIP and 32 bits, in SIB 32 bits and no base. */
    private static final int ADDRESS_ONLY = 5;

    private final int origin;
    private byte[] code = new byte[256];
    private int length;

    /** For code that lies at address 0, or that does not matter where. */
    public Assembler() {
        this(0);
    }

    /** @param origin the address of the code's begin, in the measure of labels that are bound to addresses */
    public Assembler(int origin) {
        this.origin = origin;
    }

    // ---- places

    /** How many bytes there are by now. */
    public int position() {
        return length;
    }

    /** All bytes so far; jumps to labels that are not bound yet lead nowhere. */
    public byte[] code() {
        return Arrays.copyOf(code, length);
    }

    /** The label is here. */
    public Assembler bind(Label label) {
        return bind(label, origin + length);
    }

    /** The label is at an address, which need not be one of this code. */
    public Assembler bind(Label label, int address) {
        for (int distance : label.bind(address)) {
            putInt(distance, address - origin - distance - Integer.BYTES);
        }
        return this;
    }

    public Assembler bytes(byte[] bytes) {
        for (byte octet : bytes) {
            emit(octet);
        }
        return this;
    }

    /** Adds zeros until the position is a multiple. */
    public Assembler align(int alignment) {
        while (length % alignment != 0) {
            emit(0);
        }
        return this;
    }

    // ---- moving

    public Assembler mov(Register to, Register from) {
        return operation(0x89, from, to);
    }

    public Assembler mov(Register to, Memory from) {
        return operation(0x8b, to, from);
    }

    public Assembler mov(Memory to, Register from) {
        return operation(0x89, from, to);
    }

    /** @param value 32 bits of it go to half a register */
    public Assembler mov(Register to, long value) {
        rex(to.isWide(), 0, 0, to.number());
        emit(0xb8 + (to.number() & 7));
        return to.isWide() ? number(value, Long.BYTES) : number(value, Integer.BYTES);
    }

    public Assembler lea(Register to, Memory from) {
        return operation(0x8d, to, from);
    }

    /** {@code movzx to, word ptr from} */
    public Assembler movzxWord(Register to, Memory from) {
        return operation(0x0fb7, to, from);
    }

    /** Moves when the carry flag is set. */
    public Assembler cmovb(Register to, Register from) {
        return operation(0x0f42, to, from);
    }

    /** All 64 bits. */
    public Assembler push(Register from) {
        rex(false, 0, 0, from.number());
        return emit(0x50 + (from.number() & 7));
    }

    /** All 64 bits. */
    public Assembler pop(Register to) {
        rex(false, 0, 0, to.number());
        return emit(0x58 + (to.number() & 7));
    }

    // ---- arithmetic

    public Assembler add(Register to, Memory from) {
        return operation(0x03, to, from);
    }

    public Assembler sub(Register to, Register from) {
        return operation(0x29, from, to);
    }

    public Assembler sub(Register to, Memory from) {
        return operation(0x2b, to, from);
    }

    public Assembler or(Register to, Register from) {
        return operation(0x09, from, to);
    }

    public Assembler xor(Register to, Register from) {
        return operation(0x31, from, to);
    }

    /** @param mask its sign is extended */
    public Assembler and(Register to, int mask) {
        return immediate(4, to, mask);
    }

    public Assembler cmp(Register left, Register right) {
        return operation(0x39, right, left);
    }

    public Assembler cmp(Register left, Memory right) {
        return operation(0x3b, left, right);
    }

    /** @param right its sign is extended */
    public Assembler cmp(Register left, int right) {
        return immediate(7, left, right);
    }

    /** {@code cmp dword ptr left, right} */
    public Assembler cmpDword(Memory left, byte right) {
        address(false, 0x83, 7, left, Byte.BYTES);
        return emit(right);
    }

    public Assembler test(Register left, Register right) {
        return operation(0x85, right, left);
    }

    /** The carry flag becomes a bit of {@code bits}. */
    public Assembler bt(Register bits, Register number) {
        return operation(0x0fa3, number, bits);
    }

    public Assembler inc(Register register) {
        return group(0xff, 0, register);
    }

    public Assembler shl(Register register, int bits) {
        return group(0xc1, 4, register).emit(bits);
    }

    public Assembler shr(Register register, int bits) {
        return group(0xc1, 5, register).emit(bits);
    }

    /** Shifts right; the lowest bits of {@code from} come in at the top. */
    public Assembler shrd(Register to, Register from, int bits) {
        return operation(0x0fac, from, to).emit(bits);
    }

    /** RDX and RAX, or their halves, become the product with RAX or its half. */
    public Assembler mul(Register factor) {
        return group(0xf7, 4, factor);
    }

    /** {@code mul qword ptr factor} */
    public Assembler mulQword(Memory factor) {
        return address(true, 0xf7, 4, factor, 0);
    }

    public Assembler imul(Register to, Register from, int factor) {
        return operation(0x69, to, from).number(factor, Integer.BYTES);
    }

    // ---- jumps

    public Assembler jmp(Label label) {
        return emit(0xe9).distance(label, 0);
    }

    /** When below, or the carry flag is set. */
    public Assembler jb(Label label) {
        return jumpIf(0x2, label);
    }

    /** When above or equal, or the carry flag is not set. */
    public Assembler jae(Label label) {
        return jumpIf(0x3, label);
    }

    /** When equal, or zero. */
    public Assembler je(Label label) {
        return jumpIf(0x4, label);
    }

    /** When not equal, or not zero. */
    public Assembler jne(Label label) {
        return jumpIf(0x5, label);
    }

    /** When above. */
    public Assembler ja(Label label) {
        return jumpIf(0x7, label);
    }

    /** When negative. */
    public Assembler js(Label label) {
        return jumpIf(0x8, label);
    }

    public Assembler ret() {
        return emit(0xc3);
    }

    public Assembler syscall() {
        return emit(ESCAPE).emit(0x05);
    }

    /** A breakpoint. */
    public Assembler int3() {
        return emit(0xcc);
    }

    // ---- the processor's own

    /** {@code lock cmpxchg to, value}: compares with EAX or RAX, which becomes what was there. */
    public Assembler lockCmpxchg(Memory to, Register value) {
        return emit(LOCK).operation(0x0fb1, value, to);
    }

    /** EDX and EAX become the time stamp counter. */
    public Assembler rdtsc() {
        return emit(ESCAPE).emit(0x31);
    }

    /** Waits for all earlier instructions and loads. */
    public Assembler lfence() {
        return emit(ESCAPE).emit(0xae).emit(0xe8);
    }

    /** Loads a segment's limit; the zero flag says whether it may be known. */
    public Assembler lsl(Register to, Register selector) {
        return operation(0x0f03, to, selector);
    }

    // ---- encoding

    /** An instruction about two registers, one in the place of ModR/M that may also be memory. */
    private Assembler operation(int opcode, Register register, Register other) {
        if (register.isWide() != other.isWide()) {
            throw new IllegalArgumentException(register + " and " + other + " differ in width");
        }
        rex(register.isWide(), register.number(), 0, other.number());
        return opcode(opcode).modRm(3, register.number(), other.number());
    }

    private Assembler operation(int opcode, Register register, Memory memory) {
        return address(register.isWide(), opcode, register.number(), memory, 0);
    }

    /** An instruction about one register; the rest of its code stands in ModR/M. */
    private Assembler group(int opcode, int rest, Register register) {
        rex(register.isWide(), 0, 0, register.number());
        return opcode(opcode).modRm(3, rest, register.number());
    }

    private Assembler immediate(int rest, Register to, int value) {
        return value == (byte) value ? group(0x83, rest, to).emit(value) : group(0x81, rest, to).number(value, Integer.BYTES);
    }

    private Assembler jumpIf(int condition, Label label) {
        return emit(ESCAPE).emit(0x80 + condition).distance(label, 0);
    }

    /** @param following bytes of the instruction after the address */
    private Assembler address(boolean wide, int opcode, int register, Memory memory, int following) {
        int base = memory.base() == null ? 0 : memory.base().number();
        int index = memory.index() == null ? 0 : memory.index().number();
        rex(wide, register, index, base);
        opcode(opcode);
        if (memory.label() != null) {
            return modRm(0, register, ADDRESS_ONLY).distance(memory.label(), following);
        }
        int displacement = memory.displacement();
        if (memory.base() == null) {
            return modRm(0, register, SIB_FOLLOWS).sib(memory, ADDRESS_ONLY).number(displacement, Integer.BYTES);
        }
        int size = displacement == 0 && (base & 7) != ADDRESS_ONLY ? 0
            : displacement == (byte) displacement ? Byte.BYTES : Integer.BYTES;
        int mode = size == Integer.BYTES ? 2 : size;
        if (memory.index() != null || (base & 7) == SIB_FOLLOWS) {
            modRm(mode, register, SIB_FOLLOWS).sib(memory, base);
        } else {
            modRm(mode, register, base);
        }
        return number(displacement, size);
    }

    /** The prefix with the operation's width and the fourth bits of registers' numbers, where there is need of it. */
    private void rex(boolean wide, int register, int index, int base) {
        int prefix = (wide ? REX_WIDE : REX) | register >> 3 << 2 | index >> 3 << 1 | base >> 3;
        if (prefix != REX) {
            emit(prefix);
        }
    }

    private Assembler opcode(int opcode) {
        return opcode > 0xff ? emit(opcode >> Byte.SIZE).emit(opcode) : emit(opcode);
    }

    private Assembler modRm(int mode, int register, int other) {
        return emit(mode << 6 | (register & 7) << 3 | other & 7);
    }

    private Assembler sib(Memory memory, int base) {
        int index = memory.index() == null ? NO_INDEX : memory.index().number();
        return emit(Integer.numberOfTrailingZeros(memory.scale()) << 6 | (index & 7) << 3 | base & 7);
    }

    /** The distance to a label from the instruction's end, which is {@code following} bytes later. */
    private Assembler distance(Label label, int following) {
        if (label.isBound()) {
            return number(label.address() - origin - length - Integer.BYTES - following, Integer.BYTES);
        }
        if (following != 0) {
            throw new IllegalArgumentException("a label that is not bound yet, and a number after it");
        }
        label.expect(length);
        return number(0, Integer.BYTES);
    }

    private void putInt(int at, int value) {
        for (int i = 0; i < Integer.BYTES; i++) {
            code[at + i] = (byte) (value >> i * Byte.SIZE);
        }
    }

    private Assembler number(long value, int bytes) {
        for (int i = 0; i < bytes; i++) {
            emit((int) (value >> i * Byte.SIZE));
        }
        return this;
    }

    private Assembler emit(int octet) {
        if (length == code.length) {
            code = Arrays.copyOf(code, 2 * length);
        }
        code[length++] = (byte) octet;
        return this;
    }
}
