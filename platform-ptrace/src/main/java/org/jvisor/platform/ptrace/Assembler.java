// SPDX-License-Identifier: Apache-2.0
package org.jvisor.platform.ptrace;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jvisor.api.abi.Bytes;

/** The few x86-64 instructions that the stub is made of; encodings from Intel's manual, volume 2. */
final class Assembler {
    // The general registers; the instruction decides how many of their bits it is about.
    static final int AX = 0;
    static final int DX = 2;
    static final int BX = 3;
    static final int BP = 5;
    static final int SI = 6;
    static final int DI = 7;
    static final int R9 = 9;
    static final int R12 = 12;
    static final int R13 = 13;
    static final int R14 = 14;
    static final int R15 = 15;

    private static final int REX = 0x40;
    private static final int REX_WIDE = 0x48;

    /** A place in the code, which may be jumped to before it is known. */
    static final class Label {
        private int position = -1;
        /** Where the distances of jumps to it stand. */
        private final List<Integer> jumps = new ArrayList<>();
    }

    private byte[] code = new byte[256];
    private int position;

    int position() {
        return position;
    }

    byte[] code() {
        return Arrays.copyOf(code, position);
    }

    /** {@code mov register, value}, 32 bits; clears the register's upper half. */
    Assembler move(int register, int value) {
        if (register >= 8) {
            emit(REX | 1);
        }
        return emit(0xb8 + (register & 7)).value(value);
    }

    /** {@code mov to, from}, 64 bits */
    Assembler copy(int to, int from) {
        return emit(REX_WIDE | from >> 3 << 2 | to >> 3).emit(0x89).operands(from, to);
    }

    /** {@code shr register, bits}, 64 bits */
    Assembler shiftRight(int register, int bits) {
        return emit(REX_WIDE | register >> 3).emit(0xc1).operands(5, register).emit(bits);
    }

    /** {@code shl register, bits}, 64 bits */
    Assembler shiftLeft(int register, int bits) {
        return emit(REX_WIDE | register >> 3).emit(0xc1).operands(4, register).emit(bits);
    }

    /** {@code and register, mask}, 64 bits; the mask's sign is extended. */
    Assembler and(int register, int mask) {
        return emit(REX_WIDE | register >> 3).emit(0x81).operands(4, register).value(mask);
    }

    /** {@code test register, register}, 64 bits */
    Assembler test(int register) {
        return emit(REX_WIDE | register >> 3 << 2 | register >> 3).emit(0x85).operands(register, register);
    }

    Assembler syscall() {
        return emit(0x0f).emit(0x05);
    }

    /** {@code int3} */
    Assembler breakpoint() {
        return emit(0xcc);
    }

    /** {@code mov [address], eax}, for an address below 2 GiB */
    Assembler storeEax(int address) {
        return emit(0x89).emit(0x04).emit(0x25).value(address);
    }

    /** {@code cmp left, right}, 32 bits */
    Assembler compare(int left, int right) {
        return emit(REX | right >> 3 << 2 | left >> 3).emit(0x39).operands(right, left);
    }

    /** {@code jz label}, also known as je */
    Assembler jumpIfZero(Label label) {
        return emit(0x0f).emit(0x84).distance(label);
    }

    /** {@code jnz label}, also known as jne */
    Assembler jumpIfNotZero(Label label) {
        return emit(0x0f).emit(0x85).distance(label);
    }

    /** {@code js label} */
    Assembler jumpIfNegative(Label label) {
        return emit(0x0f).emit(0x88).distance(label);
    }

    Assembler jump(Label label) {
        return emit(0xe9).distance(label);
    }

    Assembler bind(Label label) {
        label.position = position;
        for (int jump : label.jumps) {
            patch(jump, position);
        }
        return this;
    }

    Assembler bytes(byte[] bytes) {
        for (byte octet : bytes) {
            emit(octet);
        }
        return this;
    }

    Assembler align(int alignment) {
        while (position % alignment != 0) {
            emit(0);
        }
        return this;
    }

    /** The distance of a jump, from its end. */
    private Assembler distance(Label label) {
        value(0);
        if (label.position < 0) {
            label.jumps.add(position - Integer.BYTES);
        } else {
            patch(position - Integer.BYTES, label.position);
        }
        return this;
    }

    private void patch(int at, int target) {
        Bytes.putInt(code, at, target - (at + Integer.BYTES));
    }

    /** The ModR/M byte for two registers, or for a register and the rest of the operation's code. */
    private Assembler operands(int register, int target) {
        return emit(0xc0 | (register & 7) << 3 | target & 7);
    }

    private Assembler value(int value) {
        for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
            emit(value >> shift);
        }
        return this;
    }

    private Assembler emit(int octet) {
        if (position == code.length) {
            code = Arrays.copyOf(code, 2 * position);
        }
        code[position++] = (byte) octet;
        return this;
    }
}
